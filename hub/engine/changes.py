"""Changes: what became of a record after it was booked, and what is to be done about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.engine.job import Job
from hub.mapping.convert import convert
from hub.model import Address, Json, Order
from hub.sdk import RecordError
from hub.sdk.entity import fingerprint

if TYPE_CHECKING:
    from hub.engine.context import FlowRun


def essence(run: FlowRun, order: Order) -> Json:
    """What matters of an order to the books. Addresses only as a keyed hash."""
    places = [_place(address) for address in (order.billing, order.delivery)]
    return {
        "total": None if order.total is None else f"{order.total.normalize():f}",
        "cancelled": bool(order.cancelled),
        "places": run.hub.vault.digest(fingerprint(places)),
    }


def _place(address: Address) -> Json:
    """What of an address a policy does not change."""
    names = ("company", "name", "line1", "postal_code", "city", "country")
    return {name: getattr(address, name) for name in names}


def judge(run: FlowRun, job: Job, *, changed: str, cancelled: str, accepted: bool) -> None:
    """Decide on a booked record that is not as it was. It ends here, unless it is to be cancelled.

    changed: ask or leave. cancelled: ask, cancel or leave. accepted: a person has settled it.
    Nothing that matters has changed (a status, a note): the record is as it was to the books.
    """
    assert job.link is not None
    number, source, target = job.target_number, run.source.name, run.target.name
    try:
        document = run.source.table.understand(job.record, run.source.context)
        document = convert(document, run.target.entity.document, run.zone)
    except RecordError as error:
        job.refuse(error)
        return
    assert isinstance(document, Order)
    job.document = document
    before, after = job.link.essence, essence(run, document)
    job.essence, job.closed = after, bool(document.cancelled or document.closed)
    told = _told(before, after)
    if accepted and told:
        job.end("skipped", f"Settled by hand in {target} as {number}: {told}.", code="accepted")
    elif before is None:
        job.end(
            "skipped",
            f"Already in {target} as {number}. It has changed in {source} since; a booked "
            "document is not changed.",
            code="exists",
        )
    elif not told:
        job.end("unchanged")
    elif after["cancelled"] and not before["cancelled"]:
        _cancelled(run, job, cancelled)
    elif changed == "ask":
        job.end(
            "blocked",
            f"It was booked in {target} as {number} and has changed in {source} since: {told}. "
            f"Change it in {target} too, then mark it as settled.",
            code="changed",
            field="total",
            fix="accept",
        )
    else:
        job.end("skipped", f"Already in {target} as {number}. Since then: {told}.", code="exists")


def _cancelled(run: FlowRun, job: Job, cancelled: str) -> None:
    number, source, target = job.target_number, run.source.name, run.target.name
    if cancelled == "cancel" and run.target.entity.can("cancel"):
        job.cancelling = True
    elif cancelled == "leave":
        job.end("skipped", f"Cancelled in {source} after it was booked as {number}.", code="exists")
    else:
        job.end(
            "blocked",
            f"It was booked in {target} as {number} and has been cancelled in {source} since. "
            f"Cancel or credit it in {target}, then mark it as settled.",
            code="cancelled_later",
            field="cancelled",
            fix="accept",
        )


def _told(before: Json | None, after: Json) -> str:
    """What is different, in words; empty when nothing that matters is."""
    if before is None:
        return "changed"
    told = []
    if after["cancelled"] != before.get("cancelled"):
        told.append("cancelled" if after["cancelled"] else "no longer cancelled")
    if after["total"] is not None and after["total"] != before.get("total"):
        told.append(f"the total was {before.get('total')} and is {after['total']} now")
    if after["places"] != before.get("places"):
        told.append("an address is different")
    return ", ".join(told)

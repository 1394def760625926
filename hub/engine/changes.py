"""Changes: what became of a record after it was booked, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlmodel import col, or_, select

from hub.engine.fitting import takes
from hub.engine.job import Job
from hub.mapping.convert import convert
from hub.model import Address, Json, Order
from hub.sdk import Raw, RecordError
from hub.sdk.entity import fingerprint
from hub.store import payloads
from hub.store.payloads import truncated
from hub.store.tables import Entry

if TYPE_CHECKING:
    from hub.engine.context import FlowRun

PLACE = ("company", "name", "line1", "postal_code", "city", "country")
"""What of an address a policy does not change."""
PLACES = {"billing": "Billing address", "delivery": "Delivery address"}
MOST_ITEMS = 40
MOST_TOLD = 5


def essence(run: FlowRun, order: Order) -> Json:
    """What matters of an order to the books. Addresses only as a keyed hash.

    refunded: None where the source says nothing about it.
    """
    places = [_place(address) for address in (order.billing, order.delivery)]
    return {
        "total": None if order.total is None else f"{order.total.normalize():f}",
        "cancelled": bool(order.cancelled),
        "refunded": None if order.refunded is None else f"{order.refunded.normalize():f}",
        "places": run.hub.vault.digest(fingerprint(places)),
        "items": _items(order),
    }


def _place(address: Address) -> Json:
    return {name: getattr(address, name) for name in PLACE}


def _items(order: Order) -> Json:
    """What was ordered -> how many; of very long orders only a mark of it."""
    sums: dict[str, Decimal] = {}
    for line in order.lines:
        name = line.sku or line.name
        if name and line.quantity is not None:
            sums[name] = sums.get(name, Decimal(0)) + line.quantity
    told = {name: f"{quantity.normalize():f}" for name, quantity in sorted(sums.items())}
    return told if len(told) <= MOST_ITEMS else {"": fingerprint(told)}


def judge(
    run: FlowRun,
    job: Job,
    *,
    changed: str,
    cancelled: str,
    accepted: bool,
    following: bool = False,
) -> None:
    """Decide on a booked record that is not as it was. It ends here, unless something is written.

    changed: ask or leave. cancelled: ask, cancel or leave. accepted: a person has settled it.
    following: its status is passed on in any case, unless a person is to look at it first.
    Nothing that matters has changed (a status, a note): the record is as it was to the books.
    """
    assert job.link is not None
    if following and job.link.essence is None:
        return  # it was not booked by this flow
    number, source, target = job.target_number, run.source.name, run.target.name
    try:
        order = _order(run, _whole(run, job))
    except RecordError as error:
        job.refuse(error)
        return
    job.document = order
    before, after = job.link.essence, essence(run, order)
    if before is not None and after["refunded"] is None:
        after["refunded"] = before.get("refunded")  # nobody says so now: it is as it was
    job.essence, job.closed = after, bool(order.cancelled or order.closed)
    told = _told(before, after)
    if following and not told:
        return
    if before is None:
        job.end(
            "skipped",
            f"Already in {target} as {number}. It has changed in {source} since; a booked "
            "document is not changed.",
            code="exists",
        )
        return
    if not told:
        job.end("unchanged")
        return
    news = _news(run, before, after, changed, cancelled)
    asked = news.asked(number, source, target, told)
    job.outcome.parts["understood"] = order.to_dict()
    job.outcome.parts["differences"] = _differences(run, job, order, before, after)
    if accepted and run.memo.get("settled", {}).get(job.outcome.key, asked) == asked:
        # What is settled is what the person has seen; a change since then is asked about anew.
        _leave(job, f"Settled by hand in {target} as {number}: {told}", "accepted", following)
    elif news.doing == "cancel" and run.target.entity.can("cancel"):
        job.cancelling = True
    elif news.doing == "write" and takes(run.target.entity, "refunded"):
        job.outcome.notes.append(f"{told[:1].upper()}{told[1:]}, since it was booked")
    elif news.doing == "leave":
        _leave(job, f"Already in {target} as {number}. Since then: {told}", "exists", following)
    else:
        job.end("blocked", asked, code=news.code, field=news.field, fix="accept")


def _leave(job: Job, said: str, code: str, following: bool) -> None:
    """Write nothing of it: the record ends, or goes on with its status."""
    if following:
        job.outcome.notes.append(said)
    else:
        job.end("skipped", f"{said}.", code=code)


@dataclass(frozen=True)
class _News:
    """What has happened to a booked order, and what the settings say is to be done."""

    code: str
    field: str
    doing: str

    def asked(self, number: str | None, source: str, target: str, told: str) -> str:
        """The request to a person."""
        booked = f"It was booked in {target} as {number} and has"
        if self.code == "cancelled_later":
            return (
                f"{booked} been cancelled in {source} since. "
                f"Cancel or credit it in {target}, then mark it as settled."
            )
        if self.code == "refunded_later":
            return (
                f"{booked} been refunded in {source} since: {told}. "
                f"Credit it in {target}, then mark it as settled."
            )
        return (
            f"{booked} changed in {source} since: {told}. "
            f"Change it in {target} too, then mark it as settled."
        )


def _news(run: FlowRun, before: Json, after: Json, changed: str, cancelled: str) -> _News:
    """The weightiest of what is new: cancelled, refunded, or changed in another way."""
    if after["cancelled"] and not before["cancelled"]:
        return _News("cancelled_later", "cancelled", cancelled)
    if not _was_refunded(before, after):
        return _News("changed", _field(before, after), changed)
    refunded = str(getattr(run.settings, "refunded_orders", "ask"))
    other = _told(before, after | {"refunded": before.get("refunded")})
    if other and changed != "leave":
        return _News("changed", _field(before, after), changed)
    return _News("refunded_later", "refunded", refunded)


def _was_refunded(before: Json, after: Json) -> bool:
    """Nothing known and nothing given back are the same."""
    return Decimal(after.get("refunded") or 0) != Decimal(before.get("refunded") or 0)


def _whole(run: FlowRun, job: Job) -> Raw:
    """The record with all that belongs to it: lists may have given only its head."""
    if job.whole:
        return job.record
    (found,) = run.source.entity.complete(run.source.api, [job.record])
    if isinstance(found, RecordError):
        raise found
    job.record = job.outcome.parts["received"] = found
    job.whole = True
    return found


def _order(run: FlowRun, record: Raw) -> Order:
    document = run.source.table.understand(record, run.source.context)
    document = convert(document, run.target.entity.document, run.zone)
    assert isinstance(document, Order)
    return document


def _field(before: Json, after: Json) -> str:
    if after["total"] is not None and after["total"] != before.get("total"):
        return "total"
    if after["places"] != before.get("places"):
        return "billing"
    return "lines" if _other_items(before, after) else "cancelled"


def _told(before: Json | None, after: Json) -> str:
    """What is different, in words; empty when nothing that matters is."""
    if before is None:
        return "changed"
    told = []
    if after["cancelled"] != before.get("cancelled"):
        told.append("cancelled" if after["cancelled"] else "no longer cancelled")
    if _was_refunded(before, after):
        told.append(_refund(before, after))
    if after["total"] is not None and after["total"] != before.get("total"):
        was, now = _amount(before.get("total")), _amount(after["total"])
        told.append(f"the total was {was} and is {now} now")
    other = _other_items(before, after)
    for name, was, now in other[:MOST_TOLD]:
        told.append(f"{was} of {name} became {now}" if name else "its lines are different")
    if len(other) > MOST_TOLD:
        told.append(f"and {len(other) - MOST_TOLD} more lines are different")
    if after["places"] != before.get("places"):
        told.append("an address is different")
    return ", ".join(told)


def _refund(before: Json, after: Json) -> str:
    """ "refunded 12.50 of 60.50"."""
    text = f"refunded {_amount(after['refunded'] or '0')}"
    if after["total"] is not None:
        text += f" of {_amount(after['total'])}"
    was = before.get("refunded")
    return f"{text} (was {_amount(was)})" if was and Decimal(was) else text


def _other_items(before: Json, after: Json) -> list[tuple[str, str, str]]:
    """(item, quantity before, quantity now). What was booked by an older version says nothing."""
    was, now = before.get("items"), after["items"]
    if was is None or was == now:
        return []
    if "" in was or "" in now:
        return [("", "", "")]
    return [
        (name, was.get(name, "0"), now.get(name, "0"))
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]


# -- field by field ------------------------------------------------------------------------------


def _differences(run: FlowRun, job: Job, order: Order, before: Json, after: Json) -> list[Json]:
    """What has changed, with both values as far as they are known; kept sealed with the entry."""
    found = []
    if after["cancelled"] != before.get("cancelled"):
        found.append(_one("cancelled", "Cancelled", before.get("cancelled"), after["cancelled"]))
    if _was_refunded(before, after):
        was, now = before.get("refunded") or "0", after["refunded"] or "0"
        found.append(_one("refunded", "Refunded", _amount(was), _amount(now)))
    if after["total"] is not None and after["total"] != before.get("total"):
        was, now = _amount(before.get("total")), _amount(after["total"])
        found.append(_one("total", "Total", was, now))
    for name, was, now in _other_items(before, after):
        found.append(_one(f"lines[{name}].quantity", "Quantity", was or None, now or None))
    if after["places"] != before.get("places"):
        found += _moved(_booked(run, job.outcome.key), order)
    return found


def _moved(booked: Order | None, order: Order) -> list[Json]:
    """What is different in the addresses. Without the record that was booked: what they are now."""
    found = []
    for place, label in PLACES.items():
        now = _place(getattr(order, place))
        was = _place(getattr(booked, place)) if booked is not None else dict.fromkeys(now)
        found += [
            _one(f"{place}.{name}", label, was[name], now[name])
            for name in PLACE
            if was[name] != now[name]
        ]
    return found


def _booked(run: FlowRun, key: str) -> Order | None:
    """The order as it was when it was booked or last settled, while its contents are kept."""
    with run.hub.database.session() as session:
        entry_id = session.exec(
            select(Entry.id)
            .where(
                Entry.flow_id == run.flow_id,
                Entry.key == key,
                or_(col(Entry.outcome) == "created", col(Entry.code) == "accepted"),
            )
            .order_by(col(Entry.id).desc())
            .limit(1)
        ).first()
        parts = payloads.read(session, run.hub.vault, entry_id) if entry_id is not None else {}
    record = parts.get("received")
    if record is None or truncated(record) is not None:
        return None
    try:
        return _order(run, record)
    except RecordError:
        return None


def _amount(text: str | None) -> str:
    """With its cents."""
    if text is None:
        return "not known"
    amount = Decimal(text)
    return f"{amount:.2f}" if amount == round(amount, 2) else text


def _one(path: str, label: str, before: Any, after: Any) -> Json:
    return {"path": path, "label": label, "before": before, "after": after}

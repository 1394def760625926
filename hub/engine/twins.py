"""Twins: two records of the source that would be one in the target; the first one keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from hub.engine.context import FlowRun
from hub.engine.job import Job
from hub.engine.kinds import Kind
from hub.sdk import RecordError

WORDS = {"email": "the e-mail address", "number": "the number", "sku": "the SKU", "ean": "the EAN"}


def hold_twins(run: FlowRun, kind: Kind, jobs: Sequence[Job]) -> None:
    """Hold back who would overwrite the record of another, so that no two take turns in it.

    What was made of a record that its system does not have any more is free for another one.
    """
    by = kind.recognised_by()
    if not kind.one_to_one or by is None:
        return
    new = [job for job in jobs if job.link is None and job.then is None and not job.done]
    _among_themselves(run, kind, by, new)
    found = {job.existing.key: job for job in new if job.existing is not None and not job.done}
    taken = run.ledger.linked_to(run.pair, list(found))
    others = {key: other for key, other in taken.items() if other != found[key].outcome.key}
    if not others:
        return
    if run.source.entity.can("get"):
        there = run.source.entity.get(run.source.api, sorted(set(others.values())))
        names = {
            key: run.source.entity.number_of(record)
            for key, record in there.items()
            if not isinstance(record, RecordError)
        }
        others = {key: other for key, other in others.items() if other in names}
    else:
        names = {}
    for key, other in others.items():
        document = found[key].document
        value = kind.recognisable(document, by) if document is not None else None
        _hold(run, found[key], by, value, names.get(other) or other)


def _among_themselves(run: FlowRun, kind: Kind, by: str, jobs: Sequence[Job]) -> None:
    first: dict[str, Job] = {}
    for job in jobs:
        value = kind.recognisable(job.document, by) if job.document is not None else None
        if not value:
            continue
        other = first.setdefault(value.casefold(), job)
        if other is not job:
            _hold(run, job, by, value, other.outcome.reference or other.outcome.key)


def _hold(run: FlowRun, job: Job, by: str, value: str | None, other: str) -> None:
    what = WORDS.get(by, by)
    job.end(
        "blocked",
        f"It has {what} {value}, and so has {other} in {run.source.name}; in {run.target.name} "
        f"they would be one, and overwrite each other. Change {what} of one of the two, or leave "
        "it out with a filter.",
        code="twin",
        field=by,
    )

"""Recognise: which records of a page are new here, which are known, and which have changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from hub.engine.context import FlowRun
from hub.engine.job import Job, Then
from hub.engine.journal import Outcome
from hub.engine.kinds import Kind
from hub.engine.port import written_of
from hub.sdk import Raw, RecordError
from hub.store.tables import Link


def recognise(
    run: FlowRun,
    kind: Kind,
    records: Sequence[Raw],
    *,
    completed: bool = False,
    forced: bool = False,
    accepted: bool = False,
    then: Sequence[Then | None] = (),
) -> list[Job]:
    """A job per record; those that are as they were have ended.

    completed: nothing is missing from the records. forced: also work on what has not changed.
    accepted: what has changed since it was booked is settled in the target, by hand. then: what
    was pushed of each before.
    """
    jobs = _jobs(run, records, then)
    keys = [key for key, job in jobs.items() if not job.done]
    links = run.ledger.links(run.pair, keys)
    effects = run.ledger.effects(run.pair, keys, "create")
    back = _came_back(run, [key for key in keys if key not in links])
    for key, job in jobs.items():
        job.whole = completed
        job.effect = effects.get(key)
        job.link = links.get(key)
        if job.link is None and key in back:
            job.link, job.came_back = back[key], True
        if job.link is not None and not job.link.target_key:
            # Left out before. It stays so, quietly, until it changes.
            # A flow that was changed since may want it now.
            same = job.link.received == job.received and job.link.updated_at >= run.flow.updated_at
            if same and not forced and not job.done:
                job.end("skipped", "Left out before, and not changed since.", code="left_out")
            job.link = None
        if job.link is None or job.done:
            continue
        job.outcome.target = job.link.target_key
        job.outcome.target_number = job.link.target_number
        if job.then is None:
            kind.known(job, forced=forced, accepted=accepted)
    return list(jobs.values())


def _jobs(run: FlowRun, records: Sequence[Raw], then: Sequence[Then | None]) -> dict[str, Job]:
    source = run.source.entity
    jobs: dict[str, Job] = {}
    for position, record in enumerate(records):
        try:
            key = source.key_of(record)
            job = Job(record, Outcome(key=key), source.mark_of(record))
            job.outcome.reference = source.number_of(record)
        except RecordError as error:
            key = f"?{position}"
            job = Job(record, Outcome(key=key), source.mark_of(record))
            job.refuse(error)
        job.outcome.parts["received"] = record
        if position < len(then):
            job.then = then[position]
        jobs[key] = job
    return jobs


def _came_back(run: FlowRun, keys: Collection[str]) -> dict[str, Link]:
    """Records that this hub has written into the source itself, as links seen from here."""
    found = {}
    for link in run.ledger.reverse(run.pair, keys):
        found[link.target_key] = Link(
            source_id=link.target_id,
            source_entity=link.target_entity,
            source_key=link.target_key,
            target_id=link.source_id,
            target_entity=link.source_entity,
            target_key=link.source_key,
            closed=link.closed,
        )
    return found


def look_in_target(run: FlowRun, kind: Kind, jobs: Sequence[Job]) -> None:
    """Look for records that have no link yet, all at once: found means known."""
    entity = run.target.entity
    by = kind.recognised_by()
    if by is None or not entity.can("find"):
        return
    wanted: dict[str, list[Job]] = {}
    for job in jobs:
        if job.link is None and job.then is None and job.document is not None:
            value = kind.recognisable(job.document, by)
            if value:
                wanted.setdefault(value, []).append(job)
    if not wanted:
        return
    found = entity.find(run.target.api, by, list(wanted))
    for value, sharing in wanted.items():
        record = found.get(value)
        if record is None:
            continue
        for job in sharing:
            job.existing = written_of(entity, record)
            job.outcome.target, job.outcome.target_number = job.existing.key, job.existing.number
            kind.found(job)


def fetch_current(run: FlowRun, jobs: Sequence[Job]) -> None:
    """What the target has now, for all records at once: to be compared with what would be written.

    Asked for in a plan, and where a record may be nothing but our own write coming back.
    """
    entity = run.target.entity
    if not entity.can("get"):
        return
    wanted = {
        job.target_key: job
        for job in jobs
        if job.target_key and not job.done and job.then is None and (run.planning or job.came_back)
    }
    if not wanted:
        return
    for key, record in entity.get(run.target.api, list(wanted)).items():
        if not isinstance(record, RecordError) and key in wanted:
            wanted[key].current = record

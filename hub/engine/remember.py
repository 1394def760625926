"""Remember: entries, links and waiting records of a page, stored with the writes or after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from hub.engine import waiting
from hub.engine.context import FlowRun
from hub.engine.job import Job
from hub.engine.kinds import Kind
from hub.sdk import Written

if TYPE_CHECKING:
    from hub.engine.page import PageWorker


def written(worker: PageWorker, connection: Connection, job: Job) -> None:
    """Write the entry of a record that was written, in the transaction that confirms it."""
    run = worker.run
    job.note_answers()
    run.journal.write(connection, [job.outcome])
    if job.outcome.key in worker.waiting:
        waiting.release(connection, run.flow_id, [job.outcome.key])
    if job.closed and worker.kind.follow():
        run.ledger.close(connection, run.pair, [job.outcome.key])


def rest(worker: PageWorker, jobs: Sequence[Job]) -> None:
    """Store every outcome that was not stored together with its write."""
    run = worker.run
    run.ledger.flush()
    left = [job for job in jobs if job.done and job.outcome.entry_id is None]
    if not left:
        return
    quiet = run.memo.get("quiet", False)
    told = [job for job in left if not (quiet and job.nothing_new(worker.waiting))]
    for job in told:
        job.note_answers()
    with run.hub.database.session() as session:
        connection = session.connection()
        if not run.planning:
            for job in left:
                _relink(run, worker.kind, connection, job)
        run.journal.write(connection, [job.outcome for job in told])
        if not run.planning:
            for job in left:
                job.outcome.wants = worker.kind.wants(job.document)
            waiting.settle(session, run.flow, [job.outcome for job in left])
            worker.waiting |= {j.outcome.key: j.outcome.reason for j in left if j.outcome.reason}


def _relink(run: FlowRun, kind: Kind, connection: Connection, job: Job) -> None:
    if job.outcome.outcome not in ("created", "skipped", "unchanged"):
        return
    closed = job.closed if job.document is not None else bool(job.link and job.link.closed)
    if job.link is not None:
        if closed and (job.came_back or kind.follow()):
            run.ledger.close(connection, run.pair, [job.outcome.key])
        written = Written(job.link.target_key, job.link.target_number)
    elif job.existing is not None:
        written = job.existing
    elif (
        job.outcome.outcome == "skipped"
        and job.outcome.code != "not_there"  # it may appear in the target at any time
        and job.document is not None
    ):
        written = Written("")  # remember that it was left out, as it is now
    else:
        return
    run.ledger.link(
        connection,
        run.pair,
        job.outcome.key,
        written,
        received=job.received,
        pushed=job.pushed,
        essence=job.essence,
        closed=closed,
    )
    if job.effect is not None:
        run.ledger.settle(connection, run.pair, job.outcome.key, written.key)

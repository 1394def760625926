"""Together: the records of a page written as many at a time as the target takes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from hub.engine.job import Job
from hub.engine.port import Intent, Write
from hub.model import Json
from hub.sdk import KoppelError, RecordError, TemporaryError

if TYPE_CHECKING:
    from hub.engine.page import PageWorker


def together(worker: PageWorker, jobs: Sequence[Job]) -> None:
    """Adjust and render all, then write. Raises what stops the run, as PageWorker.process says."""
    ready: list[tuple[Job, Json]] = []
    for job in jobs:
        with worker.working(job):
            payload = worker.ready(job)
            if payload is not None:
                ready.append((job, payload))
    target = worker.run.target.entity
    for creating in (True, False):
        some = [(job, payload) for job, payload in ready if (job.target_key is None) is creating]
        if not target.can("create_many" if creating else "update_many"):
            for job, payload in some:
                with worker.working(job):
                    worker.send(job, payload)
            continue
        writes = []
        for job, payload in some:
            intent = worker.intended(job, payload)
            if intent is not None:
                writes.append((job, intent))
        for start in range(0, len(writes), target.batch):
            _batch(worker, writes[start : start + target.batch], creating)


def _batch(worker: PageWorker, writes: Sequence[tuple[Job, Intent]], creating: bool) -> None:
    run = worker.run
    for job, _ in writes:
        job.end("created" if creating else "updated")
    try:
        with run.tape.listening() as exchanges:
            answers = run.port.write_many(
                run.destination,
                [
                    Write(
                        intent=intent,
                        target_key=job.target_key,
                        also=partial(worker.written, job),
                    )
                    for job, intent in writes
                ],
                creating=creating,
            )
    except BaseException as error:
        with suppress(Exception):
            run.ledger.flush()  # of some it is known already that they are there
        reason = str(error) if isinstance(error, KoppelError) else "The run was stopped."
        for job, _ in writes:
            if job.outcome.entry_id is None:
                job.end("failed", reason, code="stopped", passing=True)
        raise
    for (job, _), answer in zip(writes, answers, strict=True):
        job.note_shared(exchanges, answer)
        if isinstance(answer, RecordError):
            job.refuse(answer)
        elif isinstance(answer, TemporaryError):
            job.end("failed", str(answer), code="outage", passing=True)
        else:
            job.outcome.target, job.outcome.target_number = answer.key, answer.number
    unclear = next((answer for answer in answers if isinstance(answer, TemporaryError)), None)
    worker.outage = worker.outage + 1 if unclear is not None else 0
    if unclear is not None and worker.outage >= 3:
        raise unclear

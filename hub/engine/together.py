"""Together: the records of a page written as many at a time as the target takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from hub.engine.job import Job
from hub.engine.port import Intent, Write
from hub.engine.writing import in_one_call
from hub.model import Json
from hub.sdk import KoppelError, RecordError, TemporaryError
from hub.sdk.exchange import Exchange

if TYPE_CHECKING:
    from hub.engine.page import PageWorker


def together(worker: PageWorker, jobs: Sequence[Job]) -> None:
    """Take all through each step, then write. Raises what stops the run, as PageWorker.process."""
    drafts = list(_each(worker, jobs, worker.adjusted))
    _ensure(worker, drafts)
    ready: list[tuple[Job, Json]] = []
    for job in drafts:
        if not job.done:
            with worker.working(job, calls=False):
                payload = worker.rendered(job)
                if payload is not None:
                    ready.append((job, payload))
    target = worker.run.destination
    for creating in (True, False):
        some = [(job, payload) for job, payload in ready if (job.target_key is None) is creating]
        if not in_one_call(target, creating=creating):
            for job, payload in some:
                with worker.working(job):
                    worker.send(job, payload)
            continue
        writes = []
        for job, payload in some:
            with worker.working(job, calls=False):
                intent = worker.intended(job, payload)
                if intent is not None:
                    writes.append((job, intent))
        for start in range(0, len(writes), target.entity.batch):
            _batch(worker, writes[start : start + target.entity.batch], creating)


def _each(worker: PageWorker, jobs: Sequence[Job], step: Callable[[Job], bool]) -> Iterator[Job]:
    """Those that the step leaves to go on."""
    for job in jobs:
        goes_on = False
        with worker.working(job, calls=False):
            goes_on = step(job)
        if goes_on:
            yield job


def _ensure(worker: PageWorker, jobs: Sequence[Job]) -> None:
    """What all of them refer to is made at once."""
    if not jobs:
        return
    documents = [job.document for job in jobs if job.document is not None]
    with _for_all(worker, jobs) as exchanges:
        answers = worker.kind.ensure(documents)
    for job, answer in zip(jobs, answers, strict=True):
        if isinstance(answer, list):
            job.outcome.notes += answer
            said = answer
        else:
            _fail(job, answer)
            said = [str(answer)]
        if said:
            job.note_shared(exchanges, "; ".join(said))
    if exchanges:
        _count_outage(worker, answers)


def _batch(worker: PageWorker, writes: Sequence[tuple[Job, Intent]], creating: bool) -> None:
    run = worker.run
    jobs = [job for job, _ in writes]
    for job in jobs:
        job.end("created" if creating else "updated", job.outcome.reason)
    with _for_all(worker, jobs) as exchanges:
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
    for job, answer in zip(jobs, answers, strict=True):
        if isinstance(answer, RecordError | TemporaryError):
            job.note_shared(exchanges, str(answer))
            _fail(job, answer)
        else:
            job.note_shared(exchanges, answer.record)
            job.outcome.target, job.outcome.target_number = answer.key, answer.number
    _count_outage(worker, answers)


@contextmanager
def _for_all(worker: PageWorker, jobs: Sequence[Job]) -> Iterator[list[Exchange]]:
    """Calls that are made for all of these records; if they stop the run, the records say so."""
    try:
        with worker.run.tape.listening() as exchanges:
            yield exchanges
    except BaseException as error:
        with suppress(Exception):
            worker.run.ledger.flush()  # of some it is known already that they are there
        reason = str(error) if isinstance(error, KoppelError) else "The run was stopped."
        for job in jobs:
            if job.outcome.entry_id is None:
                job.end("failed", reason, code="stopped", passing=True)
        raise


def _fail(job: Job, error: RecordError | TemporaryError) -> None:
    if isinstance(error, RecordError):
        job.refuse(error)
    else:
        job.end("failed", str(error), code="outage", passing=True)


def _count_outage(worker: PageWorker, answers: Sequence[object]) -> None:
    """Raise after several calls in a row that stay unclear: the run cannot go on."""
    unclear = next((answer for answer in answers if isinstance(answer, TemporaryError)), None)
    worker.outage = worker.outage + 1 if unclear is not None else 0
    if unclear is not None and worker.outage >= 3:
        raise unclear

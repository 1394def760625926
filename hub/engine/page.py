"""One page of records on its way: recognise, complete, understand, resolve, write."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection

from hub.engine import remember, waiting
from hub.engine.added import with_added_policies
from hub.engine.context import FlowRun
from hub.engine.job import Job, Then
from hub.engine.journal import Outcome
from hub.engine.kinds import Kind, kind_for
from hub.engine.port import Intent, Kept, Recognise
from hub.engine.recognise import fetch_current, look_in_target, recognise
from hub.engine.together import together
from hub.engine.twins import hold_twins
from hub.mapping import difference
from hub.mapping.convert import convert
from hub.model import Document, Json
from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    Raw,
    RecordError,
    SkipRecord,
    TemporaryError,
    Written,
)
from hub.sdk.entity import fingerprint
from hub.store import jsontext

SAME_THERE = "All of it stands in {} like that already; it would be written once more."


@dataclass
class PageWorker:
    """Works pages of one run. `outage` counts records in a row that an outage has failed."""

    run: FlowRun
    outage: int = 0
    kind: Kind = dataclasses.field(init=False)
    waiting: dict[str, str] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.kind = kind_for(self.run)
        with self.run.hub.database.begin() as connection:
            self.waiting = waiting.reasons(connection, self.run.flow_id)

    def process(
        self,
        records: Sequence[Raw],
        *,
        completed: bool = False,
        forced: bool = False,
        accepted: bool = False,
        then: Sequence[Then | None] = (),
    ) -> list[Outcome]:
        """Take every record of a page to its end, in order; stores what became of each.

        completed: nothing is missing from the records. forced: also those that are known and
        have not changed. accepted, then: see `recognise`. Raises AuthenticationError,
        ConfigurationError or, after several records in a row, TemporaryError: the run cannot go
        on; what was done is stored.
        """
        jobs = recognise(
            self.run,
            self.kind,
            records,
            completed=completed,
            forced=forced,
            accepted=accepted,
            then=then,
        )
        try:
            self.run.journal.stock(sum(not job.done for job in jobs))
            self._prepare([job for job in jobs if not job.done])
            alive = [job for job in jobs if not job.done]
            if self.run.target.entity.can("create_many") or self.run.target.entity.can(
                "update_many"
            ):
                together(self, alive)
            else:
                for job in alive:
                    self._one(job)
        finally:
            remember.rest(self, jobs)
        return [job.outcome for job in jobs]

    # -- steps ---------------------------------------------------------------------------------

    def _prepare(self, jobs: list[Job]) -> None:
        """Complete and understand the records, and look up for all at once what they need."""
        if not jobs:
            return
        heads = [job for job in jobs if not job.whole]
        if heads:
            whole = self.run.source.entity.complete(
                self.run.source.api, [job.record for job in heads]
            )
            for job, record in zip(heads, whole, strict=True):
                if isinstance(record, RecordError):
                    job.refuse(record)
                else:
                    job.record = job.outcome.parts["received"] = record
        for job in jobs:
            if job.done:
                continue
            try:
                self._understand(job)
            except RecordError as error:
                job.refuse(error)
        look_in_target(self.run, self.kind, [job for job in jobs if not job.done])
        hold_twins(self.run, self.kind, jobs)
        for job in jobs:
            if not job.done and not job.cancelling and not self._stays_out(job):
                self._apply_rules(job)  # before looking up what it refers to: they may change it
        alive = [job for job in jobs if not job.done]
        # Of a record that is only followed nothing but its status is told: it refers to nothing.
        new = [job.document for job in alive if job.is_new or not self.kind.follow()]
        self.kind.prepare([document for document in new if document is not None])
        fetch_current(self.run, alive)

    def _understand(self, job: Job) -> None:
        run = self.run
        document = run.source.table.understand(job.record, run.source.context)
        run.hub.registry.hooks.record_read(flow=run.flow.name, record=job.record, document=document)
        job.document = document = convert(document, run.target.entity.document, run.zone)
        if run.where is not None:
            why_not = run.where.why_not(job.record, document.to_dict())
            if why_not is not None:
                raise SkipRecord(
                    f"Left out by the filter of this flow: not {why_not}.",
                    field="where",
                    code="filtered",
                )
        job.essence, job.closed = self.kind.essence(document), self.kind.closed(document)
        self.kind.name(document)
        job.outcome.person = self.kind.person(document)

    def _stays_out(self, job: Job) -> bool:
        """Whether the target has it not, and this flow may not make it."""
        may = self.run.target.entity.can("create") and self.kind.may_create()
        return job.is_new and job.then is None and not may

    def _apply_rules(self, job: Job) -> None:
        assert job.document is not None
        try:
            job.document, job.applied = self.run.rules.adjust(
                job.record, job.document, creating=job.is_new
            )
        except RecordError as error:
            job.outcome.parts.setdefault("understood", job.document.to_dict())
            job.refuse(error)

    def _one(self, job: Job) -> None:
        """Adjust, render and write one record."""
        with self.working(job):
            if not self.adjusted(job):
                return
            assert job.document is not None
            (notes,) = self.kind.ensure([job.document])
            if not isinstance(notes, list):
                raise notes
            job.outcome.notes += notes
            payload = self.rendered(job)
            if payload is not None:
                self.send(job, payload)

    @contextmanager
    def working(self, job: Job, *, calls: bool = True) -> Iterator[None]:
        """Whatever goes wrong inside is put down where it belongs: to the record, or to the run.

        calls: whether the target is asked anything, so that going well says that it is there.
        """
        assert job.document is not None
        job.outcome.started = time.perf_counter()  # what was looked up for the page is shared
        with self.run.tape.listening() as exchanges:
            try:
                yield
                if calls:
                    self.outage = 0
            except RecordError as error:
                job.outcome.parts.setdefault("understood", job.document.to_dict())
                job.refuse(error)
            except TemporaryError as error:
                self.outage += 1
                job.end("failed", str(error), code="outage", passing=True)
                if self.outage >= 3:
                    raise
            except (AuthenticationError, ConfigurationError) as error:
                job.end("failed", str(error), code="stopped", passing=True)
                raise
            finally:
                job.exchanges += exchanges
                job.note_answers()

    def written(self, job: Job, connection: Connection, written: Written) -> None:
        """What is stored with the confirmation of a write."""
        job.outcome.target = written.key
        job.outcome.target_number = written.number or job.outcome.target_number
        remember.written(self, connection, job)

    def updated(self, job: Job, connection: Connection, _: Written) -> None:
        """The same of a record that keeps the key it had."""
        remember.written(self, connection, job)

    def adjusted(self, job: Job) -> bool:
        """Apply the policies; False when the record has ended, or needs no payload."""
        assert job.document is not None
        if job.cancelling:
            self._cancel(job)
            return False
        if self._stays_out(job):
            self.kind.not_there(job)
            return False
        job.document, notes = self.kind.adjust(job.document, creating=job.is_new)
        job.document = with_added_policies(self.run, job.document)
        job.outcome.notes += notes
        job.outcome.parts["understood"] = job.document.to_dict()
        return True

    def rendered(self, job: Job) -> Json | None:
        """What to write, when all it refers to is there; None when the record has ended."""
        assert job.document is not None
        job.outcome.parts["understood"] = job.document.to_dict()
        payload, overlaid = self._payload(job.record, job.document, job.is_new)
        if applied := job.applied + overlaid:
            job.outcome.parts["rules"] = applied
        job.outcome.parts["pushed"] = payload
        self.kind.check_total(job.document, payload)
        if job.then is not None:
            self._compare_with_then(job, payload)
            return None
        return payload

    def send(self, job: Job, payload: Json) -> None:
        """Write one record."""
        run, key = self.run, job.target_key
        intent = self.intended(job, payload)
        if intent is None:
            return
        also = partial(self.written, job)
        if key is None:
            job.end("created")
            written = run.port.create(run.destination, intent, also)
            job.outcome.target, job.outcome.target_number = written.key, written.number
        else:
            job.end("updated", job.outcome.reason)
            run.port.update(
                run.destination,
                key,
                intent,
                partial(self.updated, job),
            )

    def intended(self, job: Job, payload: Json) -> Intent | None:
        """The write that is due; None when there is nothing to write."""
        return (
            self._creation(job, payload) if job.target_key is None else self._change(job, payload)
        )

    def _payload(self, record: Raw, document: Document, creating: bool) -> tuple[Json, list[Json]]:
        """What to write, and which rules had a part in it."""
        target = self.run.target
        context = replace(target.context, creating=creating)
        payload = target.table.render(document, context)
        return payload, self.run.rules.overlay(record, document, payload, creating=creating)

    def _compare_with_then(self, job: Job, payload: Json) -> None:
        """A past record planned anew: what the mapping of today makes different."""
        assert job.then is not None
        # Compared as it would be stored: what was pushed then went through the log and back.
        found = difference.changed(job.then.pushed, jsontext.loads(jsontext.dumps(payload)))
        if found:
            job.outcome.parts["differences"] = found
            fields = "One field" if len(found) == 1 else f"{len(found)} fields"
            job.end("updated", f"{fields} would be pushed otherwise now.")
        else:
            job.end("unchanged", "The same would be pushed again.")

    def _creation(self, job: Job, payload: Json) -> Intent:
        run = self.run
        assert job.document is not None
        mark = None
        if run.target.entity.can("update"):
            # A later update does not write what only a new record gets: compare without it.
            mark = fingerprint(self._payload(job.record, job.document, creating=False)[0])
        by = self.kind.recognised_by()
        value = self.kind.recognisable(job.document, by) if by else None
        findable = by and value and run.target.entity.can("find")
        return Intent(
            pair=run.pair,
            key=job.outcome.key,
            payload=payload,
            recognise=Recognise(by, value) if findable and by and value else None,
            doubtful=job.effect is not None,
            kept=self._kept(job, mark),
        )

    def _kept(self, job: Job, mark: str | None = None) -> Kept:
        return Kept(received=job.received, mark=mark, essence=job.essence, closed=job.closed)

    def _change(self, job: Job, payload: Json) -> Intent | None:
        run = self.run
        job.outcome.target, job.outcome.target_number = job.target_key, job.target_number
        if job.link is not None and job.link.pushed == fingerprint(payload):
            job.end("unchanged")
            return None
        if not self.kind.may_update():
            job.end(
                "skipped", f"Already in {run.target.name} as {job.target_number}.", code="exists"
            )
            return None
        if self._same_there(job, payload):
            job.pushed = fingerprint(payload)
            job.end("unchanged")
            return None
        if job.current is not None:
            found = difference.differences(
                run.target.entity, run.target.table, payload, job.current, run.target.context
            )
            if not found and job.came_back:
                job.pushed = fingerprint(payload)
                job.end("unchanged")
                return None
            # A run does not look: it compares with what was pushed last. So a plan tells an update.
            job.outcome.reason = "" if found else SAME_THERE.format(run.target.name)
            job.outcome.parts["differences"] = found
        return Intent(pair=run.pair, key=job.outcome.key, payload=payload, kept=self._kept(job))

    def _same_there(self, job: Job, payload: Json) -> bool:
        """Whether a record without a link was found in the target as it would be written."""
        if job.link is not None or job.existing is None or job.existing.record is None:
            return False
        target = self.run.target
        return difference.certainly_same(
            target.entity, target.table, payload, job.existing.record, target.context
        )

    def _cancel(self, job: Job) -> None:
        run, key = self.run, job.target_key or ""
        job.outcome.target, job.outcome.target_number = key, job.target_number
        job.end(
            "updated",
            f"Cancelled in {run.source.name} after it was booked: cancelled in {run.target.name}.",
            code="cancelled",
        )
        intent = Intent(pair=run.pair, key=job.outcome.key, payload={}, kept=self._kept(job))
        run.port.update(
            run.destination,
            key,
            intent,
            partial(self.updated, job),
            cancelling=True,
        )

"""One page of records on its way: recognise, complete, understand, resolve, write, remember."""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from hub.engine import waiting
from hub.engine.context import FlowRun
from hub.engine.journal import Outcome, shown_exchange
from hub.engine.kinds import Kind, kind_for
from hub.engine.port import Recognise, written_of
from hub.model import Document, Json
from hub.registry import describe
from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    KoppelError,
    Raw,
    RecordError,
    TemporaryError,
    Written,
)
from hub.sdk.entity import fingerprint
from hub.sdk.exchange import Exchange
from hub.store.tables import EffectRow, Link

log = logging.getLogger("koppel.engine")


@dataclass
class Job:
    """One record being worked on."""

    record: Raw
    outcome: Outcome
    received: str
    link: Link | None = None
    effect: EffectRow | None = None
    document: Document | None = None
    existing: Written | None = None
    done: bool = False
    exchanges: list[Exchange] = dataclasses.field(default_factory=list)

    def end(self, outcome: str, reason: str = "", **more: Any) -> None:
        """Nothing more is to be done with this record."""
        self.outcome.outcome, self.outcome.reason, self.done = outcome, reason, True
        for name, value in more.items():
            setattr(self.outcome, name, value)

    @property
    def nothing_new(self) -> bool:
        """Whether a scheduled run need not mention it: it is as the last run told."""
        return self.outcome.outcome == "unchanged" or self.outcome.code == "left_out"

    def note_answers(self) -> None:
        """Put down what was asked and answered so far; an entry is stored before its work ends."""
        if self.exchanges:
            self.outcome.parts["answered"] = [shown_exchange(e) for e in self.exchanges]

    def refuse(self, error: RecordError) -> None:
        """End it as the error says: failed, blocked or skipped."""
        self.end(error.outcome, str(error), code=error.code, field=error.field, fix=error.fix)


@dataclass
class PageWorker:
    """Works pages of one run. `outage` counts records in a row that an outage has failed."""

    run: FlowRun
    outage: int = 0
    kind: Kind = dataclasses.field(init=False)
    waiting: set[str] = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.kind = kind_for(self.run)
        with self.run.hub.database.begin() as connection:
            self.waiting = waiting.keys(connection, self.run.flow_id)

    def process(
        self, records: Sequence[Raw], *, completed: bool = False, forced: bool = False
    ) -> list[Outcome]:
        """Take every record of a page to its end, in order; stores what became of each.

        completed: nothing is missing from the records. forced: also those that are known and
        have not changed. Raises AuthenticationError, ConfigurationError or, after several
        records in a row, TemporaryError: the run cannot go on; what was done is stored.
        """
        jobs = self._recognise(records, forced)
        try:
            self.run.journal.stock(sum(not job.done for job in jobs))
            self._prepare([job for job in jobs if not job.done], completed)
            for job in jobs:
                if not job.done:
                    self._one(job)
        finally:
            self._remember(jobs)
        return [job.outcome for job in jobs]

    # -- steps ---------------------------------------------------------------------------------

    def _recognise(self, records: Sequence[Raw], forced: bool) -> list[Job]:
        """Which records are new here, which are known, and which have changed since."""
        source = self.run.source.entity
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
            jobs[key] = job
        keys = [key for key, job in jobs.items() if not job.done]
        links = self.run.ledger.links(self.run.pair, keys)
        effects = self.run.ledger.effects(self.run.pair, keys, "create")
        updatable = self.run.target.entity.can("update")
        for key, job in jobs.items():
            job.link = links.get(key)
            job.effect = effects.get(key)
            if job.link is not None and not job.link.target_key:
                # Left out before. It stays so, quietly, until it changes.
                if job.link.received == job.received and not forced and not job.done:
                    job.end("skipped", "Left out before, and not changed since.", code="left_out")
                job.link = None
            if job.link is None or job.done:
                continue
            job.outcome.target = job.link.target_key
            job.outcome.target_number = job.link.target_number
            number = job.link.target_number or job.link.target_key
            same = job.link.received == job.received
            if same and (not forced or not updatable):
                job.end("unchanged")
            elif not updatable:
                job.end(
                    "skipped",
                    f"Already in {self.run.target.name} as {number}. It has changed in "
                    f"{self.run.source.name} since; a booked document is not changed.",
                    code="exists",
                )
        return list(jobs.values())

    def _prepare(self, jobs: list[Job], completed: bool) -> None:
        """Complete and understand the records, and look up for all at once what they need."""
        if not jobs:
            return
        if not completed:
            whole = self.run.source.entity.complete(
                self.run.source.api, [job.record for job in jobs]
            )
            for job, record in zip(jobs, whole, strict=True):
                if isinstance(record, RecordError):
                    job.refuse(record)
                else:
                    job.record = job.outcome.parts["received"] = record
        hooks = self.run.hub.registry.hooks
        for job in jobs:
            if job.done:
                continue
            try:
                job.document = self.run.source.table.understand(job.record, self.run.source.context)
                hooks.record_read(flow=self.run.flow.name, record=job.record, document=job.document)
                self.kind.name(job.document)
                job.outcome.person = self.kind.person(job.document)
            except RecordError as error:
                job.refuse(error)
        alive = [job for job in jobs if not job.done]
        self._existing(alive)
        alive = [job for job in alive if not job.done]
        self.kind.prepare([job.document for job in alive if job.document is not None])

    def _existing(self, jobs: list[Job]) -> None:
        """Look in the target for records that have no link yet: found means known."""
        entity = self.run.target.entity
        by = self.kind.recognised_by()
        if by is None or not entity.can("find"):
            return
        wanted: dict[str, list[Job]] = {}
        for job in jobs:
            if job.link is None and job.document is not None:
                value = self.kind.recognisable(job.document, by)
                if value:
                    wanted.setdefault(value, []).append(job)
        if not wanted:
            return
        found = entity.find(self.run.target.api, by, list(wanted))
        for value, sharing in wanted.items():
            record = found.get(value)
            if record is None:
                continue
            for job in sharing:
                job.existing = written_of(entity, record)
                if not entity.can("update"):
                    self._found(job)

    def _found(self, job: Job) -> None:
        """A document is there already: ours if we were writing it when something broke."""
        assert job.existing is not None
        number = job.existing.number or job.existing.key
        target = self.run.target.name
        job.outcome.target, job.outcome.target_number = job.existing.key, job.existing.number
        if job.effect is not None:
            job.end("created", f"Written earlier and found again in {target} as {number}.")
        else:
            job.end("skipped", f"Already in {target} as {number}.", code="exists")

    def _one(self, job: Job) -> None:
        """Adjust, render and write one record."""
        assert job.document is not None
        job.outcome.started = time.perf_counter()  # what was looked up for the page is shared
        with self.run.tape.listening() as job.exchanges:
            try:
                self._write(job)
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
                job.note_answers()

    def _with_added_policies(self, document: Document) -> Document:
        """The document after the policies of plugins. A mistake in one costs this record only."""
        for policy in self.run.hub.registry.policies:
            name = getattr(policy, "__name__", "of a plugin")
            try:
                made = policy(document, self.run.settings)
            except KoppelError:
                raise
            except Exception as error:
                log.exception("policy %s", name)
                raise RecordError(
                    f"The policy {name} went wrong: {describe(error)}", code="policy"
                ) from error
            if not isinstance(made, type(document)):
                raise RecordError(
                    f"The policy {name} gave {type(made).__name__} and not the document back.",
                    code="policy",
                )
            document = made
        return document

    def _write(self, job: Job) -> None:
        run = self.run
        assert job.document is not None
        creating = job.link is None and job.existing is None
        job.document, applied = run.rules.adjust(job.record, job.document, creating=creating)
        job.document, notes = self.kind.adjust(job.document)
        job.document = self._with_added_policies(job.document)
        job.outcome.notes += notes
        job.outcome.parts["understood"] = job.document.to_dict()
        job.outcome.notes += self.kind.ensure(job.document)
        payload, overlaid = self._payload(job.record, job.document, creating)
        applied += overlaid
        if applied:
            job.outcome.parts["rules"] = applied
        job.outcome.parts["pushed"] = payload
        self.kind.check_total(job.document, payload)
        if creating:
            self._create(job, payload)
        else:
            self._update(job, payload)

    def _payload(self, record: Raw, document: Document, creating: bool) -> tuple[Json, list[Json]]:
        """What to write, and which rules had a part in it."""
        target = self.run.target
        context = replace(target.context, creating=creating)
        payload = target.table.render(document, context)
        return payload, self.run.rules.overlay(record, document, payload, creating=creating)

    def _create(self, job: Job, payload: Json) -> None:
        run = self.run
        assert job.document is not None
        mark = None
        if run.target.entity.can("update"):
            # A later update does not write what only a new record gets: compare without it.
            mark = fingerprint(self._payload(job.record, job.document, creating=False)[0])
        by = self.kind.recognised_by()
        value = self.kind.recognisable(job.document, by) if by else None
        job.end("created")

        def store(connection: Connection, written: Written) -> None:
            job.outcome.target, job.outcome.target_number = written.key, written.number
            self._store(connection, job)

        written = run.port.create(
            run.destination,
            run.pair,
            job.outcome.key,
            payload,
            Recognise(by, value) if by and value and run.target.entity.can("find") else None,
            doubtful=job.effect is not None,
            mark=mark,
            received=job.received,
            also=store,
        )
        job.outcome.target, job.outcome.target_number = written.key, written.number

    def _update(self, job: Job, payload: Json) -> None:
        run = self.run
        key = job.link.target_key if job.link else job.existing.key if job.existing else ""
        number = job.link.target_number if job.link else None
        if job.link is None and job.existing is not None:
            number = job.existing.number
        job.outcome.target, job.outcome.target_number = key, number
        if job.link is not None and job.link.pushed == fingerprint(payload):
            job.end("unchanged")
            return
        if not self.kind.may_update():
            job.end("skipped", f"Already in {run.target.name} as {number or key}.", code="exists")
            return
        job.end("updated")
        run.port.update(
            run.destination,
            run.pair,
            job.outcome.key,
            key,
            payload,
            received=job.received,
            also=lambda connection, _: self._store(connection, job),
        )

    # -- remember ------------------------------------------------------------------------------

    def _store(self, connection: Connection, job: Job) -> None:
        """Write the entry of a record that was written, in the transaction that confirms it."""
        job.note_answers()
        self.run.journal.write(connection, [job.outcome])
        if job.outcome.key in self.waiting:
            waiting.release(connection, self.run.flow_id, [job.outcome.key])

    def _remember(self, jobs: list[Job]) -> None:
        """Store every outcome that was not stored together with its write."""
        self.run.ledger.flush()
        rest = [job for job in jobs if job.done and job.outcome.entry_id is None]
        if not rest:
            return
        quiet = self.run.memo.get("quiet", False)
        told = [job for job in rest if not (quiet and job.nothing_new)]
        for job in told:
            job.note_answers()
        with self.run.hub.database.session() as session:
            connection = session.connection()
            if not self.run.planning:
                for job in rest:
                    self._relink(connection, job)
            self.run.journal.write(connection, [job.outcome for job in told])
            if not self.run.planning:
                waiting.settle(session, self.run.flow, [job.outcome for job in rest])
                self.waiting |= {job.outcome.key for job in rest if job.outcome.reason}

    def _relink(self, connection: Connection, job: Job) -> None:
        if job.outcome.outcome not in ("created", "skipped", "unchanged"):
            return
        if job.link is not None:
            written = Written(job.link.target_key, job.link.target_number)
        elif job.existing is not None:
            written = job.existing
        elif job.outcome.outcome == "skipped" and job.document is not None:
            written = Written("")  # remember that it was left out, as it is now
        else:
            return
        run = self.run
        run.ledger.link(connection, run.pair, job.outcome.key, written, received=job.received)
        if job.effect is not None:
            run.ledger.settle(connection, run.pair, job.outcome.key, written.key)

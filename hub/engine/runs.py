"""Runs: made, executed under a claim, resumed after a crash, and told as a summary."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from hub.engine import alerts, garbage
from hub.engine.claims import Claim, LostClaim
from hub.engine.context import FlowRun, open_run
from hub.engine.hub import Hub
from hub.engine.journal import OUTCOMES, Outcome
from hub.engine.reading import pages
from hub.model import Json
from hub.sdk import (
    AuthenticationError,
    ConfigurationError,
    KoppelError,
    TemporaryError,
)
from hub.store.tables import Connection, Entry, Flow, Run, utc_now

log = logging.getLogger("koppel.engine")
Progress = Callable[[Json], None]
OPEN_STATES = ("queued", "running")


class AlreadyRunning(KoppelError):
    """The flow, or a connection that serves one caller at a time, is at work elsewhere."""


def create_run(
    hub: Hub,
    flow: Flow,
    *,
    kind: str = "run",
    trigger: str = "user",
    options: Json | None = None,
) -> int:
    """Put a run in the queue; returns its number.

    options: limit (records), full (ignore the cursor), keys (only these), as_then (entry ids whose
    stored records are taken instead of reading again).
    """
    with hub.database.session() as session:
        run = Run(flow_id=flow.id or 0, kind=kind, trigger=trigger, options=options or {})
        session.add(run)
        session.flush()
        assert run.id is not None
        return run.id


def execute(
    hub: Hub, run_id: int, progress: Progress | None = None, *, resume: bool = False
) -> None:
    """Work a run to its end in this process; its row then says how it went.

    resume: a run that is told to stop (Ctrl-C) goes back into the queue instead of ending.
    Raises AlreadyRunning, leaving the run in the queue, when its flow or a connection that takes
    one caller at a time is claimed by another process.
    """
    with hub.database.session() as session:
        run = session.get_one(Run, run_id)
        flow = session.get_one(Flow, run.flow_id)
        names = [] if run.kind == "plan" else [f"flow:{flow.id}"]
        names += _exclusive(hub, session, flow)
    claim = Claim(hub.database, names, hub.config.lease_seconds)
    holder = claim.take()
    if holder is not None:
        raise AlreadyRunning(_busy(hub, holder, flow))
    try:
        if _begin(hub, run_id):
            with garbage.patient():
                _work(hub, run_id, flow, claim, progress, resume)
    finally:
        claim.release()


def _exclusive(hub: Hub, session: Session, flow: Flow) -> list[str]:
    """Claims on connections whose system takes no parallel calls."""
    names = []
    for connection_id in {flow.source_id, flow.target_id}:
        row = session.get_one(Connection, connection_id)
        try:
            alone = hub.registry.system(row.system).parallel <= 1
        except ConfigurationError:
            alone = False  # the run itself will say that the plugin is gone
        if alone:
            names.append(f"connection:{connection_id}")
    return names


def _busy(hub: Hub, holder: str, flow: Flow) -> str:
    kind, _, number = holder.partition(":")
    if kind == "flow":
        return f"Flow {flow.name} is already running."
    with hub.database.session() as session:
        row = session.get_one(Connection, int(number))
    return (
        f"Connection {row.name} serves one caller at a time and another flow is using it. "
        f"Try again when that run is done."
    )


def _begin(hub: Hub, run_id: int) -> bool:
    """Mark it running; False when it has ended meanwhile. Older orphans are told interrupted."""
    with hub.database.session() as session:
        run = session.get_one(Run, run_id)
        if run.state not in OPEN_STATES:
            return False
        if run.kind != "plan":
            stale = session.execute(
                select(Run).where(
                    col(Run.flow_id) == run.flow_id,
                    col(Run.state) == "running",
                    col(Run.kind) != "plan",
                    col(Run.id) != run_id,
                )
            ).scalars()
            for orphan in stale:
                orphan.state, orphan.finished_at = "interrupted", utc_now()
                orphan.message = f"Its process ended unexpectedly; run {run_id} took over."
                session.add(orphan)
        run.state, run.attempt = "running", run.attempt + 1
        run.started_at = run.started_at or utc_now()
        session.add(run)
        return True


def _work(
    hub: Hub, run_id: int, flow: Flow, claim: Claim, progress: Progress | None, resume: bool
) -> None:
    with hub.database.session() as session:
        run = session.get_one(Run, run_id)
    tally = Tally(hub, run, progress)
    opened: FlowRun | None = None
    try:
        opened = open_run(hub, flow, run_id, claim, planning=run.kind == "plan")
        opened.memo["quiet"] = run.trigger in ("schedule", "webhook")
        hub.registry.hooks.run_started(run=run_id, flow=flow.name)
        for outcomes in pages(opened, run):
            tally.add(outcomes, opened)
        tally.finish("succeeded" if tally.clean else "partial", opened)
        _healthy(hub, opened)
    except LostClaim as error:
        log.warning("run %s: %s", run_id, error)  # whoever took over reports on it
    except (AuthenticationError, ConfigurationError, TemporaryError) as error:
        tally.finish("failed", opened, error)
        _unhealthy(hub, flow, error)
    except KoppelError as error:
        tally.finish("failed", opened, error)
    except KeyboardInterrupt:
        if resume:
            tally.finish("queued", opened)
        else:
            tally.finish("interrupted", opened, message="Stopped by hand.")
        raise
    except BaseException as error:
        log.exception("run %s broke", run_id)
        tally.finish(
            "failed", opened, message=f"Something went wrong in Koppel itself ({error!r:.200})."
        )
        raise
    finally:
        if opened is not None:
            opened.close()
    hub.registry.hooks.run_finished(run=run_id, flow=flow.name, summary=counts(hub, run_id))
    alerts.after_run(hub, run_id)


class Tally:
    """Counts outcomes into the run's row, and tells whoever watches."""

    def __init__(self, hub: Hub, run: Run, progress: Progress | None) -> None:
        self._hub = hub
        self._run = run
        self._progress = progress
        self._carried = dict(run.requests)
        self._started = time.monotonic()

    @property
    def clean(self) -> bool:
        """Whether nothing failed or was blocked."""
        return not (self._run.failed or self._run.blocked)

    def add(self, outcomes: Sequence[Outcome], opened: FlowRun) -> None:
        """Count a page."""
        self._run.read += len(outcomes)
        for outcome in outcomes:
            setattr(self._run, outcome.outcome, getattr(self._run, outcome.outcome) + 1)
        self._store(opened)
        if self._progress is not None:
            self._progress({name: getattr(self._run, name) for name in ("read", *OUTCOMES)})

    def finish(
        self,
        state: str,
        opened: FlowRun | None,
        error: KoppelError | None = None,
        *,
        message: str = "",
    ) -> None:
        """Close the run's row."""
        self._run.state = state
        self._run.finished_at = None if state == "queued" else utc_now()
        self._run.message = message or (str(error) if error else "")
        if error is not None:
            self._run.options = {
                **self._run.options,
                "error": {"kind": _kind_of(error), "connection": error.connection},
            }
        self._store(opened)

    def _store(self, opened: FlowRun | None) -> None:
        if opened is not None:
            counts = opened.requests()
            self._run.requests = {
                name: self._carried.get(name, 0) + count for name, count in counts.items()
            }
        with self._hub.database.session() as session:
            self._run = session.merge(self._run)


def _kind_of(error: KoppelError) -> str:
    if isinstance(error, AuthenticationError):
        return "authentication"
    if isinstance(error, TemporaryError):
        return "unreachable"
    return "configuration"


def _unhealthy(hub: Hub, flow: Flow, error: KoppelError) -> None:
    """Note on the connection what is wrong with it; its flows rest until a person mends it."""
    if error.connection is None or isinstance(error, ConfigurationError):
        return
    with hub.database.session() as session:
        row = session.execute(
            select(Connection).where(col(Connection.name) == error.connection)
        ).scalar_one_or_none()
        if row is not None:
            dead = isinstance(error, AuthenticationError)
            row.status = "needs_attention" if dead else "unreachable"
            row.message, row.checked_at = str(error), utc_now()
            session.add(row)


def _healthy(hub: Hub, run: FlowRun) -> None:
    """A run that came to its end has shown that both connections work."""
    with hub.database.session() as session:
        for side in (run.source, run.target):
            row = session.get(Connection, side.id)
            if row is not None and row.status != "ok" and side.api.requests:
                row.status, row.message, row.checked_at = "ok", "", utc_now()
                session.add(row)


def summary(hub: Hub, run_id: int, *, all_entries: bool = False) -> dict[str, Any]:
    """What `koppel run --json` prints; with `planned` for a plan and `error` for a failed run."""
    told = counts(hub, run_id)
    query = select(
        col(Entry.id),
        col(Entry.key),
        col(Entry.reference),
        col(Entry.outcome),
        col(Entry.target_number),
        col(Entry.target),
        col(Entry.reason),
        col(Entry.field),
    ).where(col(Entry.run_id) == run_id)
    if not all_entries:
        query = query.where(col(Entry.outcome) != "unchanged")
    with hub.database.begin() as connection:
        told["entries"] = [
            {
                "entry": number,
                "key": key,
                "reference": reference,
                "outcome": outcome,
                "target": target_number or target,
                "reason": reason or None,
                "field": field,
            }
            for number, key, reference, outcome, target_number, target, reason, field in (
                connection.execute(query.order_by(col(Entry.id)))
            )
        ]
    return told


def counts(hub: Hub, run_id: int) -> dict[str, Any]:
    """A run's summary without its entries, however many there are."""
    with hub.database.session() as session:
        run = session.get_one(Run, run_id)
        flow = session.get_one(Flow, run.flow_id)
    ended = run.finished_at or utc_now()
    told: dict[str, Any] = {"run": run.id, "flow": flow.name, "status": run.state}
    if run.kind == "plan":
        told["planned"] = True
    told |= {name: getattr(run, name) for name in ("read", *OUTCOMES)}
    told["requests"] = run.requests
    told["seconds"] = round((ended - (run.started_at or ended)).total_seconds(), 3)
    if run.message:
        told["message"] = run.message
    if "error" in run.options:
        told["error"] = run.options["error"]
    return told

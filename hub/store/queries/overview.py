"""Flows and connections as lists show them: with the newest run, freshness and what waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ScalarSelect
from sqlmodel import Session, col, func, select

from hub.store.tables import Connection, Flow, Run, Waiting

GOOD = ("succeeded", "partial")


@dataclass(frozen=True, kw_only=True)
class FlowView:
    """A flow with its two connections and how it is doing.

    newest: the newest run that was for real. fresh_at: when the source was last read to its end.
    blocked, failed: records that wait.
    """

    flow: Flow
    source: Connection
    target: Connection
    newest: Run | None = None
    fresh_at: dt.datetime | None = None
    blocked: int = 0
    failed: int = 0

    @property
    def waiting(self) -> int:
        """Records that wait, for whatever reason."""
        return self.blocked + self.failed


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """A connection with the flows that use it. newest: the newest run of any of them."""

    connection: Connection
    flows: Sequence[Flow] = field(default_factory=tuple)
    newest: Run | None = None
    waiting: int = 0


def flows(session: Session) -> list[FlowView]:
    """All flows, by name."""
    return _views(session, session.exec(select(Flow).order_by(col(Flow.name))).all())


def flow(session: Session, name: str | int) -> FlowView | None:
    """One flow, by name or by number."""
    wanted = Flow.id == name if isinstance(name, int) else Flow.name == name
    found = _views(session, session.exec(select(Flow).where(wanted)).all())
    return found[0] if found else None


def connections(session: Session) -> list[ConnectionView]:
    """All connections, by name."""
    rows = session.exec(select(Connection).order_by(col(Connection.name))).all()
    all_flows = flows(session)
    return [_connection_view(row, all_flows) for row in rows]


def connection(session: Session, name: str | int) -> ConnectionView | None:
    """One connection, by name or by number."""
    wanted = Connection.id == name if isinstance(name, int) else Connection.name == name
    row = session.exec(select(Connection).where(wanted)).first()
    return None if row is None else _connection_view(row, flows(session))


def _connection_view(row: Connection, all_flows: Iterable[FlowView]) -> ConnectionView:
    mine = [view for view in all_flows if row.id in (view.source.id, view.target.id)]
    newest = max(
        (view.newest for view in mine if view.newest is not None),
        key=lambda run: run.id or 0,
        default=None,
    )
    return ConnectionView(
        connection=row,
        flows=tuple(view.flow for view in mine),
        newest=newest,
        waiting=sum(view.waiting for view in mine),
    )


def _views(session: Session, rows: Sequence[Flow]) -> list[FlowView]:
    ids = [row.id for row in rows]
    ends = {row.id: row for row in session.exec(select(Connection))}
    newest, fresh = _newest_runs(session, ids)
    waiting = {
        (flow_id, outcome): count
        for flow_id, outcome, count in session.exec(
            select(Waiting.flow_id, Waiting.outcome, func.count())
            .where(col(Waiting.flow_id).in_(ids))
            .group_by(col(Waiting.flow_id), col(Waiting.outcome))
        )
    }
    return [
        FlowView(
            flow=row,
            source=ends[row.source_id],
            target=ends[row.target_id],
            newest=newest.get(row.id),
            fresh_at=fresh[row.id].finished_at if row.id in fresh else None,
            blocked=waiting.get((row.id or 0, "blocked"), 0),
            failed=waiting.get((row.id or 0, "failed"), 0),
        )
        for row in rows
    ]


def _newest_runs(
    session: Session, ids: Sequence[int | None]
) -> tuple[dict[int | None, Run], dict[int | None, Run]]:
    """Per flow the newest real run, and the newest that read the source to its end."""

    def newest(*conditions: Any) -> ScalarSelect[int | None]:
        # One seek in the index per flow, however many runs there are.
        return (
            select(Run.id)
            .where(Run.flow_id == Flow.id, *conditions)
            .order_by(col(Run.id).desc())
            .limit(1)
            .correlate(Flow)
            .scalar_subquery()
        )

    pairs = session.exec(
        select(
            newest(Run.kind != "plan"),
            newest(Run.kind == "run", col(Run.state).in_(GOOD)),
        )
        .select_from(Flow)
        .where(col(Flow.id).in_(ids))
    ).all()
    wanted = {run_id for pair in pairs for run_id in pair if run_id is not None}
    rows = {row.id: row for row in session.exec(select(Run).where(col(Run.id).in_(wanted)))}
    newest_runs = [rows[first] for first, _ in pairs if first in rows]
    fresh_runs = [rows[second] for _, second in pairs if second in rows]
    return {run.flow_id: run for run in newest_runs}, {run.flow_id: run for run in fresh_runs}

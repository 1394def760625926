"""Waiting: records that could not go on, and when each is tried again by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete
from sqlmodel import Session, col, or_, select

from hub.engine.journal import Outcome
from hub.store.sql import table_of
from hub.store.tables import Flow, Waiting, utc_now

PASSING = (1, 2, 5, 15, 60)
"""Minutes until a record that an outage failed is tried again, by attempt; then the last."""
BLOCKED = (15, 60, 6 * 60, 24 * 60)
FAILED_ATTEMPTS = 3
"""A record that the vendor refused is tried by itself this often, then by hand only."""
_waiting = table_of(Waiting)
_done = delete(_waiting).where(
    _waiting.c.flow_id == bindparam("flow"),
    _waiting.c.key.in_(bindparam("keys", expanding=True)),
)


def reasons(connection: Connection, flow_id: int) -> dict[str, str]:
    """Who waits, whenever it is to be tried again, and why."""
    columns = select(_waiting.c.key, _waiting.c.reason).where(_waiting.c.flow_id == flow_id)
    return {row.key: row.reason for row in connection.execute(columns)}


def release(connection: Connection, flow_id: int, done: Sequence[str]) -> None:
    """These need not wait any more."""
    if done:
        connection.execute(_done, {"flow": flow_id, "keys": done})


def settle(session: Session, flow: Flow, outcomes: Sequence[Outcome]) -> None:
    """Note who has to wait and who need not wait any more."""
    assert flow.id is not None
    held = {o.key: o for o in outcomes if o.outcome in ("blocked", "failed")}
    release(session.connection(), flow.id, [o.key for o in outcomes if o.key not in held])
    if not held:
        return
    rows = session.exec(
        select(Waiting).where(col(Waiting.flow_id) == flow.id, col(Waiting.key).in_(list(held)))
    )
    known = {row.key: row for row in rows}
    for key, outcome in held.items():
        row = known.get(key) or Waiting(
            flow_id=flow.id, key=key, entry_id=0, outcome=outcome.outcome, attempts=0
        )
        row.reference = outcome.reference
        row.entry_id = outcome.entry_id or row.entry_id
        row.outcome, row.code, row.reason = outcome.outcome, outcome.code, outcome.reason
        row.field, row.fix, row.wants = outcome.field, outcome.fix, outcome.wants
        row.attempts += 1
        row.flow_version = flow.version
        row.next_attempt_at = _next(outcome, row.attempts)
        session.add(row)


def _next(outcome: Outcome, attempts: int) -> dt.datetime | None:
    if outcome.outcome == "failed" and not outcome.passing and attempts >= FAILED_ATTEMPTS:
        return None
    steps = PASSING if outcome.passing else BLOCKED
    return utc_now() + dt.timedelta(minutes=steps[min(attempts, len(steps)) - 1])


def due(session: Session, flow: Flow, *, everyone: bool, limit: int = 1000) -> list[str]:
    """Keys to try again now: whose time has come, who waited for a change of this flow, or all."""
    query = select(Waiting.key).where(col(Waiting.flow_id) == flow.id)
    if not everyone:
        query = query.where(
            or_(
                col(Waiting.next_attempt_at) <= utc_now(),
                col(Waiting.flow_version) < flow.version,
            )
        )
    keys = session.exec(query.order_by(col(Waiting.id)).limit(limit))
    return [key for key in keys if not key.startswith("?")]

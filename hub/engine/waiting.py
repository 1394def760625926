"""Waiting: records that could not go on, and when each is tried again by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from hub.engine.journal import Outcome
from hub.store.tables import Flow, Waiting, utc_now

PASSING = (1, 2, 5, 15, 60)
"""Minutes until a record that an outage failed is tried again, by attempt; then the last."""
BLOCKED = (15, 60, 6 * 60, 24 * 60)
FAILED_ATTEMPTS = 3
"""A record that the vendor refused is tried by itself this often, then by hand only."""


def settle(session: Session, flow: Flow, outcomes: Sequence[Outcome]) -> None:
    """Note who has to wait and who need not wait any more."""
    assert flow.id is not None
    by_key = {outcome.key: outcome for outcome in outcomes}
    rows = session.execute(
        select(Waiting).where(
            col(Waiting.flow_id) == flow.id,
            col(Waiting.key).in_(list(by_key)),
        )
    ).scalars()
    known = {row.key: row for row in rows}
    for key, outcome in by_key.items():
        row = known.get(key)
        if outcome.outcome not in ("blocked", "failed"):
            if row is not None:
                session.delete(row)
            continue
        if row is None:
            row = Waiting(flow_id=flow.id, key=key, entry_id=0, outcome=outcome.outcome, attempts=0)
        row.reference = outcome.reference
        row.entry_id = outcome.entry_id or row.entry_id
        row.outcome, row.code, row.reason = outcome.outcome, outcome.code, outcome.reason
        row.field, row.fix = outcome.field, outcome.fix
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
    query = select(col(Waiting.key)).where(col(Waiting.flow_id) == flow.id)
    if not everyone:
        query = query.where(
            (col(Waiting.next_attempt_at) <= utc_now()) | (col(Waiting.flow_version) < flow.version)
        )
    rows = session.execute(query.order_by(col(Waiting.id)).limit(limit))
    return [row[0] for row in rows if not row[0].startswith("?")]

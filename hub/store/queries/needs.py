"""What needs somebody's attention: waiting records by cause, sick connections, paused flows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from hub.store.tables import Connection, Flow, Waiting

GROUPS = 100
SICK = ("needs_attention", "unreachable")


@dataclass(frozen=True, kw_only=True)
class Group:
    """Records of one flow that wait for the same reason. entry_id: the newest entry of them."""

    flow: Flow
    outcome: str
    code: str
    reason: str
    fix: str | None
    count: int
    oldest: dt.datetime
    entry_id: int


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Everything that waits for a person. more: there are more groups than are listed."""

    groups: Sequence[Group]
    connections: Sequence[Connection]
    paused: Sequence[Flow]
    more: bool = False

    def __bool__(self) -> bool:
        return bool(self.groups or self.connections or self.paused)


def attention(session: Session, *, flow_id: int | None = None, limit: int = GROUPS) -> Attention:
    """What waits for a person, in all flows or in one; the biggest groups first."""
    found = _groups(session, flow_id, limit + 1)
    wanted = select(Flow).where(col(Flow.enabled).is_(False), col(Flow.draft).is_(False))
    sick = select(Connection).where(col(Connection.status).in_(SICK))
    if flow_id is not None:
        wanted = wanted.where(Flow.id == flow_id)
        ends = session.exec(
            select(Flow.source_id, Flow.target_id).where(Flow.id == flow_id)
        ).first()
        sick = sick.where(col(Connection.id).in_(ends or ()))
    return Attention(
        groups=found[:limit],
        connections=session.exec(sick.order_by(col(Connection.name))).all(),
        paused=session.exec(wanted.order_by(col(Flow.name))).all(),
        more=len(found) > limit,
    )


def _groups(session: Session, flow_id: int | None, limit: int) -> list[Group]:
    cause = (
        col(Waiting.flow_id),
        col(Waiting.outcome),
        col(Waiting.code),
        col(Waiting.reason),
        col(Waiting.fix),
    )
    count = func.count()
    query = select(*cause, count, func.min(Waiting.since), func.max(Waiting.entry_id))  # type: ignore[call-overload]
    if flow_id is not None:
        query = query.where(Waiting.flow_id == flow_id)
    rows = session.exec(
        query.group_by(*cause).order_by(count.desc(), func.min(Waiting.since)).limit(limit)
    ).all()
    flows = {flow.id: flow for flow in session.exec(select(Flow))}
    return [
        Group(
            flow=flows[flow],
            outcome=outcome,
            code=code,
            reason=reason,
            fix=fix,
            count=number,
            oldest=oldest,
            entry_id=entry_id,
        )
        for flow, outcome, code, reason, fix, number, oldest, entry_id in rows
    ]


def waiting(
    session: Session,
    flow_id: int,
    *,
    outcome: str | None = None,
    code: str | None = None,
    reason: str | None = None,
    after: int | None = None,
    limit: int = 500,
) -> list[Waiting]:
    """Records of a flow that wait, those that came first in front; all, or of one group."""
    query = select(Waiting).where(Waiting.flow_id == flow_id)
    if outcome is not None:
        query = query.where(Waiting.outcome == outcome)
    if code is not None:
        query = query.where(Waiting.code == code)
    if reason is not None:
        query = query.where(Waiting.reason == reason)
    if after is not None:
        query = query.where(col(Waiting.id) > after)
    return list(session.exec(query.order_by(col(Waiting.id)).limit(limit)))

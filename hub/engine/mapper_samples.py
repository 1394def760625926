"""Samples: records of a flow that were handled lately and whose contents are still kept."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from hub.engine.hub import Hub
from hub.model import Json
from hub.store import payloads
from hub.store.tables import Entry, Flow, Payload, Run

LOOKED_AT = 120
MOST = 20


@dataclass(frozen=True)
class Sample:
    """One record: what was received, and as far as it came what was understood and pushed.

    applied: the rules that had a part in it then.
    """

    entry: int
    reference: str
    key: str
    at: dt.datetime
    outcome: str
    received: Json
    understood: Json | None = None
    pushed: Json | None = None
    applied: list[Json] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Listed:
    """A record that can be a sample, without its contents."""

    entry: int
    reference: str
    at: dt.datetime
    outcome: str
    pushed: bool


def recent(session: Session, flow: Flow, limit: int = MOST) -> list[Listed]:
    """Records whose contents are kept, newest first, each of them once."""
    ids = session.exec(
        select(Entry.id)
        .where(Entry.flow_id == flow.id)
        .order_by(col(Entry.id).desc())
        .limit(LOOKED_AT)
    ).all()
    parts: dict[int, set[str]] = {}
    for entry_id, part in session.exec(
        select(Payload.entry_id, Payload.part).where(col(Payload.entry_id).in_(ids))
    ):
        parts.setdefault(entry_id, set()).add(part)
    wanted = [entry_id for entry_id in ids if "received" in parts.get(entry_id, ())]
    rows = session.exec(
        select(Entry).where(col(Entry.id).in_(wanted)).order_by(col(Entry.id).desc())
    )
    found: dict[str, Listed] = {}
    for row in rows:
        known = found.get(row.key)
        pushed = "pushed" in parts[row.id]
        if known is None or (pushed and not known.pushed):
            found[row.key] = Listed(row.id, row.reference or row.key, row.at, row.outcome, pushed)
    return sorted(found.values(), key=lambda one: one.entry, reverse=True)[:limit]


def load(hub: Hub, session: Session, flow: Flow, entries: list[int]) -> list[Sample]:
    """Entries of a flow with their contents, in the order asked for; what is gone is left out."""
    rows = {
        row.id: row
        for row in session.exec(
            select(Entry).where(col(Entry.id).in_(entries), Entry.flow_id == flow.id)
        )
    }
    kept = payloads.read_many(session, hub.vault, list(rows))
    made = (_sample(rows[i], kept.get(i, {})) for i in entries if i in rows)
    return [one for one in made if one is not None]


def looking(session: Session, flow: Flow) -> bool:
    """Whether a look ahead is under way, which brings a fresh sample."""
    newest = session.exec(
        select(Run)
        .where(Run.flow_id == flow.id, Run.kind == "plan")
        .order_by(col(Run.id).desc())
        .limit(1)
    ).first()
    return newest is not None and newest.state in ("queued", "running")


def _sample(row: Entry, parts: dict[str, Any]) -> Sample | None:
    received = parts.get("received")
    if not isinstance(received, dict) or payloads.truncated(received) is not None:
        return None
    whole = {name: v for name, v in parts.items() if payloads.truncated(v) is None}
    return Sample(
        entry=row.id,
        reference=row.reference or row.key,
        key=row.key,
        at=row.at,
        outcome=row.outcome,
        received=received,
        understood=whole.get("understood"),
        pushed=whole.get("pushed"),
        applied=list(whole.get("rules") or ()),
        notes=list((whole.get("trace") or {}).get("notes") or ()),
    )

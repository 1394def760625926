"""Rows of the database as the templates describe them; every page shows the same thing alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for
from sqlmodel import Session, select

from hub.engine.schedules import ScheduleError, parse_schedule
from hub.model import Json
from hub.registry import Registry
from hub.sdk import Entity, System
from hub.store.queries import ConnectionView, FlowView, RunView
from hub.store.tables import Connection, Entry, Flow, Run, utc_now

HEALTH = {
    "ok": "ok",
    "new": "unknown",
    "unreachable": "waiting",
    "needs_attention": "refused",
}
OUTCOMES = ("created", "updated", "unchanged", "skipped", "blocked", "failed")
GOING = ("queued", "running")
KINDS = {"test": "a test of one record", "plan": "looking ahead", "retry": "trying again"}
TRIGGERS = {
    "schedule": "on schedule",
    "user": "by hand",
    "cli": "by hand, on the command line",
    "webhook": "by a message from the source",
    "api": "by a message from the source",
    "hub": "by the hub",
}
LATE = dt.timedelta(minutes=3)
"""How long after its time a run may begin before the flow counts as behind."""
NOUNS = {
    "order": "Order",
    "customer": "Customer",
    "product": "Product",
    "stock": "Stock level",
    "invoice": "Invoice",
    "journal": "Journal entry",
}


def system(registry: Registry, name: str) -> Json:
    """A system's picture; one whose plugin is gone still has a name."""
    found = registry.systems.get(name)
    if found is None:
        return {"name": name, "title": name, "kind": "", "icon": "", "description": ""}
    return system_of(found)


def system_of(found: System) -> Json:
    """A system as templates show it."""
    return {
        "name": found.name,
        "title": found.title,
        "kind": found.kind,
        "icon": found.icon,
        "description": found.description,
    }


def title_of(row: Connection | Flow) -> str:
    """What people call it."""
    return row.title or row.name


def brief(row: Flow) -> Json:
    """A flow as links show it."""
    return {"name": row.name, "title": title_of(row), "live": row.enabled and not row.draft}


def connection(registry: Registry, view: ConnectionView) -> Json:
    """A connection as described in connections/index.html."""
    row = view.connection
    return {
        "name": row.name,
        "title": title_of(row),
        "system": system(registry, row.system),
        "health": HEALTH.get(row.status, "warning"),
        "account": row.account or None,
        "checked_at": row.checked_at,
        "error": row.message or None,
        "flows": [brief(flow) for flow in view.flows],
    }


def end(registry: Registry, row: Connection, entity: str) -> Json:
    """One end of a flow."""
    kind = entity_kind(registry, row.system, entity)
    return {
        "title": title_of(row),
        "what": kind.title if kind else entity,
        "connection": row.name,
        "system": system(registry, row.system),
    }


def entity_kind(registry: Registry, system_name: str, entity: str) -> type[Entity] | None:
    """The entity's class; None when its plugin is gone."""
    found = registry.systems.get(system_name)
    return next((e for e in found.entities if e.name == entity), None) if found else None


def noun(registry: Registry, system_name: str, entity: str) -> str:
    """What one record of an entity is called."""
    kind = entity_kind(registry, system_name, entity)
    return NOUNS.get(kind.document.kind, "Record") if kind else "Record"


# ---- flows


def flow(registry: Registry, view: FlowView, trend: Iterable[int] = ()) -> Json:
    """A flow as described in flows/index.html."""
    row = view.flow
    return {
        "name": row.name,
        "title": title_of(row),
        "state": "draft" if row.draft else "live" if row.enabled else "paused",
        "draft": row.id if row.draft else None,
        "health": health(view),
        "stopped_by": stopped_by(view),
        "source": end(registry, view.source, row.source_entity),
        "target": end(registry, view.target, row.target_entity),
        "fresh_at": view.fresh_at,
        "last_run": run(RunView(view.newest, row)) if view.newest else None,
        "next_run_at": row.next_run_at,
        "schedule_text": schedule_text(row.schedule),
        "pause_reason": row.pause_reason,
        "trend": list(trend),
        "attention": view.waiting,
    }


def stopped_by(view: FlowView) -> Json | None:
    """The connection that a person has to mend before the flow goes on."""
    for row in (view.source, view.target):
        if row.status == "needs_attention":
            return {"name": row.name, "title": title_of(row)}
    return None


def health(view: FlowView, now: dt.datetime | None = None) -> str:
    """How a flow is doing, the worst first."""
    states = {view.source.status, view.target.status}
    if "needs_attention" in states:
        return "refused"
    if "unreachable" in states:
        return "waiting"
    if view.newest is not None and view.newest.state == "failed":
        return "failed"
    if view.waiting:
        return "warning"
    if view.fresh_at is None:
        return "unknown"
    due = view.flow.next_run_at
    late = due is not None and (now or utc_now()) - due > LATE
    return "stale" if late else "fresh"


def schedule_text(schedule: str | None) -> str:
    """When a flow runs, in words that follow "runs"."""
    try:
        parsed = parse_schedule(schedule)
    except ScheduleError:
        return f"as {schedule!r} says"
    if parsed is None:
        return "by hand"
    words = parsed.in_words()
    return words[:1].lower() + words[1:]


# ---- runs


def run(view: RunView) -> Json:
    """A run as described in runs/index.html."""
    row = view.run
    return {
        "id": row.id,
        "flow": brief(view.flow),
        "status": row.state,
        "planned": row.kind == "plan",
        "trigger": KINDS.get(row.kind) or TRIGGERS.get(row.trigger, row.trigger),
        "started_at": row.started_at or row.queued_at,
        "finished_at": row.finished_at,
        "seconds": view.seconds,
        "counts": counts(row),
        "read": row.read,
        "total": None,
        "requests": row.requests,
        "going": row.state in GOING,
    } | trouble(view)


def counts(row: Run) -> dict[str, int]:
    """Outcome -> records."""
    return {name: getattr(row, name) for name in OUTCOMES}


def trouble(view: RunView) -> Json:
    """Why a run could not go on, and where that is mended."""
    row = view.run
    told: Json = {"error": None, "error_url": None, "error_action": None}
    if row.state not in ("failed", "interrupted") or not row.message:
        return told
    told["error"] = row.message
    about = row.options.get("error") or {}
    if about.get("connection"):
        told["error_url"] = url_for("connections.edit", name=about["connection"])
        told["error_action"] = f"Open the connection {about['connection']}"
    elif about.get("kind") == "configuration":
        told["error_url"] = url_for("flows.edit", name=view.flow.name)
        told["error_action"] = "Open the settings of the flow"
    return told


# ---- entries


@dataclass
class Names:
    """What flows and connections are called, for lists of entries."""

    registry: Registry
    flows: dict[int, Flow]
    connections: dict[int, Connection]

    @classmethod
    def load(cls, registry: Registry, session: Session) -> Names:
        """All of them: there are few."""
        flows = {row.id or 0: row for row in session.exec(select(Flow))}
        ends = {row.id or 0: row for row in session.exec(select(Connection))}
        return cls(registry, flows, ends)

    def by_title(self, requests: dict[str, int]) -> dict[str, int]:
        """Calls by what the connections are called, instead of by their short names."""
        titles = {row.name: title_of(row) for row in self.connections.values()}
        return {titles.get(name, name): count for name, count in requests.items()}

    def noun(self, row: Flow) -> str:
        """What one record of a flow is called."""
        source = self.connections[row.source_id]
        return noun(self.registry, source.system, row.source_entity)

    def entry(self, row: Entry) -> Json:
        """An entry as described in log/index.html."""
        flow = self.flows[row.flow_id]
        return {
            "id": row.id,
            "at": row.at,
            "noun": self.noun(flow),
            "reference": row.reference or None,
            "key": row.key,
            "outcome": row.outcome,
            "reason": row.reason or None,
            "field": row.field,
            "flow": brief(flow),
            "run_id": row.run_id,
            "target_title": title_of(self.connections[flow.target_id]),
            "target_number": row.target_number or row.target,
        }

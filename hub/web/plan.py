"""Looking ahead: what a run would do, record by record, made by a worker that writes nothing."""

from __future__ import annotations

from typing import Any

from flask import Response, request, url_for
from sqlmodel import Session, col, select

from hub.engine import forms, runs
from hub.engine.forms import Filled
from hub.model import Json
from hub.sdk.forms import Form, flag, number, text
from hub.store import payloads, queries
from hub.store.queries import EntryFilter, RunView
from hub.store.tables import Entry, Flow
from hub.web import fields, shapes
from hub.web.flows import bp, latest_run, view_of
from hub.web.page import go, hub, page, posted

__all__ = ["bp", "key_of", "shown", "start"]
MOST = 100


class Ahead(Form):
    """How far to look."""

    limit: int = number("Records", default=10, ge=1, le=MOST)
    key: str = text("Or only this one", default="", max_length=200, help="Its number.")
    full: bool = flag("Also what was read before", default=False)


@bp.route("/flows/<name>/plan", methods=["GET", "POST"])
def plan(name: str) -> Response:
    """Ask for a plan, and show the last one."""
    with hub().database.session() as session:
        view = view_of(session, name)
        filled: Filled[Any] | None = None
        if request.method == "POST":
            filled = forms.fill(Ahead, fields.answers(Ahead, posted()))
            if filled.value is not None:
                start(view.flow, options_of(session, view.flow, filled.value))
                return go(url_for("flows.plan", name=name))
        newest = latest_run(session, view.flow, "plan")
        return page(
            "flows/plan.html",
            status=422 if filled else 200,
            flow=shapes.flow(hub().registry, view),
            fields=fields.simple(Ahead, posted() if filled else None, filled),
            form_errors=[],
            plan=shown(session, newest) if newest else None,
        )


def options_of(session: Session, flow: Flow, form: Ahead) -> Json:
    """What the run is told."""
    if form.key.strip():
        return {"keys": [key_of(session, flow, form.key.strip())]}
    return {"limit": form.limit, "full": form.full}


def key_of(session: Session, flow: Flow, wanted: str) -> str:
    """The key of a record that somebody names by its number, as far as it was seen before."""
    known = session.exec(
        select(Entry.key)
        .where(Entry.flow_id == flow.id, Entry.reference == wanted)
        .order_by(col(Entry.id).desc())
        .limit(1)
    ).first()
    return known or wanted


def start(flow: Flow, options: Json) -> int:
    """Put a plan in the queue."""
    return runs.create_run(hub(), flow, kind="plan", options=options)


def shown(session: Session, view: RunView) -> Json:
    """A plan as described in flows/plan.html."""
    found = queries.entries(session, EntryFilter(run_id=view.run.id), limit=MOST, count=False)
    kept = payloads.read_many(session, hub().vault, [row.id for row in found.entries])
    names = shapes.Names.load(hub().registry, session)
    entries = [_entry(names.entry(row), kept.get(row.id, {})) for row in reversed(found.entries)]
    return shapes.run(view) | {"entries": entries}


def _entry(row: Json, parts: dict[str, Any]) -> Json:
    whole = {name: payloads.shown(value) for name, value in parts.items()}
    return row | {
        "target": row["target_number"],
        "changes": [],
        "received": whole.get("received"),
        "understood": whole.get("understood"),
        "pushed": whole.get("pushed"),
        "notes": (whole.get("trace") or {}).get("notes", []),
    }

"""Looking ahead: what a run would do, record by record, made by a worker that writes nothing."""

from __future__ import annotations

from typing import Any

from flask import Response, abort, request, url_for
from sqlmodel import Session, col, select

from hub.engine import forms, runs
from hub.engine import retry as again
from hub.engine.forms import Filled
from hub.model import Json
from hub.sdk.forms import Form, choice, flag, number, text
from hub.store import payloads, queries
from hub.store.queries import EntryFilter, RunView
from hub.store.tables import Entry, Flow
from hub.web import fields, shapes
from hub.web.attention import fix_of
from hub.web.flows import bp, latest_run, view_of
from hub.web.page import go, hub, number_in, page, posted

__all__ = ["bp", "key_of", "shown", "start"]
MOST = 100
NOTHING_PAST = (
    "Nothing that this flow has pushed is kept in the log, so there is nothing to compare with."
)


class Ahead(Form):
    """How far to look."""

    what: str = choice(
        "Which records",
        default="next",
        options=(
            ("next", "New and changed"),
            ("past", "Pushed before"),
        ),
    )
    limit: int = number("Records", default=10, ge=1, le=MOST)
    key: str = text("Or only number", default="", max_length=200)
    full: bool = flag("Also what was read before", default=False)


@bp.route("/flows/<name>/plan", methods=["GET", "POST"])
def plan(name: str) -> Response:
    """Ask for a plan, and show the last one, or the one that `run` names."""
    with hub().database.session() as session:
        view = view_of(session, name)
        filled: Filled[Any] | None = None
        if request.method == "POST":
            filled = forms.fill(Ahead, fields.answers(Ahead, posted()))
            if filled.value is not None:
                options = options_of(session, view.flow, filled.value)
                if options is None:
                    return go(url_for("flows.plan", name=name), NOTHING_PAST, "info")
                made = start(view.flow, options)
                return go(url_for("flows.plan", name=name, run=made))
        wanted = number_in("run")
        found = _named(session, view.flow, wanted) if wanted else None
        newest = found or latest_run(session, view.flow, "plan")
        outcome = request.args.get("outcome", "")
        outcome = outcome if outcome in shapes.OUTCOMES else ""
        return page(
            "flows/plan.html",
            status=422 if filled else 200,
            flow=shapes.flow(hub().registry, view),
            fields=fields.simple(Ahead, posted() if filled else None, filled),
            form_errors=[],
            outcome=outcome,
            plan=shown(session, newest, outcome) if newest else None,
        )


def _named(session: Session, flow: Flow, run_id: int) -> RunView:
    view = queries.run(session, run_id)
    if view is None or view.run.kind != "plan" or view.flow.id != flow.id:
        abort(404, f"There is no plan {run_id} of this flow (any more).")
    return view


def options_of(session: Session, flow: Flow, form: Ahead) -> Json | None:
    """What the run is told; None when there is nothing of the past to plan with."""
    key = form.key.strip()
    if form.what == "past":
        keys = [key_of(session, flow, key)] if key else []
        entries = again.past_entries(session, flow, form.limit, keys)
        return {"as_then": entries} if entries else None
    if key:
        return {"keys": [key_of(session, flow, key)]}
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


def shown(session: Session, view: RunView, outcome: str = "") -> Json:
    """A plan as described in flows/plan.html; of all its records or those of one outcome."""
    wanted = EntryFilter(run_id=view.run.id, outcomes=(outcome,) if outcome else ())
    found = queries.entries(session, wanted, limit=MOST, count=False)
    kept = payloads.read_many(session, hub().vault, [row.id for row in found.entries])
    names = shapes.Names.load(hub().registry, session)
    target = names.connections[view.flow.target_id]
    entries = []
    for row in reversed(found.entries):
        about = names.entry(row) | {"fix": row.fix, "mend": fix_of(view.flow, target, row.fix)}
        entries.append(_entry(about, kept.get(row.id, {})))
    options = view.run.options
    return shapes.run(view) | {
        "entries": entries,
        "more": found.before is not None,
        "past": bool(options.get("as_then")),
        "only": [str(key) for key in options.get("keys") or ()],
        "full": bool(options.get("full")),
    }


def _entry(row: Json, parts: dict[str, Any]) -> Json:
    whole = {name: payloads.shown(value) for name, value in parts.items()}
    return row | {
        "target": row["target_number"],
        "differences": whole.get("differences") or [],
        "received": whole.get("received"),
        "understood": whole.get("understood"),
        "pushed": whole.get("pushed"),
        "notes": (whole.get("trace") or {}).get("notes", []),
    }

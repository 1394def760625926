"""Flows: listed, shown, run, looked ahead, paused, resumed, changed and removed."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request, url_for
from sqlmodel import Session, col, select

from hub.engine import flows as desk
from hub.engine import forms, runs, shared
from hub.model import Json
from hub.registry import Registry
from hub.sdk import ConfigurationError
from hub.store import queries
from hub.store.queries import FlowView, RunView
from hub.store.settings import get_setting, time_zone
from hub.store.tables import Flow, Waiting
from hub.web import shapes, telling
from hub.web.flowform import FlowForm
from hub.web.page import go, hub, page

bp = Blueprint("flows", __name__)
WEEK = 7
LATEST = 10
WAITING_SHOWN = 5
MOST_AT_FIRST = 10_000


@bp.get("/flows")
def index() -> Response:
    """All of them."""
    with hub().database.session() as session:
        return page("flows/index.html", flows=all_flows(session))


@bp.get("/flows/<name>")
def show(name: str) -> Response:
    """One flow: how it is doing, and the buttons."""
    with hub().database.session() as session:
        view = view_of(session, name)
        return page("flows/show.html", **_shown(session, view))


@bp.route("/flows/<name>/settings", methods=["GET", "POST"])
def edit(name: str) -> Response:
    """Everything about a flow that can be changed."""
    with hub().database.session() as session:
        view = view_of(session, name)
        form = FlowForm(hub(), session, view, mend=request.args.get("mend"))
        if request.method == "POST" and form.changes_table():
            return _edit_page(view, form, 200)
        if request.method == "POST" and form.save(session):
            return go(url_for("flows.show", name=name), "The settings are saved.")
        return _edit_page(view, form, 422 if request.method == "POST" else 200)


@bp.get("/flows/<name>/settings/<field>")
def field(name: str, field: str) -> Response:
    """One field of the settings alone, its live choices fetched again."""
    with hub().database.session() as session:
        found = FlowForm(hub(), session, view_of(session, name)).one(field)
    if found is None:
        abort(404)
    return page("_field.html", field=found)


@bp.post("/flows/<name>/run")
def run(name: str) -> Response:
    """Put a run in the queue: of everything, of the first so many, or of one record."""
    with hub().database.session() as session:
        view = view_of(session, name)
    if view.flow.draft:
        abort(400, "This flow is not finished yet. Finish it in the wizard first.")
    going = view.newest if view.newest and view.newest.state in shapes.GOING else None
    if going is not None:
        address = url_for("runs.show", run_id=going.id)
        return go(address, "This flow is running already.", "info")
    options = _how_much()
    if options is None:
        address = url_for("flows.plan", name=name)
        return go(address, f"How many records? From 1 to {MOST_AT_FIRST:,}.", "bad")
    return go(url_for("runs.show", run_id=runs.create_run(hub(), view.flow, options=options)))


def _how_much() -> Json | None:
    """What the buttons of a plan ask for; None when the number makes no sense."""
    options: Json = {}
    if request.form.get("full") == "yes":
        options["full"] = True
    key, limit = request.form.get("key", "")[:200], request.form.get("limit", "").strip()
    if request.form.get("what") == "one" and key:
        options["keys"] = [key]
    elif request.form.get("what") == "first":
        if not limit.isdecimal() or not 1 <= int(limit[:9]) <= MOST_AT_FIRST:
            return None
        options["limit"] = int(limit)
    return options


@bp.post("/flows/<name>/pause")
def pause(name: str) -> Response:
    """Keep it from running by itself."""
    with hub().database.session() as session:
        row = view_of(session, name).flow
        desk.pause(session, row)
    title = shapes.title_of(row)
    return go(url_for("flows.show", name=name), f"{title} is paused. It runs only by hand now.")


@bp.post("/flows/<name>/resume")
def resume(name: str) -> Response:
    """Let it run by itself again."""
    address = url_for("flows.show", name=name)
    try:
        with hub().database.session() as session:
            row = view_of(session, name).flow
            desk.resume(session, row)
    except ConfigurationError as error:
        return go(address, f"{error}.", "bad")
    return go(address, f"{shapes.title_of(row)} runs {shapes.schedule_text(row.schedule)} again.")


@bp.post("/flows/<name>/reset")
def reset(name: str) -> Response:
    """Read the source from the beginning at the next run."""
    with hub().database.session() as session:
        desk.reset_cursor(hub(), session, view_of(session, name).flow)
    return go(
        url_for("flows.show", name=name),
        "The next run reads everything again. What is coupled stays coupled: nothing is written "
        "twice.",
    )


@bp.post("/flows/<name>/remove")
def remove(name: str) -> Response:
    """Delete it with its log."""
    try:
        with hub().database.session() as session:
            row = view_of(session, name).flow
            desk.remove(session, row)
    except ConfigurationError as error:
        return go(url_for("flows.edit", name=name), f"{error}.", "bad")
    return go(url_for("flows.index"), f"{shapes.title_of(row)} is removed.")


# ---- what pages show


def view_of(session: Session, name: str) -> FlowView:
    """A flow by its name, or a page that says it is not there."""
    view = queries.flow(session, name)
    if view is None:
        abort(404, f"There is no flow {name[:80]} (any more).")
    return view


def all_flows(session: Session) -> list[Json]:
    """Every flow as templates show it, those being set up last."""
    zone, registry = time_zone(session), hub().registry
    shown = []
    for view in queries.flows(session):
        days = queries.records_per_day(session, WEEK, zone, flow_id=view.flow.id)
        shown.append(shapes.flow(registry, view, [day.total for day in days]))
    return sorted(shown, key=lambda f: (f["state"] == "draft", str(f["title"]).casefold()))


def _shown(session: Session, view: FlowView) -> Json:
    flow = view.flow
    days = queries.records_per_day(session, WEEK, time_zone(session), flow_id=flow.id)
    latest = queries.runs(session, flow_id=flow.id, limit=LATEST).runs
    waiting = queries.waiting(session, flow.id or 0, limit=WAITING_SHOWN)
    names = shapes.Names.load(hub().registry, session)
    going = next((r for r in latest if r.run.state in shapes.GOING and r.run.kind != "plan"), None)
    return {
        "flow": shapes.flow(hub().registry, view, [d.total for d in days]) | _words(session, view),
        "runs": [shapes.run(one) for one in latest],
        "running": shapes.run(going) if going else None,
        "week": {
            "counts": {name: sum(d.counts[name] for d in days) for name in shapes.OUTCOMES},
            "total": sum(d.total for d in days),
        },
        "attention": [waiting_entry(row, flow, names) for row in waiting],
        "attention_total": view.waiting,
        "rules": routes_of(hub().registry, view),
        "checklist": [],
    }


def _words(session: Session, view: FlowView) -> Json:
    """What it takes and what was answered, as questions and answers."""
    flow, registry = view.flow, hub().registry
    source = shapes.entity_kind(registry, view.source.system, flow.source_entity)
    target = shapes.entity_kind(registry, view.target.system, flow.target_entity)
    sides = {"own": view.target, "source": view.source, "target": view.target}
    overall = get_setting(session, "retention_days")
    days = flow.retention_days or overall
    return {
        "filter_text": telling.answered(
            session, source.filter, flow.filter, {**sides, "own": view.source}
        )
        if source
        else [],
        "settings_text": telling.answered(
            session, forms.flow_form(target), shared.effective(session, flow, target), sides
        )
        if target
        else [],
        "retention_text": f"Kept for {days} days"
        + (", as the hub's settings say." if flow.retention_days is None else "."),
    }


def routes_of(registry: Registry, view: FlowView) -> list[Json]:
    """Which field goes where; nothing while a plugin is gone."""
    flow = view.flow
    source = shapes.entity_kind(registry, view.source.system, flow.source_entity)
    target = shapes.entity_kind(registry, view.target.system, flow.target_entity)
    return telling.routes(flow, source(), target()) if source and target else []


def waiting_entry(row: Waiting, flow: Flow, names: shapes.Names) -> Json:
    """A record that waits, as a row of the log."""
    return {
        "id": row.entry_id,
        "at": row.since,
        "noun": names.noun(flow),
        "reference": row.reference or None,
        "key": row.key,
        "outcome": row.outcome,
        "reason": row.reason,
        "field": row.field,
        "flow": shapes.brief(flow),
        "target_number": None,
    }


def _edit_page(view: FlowView, form: FlowForm, status: int) -> Response:
    return page(
        "flows/edit.html",
        status=status,
        flow=shapes.flow(hub().registry, view),
        sections=form.sections(),
        form_errors=form.general,
        rules=form.rules_shown(),
    )


def latest_run(session: Session, flow: Flow, kind: str) -> RunView | None:
    """The newest run of a flow of one kind."""
    found = queries.runs(session, flow_id=flow.id, kind=kind, limit=1).runs
    return found[0] if found else None


def flow_by_id(session: Session, flow_id: int) -> FlowView:
    """A draft of the wizard by its number."""
    row = session.exec(select(Flow).where(col(Flow.id) == flow_id)).first()
    if row is None:
        abort(404, "This flow is not here (any more). It may have been thrown away.")
    return view_of(session, row.name)

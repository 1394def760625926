"""Runs: listed, watched while they go on, and what did not go through tried again."""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, request, url_for
from sqlmodel import Session

from hub.engine import retry as again
from hub.model import Json
from hub.store import queries
from hub.store.queries import EntryFilter, RunView
from hub.web import shapes
from hub.web.again import offered, take
from hub.web.page import STOP_POLLING, go, hub, number_in, page, wants_part

bp = Blueprint("runs", __name__)


@bp.get("/runs")
def index() -> Response:
    """All of them, or those of one flow."""
    wanted, before = request.args.get("flow", ""), number_in("before")
    everything = request.args.get("all") == "yes"
    with hub().database.session() as session:
        view = queries.flow(session, wanted) if wanted else None
        if wanted and view is None:
            abort(404, f"There is no flow {wanted[:80]} (any more).")
        flow_id = view.flow.id if view else None
        found = queries.runs(session, flow_id=flow_id, before=before, only_busy=not everything)
    shown = [shapes.run(one) for one in found.runs]
    here = {"flow": wanted or None, "all": "yes" if everything else None}
    return page(
        "runs/index.html",
        runs=shown,
        flow=shapes.brief(view.flow) if view else None,
        everything=everything,
        newer_url=_address(here) if before else None,
        older_url=_address(here | {"before": found.before}) if found.before else None,
    )


@bp.get("/runs/<int:run_id>")
def show(run_id: int) -> Response:
    """One run, live while it goes on."""
    with hub().database.session() as session:
        view = _view(session, run_id)
        if view.run.kind == "plan":
            outcome = request.args.get("outcome")
            address = url_for("flows.plan", name=view.flow.name, run=run_id, outcome=outcome)
            return go(address)
        return page("runs/show.html", **_shown(session, view))


@bp.get("/runs/<int:run_id>/progress")
def progress(run_id: int) -> Response:
    """How far it is; asked every two seconds until it is done."""
    with hub().database.session() as session:
        view = _view(session, run_id)
    if not wants_part():
        return go(url_for("runs.show", run_id=run_id))
    answer = page("runs/_progress.html", run=shapes.run(view))
    if view.run.state not in shapes.GOING:
        answer.status_code = STOP_POLLING
        answer.headers["HX-Refresh"] = "true"  # the buttons of the page are others now
    return answer


@bp.get("/runs/<int:run_id>/rows")
def rows(run_id: int) -> Response:
    """Its records, while they come in."""
    if not wants_part():
        return go(url_for("runs.show", run_id=run_id, outcome=request.args.get("outcome")))
    with hub().database.session() as session:
        view = _view(session, run_id)
        answer = page("runs/_rows.html", **_shown(session, view))
    if view.run.state not in shapes.GOING:
        answer.status_code = STOP_POLLING
    return make_response(answer)


@bp.post("/runs/<int:run_id>/retry")
def retry(run_id: int) -> Response:
    """Everything of this run that still waits, or that ended in one way, once more."""
    outcome = _outcome(request.form.get("outcome", ""))
    with hub().database.session() as session:
        _view(session, run_id)
        found = again.selected(session, _wanted(run_id, outcome))
    back = url_for("runs.show", run_id=run_id, outcome=outcome or None)
    return take(found, back=back, nothing="Nothing of this run waits any more.")


def _address(values: Json) -> str:
    return url_for("runs.index", **values)


def _view(session: Session, run_id: int) -> RunView:
    view = queries.run(session, run_id)
    if view is None:
        abort(404, f"There is no run {run_id} (any more): logs are deleted after a while.")
    return view


def _shown(session: Session, view: RunView) -> Json:
    outcome = _outcome(request.args.get("outcome", ""))
    found = queries.entries(
        session,
        EntryFilter(run_id=view.run.id, outcomes=(outcome,) if outcome else ()),
        before=number_in("before"),
        count=False,
    )
    names = shapes.Names.load(hub().registry, session)
    going = view.run.state in shapes.GOING
    again_ = None if going else again.selected(session, _wanted(view.run.id, outcome))
    older = url_for("runs.show", run_id=view.run.id, outcome=outcome or None, before=found.before)
    return {
        "run": shapes.run(view) | {"requests": names.by_title(view.run.requests)},
        "entries": [names.entry(row) for row in found.entries],
        "outcome": outcome,
        "older_url": older if found.before else None,
        "again": offered(again_) if again_ else None,
    }


def _outcome(text: str) -> str:
    return text if text in shapes.OUTCOMES else ""


def _wanted(run_id: int | None, outcome: str) -> EntryFilter:
    """What of a run is taken again: what ended in this way; what waits, as long as it waits."""
    waits = outcome in ("", *again.FAILED)
    return EntryFilter(run_id=run_id, outcomes=(outcome,) if outcome else (), waiting=waits)

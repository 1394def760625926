"""The log: what was handled, found by flow, outcome, number and period; and one record."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from sqlmodel import Session

from hub.engine import forms, unmapped
from hub.engine import retry as again
from hub.sdk import ConfigurationError
from hub.store import queries
from hub.store.queries import EntryFilter
from hub.store.settings import time_zone
from hub.web import attention, shapes
from hub.web.again import offered, take
from hub.web.page import go, hub, number_in, page
from hub.web.record import Record

bp = Blueprint("log", __name__)
ATTENTION = "attention"
FILTERS = ("flow", "outcome", "text", "since", "until")


@bp.get("/log")
def index() -> Response:
    """What fits the search, newest first."""
    asked = {name: request.args.get(name, "").strip()[:200] for name in FILTERS}
    before = number_in("before")
    with hub().database.session() as session:
        names = shapes.Names.load(hub().registry, session)
        wanted, problems = _filter(session, asked, names)
        found = queries.entries(session, wanted, before=before, count=False)
        searched = bool(any(asked.values())) and not problems
        many = again.selected(session, wanted) if searched else None
        shown = [names.entry(row) for row in found.entries]
    given: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return page(
        "log/index.html",
        status=422 if problems else 200,
        entries=[] if problems else shown,
        filter=asked,
        flows=sorted(map(shapes.brief, names.flows.values()), key=lambda f: f["title"].casefold()),
        newer_url=url_for("log.index", **given) if before else None,
        older_url=url_for("log.index", **given, before=found.before) if found.before else None,
        form_errors=problems,
        again=offered(many) if many else None,
    )


@bp.post("/log/retry")
def retry_found() -> Response:
    """Everything that a search has found, once more."""
    asked = {name: request.form.get(name, "").strip()[:200] for name in FILTERS}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value}
    back = url_for("log.index", **given)
    if not given:
        return go(back, "Search first: everything that was ever handled is too much.", "info")
    with hub().database.session() as session:
        names = shapes.Names.load(hub().registry, session)
        wanted, problems = _filter(session, asked, names)
        found = again.Selection() if problems else again.selected(session, wanted)
    return take(found, back=back)


@bp.get("/log/<int:entry_id>")
def entry(entry_id: int) -> Response:
    """One record: what was received, understood, pushed and answered."""
    with hub().database.session() as session:
        view = queries.entry(session, hub().vault, entry_id)
        if view is None:
            abort(404, f"There is no entry {entry_id} (any more): logs are deleted after a while.")
        return page("entries/show.html", **Record(hub(), session, view).shown())


@bp.post("/log/<int:entry_id>/retry")
def retry(entry_id: int) -> Response:
    """This record once more: read again, or as it was received then."""
    as_then = request.form.get("as") == "then"
    try:
        made = again.retry_entries(hub(), [entry_id], as_then=as_then)
    except ConfigurationError as error:
        abort(404, str(error))
    return go(url_for("runs.show", run_id=made[0]))


@bp.post("/log/<int:entry_id>/settle")
def settle(entry_id: int) -> Response:
    """What changed after it was booked is settled in the target, by hand."""
    try:
        made = again.settle_entries(hub(), [entry_id])
    except ConfigurationError as error:
        return go(url_for("log.entry", entry_id=entry_id), f"{error}.", "info")
    return go(url_for("runs.show", run_id=made[0]))


@bp.post("/log/<int:entry_id>/plan")
def plan(entry_id: int) -> Response:
    """What was received then, through the mapping of today: what would be pushed otherwise."""
    with hub().database.session() as session:
        view = queries.entry(session, hub().vault, entry_id)
    if view is None:
        abort(404, f"There is no entry {entry_id} (any more): logs are deleted after a while.")
    if "received" not in view.parts or "received" in view.shortened:
        message = "What was received then is not kept as a whole (any more)."
        return go(url_for("log.entry", entry_id=entry_id), message, "info")
    made = again.plan_past(hub(), view.flow, [entry_id])
    return go(url_for("flows.plan", name=view.flow.name, run=made))


@bp.post("/log/<int:entry_id>/add")
def add(entry_id: int) -> Response:
    """Add the row of a table that this record waits for, and release all that waited for it."""
    value = request.form.get("value", "")[: forms.LONGEST]
    try:
        done = unmapped.add(hub(), entry_id, value)
    except ConfigurationError as error:
        return go(url_for("log.entry", entry_id=entry_id), attention.sentence(str(error)), "bad")
    lacking, own = done.lacking, done.runs.get(done.lacking.flow.name)
    counted = "1 record is" if done.records == 1 else f"{done.records} records are"
    flows = f" in {len(done.runs)} flows" if len(done.runs) > 1 else ""
    told = f"{counted} tried again now{flows}." if done.records else "Nothing waited for it."
    address = url_for("runs.show", run_id=own) if own else url_for("log.entry", entry_id=entry_id)
    return go(address, f"“{lacking.words}” is in “{lacking.about['label']}” now. {told}")


def _filter(
    session: Session, asked: dict[str, str], names: shapes.Names
) -> tuple[EntryFilter, list[str]]:
    """What is searched for, and what of it makes no sense."""
    problems: list[str] = []
    flow_id = next((i for i, row in names.flows.items() if row.name == asked["flow"]), None)
    if asked["flow"] and flow_id is None:
        problems.append(f"There is no flow {asked['flow']} (any more).")
    zone = time_zone(session)
    since = _day(asked["since"], zone, problems)
    until = _day(asked["until"], zone, problems)
    if since and until and until < since:
        problems.append("The period ends before it begins.")
    outcome = asked["outcome"]
    return EntryFilter(
        flow_id=flow_id,
        outcomes=(outcome,) if outcome in shapes.OUTCOMES else (),
        waiting=outcome == ATTENTION,
        text=asked["text"],
        since=since,
        until=until + dt.timedelta(days=1) if until else None,
    ), problems


def _day(text: str, zone: dt.tzinfo, problems: list[str]) -> dt.datetime | None:
    """Midnight of a day in the hub's zone."""
    if not text:
        return None
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        problems.append(f"{text} is not a day: write it as 2026-03-31.")
        return None
    if not 1970 <= day.year <= 9000:
        problems.append(f"{text} is not a day that the log can know.")
        return None
    return dt.datetime.combine(day, dt.time(), zone)

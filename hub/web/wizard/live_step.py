"""Step 6: when it runs, from when on, what was checked, and go."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from flask import Response, request, url_for
from sqlmodel import Session

from hub.engine import flows as desk
from hub.engine import forms
from hub.engine.flows import FlowProblems
from hub.engine.forms import Filled
from hub.model import Json, Order
from hub.sdk import ConfigurationError
from hub.sdk.forms import Form, choice, date, text
from hub.store.queries import FlowView
from hub.store.settings import time_zone
from hub.store.tables import Connection, Flow, utc_now
from hub.web import fields, shapes
from hub.web.flows import latest_run
from hub.web.page import go, hub, page, posted
from hub.web.wizard.frame import bp, draft_of, frame

BY_HAND = "by hand"
SCHEDULES = (
    ("every 5 minutes", "Every 5 minutes"),
    ("every 15 minutes", "Every 15 minutes"),
    ("every hour", "Every hour"),
    ("0 6 * * *", "Every day at 6:00"),
    (BY_HAND, "Only by hand"),
)


class Live(Form):
    """When it runs."""

    title: str = text("Name", max_length=120, min_length=1)
    schedule: str = choice("Runs", default="every 5 minutes", options=SCHEDULES)
    since: dt.date | None = date(
        "Start with records from",
        default=None,
        help="Older ones are left alone. Empty: everything that fits the questions you answered.",
    )


@bp.route("/wizard/<int:draft>/live", methods=["GET", "POST"])
def live(draft: int) -> Response:
    """When it runs, from when on, and go."""
    with hub().database.session() as session:
        view = draft_of(session, draft)
        checks = _checklist(session, view)
        ready = all(check["ok"] is not False for check in checks)
        filled: Filled[Any] | None = None
        if request.method == "POST":
            filled = forms.fill(Live, fields.answers(Live, posted()))
            on = request.form.get("do") == "live" and ready
            if filled.value is not None:
                problem = _finish(session, view, filled.value, on=on)
                if problem is None:
                    return _finished(view.flow, on)
                filled = problem
        shown = _live_fields(session, view, filled)
        return page(
            "wizard/live.html",
            status=422 if filled else 200,
            fields=shown,
            form_errors=fields.general(filled, shown),
            checklist=checks,
            ready=ready,
            **frame(view, "live"),
        )


def _finished(flow: Flow, on: bool) -> Response:
    title = shapes.title_of(flow)
    words = "is live" if on else "is saved. It is paused: press Resume when you are ready"
    return go(url_for("flows.show", name=flow.name), f"{title} {words}.")


def _finish(session: Session, view: FlowView, form: Live, *, on: bool) -> Filled[Any] | None:
    """Turn the draft into a flow; what is wrong, if anything is."""
    schedule = None if form.schedule == BY_HAND else form.schedule
    spec = replace(
        desk.spec_of(session, view.flow),
        title=form.title,
        schedule=schedule,
        draft=False,
        enabled=on,
    )
    try:
        if form.since is not None:
            begin = dt.datetime.combine(form.since, dt.time(), time_zone(session))
            desk.reset_cursor(hub(), session, view.flow, begin)
        desk.update(hub(), session, view.flow, spec)
    except FlowProblems as error:
        session.rollback()
        return Filled(errors=error.problems)
    except ConfigurationError as error:
        session.rollback()
        return fields.complaint(f"{error}.", "since" if form.since else None)
    return None


def _live_fields(session: Session, view: FlowView, filled: Filled[Any] | None) -> list[Json]:
    """The questions of the last step; the day only where the source can begin at one."""
    can_begin = _can_begin(view)
    today = utc_now().astimezone(time_zone(session)).date()
    chosen = _first_day(view)[1]
    values = {
        "title": view.flow.title,
        "since": today.isoformat() if can_begin and not chosen and _is_dated(view) else None,
    }
    shown = fields.shown(Live, values=values, posted=posted() if filled else None, filled=filled)
    return [one for one in shown if one["name"] != "since" or can_begin]


def _checklist(session: Session, view: FlowView) -> list[Json]:
    checks = [_connection_check(view.source), _connection_check(view.target)]
    draft = view.flow.id
    problem = _settings_problem(session, view)
    checks.append(
        {
            "ok": problem is None,
            "label": "The questions are answered",
            "detail": problem,
            "url": url_for("wizard.settings", draft=draft) if problem else None,
            "action": "Answer them",
        }
    )
    looked = latest_run(session, view.flow, "plan")
    checks.append(
        {
            "ok": True if looked and looked.run.state in ("succeeded", "partial") else None,
            "label": "You have seen one of your own records",
            "url": url_for("wizard.preview", draft=draft) if looked is None else None,
            "action": "Look",
        }
    )
    asked, first_day = _first_day(view)
    if asked and not _can_begin(view):
        checks.append(_age_check(view, first_day))
    tested = latest_run(session, view.flow, "test")
    good = tested is not None and tested.run.state == "succeeded"
    checks.append(
        {
            "ok": True if good else None,
            "label": "One record was sent as a test",
            "detail": None if good else "Optional, and wise.",
            "url": None if good else url_for("wizard.test", draft=draft),
            "action": "Send one",
        }
    )
    return checks


def _can_begin(view: FlowView) -> bool:
    """Whether the source can be read from a day on, whatever its filter asks."""
    source = shapes.entity_kind(hub().registry, view.source.system, view.flow.source_entity)
    return source is not None and source().cursor_at(utc_now()) is not None


def _is_dated(view: FlowView) -> bool:
    """Whether old records are best left alone: old orders are booked; old products are not."""
    kind = shapes.entity_kind(hub().registry, view.source.system, view.flow.source_entity)
    return kind is not None and issubclass(kind.document, Order)


def _first_day(view: FlowView) -> tuple[bool, str | None]:
    """Whether the source's filter asks for a first day, and the answer."""
    kind = shapes.entity_kind(hub().registry, view.source.system, view.flow.source_entity)
    days = [f["name"] for f in forms.fields(kind.filter) if f["widget"] == "date"] if kind else []
    return bool(days), next((view.flow.filter[d] for d in days if view.flow.filter.get(d)), None)


def _age_check(view: FlowView, first: str | None) -> Json:
    """Going live for the first time takes everything there is, unless a first day was chosen."""
    noun = shapes.end(hub().registry, view.source, view.flow.source_entity)["what"].lower()
    return {
        "ok": True if first else None,
        "label": f"Only {noun} from {first} on are taken" if first else f"Old {noun} are taken too",
        "detail": None if first else "The first run takes everything that fits your answers.",
        "url": None if first else url_for("wizard.settings", draft=view.flow.id),
        "action": "Change that",
    }


def _connection_check(row: Connection) -> Json:
    title, sick = shapes.title_of(row), row.status == "needs_attention"
    return {
        "ok": False if sick else True if row.status == "ok" else None,
        "label": f"{title} answers",
        "detail": row.message or None,
        "url": url_for("connections.edit", name=row.name) if row.status != "ok" else None,
        "action": "Open the connection",
    }


def _settings_problem(session: Session, view: FlowView) -> str | None:
    try:
        desk.validated(hub(), session, replace(desk.spec_of(session, view.flow), draft=False))
    except ConfigurationError as error:
        return str(error)
    return None

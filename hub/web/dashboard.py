"""The dashboard: is everything in step, and if not, what to do about it."""

from __future__ import annotations

from flask import Blueprint, Response

from hub.model import Json
from hub.store import queries
from hub.store.queries import Day
from hub.store.settings import time_zone
from hub.web import attention, shapes
from hub.web.connections import all_connections
from hub.web.flows import all_flows
from hub.web.page import hub, page

bp = Blueprint("dashboard", __name__)
DAYS = 14


@bp.get("/")
def index() -> Response:
    """Everything at a glance."""
    with hub().database.session() as session:
        days = queries.records_per_day(session, DAYS, time_zone(session))
        return page(
            "dashboard.html",
            attention=attention.with_rows(session, attention.items(session)),
            flows=all_flows(session),
            connections=all_connections(session),
            days=[{"date": day.date, "counts": _some(day)} for day in days],
            today=_today(days),
        )


def _today(days: list[Day]) -> Json:
    today = days[-1]
    return {
        "counts": _some(today),
        "total": today.total,
        "trend": [day.total for day in days],
        "median_delay": None,
    }


def _some(day: Day) -> dict[str, int]:
    return {name: day.counts[name] for name in shapes.OUTCOMES if day.counts[name]}

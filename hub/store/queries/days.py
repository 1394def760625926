"""Records per day and outcome, for the picture on the dashboard."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, cast
from sqlmodel import Session, col, func, select

from hub.store.tables import Run, utc_now

OUTCOMES = ("created", "updated", "unchanged", "skipped", "blocked", "failed")


@dataclass(frozen=True)
class Day:
    """How many records ended how on one day."""

    date: dt.date
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All records of that day."""
        return sum(self.counts.values())


def records_per_day(
    session: Session,
    days: int,
    zone: dt.tzinfo,
    *,
    flow_id: int | None = None,
    now: dt.datetime | None = None,
) -> list[Day]:
    """The last *days* days in a time zone, oldest first, days without records as well.

    Counted from the runs: few rows, and the purge leaves them their numbers for as long as the
    retention says. A record counts on the day on which its run was asked for.
    """
    today = (now or utc_now()).astimezone(zone).date()
    first = today - dt.timedelta(days=days - 1)
    start = dt.datetime.combine(first, dt.time(), zone)
    # Both databases write a time as 2026-03-01 12:34:56: cut to ten minutes, which no zone's
    # midnight divides, few enough rows come back whatever the number of runs.
    moment = func.substr(cast(col(Run.queued_at), String), 1, 15)
    sums: list[Any] = [func.sum(getattr(Run, outcome)) for outcome in OUTCOMES]
    query = select(moment, *sums).where(Run.queued_at >= start, Run.kind != "plan").group_by(moment)
    if flow_id is not None:
        query = query.where(Run.flow_id == flow_id)
    counts = {first + dt.timedelta(days=n): dict.fromkeys(OUTCOMES, 0) for n in range(days)}
    for text, *numbers in session.exec(query).all():
        at = dt.datetime.fromisoformat(f"{text}0:00+00:00").astimezone(zone)
        day = counts.get(at.date())
        if day is not None:
            for outcome, number in zip(OUTCOMES, numbers, strict=True):
                day[outcome] += int(number or 0)
    return [Day(date, day) for date, day in counts.items()]

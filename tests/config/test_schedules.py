"""Schedules: cron in the hub's zone, also in the two odd nights, and plain intervals."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from hub.engine.schedules import ScheduleError, parse_schedule, zone_of

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    "text",
    [
        "5",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "0 0 31 2 *",
        "@daily",
        "every monday",
        "every 0 minutes",
        "every 9999999 minutes",
        "every -5 minutes",
        "each day",
    ],
)
def test_what_is_no_schedule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ScheduleError) as found:
        parse_schedule(text)
    assert text in str(found.value)


@pytest.mark.parametrize("text", [None, "", "  "])
def test_nothing_is_by_hand_only(text: str | None) -> None:
    assert parse_schedule(text) is None


def test_spelling_is_made_the_same() -> None:
    for text in ("every 5 minutes", "Every  5 minute", "every 5 Minutes"):
        schedule = parse_schedule(text)
        assert schedule is not None
        assert schedule.text == "every 5 minutes"
    one = parse_schedule("every 1 hour")
    assert one is not None
    assert one.text == "every hour"
    assert one.in_words() == "Every hour"


def test_an_interval_counts_from_the_last_time() -> None:
    schedule = parse_schedule("every 2 hours")
    assert schedule is not None
    now = dt.datetime(2026, 3, 29, 0, 30, tzinfo=dt.UTC)
    assert schedule.next_after(now, AMSTERDAM) - now == dt.timedelta(hours=2)


@pytest.mark.parametrize(
    ("after", "times"),
    [
        # The night that has no 2:30: it runs once, when the clock has jumped.
        ("2026-03-28T12:00", ["2026-03-29T01:00", "2026-03-30T00:30"]),
        # The night that has 2:30 twice: it runs once.
        ("2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"]),
    ],
)
def test_cron_follows_the_wall_clock_on_the_odd_nights(after: str, times: list[str]) -> None:
    schedule = parse_schedule("30 2 * * *")
    assert schedule is not None
    moment = dt.datetime.fromisoformat(after).replace(tzinfo=dt.UTC)
    found = []
    for _ in times:
        moment = schedule.next_after(moment, AMSTERDAM)
        found.append(moment.strftime("%Y-%m-%dT%H:%M"))
    assert found == times


def test_an_unknown_zone_falls_back_to_the_machines() -> None:
    assert zone_of("Europe/Amsterdam") == AMSTERDAM
    assert isinstance(zone_of("Europe/Nowhere"), ZoneInfo)

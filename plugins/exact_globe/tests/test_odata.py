"""How Globe writes things down."""

from __future__ import annotations

import datetime as dt
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from koppel_exact_globe import api as globe_api
from koppel_exact_globe import odata

from .conftest import Globe

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ODD = ["A/B 1", "O'Brien", "50%", "a+b", "é€日", "A&B=C?", "#1", "A(1)", 'x"y', "a%2Fb", "''"]


@pytest.mark.parametrize("code", ODD)
def test_an_item_with_an_odd_code_is_found_by_key_and_by_filter(globe: Globe, code: str) -> None:
    api = globe.api()
    globe_api.create(api, "Item", {"ItemCode": code, "Description0": "Vreemd"})
    by_key = globe_api.one(api, "Item", odata.text_key(code), select=["ItemCode"])
    by_filter = globe_api.some(api, "Item", where=[f"ItemCode eq {odata.text(code)}"])
    assert by_key == {"ItemCode": code}
    assert [row["ItemCode"] for row in by_filter] == [code]


@given(st.text(max_size=40))
def test_a_key_can_be_taken_back(value: str) -> None:
    key = odata.text_key(value)
    assert key.isascii()
    assert unquote(key)[1:-1].replace("''", "'") == value


def test_codes_that_are_kept_padded_are_asked_for_padded() -> None:
    assert odata.padded("DebtorNumber", "1001") == "'  1001'"
    assert odata.padded("AccountCode", " 80004153") == "'            80004153'"
    assert odata.padded("SalesOrderNumber", "       1") == "'       1'"


def test_a_date_is_the_servers_wall_clock_in_both_directions() -> None:
    evening = dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC)  # half past midnight over there
    assert odata.to_date(evening, AMSTERDAM) == "/Date(1795221000000)/"
    there = odata.wall_clock("/Date(1795221000000)/")
    assert there == dt.datetime(2026, 11, 21, 0, 30)  # noqa: DTZ001
    assert odata.in_zone(there, AMSTERDAM) == evening
    assert odata.to_date(dt.date(2026, 11, 21), AMSTERDAM) == "/Date(1795219200000)/"


@pytest.mark.parametrize(
    ("value", "ms"),
    [
        ("/Date(1795219200123)/", 1795219200123),
        ("/Date(1795219200123+0060)/", 1795219200123),
        ("/Date(-1000)/", -1000),
        ("2026-11-21T00:00:00.123", 1795219200123),
        ("2026-11-21T00:00:00Z", 1795219200000),
        ("", None),
        ("soon", None),
        (None, None),
        (5, None),
    ],
)
def test_dates_are_read_however_they_are_written(value: object, ms: int | None) -> None:
    assert odata.wall_clock_ms(value) == ms


def test_a_moment_in_a_filter_keeps_its_milliseconds() -> None:
    assert odata.moment_literal(1795219200123) == "DateTime'2026-11-21T00:00:00.123'"


def _ms(text: str) -> int:
    found = odata.wall_clock_ms(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seen", "start"),
    [
        ("2026-10-25T01:59:59", "2026-10-25T01:59:59"),
        ("2026-10-25T02:00:00", "2026-10-25T02:00:00"),
        ("2026-10-25T02:59:00", "2026-10-25T02:00:00"),  # this hour comes twice
        ("2026-10-25T03:00:00", "2026-10-25T03:00:00"),
        ("2026-03-29T02:30:00", "2026-03-29T02:30:00"),  # this one never comes
        ("2026-06-01T02:30:00", "2026-06-01T02:30:00"),
    ],
)
def test_the_hour_that_comes_twice_is_read_again(seen: str, start: str) -> None:
    assert odata.repeated_hour(_ms(seen), AMSTERDAM) == _ms(start)


@given(st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2040, 1, 1), timezones=st.just(dt.UTC)))  # noqa: DTZ001
def test_any_moment_survives_the_wall_clock_outside_the_repeated_hour(moment: dt.datetime) -> None:
    moment = moment.replace(microsecond=0)
    text = odata.to_date(moment, AMSTERDAM)
    back = odata.wall_clock(text)
    assert back is not None
    ms = odata.wall_clock_ms(text)
    assert ms is not None
    if odata.repeated_hour(ms + 1, AMSTERDAM) == ms + 1:
        assert odata.in_zone(back, AMSTERDAM) == moment

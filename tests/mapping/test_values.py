"""How one kind of value is read as another."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from hub.mapping import values
from hub.mapping.values import ValueProblem


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (1e-7, "0.0000001"),
        (date(2026, 1, 5), "2026-01-05"),
        (datetime(2026, 1, 5, 8, tzinfo=UTC), "2026-01-05T08:00:00+00:00"),
        (["a", None, 1], "a, 1"),
    ],
)
def test_text_is_what_a_person_would_write(value: Any, text: str) -> None:
    assert values.text_of(value) == text


@pytest.mark.parametrize("value", [{"a": 1}, object(), b"x", "x" * 1_000_001])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(ValueProblem):
        values.text_of(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12.50", "12.50"),
        (" 12 ", "12"),
        (12, "12"),
        (0.1, "0.1"),
        (True, "1"),
        ("-0.00", "-0.00"),
        ("1e3", "1E+3"),
    ],
)
def test_numbers_are_exact(value: Any, number: str) -> None:
    assert values.number_of(value) == Decimal(number)


@pytest.mark.parametrize(
    "value",
    ["12,50", "abc", "", "NaN", "Infinity", "1e99", "1e-99", Decimal("1e999999"), [1], {}, None],
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ValueProblem):
        values.number_of(value)


def test_a_zero_with_a_huge_exponent_cannot_fill_the_memory() -> None:
    assert len(values.text_of(Decimal("0E-999999"))) < 40
    assert len(values.text_of(Decimal("0E+999999"))) < 40


@pytest.mark.parametrize(
    ("left", "right", "alike"),
    [
        (21, "21.00", True),
        (Decimal("21.0"), "21", True),
        ("21", 21, True),
        ("007", "7", False),
        ("1e2", 100, False),
        ("A ", "A", True),
        (None, "", False),
        (True, 1, False),
        (True, "true", True),
        (None, None, True),
        ([1], [1], True),
        ({"a": 1}, "a", False),
    ],
)
def test_values_are_the_same_when_they_mean_the_same(left: Any, right: Any, alike: bool) -> None:
    assert values.same(left, right) is alike


@pytest.mark.parametrize(("value", "truth"), [("ja", True), ("Nee", False), (0, False), (1, True)])
def test_yes_and_no(value: Any, truth: bool) -> None:
    assert values.truth_of(value) is truth
    with pytest.raises(ValueProblem, match="neither yes nor no"):
        values.truth_of("perhaps")


def test_a_date_without_a_zone_is_utc() -> None:
    assert values.moment_of("2026-01-05") == datetime(2026, 1, 5, tzinfo=UTC)
    assert values.moment_of(date(2026, 1, 5)) == datetime(2026, 1, 5, tzinfo=UTC)
    with pytest.raises(ValueProblem, match="use parse_date"):
        values.moment_of("5 jan")


def test_long_values_are_cut_in_messages() -> None:
    assert len(values.short("x" * 500)) < 90
    assert len(values.short(list(range(500)))) <= 80

"""Street lines are split where that is certain, and come back whole and flagged elsewhere."""

from __future__ import annotations

import time

import pytest

from hub.mapping.address import join_line, split_line
from hub.mapping.policies.people import whole
from hub.model import Address

from .streets import LINES, Row

DOUBTFUL = [row for row in LINES if row[2] is None]
CERTAIN = [row for row in LINES if row[2] is not None]


def _named(row: Row) -> str:
    return f"{row[0]} {row[1].strip()}"


@pytest.mark.parametrize("row", DOUBTFUL, ids=_named)
def test_a_doubtful_line_comes_back_whole_with_a_reason(row: Row) -> None:
    country, line, _ = row
    split = split_line(line, country)
    assert not split.sure
    assert (split.street, split.number, split.suffix) == (line, None, None)
    assert split.reason


@pytest.mark.parametrize("row", DOUBTFUL, ids=_named)
def test_a_doubtful_line_is_passed_unsplit_and_flagged(row: Row) -> None:
    country, line, _ = row
    address = whole(Address(line1=line, country=country or None))
    assert (address.street, address.house_number, address.unsure) == (line, None, True)
    assert address.line1 == line


@pytest.mark.parametrize("row", CERTAIN, ids=_named)
def test_a_certain_line_is_split_into_street_number_and_suffix(row: Row) -> None:
    country, line, wanted = row
    split = split_line(line, country)
    assert split.sure, split.reason
    assert (split.street, split.number, split.suffix) == wanted


@pytest.mark.parametrize("row", CERTAIN, ids=_named)
def test_what_was_split_and_joined_again_is_split_the_same(row: Row) -> None:
    country, _, wanted = row
    assert wanted is not None
    street, number, suffix = wanted
    again = split_line(join_line(street, number, suffix, country), country)
    assert (again.street, again.number, again.suffix) == wanted


def test_the_table_has_what_people_write_in_five_countries() -> None:
    assert len({(country, line) for country, line, _ in LINES}) == len(LINES) >= 250
    for country, least in (("NL", 60), ("BE", 30), ("DE", 40), ("FR", 35), ("IT", 30)):
        assert sum(row[0] == country for row in LINES) >= least


@pytest.mark.parametrize(
    "line",
    ["1 " * 90, "a1" * 90, "12 bis " * 25, "-/" * 95 + "1", "Straat " + "1-" * 90, "9" * 200],
)
def test_a_hostile_line_takes_no_time(line: str) -> None:
    start = time.thread_time()
    split_line(line, "NL")
    split_line(line, "FR")
    assert time.thread_time() - start < 0.5


def test_a_line_that_is_too_long_is_not_an_address() -> None:
    assert "too long" in split_line("Kerkstraat " * 30 + "12", "NL").reason

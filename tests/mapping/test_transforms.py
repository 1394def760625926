"""The library of transforms: every example in the documentation, and how they refuse."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.mapping.transforms import (
    TRANSFORMS,
    ArgumentError,
    Example,
    Registry,
    Transform,
    TransformError,
    make,
)

EXAMPLES = [(name, example) for name, t in TRANSFORMS.items() for example in t.examples]


def run(name: str, value: Any, /, **arguments: Any) -> Any:
    return TRANSFORMS[name].bind(arguments).apply(value)


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=lambda value: str(value)[:40])
def test_every_example_in_the_documentation_holds(name: str, example: Example) -> None:
    result = run(name, example.value, **example.arguments)
    assert result == example.result
    assert type(result) is type(example.result)


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=lambda t: t.name)
def test_every_transform_explains_itself_and_its_arguments(transform: Transform) -> None:
    assert len(transform.help) > 10
    assert transform.examples
    for argument in transform.arguments:
        assert argument.help, argument.name


def test_there_are_enough_transforms_of_every_family() -> None:
    families = [t.family for t in TRANSFORMS.values()]
    assert len(families) >= 40
    assert set(families) == {"text", "number", "date", "address", "list", "choice"}


def test_no_value_stays_no_value_unless_the_transform_is_about_that() -> None:
    seeing = {name for name, t in TRANSFORMS.items() if t.sees_none}
    assert seeing == {
        "default",
        "if_empty",
        "if_equals",
        "when_in",
        "if_contains",
        "if_matches",
        "count",
    }
    for name in TRANSFORMS.keys() - seeing:
        transform = TRANSFORMS[name]
        arguments = dict(transform.examples[0].arguments)
        assert transform.bind(arguments).apply(None) is None


# --- arguments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "words", "key"),
    [
        ("truncate", {}, "the argument 'length' is missing", "length"),
        ("truncate", {"lenght": 5}, "the argument 'length' is missing", "length"),
        ("truncate", {"length": 5, "endng": "x"}, "did you mean 'ending'?", "endng"),
        ("truncate", {"length": "five"}, "'five' is not a number", "length"),
        ("truncate", {"length": 2.5}, "2.5 is not a whole number", "length"),
        ("truncate", {"length": None}, "a number is needed", "length"),
        ("trim", {"x": 1}, "takes no arguments", "x"),
        ("round", {"mode": "upwards"}, "is not one of half_up", "mode"),
        ("map", {"values": "a"}, "a table {a: b} is needed", "values"),
        ("when_in", {"values": "a"}, "a list is needed", "values"),
        ("in_zone", {"zone": "Europe/Amsterdm"}, "is not a time zone", "zone"),
        ("in_zone", {"zone": "../etc/passwd"}, "is not a time zone", "zone"),
        ("regex_extract", {"pattern": "("}, "is wrong", "pattern"),
        ("prefix", {"text": "x" * 10_001}, "longer than 10,000", "text"),
        ("map", {"values": dict.fromkeys(map(str, range(6000)), 1)}, "5,000 rows", "values"),
    ],
)
def test_wrong_arguments_are_refused_before_any_record_is_read(
    name: str, arguments: dict[str, Any], words: str, key: str
) -> None:
    with pytest.raises(ArgumentError) as caught:
        TRANSFORMS[name].bind(arguments)
    assert words in str(caught.value)
    assert str(caught.value).startswith(name)
    assert caught.value.key == key


def test_arguments_from_yaml_are_taken_as_they_are_meant() -> None:
    assert run("prefix", "5", text=10) == "105"
    assert run("multiply", "5", by=0.1) == Decimal("0.5")
    assert run("pad_left", 7, length="3") == "007"
    assert run("truncate", "abc", length=2, whole_words="no") == "ab"


def test_a_bound_transform_shows_its_arguments() -> None:
    assert str(TRANSFORMS["trim"].bind()) == "trim"
    assert str(TRANSFORMS["truncate"].bind({"length": 5})) == "truncate(length: 5)"


# --- refusing values -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "arguments", "words"),
    [
        ("to_int", "twelve", {}, "to_int: 'twelve' is not a number"),
        ("divide", "1", {"by": 0}, "divide: cannot divide by zero (value: 1)"),
        ("upper", {"a": 1}, {}, "upper: {'a': 1} is an object with named fields"),
        ("map", "cash", {"values": {"a": "b"}}, "map: the table has no row for 'cash'"),
        ("parse_date", "next week", {}, "parse_date: 'next week' is not a date"),
        ("parse_date", "5-1-26", {"format": "%d/%m/%y"}, "is not written as '%d/%m/%y'"),
        ("country_code", "Atlantis", {}, "country_code: 'Atlantis' is not a country"),
        ("to_decimal", "1.2.3", {}, "more than one '.'"),
        ("to_decimal", "free", {}, "'free' is not a number"),
        ("replace", "a", {"old": ""}, "replace: old is empty"),
        ("pad_left", "a", {"length": 5000}, "length must be between 0 and 1,000"),
        ("sum", ["1", "x"], {}, "sum: 'x' is not a number"),
        ("word", "a b", {"number": 0}, "counted from 1"),
        ("round", "1", {"decimals": 99}, "decimals must be between 0 and 10"),
        ("from_timestamp", "1e20", {}, "too large to be a time"),
        ("add_days", "2026-01-01", {"days": 10**6}, "days must be between"),
    ],
)
def test_a_refusal_names_the_transform_and_the_value(
    name: str, value: Any, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(TransformError) as caught:
        run(name, value, **arguments)
    assert words in str(caught.value)
    assert caught.value.name == name


def test_a_refusal_shows_a_long_value_cut_short() -> None:
    with pytest.raises(TransformError) as caught:
        run("to_int", "x" * 5000)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("name", "value", "arguments"),
    [
        ("replace", "a" * 900, {"old": "a", "new": "b" * 10_000}),
        ("regex_replace", "a" * 900, {"pattern": "a", "replacement": "b" * 9_000}),
        ("prefix", "a" * 999_999, {"text": "bb"}),
        ("join", ["a" * 900_000] * 2, {}),
        ("escape_html", "&" * 900_000, {}),
    ],
)
def test_no_transform_can_fill_the_memory(name: str, value: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(TransformError):
        run(name, value, **arguments)


# --- behaviour that examples do not show -----------------------------------------------------


def test_money_is_rounded_half_up_and_exact() -> None:
    assert run("round", "2.675") == Decimal("2.68")
    assert run("round", "-2.675") == Decimal("-2.68")
    assert run("round", "2.5", decimals=0, mode="half_even") == Decimal("2")
    assert run("gross_to_net", "34.95", rate=21) == Decimal("28.88")
    assert run("net_to_gross", "28.88", rate=21) == Decimal("34.94")
    assert run("add", "0.1", amount=0.2) == Decimal("0.3")


@given(st.decimals(-100000, 100000, places=2), st.sampled_from([0, 6, 9, 21, 19, Decimal("5.5")]))
def test_gross_to_net_with_enough_decimals_comes_back(amount: Decimal, rate: Any) -> None:
    net = run("gross_to_net", amount, rate=rate, decimals=10)
    assert run("round", run("net_to_gross", net, rate=rate, decimals=10)) == amount


@pytest.mark.parametrize(
    ("text", "sign", "number"),
    [
        ("1.234,50", ",", "1234.50"),
        ("1,234.50", ".", "1234.50"),
        ("€ -12,00", ",", "-12.00"),
        ("12,00-", ",", "-12.00"),
        ("EUR 5", ".", "5"),
    ],
)
def test_amounts_are_read_as_people_write_them(text: str, sign: str, number: str) -> None:
    assert run("to_decimal", text, decimal_sign=sign) == Decimal(number)


def test_a_table_is_searched_without_regard_to_case_spaces_and_zeros_at_the_end() -> None:
    table = {"iDEAL ": "ID", "21": "V21", "007": "bond"}
    assert run("map", " ideal", values=table) == "ID"
    assert run("map", Decimal("21.00"), values=table) == "V21"
    assert run("map", "7", values=table, missing="empty") is None
    assert run("map", "cash", values=table, missing="keep") == "cash"
    assert run("map", "007", values=table) == "bond"


def test_conditions_leave_the_value_alone_without_an_else() -> None:
    assert run("if_equals", "b", value="a", then="x") == "b"
    assert run("when_in", None, values=["a"], then="x") is None
    assert run("when_in", None, values=["a"], then="x", **{"else": "y"}) == "y"
    assert run("if_empty", None, then="x") == "x"
    assert run("if_equals", 21, value="21.0", then="x") == "x"


def test_dates_keep_their_zone_over_both_change_nights() -> None:
    zone = "Europe/Amsterdam"
    before = run("parse_date", "28-03-2026 12:00", zone=zone)
    assert run("add_days", before, days=1) == datetime(
        2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Amsterdam")
    )
    assert run("format_date", "2026-10-25T00:30:00+00:00", format="%H:%M", zone=zone) == "02:30"
    assert run("format_date", "2026-10-25T01:30:00+00:00", format="%H:%M", zone=zone) == "02:30"
    assert run("format_date", run("parse_date", "05-01-2026", zone=zone)) == "2026-01-05"


def test_a_moment_with_a_zone_of_its_own_ignores_the_argument() -> None:
    read = run("parse_date", "2026-01-05T10:00:00+01:00", zone="America/New_York")
    assert read == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_working_days_skip_weekends_both_ways() -> None:
    friday = "2026-01-30T08:00:00+00:00"
    assert run("add_days", friday, days=5, skip_weekends=True).weekday() == 4
    assert run("add_days", friday, days=-5, skip_weekends=True).day == 23
    saturday = run("add_days", friday, days=1)
    assert run("add_days", saturday, days=1, skip_weekends=True).weekday() == 0
    assert run("add_days", saturday, days=0, skip_weekends=True).weekday() == 0


def test_html_becomes_readable_text() -> None:
    html = "<style>p{}</style><ul><li>Een</li><li>Twee &lt; drie</li></ul><script>x()</script>"
    assert run("strip_html", html) == "Een\nTwee < drie"
    assert run("strip_html", "no <b>end") == "no end"
    assert run("strip_html", "<" * 20_000) is not None
    assert run("strip_html", "<script>if (a<b) {}</script>a <b title='x>y'>b</b><!-- c --> d") == (
        "a b d"
    )


@pytest.mark.parametrize(
    "piece", ["<a ", "<!--", "<![", "</", "<a b='", "<a '> ", "<script>", "&", "<a b='>'"]
)
def test_html_that_is_never_closed_takes_no_time_to_read(piece: str) -> None:
    started = time.thread_time()
    run("strip_html", (piece * 300_000)[:900_000])
    assert time.thread_time() - started < 1


def test_an_uncertain_address_is_left_whole() -> None:
    assert run("street", "Kerkstraat 12 3") == "Kerkstraat 12 3"
    assert run("house_number", "Plein 1944") is None
    assert run("join_street", {"street": "Kerkstraat", "house_number": 12}) == "Kerkstraat 12"


def test_countries_are_known_by_code_and_by_name_in_five_languages() -> None:
    for name in ("nl", "NLD", "Nederland", "niederlande", "Pays Bas", "PAESI BASSI", "Holland"):
        assert run("country_code", name) == "NL"
    assert run("country_code", "Großbritannien") == "GB"
    assert run("country_code", "Atlantis", default="NL") == "NL"
    assert run("country_code_3", "Duitsland") == "DEU"


@pytest.mark.parametrize(
    ("text", "country", "written"),
    [
        ("1234ab", "NL", "1234 AB"),
        ("NL-1234 AB", "NL", "1234 AB"),
        ("0123AB", "NL", "0123AB"),
        ("B-1000", "BE", "1000"),
        ("sw1a1aa", "GB", "SW1A 1AA"),
        ("00950", "PL", "00-950"),
        ("12345", "XX", "12345"),
        ("not a code", "NL", "NOT A CODE"),
    ],
)
def test_postal_codes_are_written_the_way_the_country_does(
    text: str, country: str, written: str
) -> None:
    assert run("postcode", text, country=country) == written


def test_one_value_is_a_list_of_one() -> None:
    assert run("first", "a") == "a"
    assert run("join", "a") == "a"
    assert run("count", None) == 0
    assert run("count", "a") == 1
    assert run("unique", [{"a": 1}, {"a": 1}, 1, True]) == [{"a": 1}, 1, True]


# --- adding transforms -----------------------------------------------------------------------


def shout(value: str, times: int = 1) -> str:
    """Say it louder.

    times: how much louder.

    >>> shout("hey", times=2)
    'hey!!'
    """
    return value + "!" * times


def test_a_plain_function_becomes_a_transform() -> None:
    registry = Registry().with_added([shout])
    assert registry["shout"].help == "Say it louder."
    assert registry["shout"].arguments[0].help == "how much louder."
    assert registry["shout"].examples == (Example("hey", {"times": 2}, "hey!!"),)
    assert registry["shout"].bind({"times": "3"}).apply(5) == "5!!!"
    assert "shout" not in TRANSFORMS


def test_a_name_that_is_taken_is_an_error() -> None:
    registry = TRANSFORMS.with_added([shout])
    with pytest.raises(ValueError, match="named 'shout' already"):
        registry.register(shout)


def test_functions_that_no_form_could_ask_for_are_refused() -> None:
    def silent(value: str) -> str:
        return value

    def many(value: str, *texts: str) -> str:
        """Too many."""
        return value

    def odd(value: str, what: bytes) -> str:
        """Odd argument."""
        return value

    def either(value: str, what: str | int) -> str:
        """Two kinds."""
        return value

    def nothing() -> str:
        """No value."""
        return ""

    for function in (silent, many, odd, either, nothing):
        with pytest.raises(TypeError):
            make(function, "test")


def test_a_crash_inside_an_added_transform_is_told_with_its_name() -> None:
    def broken(value: str, how: Literal["index", "key"] = "index") -> str:
        """Breaks."""
        return [value][5] if how == "index" else {"a": value}["b"]

    registry = Registry().with_added([broken])
    for how in ("index", "key"):
        with pytest.raises(TransformError, match="broken"):
            registry["broken"].bind({"how": how}).apply("x")


def test_a_float_from_an_added_transform_becomes_exact() -> None:
    def tenth(value: Decimal) -> float:
        """A tenth."""
        return float(value) / 10

    result = Registry().with_added([tenth])["tenth"].bind().apply("1")
    assert result == Decimal("0.1")
    assert isinstance(result, Decimal)


def test_the_nearest_name_is_suggested() -> None:
    assert TRANSFORMS.nearest("trimm") == "trim"
    assert TRANSFORMS.nearest("UPPER") == "upper"
    assert TRANSFORMS.nearest("xyzzy") is None

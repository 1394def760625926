"""Transforms that choose: lookup tables, conditions and yes or no."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, Literal

from hub.mapping.transforms.lists import alike
from hub.mapping.transforms.patterns import SafePattern
from hub.mapping.values import (
    ValueProblem,
    comparable,
    is_empty,
    short,
    text_of,
    truth_of,
)


class _Unchanged:
    """Stands for "leave the value as it is" where an argument is not given."""

    def __repr__(self) -> str:
        return "the value itself"


UNCHANGED: Final[Any] = _Unchanged()


def map_(
    value: Any,
    values: dict[str, Any],
    default: Any = None,
    missing: Literal["error", "keep", "empty"] = "error",
) -> Any:
    """Look a value up in a table; capitals and spaces at the ends make no difference.

    values: the table: what comes in, and what goes out.
    default: what goes out for a value that is not in the table.
    missing: what happens to such a value when there is no default: error stops the record, keep
    lets it through, empty gives no value.

    >>> map_("iDEAL", values={"ideal": "ID", "paypal": "PP"})
    'ID'
    >>> map_("cash", values={"ideal": "ID"}, default="KA")
    'KA'
    """
    found = _find(values, value)
    if found is not UNCHANGED:
        return found
    if default is not None:
        return default
    if missing == "keep":
        return value
    if missing == "empty":
        return None
    raise ValueProblem(f"the table has no row for {short(value)} and there is no default")


def _find(table: dict[str, Any], value: Any) -> Any:
    key = text_of(value)
    if key in table:
        return table[key]
    wanted = comparable(value).casefold()
    for known, result in table.items():
        if comparable(known).casefold() == wanted:
            return result
    return UNCHANGED


def default(given: Any | None, value: Any) -> Any:
    """Give another value where there is none (or only an empty text).

    value: what to give.

    >>> default(None, value="NL")
    'NL'
    >>> default("BE", value="NL")
    'BE'
    """
    return value if is_empty(given) else given


def if_empty(value: Any | None, then: Any = None, else_: Any = UNCHANGED) -> Any:
    """Choose by whether there is a value.

    then: the result when there is none.
    else: the result when there is one; without it, the value itself.

    >>> if_empty("", then="P", else_="B")
    'P'
    >>> if_empty("Café Zoë", then="P", else_="B")
    'B'
    """
    return then if is_empty(value) else _or(else_, value)


def if_equals(given: Any | None, value: Any, then: Any = None, else_: Any = UNCHANGED) -> Any:
    """Choose by whether the value equals another; capitals make no difference.

    value: what to compare with.
    then: the result when they are equal.
    else: the result when they are not; without it, the value itself.

    >>> if_equals("b2b", value="B2B", then="company", else_="person")
    'company'
    """
    return then if alike(given, value) else _or(else_, given)


def when_in(given: Any | None, values: list[Any], then: Any = True, else_: Any = UNCHANGED) -> Any:
    """Choose by whether the value is one of a list; capitals make no difference.

    values: the list.
    then: the result when it is.
    else: the result when it is not; without it, the value itself.

    >>> when_in("DE", values=["DE", "AT", "CH"], then="de", else_="en")
    'de'
    """
    return then if any(alike(given, item) for item in values) else _or(else_, given)


def if_contains(given: str | None, text: str, then: Any = True, else_: Any = UNCHANGED) -> Any:
    """Choose by whether the value contains a text; capitals make no difference.

    text: what to look for.
    then: the result when it is there.
    else: the result when it is not; without it, the value itself.

    >>> if_contains("Mollie iDEAL", text="ideal", then="ID", else_="OV")
    'ID'
    """
    return then if text.casefold() in (given or "").casefold() else _or(else_, given)


def if_matches(
    given: str | None, pattern: SafePattern, then: Any = True, else_: Any = UNCHANGED
) -> Any:
    """Choose by whether a regular expression finds something.

    pattern: a regular expression; patterns that could take forever are refused.
    then: the result when it does.
    else: the result when it does not; without it, the value itself.

    >>> if_matches("NL801234567B01", pattern="^[A-Z]{2}[0-9]", then="company", else_="person")
    'company'
    """
    found = given is not None and pattern.search(given) is not None
    return then if found else _or(else_, given)


def if_more_than(given: Decimal, number: Decimal, then: Any = True, else_: Any = UNCHANGED) -> Any:
    """Choose by whether a number is larger than another.

    number: what to compare with.
    then: the result when it is larger.
    else: the result when it is not; without it, the value itself.

    >>> if_more_than("250.00", number="100", then="free", else_="paid")
    'free'
    """
    return then if given > number else _or(else_, given)


def empty_when(given: Any, values: list[Any]) -> Any:
    """Drop values that stand for "nothing", such as "n/a" or "-".

    values: which values to drop.

    >>> empty_when("n/a", values=["n/a", "-"])
    >>> empty_when("Utrecht", values=["n/a", "-"])
    'Utrecht'
    """
    return None if any(alike(given, item) for item in values) else given


def to_bool(value: Any) -> bool:
    """Read yes or no: true, yes, ja, 1 and on against false, no, nee, 0, off and empty.

    >>> to_bool("ja")
    True
    """
    return truth_of(value)


def not_(value: bool) -> bool:
    """Turn yes into no and no into yes.

    >>> not_("yes")
    False
    """
    return not value


def _or(choice: Any, value: Any) -> Any:
    return value if choice is UNCHANGED else choice


FAMILY: Final = (
    map_,
    default,
    if_empty,
    if_equals,
    when_in,
    if_contains,
    if_matches,
    if_more_than,
    empty_when,
    to_bool,
    not_,
)

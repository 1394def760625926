"""What formulas calculate with: exact arithmetic, comparisons and joins, all of it within a budget.

An evaluation may take so many steps and so much time of the processor, and no text, list or number
in it grows beyond its bounds; what would is an error that says so. `[]` in a path gives a list, and
every operator works element by element on lists.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException
from typing import Any, Final

from hub.mapping.values import (
    ValueProblem,
    comparable,
    is_empty,
    kind_of,
    moment_of,
    number_of,
    same,
    short,
    text_of,
)

MAX_STEPS: Final = 100_000
MAX_SECONDS: Final = 0.3
MAX_RESULT: Final = 200_000
"""Characters of a text that a formula makes."""
MAX_LIST: Final = 10_000
MAX_EXPONENT: Final = 100
_LOOK_EVERY: Final = 500
_EXACT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN, Emax=10_000, Emin=-10_000)

Binary = Callable[[Any, Any], Any]


class Work:
    """One evaluation: the records it may look in, and what is left of its budget."""

    __slots__ = ("_look_at", "_started", "records", "steps")

    def __init__(self, records: Mapping[str, Any]) -> None:
        self.records = records
        self.steps = 0
        self._look_at = _LOOK_EVERY
        self._started: float | None = None

    def spend(self, steps: int) -> None:
        """Account for work. Raises ValueProblem when there was too much of it."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise ValueProblem(f"the formula takes more than {MAX_STEPS:,} steps")
        if self.steps >= self._look_at:
            self._look_at = self.steps + _LOOK_EVERY
            self.look_at_the_clock()

    def look_at_the_clock(self) -> None:
        """Stop when the processor was busy with it for too long."""
        now = time.thread_time()
        if self._started is None:
            self._started = now
        elif now - self._started > MAX_SECONDS:
            raise ValueProblem(f"the formula takes longer than {MAX_SECONDS:g} seconds")


# ---- element by element


def spread(work: Work, function: Binary, left: Any, right: Any) -> Any:
    """Apply to two values, or to each element of a list; a single value goes with every one."""
    if left.__class__ is not list and right.__class__ is not list:
        return function(left, right)
    lists = [side for side in (left, right) if side.__class__ is list]
    count = max(map(len, lists))
    work.spend(bounded(count))
    return [spread(work, function, _at(left, index), _at(right, index)) for index in range(count)]


def each(work: Work, function: Callable[[Any], Any], value: Any) -> Any:
    """Apply to a value, or to each element of a list."""
    if value.__class__ is not list:
        return function(value)
    work.spend(bounded(len(value)))
    return [each(work, function, item) for item in value]


def choose(work: Work, condition: Any, yes: Any, no: Any) -> Any:
    """One of two values, for each element of a condition that is a list."""
    work.spend(bounded(len(condition)))
    return [
        choose(work, one, _at(yes, index), _at(no, index))
        if one.__class__ is list
        else _at(yes if truth(one) else no, index)
        for index, one in enumerate(condition)
    ]


def _at(value: Any, index: int) -> Any:
    if value.__class__ is not list:
        return value
    return value[index] if index < len(value) else None


def bounded(count: int) -> int:
    """Refuse lists that are too long."""
    if count > MAX_LIST:
        raise ValueProblem(f"a list of {count:,} is too long for a formula ({MAX_LIST:,} at most)")
    return count


# ---- arithmetic


def _calculation(name: str, sign: str) -> Binary:
    operate: Callable[[Decimal, Decimal], Decimal] = getattr(_EXACT, name)

    def calculate(left: Any, right: Any) -> Any:
        if left is None or right is None:
            return None
        try:
            return number_of(operate(_number(left, sign), _number(right, sign)))
        except DecimalException:
            raise ValueProblem(f"{short(left)} {sign} {short(right)} has no result") from None

    return calculate


def _number(value: Any, sign: str) -> Decimal:
    try:
        return number_of(value)
    except ValueProblem as problem:
        if sign == "+" and isinstance(value, str):
            raise ValueProblem(f"{problem}; write & to join texts") from None
        raise


def power(left: Any, right: Any) -> Any:
    """A power; the exponent is bounded, as the result is."""
    if left is None or right is None:
        return None
    base, exponent = number_of(left), number_of(right)
    if abs(exponent) > MAX_EXPONENT:
        raise ValueProblem(f"the exponent {short(exponent)} is too large ({MAX_EXPONENT} at most)")
    try:
        return number_of(_EXACT.power(base, exponent))
    except DecimalException:
        raise ValueProblem(f"{short(left)} ** {short(right)} has no result") from None


def negative(value: Any) -> Any:
    """The number with the other sign."""
    return None if value is None else number_of(_EXACT.minus(number_of(value)))


def join(left: Any, right: Any) -> Any:
    """Both as text, side by side; no value only when neither has one."""
    if left is None and right is None:
        return None
    one, other = text_of(left), text_of(right)
    if len(one) + len(other) > MAX_RESULT:
        raise ValueProblem(f"the formula makes a text of more than {MAX_RESULT:,} characters")
    return one + other


# ---- comparing


def truth(value: Any) -> bool:
    """Whether a value counts as yes: not when it is empty, zero, false, or the text of those."""
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, int | float | Decimal):
        return value != 0
    if isinstance(value, str):
        return value.strip().casefold() not in ("", "false", "0")
    return not is_empty(value)


def _order(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Two values as what can be compared: dates, numbers or texts; None when one is missing."""
    if left is None or right is None:
        return None
    if isinstance(left, date) or isinstance(right, date):
        return moment_of(left), moment_of(right)
    numbers = [isinstance(side, int | float | Decimal) for side in (left, right)]
    if any(numbers):
        return number_of(left), number_of(right)
    if isinstance(left, str) and isinstance(right, str):
        try:
            return number_of(left), number_of(right)
        except ValueProblem:
            return comparable(left).casefold(), comparable(right).casefold()
    odd = left if not isinstance(left, str) else right
    raise ValueProblem(f"{short(odd)} is {kind_of(odd)}, which cannot be more or less")


def _comparison(decide: Callable[[Any, Any], bool]) -> Binary:
    def compare(left: Any, right: Any) -> Any:
        sides = _order(left, right)
        return False if sides is None else decide(*sides)

    return compare


BINARY: Final[dict[str, Binary]] = {
    "+": _calculation("add", "+"),
    "-": _calculation("subtract", "-"),
    "*": _calculation("multiply", "*"),
    "/": _calculation("divide", "/"),
    "//": _calculation("divide_int", "//"),
    "%": _calculation("remainder", "%"),
    "**": power,
    "&": join,
    "==": same,
    "!=": lambda left, right: not same(left, right),
    "<": _comparison(lambda left, right: left < right),
    "<=": _comparison(lambda left, right: left <= right),
    ">": _comparison(lambda left, right: left > right),
    ">=": _comparison(lambda left, right: left >= right),
}


# ---- functions over several values


def flat(work: Work, values: Any) -> list[Any]:
    """Every value in a list of lists, without the gaps."""
    work.spend(bounded(len(values)))
    found: list[Any] = []
    for value in values:
        if value.__class__ is list:
            found += flat(work, value)
        elif value is not None:
            found.append(value)
    return found


def _extreme(work: Work, values: list[Any], sign: str) -> Any:
    best: Any = None
    for value in flat(work, values):
        if best is None or BINARY[sign](value, best):
            best = value
    return best


def _sum(work: Work, values: list[Any]) -> Any:
    total: Any = None
    for value in flat(work, values):
        total = number_of(value) if total is None else BINARY["+"](total, value)
    return total


def _first(work: Work, values: list[Any]) -> Any:
    return next((value for value in flat(work, values) if not is_empty(value)), None)


def _len(work: Work, values: list[Any]) -> Any:
    value = values[0]
    if isinstance(value, list | dict):
        return Decimal(len(value))
    return None if value is None else Decimal(len(text_of(value)))


FUNCTIONS: Final[dict[str, tuple[int | None, Callable[[Work, list[Any]], Any], str]]] = {
    "min": (None, lambda work, values: _extreme(work, values, "<"), "the smallest value"),
    "max": (None, lambda work, values: _extreme(work, values, ">"), "the largest value"),
    "sum": (None, _sum, "all values added up"),
    "first": (None, _first, "the first of the values that is not empty"),
    "any": (
        None,
        lambda work, values: any(map(truth, flat(work, values))),
        "whether one of the values counts as yes",
    ),
    "all": (
        None,
        lambda work, values: all(map(truth, flat(work, values))),
        "whether all of the values count as yes",
    ),
    "len": (1, _len, "how many characters or elements"),
}
"""Name -> how many arguments (None: one or more), what it does, and what it gives, in words."""

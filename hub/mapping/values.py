"""What a mapped value may be, and how one kind is read as another: text, number, date, flag."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

MAX_TEXT: Final = 1_000_000
_MAX_MAGNITUDE: Final = 30  # digits before the decimal sign, and places after it
_TRUE: Final = frozenset({"true", "yes", "ja", "y", "j", "1", "on", "oui", "si", "sì"})
_FALSE: Final = frozenset({"false", "no", "nee", "nein", "n", "0", "off", "non", ""})


class ValueProblem(ValueError):
    """A value is not of the kind that is needed; the text says which value and what is needed."""


def text_of(value: Any) -> str:
    """A value as people write it: numbers plainly, dates as ISO, lists with commas."""
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise ValueProblem(f"the text is longer than {MAX_TEXT:,} characters")
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(number_of(value), "f")
    if isinstance(value, int | float):
        return text_of(number_of(value))
    if isinstance(value, date):  # datetimes are dates too
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ", ".join(text_of(item) for item in value if item is not None)
    raise ValueProblem(f"{short(value)} is {kind_of(value)}, and text is needed")


def number_of(value: Any) -> Decimal:
    """A value as an exact number; text may have spaces around it and a point as decimal sign."""
    if isinstance(value, bool):
        return Decimal(int(value))
    try:
        if value.__class__ is Decimal:
            number = value
        elif isinstance(value, Decimal | int):
            number = Decimal(value)
        elif isinstance(value, float):
            number = Decimal(repr(value))
        elif isinstance(value, str) and len(value) <= 100:
            number = Decimal(value.strip())
        else:
            raise ValueProblem(f"{short(value)} is {kind_of(value)}, and a number is needed")
    except InvalidOperation:
        raise ValueProblem(f"{short(value)} is not a number") from None
    if not number.is_finite():
        raise ValueProblem(f"{short(value)} is not a number")
    if number:
        if abs(number.adjusted()) > _MAX_MAGNITUDE:
            raise ValueProblem(f"{short(value)} is too large or too small a number")
        return number
    return number if abs(int(number.as_tuple().exponent)) <= _MAX_MAGNITUDE else Decimal(0)


def moment_of(value: Any) -> datetime:
    """A value as an aware moment; text must be ISO, and without a zone it is read as UTC."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise ValueProblem(f"{short(text)} is not a date; use parse_date first") from None
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ValueProblem(f"{short(value)} is {kind_of(value)}, and a date is needed")


def truth_of(value: Any) -> bool:
    """A value as yes or no: true, yes, ja, 1, on against false, no, nee, 0, off and empty."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return value != 0
    text = text_of(value).strip().casefold()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueProblem(f"{short(value)} is neither yes nor no")


def same(left: Any, right: Any) -> bool:
    """Whether two values mean the same although one came from JSON and the other was typed."""
    if left == right and isinstance(left, bool) == isinstance(right, bool):
        return True
    if left is None or right is None or isinstance(left, dict | list) or isinstance(right, dict):
        return False
    return comparable(left) == comparable(right)


def comparable(value: Any) -> str:
    """The text two values are compared by: `21`, `21.0` and `"21.00"` are the same rate."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return text_of(value).strip()
    if isinstance(value, str):
        text = value.strip()
        # Codes such as "007" or "1e5" must stay what they are; only plain decimals are numbers.
        head = text.lstrip("-")
        whole, _, _rest = head.partition(".")
        plain = head.replace(".", "", 1)
        if not (plain.isascii() and plain.isdigit()) or (len(whole) > 1 and whole[0] == "0"):
            return text
        value = number_of(text) if len(text) <= _MAX_MAGNITUDE else None
        if value is None:
            return text
    number = number_of(value)
    return format(number.normalize(), "f") if number else "0"


def is_empty(value: Any) -> bool:
    """None, empty text, text of spaces only, an empty list and an empty object have no value."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, list | tuple | dict) and not value


def kind_of(value: Any) -> str:
    """What a value is, in words for people."""
    match value:
        case None:
            return "no value"
        case bool():
            return "yes or no"
        case int() | float() | Decimal():
            return "a number"
        case str():
            return "text"
        case date():
            return "a date"
        case list() | tuple():
            return "a list"
        case dict():
            return "an object with named fields"
    return f"of an unknown kind ({type(value).__name__})"


def short(value: Any) -> str:
    """A value for an error message, cut where it gets long."""
    if isinstance(value, str):
        shown = repr(value if len(value) <= 61 else value[:60] + "…")
    elif isinstance(value, Decimal | int | float) and not isinstance(value, bool):
        shown = str(value)
    elif isinstance(value, date):
        shown = value.isoformat()
    else:
        shown = repr(value)
    return shown if len(shown) <= 80 else shown[:79] + "…"

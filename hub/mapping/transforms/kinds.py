"""The kinds a transform's value and arguments may be of, and how what is given is read as one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.mapping.transforms.patterns import SafePattern
from hub.mapping.values import (
    ValueProblem,
    comparable,
    kind_of,
    moment_of,
    number_of,
    short,
    text_of,
    truth_of,
)

MAX_ARGUMENT_TEXT: Final = 10_000
MAX_TABLE_ROWS: Final = 5_000
Apply = Callable[[Any], Any]


def _argument_text(value: Any) -> str:
    text = text_of(value)
    if len(text) > MAX_ARGUMENT_TEXT:
        raise ValueProblem(f"is longer than {MAX_ARGUMENT_TEXT:,} characters")
    return text


def _whole(value: Any) -> int:
    number = number_of(value)
    if isinstance(value, bool) or number != int(number):
        raise ValueProblem(f"{short(value)} is not a whole number")
    return int(number)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueProblem(f"{short(value)} is {kind_of(value)}, and a table {{a: b}} is needed")
    if len(value) > MAX_TABLE_ROWS:
        raise ValueProblem(f"has more than {MAX_TABLE_ROWS:,} rows")
    seen: dict[str, str] = {}
    for key in map(_argument_text, value):
        other = seen.setdefault(comparable(key).casefold(), key)
        if other is not key:
            raise ValueProblem(f"has two rows for the same key: {short(other)} and {short(key)}")
    return {_argument_text(key): item for key, item in value.items()}


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise ValueProblem(f"{short(value)} is {kind_of(value)}, and a list is needed")
    if len(value) > MAX_TABLE_ROWS:
        raise ValueProblem(f"has more than {MAX_TABLE_ROWS:,} elements")
    return list(value)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(text_of(value))
    except (ValueError, OSError, KeyError):
        raise ValueProblem(
            f"{short(value)} is not a time zone; write for example Europe/Amsterdam"
        ) from None


def _pattern(value: Any) -> SafePattern:
    return SafePattern.compile(text_of(value))


KINDS: Final[dict[Any, str]] = {
    str: "text",
    int: "whole",
    Decimal: "number",
    bool: "flag",
    datetime: "date",
    list: "list",
    dict: "table",
    ZoneInfo: "zone",
    SafePattern: "pattern",
    Any: "any",
}
VALUES: Final[dict[str, Apply | None]] = {
    "text": text_of,
    "number": number_of,
    "whole": _whole,
    "flag": truth_of,
    "date": moment_of,
    "list": _as_list,
    "table": _table,
    "any": None,
}
ARGUMENTS: Final[dict[str, Apply]] = {
    "text": _argument_text,
    "number": number_of,
    "whole": _whole,
    "flag": truth_of,
    "date": moment_of,
    "list": _list,
    "table": _table,
    "zone": _zone,
    "pattern": _pattern,
    "any": lambda value: value,
}

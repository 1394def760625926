"""Values on their way in and out: JSON in bodies, literals in addresses, JSON in answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from .errors import EntityFault, ODataError
from .schema import EntityType, Property

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the service counts its own wall clock, without a zone
_LITERALS = {
    "text": re.compile(r"'((?:[^']|'')*)'"),
    "guid": re.compile(r"guid'\{?([0-9A-Fa-f-]{36})\}?'"),
    "date": re.compile(r"DateTime'([0-9T:.-]+)Z?'"),
    "number": re.compile(r"-?\d+(?:\.\d+)?"),
    "flag": re.compile(r"true|false"),
}


def wall_clock_ms(moment: datetime) -> int:
    """A wall clock reading as the milliseconds that `/Date(...)/` holds."""
    return (moment.replace(tzinfo=None) - _EPOCH) // timedelta(milliseconds=1)


def from_body(entity: EntityType, body: dict[str, Any]) -> dict[str, Any]:
    """The values of a request body, checked and in the shape they are kept in; null stays None."""
    values: dict[str, Any] = {}
    for name, value in body.items():
        if name not in entity.properties:
            raise ODataError(
                f"Error processing request stream. The property name '{name}' specified for type"
                f" 'Exact.Metadata.Entity.{entity.name}' is not valid."
            )
        values[name] = None if value is None else _take(entity.properties[name], value)
    faults = [f"Read-only: {n}" for n in values if n in entity.read_only]
    for name, value in values.items():
        prop = entity.properties[name]
        if prop.is_text and prop.length and value is not None and len(value) > prop.length:
            faults.append(f"Too long: {name} - at most {prop.length} characters")
        elif value is not None and name in entity.values and value not in entity.values[name]:
            faults.append(f"Invalid value: {name} - {value}")
    if faults:
        raise EntityFault(*faults)
    return values


def _take(prop: Property, value: Any) -> Any:
    wrong = ODataError(
        f"Error processing request stream. Error encountered in converting the value from request"
        f" payload for property '{prop.name}' to type '{prop.kind}'."
    )
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if prop.is_text and isinstance(value, str):
        return stored_text(prop, value)
    if prop.kind == "int" and number and value == int(value):
        return int(value)
    if prop.kind == "number" and number:
        return stored_number(prop, value)
    if prop.kind == "flag" and isinstance(value, bool):
        return value
    if prop.kind == "guid" and isinstance(value, str):
        try:
            return str(UUID(value))
        except ValueError:
            raise wrong from None
    if prop.kind == "date" and isinstance(value, str):
        return _date(value, wrong)
    raise wrong


def stored_number(prop: Property, value: float) -> float:
    """A number as its column keeps it."""
    if not prop.length or isinstance(value, int):
        return value
    finest = Decimal(1).scaleb(-prop.length)
    return float(Decimal(str(value)).quantize(finest, ROUND_HALF_UP))


def stored_text(prop: Property, value: str) -> str | None:
    """Text as it is kept: codes in capitals, right-aligned codes padded, nothing as None."""
    if prop.kind == "right":
        return value.strip().rjust(prop.length) if value.strip() else None
    if prop.kind == "upper":
        value = value.upper()
    return value or None


def _date(value: str, wrong: ODataError) -> int:
    if match := re.fullmatch(r"/Date\((-?\d+)\)/", value):
        return int(match[1])
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?", value):
        return _iso(value, wrong)
    raise wrong


def _iso(value: str, wrong: ODataError) -> int:
    head, _, fraction = value.partition(".")
    try:
        moment = datetime.fromisoformat(head)
    except ValueError:
        raise wrong from None
    if moment.tzinfo is not None:
        raise wrong
    return wall_clock_ms(moment) + int((fraction + "000")[:3])


def from_literal(prop: Property, text: str) -> Any:
    """The value of a literal in a key or a filter, which must be of the property's own kind."""
    wrong = ODataError(f"The literal {text} is not a valid value for '{prop.name}'.")
    kind = "text" if prop.is_text else "number" if prop.kind == "int" else prop.kind
    match = _LITERALS[kind].fullmatch(text)
    if match is None:
        raise wrong
    if kind == "text":
        return match[1].replace("''", "'")
    if kind == "guid":
        return match[1].lower()
    if kind == "date":
        return _iso(match[1], wrong)
    if kind == "flag":
        return text == "true"
    if prop.kind == "int" and "." in text:
        raise wrong
    return float(text) if "." in text else int(text)


def to_literal(prop: Property, value: Any) -> str:
    """A kept value as it stands in a key."""
    if prop.is_text:
        return "'" + str(value).replace("'", "''") + "'"
    return f"guid'{value}'" if prop.kind == "guid" else str(value)


def fold(value: Any) -> Any:
    """What the database compares: without regard to case and to blanks at the end."""
    return value.rstrip(" ").casefold() if isinstance(value, str) else value


def to_json(prop: Property, value: Any) -> Any:
    """A kept value as answers show it."""
    return f"/Date({value})/" if prop.kind == "date" and value is not None else value


def utc_now() -> datetime:
    """The clock of the pretended server, when nobody sets another."""
    return datetime.now(UTC)

"""How Globe writes things down: literals, keys, padded codes, wall-clock dates, sets and errors."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit
from zoneinfo import ZoneInfo

from hub.model import Json

_EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock without a zone, as in the database
_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d+)?\)/")
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?")
_MESSAGE = re.compile(r"<(?:\w+:)?message[^>]*>(.*?)</", re.DOTALL)

# Codes that are kept padded on the left to this width.
WIDTHS = {"DebtorNumber": 6, "AccountCode": 20, "SalesOrderNumber": 8}


# -- in addresses --------------------------------------------------------------------------------


def text(value: str) -> str:
    """A text literal: quotes doubled."""
    return "'" + value.replace("'", "''") + "'"


def padded(name: str, value: str) -> str:
    """The literal of a code that is kept padded; without the blanks nothing would be found."""
    return text(value.strip().rjust(WIDTHS[name]))


def text_key(value: str) -> str:
    """A text as a key in a path: quotes doubled, everything odd percent-encoded."""
    return "'" + quote(value.replace("'", "''"), safe="") + "'"


def guid_key(value: str) -> str:
    """A guid as a key in a path."""
    return f"guid'{quote(value.strip('{} '), safe='-')}'"


def is_guid(value: str) -> bool:
    """Whether it can be a key of an entity that has guids for keys."""
    return _GUID.fullmatch(value) is not None


def moment_literal(ms: int) -> str:
    """A wall-clock moment in a filter, to the millisecond."""
    moment = _EPOCH + dt.timedelta(milliseconds=ms)
    return f"DateTime'{moment.isoformat(timespec='milliseconds')}'"


# -- dates ---------------------------------------------------------------------------------------


def wall_clock_ms(value: Any) -> int | None:
    """The milliseconds in `/Date(...)/` (or an ISO text); None when it is neither."""
    if not isinstance(value, str):
        return None
    if match := _DATE.fullmatch(value):
        return int(match[1])
    try:
        moment = dt.datetime.fromisoformat(value.removesuffix("Z"))
    except ValueError:
        return None
    return (moment.replace(tzinfo=None) - _EPOCH) // dt.timedelta(milliseconds=1)


def wall_clock(value: Any) -> dt.datetime | None:
    """A date as Globe sends it: the clock on the server's wall, without a zone."""
    ms = wall_clock_ms(value)
    return None if ms is None else _EPOCH + dt.timedelta(milliseconds=ms)


def day(value: Any) -> dt.date | None:
    """A date whose time of day says nothing."""
    moment = wall_clock(value)
    return moment.date() if moment else None


def wall_clock_of(moment: str, zone: ZoneInfo) -> int:
    """What the server's clock showed at a moment (ISO, with its zone), in milliseconds."""
    there = dt.datetime.fromisoformat(moment).astimezone(zone).replace(tzinfo=None)
    return (there - _EPOCH) // dt.timedelta(milliseconds=1)


def in_zone(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """A wall clock reading as a moment in UTC."""
    return moment.replace(tzinfo=zone).astimezone(dt.UTC)


def to_date(value: dt.date, zone: ZoneInfo) -> str:
    """A moment or a day as Globe wants it: the server's wall clock as if it were UTC."""
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a wall clock
    elif value.tzinfo is not None:
        value = value.astimezone(zone).replace(tzinfo=None)
    return f"/Date({(value - _EPOCH) // dt.timedelta(milliseconds=1)})/"


def wire(value: Any, zone: ZoneInfo) -> Any:
    """A payload with its dates as Globe wants them."""
    if isinstance(value, Mapping):
        return {name: wire(one, zone) for name, one in value.items()}
    if isinstance(value, list):
        return [wire(one, zone) for one in value]
    return to_date(value, zone) if isinstance(value, dt.date) else value


def repeated_hour(ms: int, zone: ZoneInfo) -> int:
    """Where to read on from after a record stamped *ms*.

    In the night the clock goes back, an hour comes twice and later records may bear earlier
    stamps: then that hour is read again from its beginning.
    """
    moment = _EPOCH + dt.timedelta(milliseconds=ms)
    offsets = {moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    twice = len(offsets) == 2 and _is_real(moment, zone)
    return ms - ms % 3_600_000 if twice else ms


def _is_real(moment: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether the wall ever shows this time (it skips an hour in spring)."""
    there = moment.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone)
    return there.replace(tzinfo=None) == moment


# -- answers -------------------------------------------------------------------------------------


def record_of(body: Any) -> Json:
    """The one record of an answer, without its metadata."""
    data = body.get("d") if isinstance(body, Mapping) else None
    if isinstance(data, Mapping) and "results" in data:
        data = data["results"]
    if not isinstance(data, Mapping):
        raise ValueError("there is no record in it")
    return _plain(data)


def batch_of(body: Any) -> tuple[list[Json], dict[str, str] | None]:
    """The records of one batch, and the query of the next one where there is more.

    The address of the next batch may name a host that only the server itself knows; its query is
    what counts.
    """
    data = body.get("d") if isinstance(body, Mapping) else None
    following = data.get("__next") if isinstance(data, Mapping) else None
    rows = data.get("results") if isinstance(data, Mapping) else data
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        raise ValueError("there is no set of records in it")
    records = [_plain(row) for row in rows if isinstance(row, Mapping)]
    if not isinstance(following, str) or not following:
        return records, None
    return records, dict(parse_qsl(urlsplit(following).query, keep_blank_values=True))


def _plain(row: Mapping[str, Any]) -> Json:
    return {name: value for name, value in row.items() if name != "__metadata"}


def number(value: Any) -> Decimal | None:
    """A number, also where it is sent as a text."""
    if value is None or isinstance(value, bool):
        return None
    try:
        return Decimal(str(value).strip())
    except InvalidOperation:
        return None


# -- errors --------------------------------------------------------------------------------------


def complaint(content: str, body: Any) -> tuple[str | None, bool]:
    """The deepest message of an error answer, and whether the business layer refused the record.

    None when the answer is not an error of the service at all (a proxy's page, nothing).
    """
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        found = _MESSAGE.findall(content) if "<" in content and "innererror" in content else []
        return (_tidy(found[-1]) if found else None), bool(found) and "EntityFault" in content
    message: str | None = None
    refused = False
    level: Any = error
    while isinstance(level, Mapping):
        said = level.get("message")
        if isinstance(said, Mapping):
            said = said.get("value")
        if isinstance(said, str) and said.strip():
            message = _tidy(said)
        refused = refused or "EntityFault" in str(level.get("type", ""))
        level = level.get("internalexception") or level.get("innererror")
    return message or "no reason given", refused


def _tidy(message: str) -> str:
    """Several reasons come on lines of their own."""
    return "; ".join(" ".join(line.split()) for line in message.splitlines() if line.strip())

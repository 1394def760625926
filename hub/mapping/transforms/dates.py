"""Transforms on dates and times. A moment always carries its zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from hub.mapping.values import ValueProblem, moment_of, short

_FORMATS: Final = (
    "%d-%m-%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%Y%m%d",
    "%Y/%m/%d",
)
_MAX_DAYS: Final = 100_000


def parse_date(value: Any, format: str | None = None, zone: ZoneInfo | None = None) -> datetime:
    """Read a date or a time. ISO dates and dates such as 31-12-2026 are known by themselves.

    format: how it is written, when it is written otherwise: %d day, %m month, %Y year, %H hour,
    %M minute, %S second.
    zone: the time zone it is in when it does not say so itself; UTC without it.

    >>> parse_date("31-12-2026 23:30", zone="Europe/Amsterdam")
    datetime(2026, 12, 31, 23, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))
    >>> parse_date("12.31.26", format="%m.%d.%y")
    datetime(2026, 12, 31, 0, 0, tzinfo=UTC)
    """
    found = _read(value, format)
    if found.tzinfo is not None:
        return found
    return found.replace(tzinfo=zone if zone is not None else UTC)


def _read(value: Any, format: str | None) -> datetime:
    if not isinstance(value, str):
        return moment_of(value)
    text = value.strip()
    if len(text) > 100:
        raise ValueProblem("is too long to be a date")
    if format is not None:
        try:
            return datetime.strptime(text, format)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            raise ValueProblem(f"{short(text)} is not written as {format!r}") from None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    for known in _FORMATS:
        try:
            return datetime.strptime(text, known)  # noqa: DTZ007 - the caller adds the zone
        except ValueError:
            continue
    raise ValueProblem(f"{short(text)} is not a date this transform knows; say its format")


def format_date(value: datetime, format: str = "%Y-%m-%d", zone: ZoneInfo | None = None) -> str:
    """Write a date as text.

    format: how: %d day, %m month, %Y year, %H hour, %M minute, %S second.
    zone: the time zone to write it in; without it, the one it carries.

    >>> format_date("2026-12-31T23:30:00+00:00", format="%d-%m-%Y", zone="Europe/Amsterdam")
    '01-01-2027'
    """
    if len(format) > 100:
        raise ValueProblem("the format is longer than 100 characters")
    return (value.astimezone(zone) if zone is not None else value).strftime(format)


def in_zone(value: datetime, zone: ZoneInfo) -> datetime:
    """Show a moment on the clock of a time zone.

    zone: the time zone, for example Europe/Amsterdam.

    >>> in_zone("2026-07-01T10:00:00+00:00", zone="Europe/Amsterdam")
    datetime(2026, 7, 1, 12, 0, tzinfo=ZoneInfo("Europe/Amsterdam"))
    """
    return value.astimezone(zone)


def add_days(value: datetime, days: int, skip_weekends: bool = False) -> datetime:
    """Go so many days further; a negative number goes back.

    days: how many.
    skip_weekends: count Monday to Friday only.

    >>> add_days("2026-01-30T08:00:00+00:00", days=3)
    datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
    >>> add_days("2026-01-30T08:00:00+00:00", days=1, skip_weekends=True)
    datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
    """
    if abs(days) > _MAX_DAYS:
        raise ValueProblem(f"days must be between -{_MAX_DAYS:,} and {_MAX_DAYS:,}")
    if not skip_weekends:
        return value + timedelta(days=days)
    step = -1 if days < 0 else 1
    weeks, left = divmod(abs(days), 5)
    value += timedelta(weeks=weeks * step)
    while left or value.weekday() > 4:
        value += timedelta(days=step)
        left -= left > 0 and value.weekday() <= 4
    return value


def start_of_day(value: datetime, zone: ZoneInfo | None = None) -> datetime:
    """Go back to midnight.

    zone: whose midnight; without it, that of the zone the moment carries.

    >>> start_of_day("2026-01-30T08:15:00+00:00")
    datetime(2026, 1, 30, 0, 0, tzinfo=UTC)
    """
    local = value.astimezone(zone) if zone is not None else value
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def from_timestamp(
    value: Decimal, unit: Literal["seconds", "milliseconds"] = "seconds"
) -> datetime:
    """Read a number that counts from the first of January 1970.

    unit: what it counts.

    >>> from_timestamp(1767600900)
    datetime(2026, 1, 5, 8, 15, tzinfo=UTC)
    """
    scale = 1_000_000 if unit == "seconds" else 1_000
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value * scale))
    except OverflowError:
        raise ValueProblem(f"{value} is too large to be a time in {unit}") from None


def to_timestamp(value: datetime, unit: Literal["seconds", "milliseconds"] = "seconds") -> int:
    """Write a moment as a number that counts from the first of January 1970.

    unit: what to count.

    >>> to_timestamp("2026-01-05T08:15:00+00:00", unit="milliseconds")
    1767600900000
    """
    passed = value - datetime(1970, 1, 1, tzinfo=UTC)
    return passed // (timedelta(seconds=1) if unit == "seconds" else timedelta(milliseconds=1))


FAMILY: Final = (
    parse_date,
    format_date,
    in_zone,
    add_days,
    start_of_day,
    from_timestamp,
    to_timestamp,
)

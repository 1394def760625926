"""Schedules: cron in the hub's time zone, "every 5 minutes", or nothing."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

EXAMPLES = "such as '*/5 * * * *' (cron), 'every 5 minutes', 'every 2 hours' or null"
_EVERY = re.compile(r"every\s+(?:(\d{1,6})\s+)?(minute|hour|day)s?", re.IGNORECASE)
_UNITS = {
    "minute": dt.timedelta(minutes=1),
    "hour": dt.timedelta(hours=1),
    "day": dt.timedelta(days=1),
}
_LONGEST = dt.timedelta(days=366)


class ScheduleError(ValueError):
    """A schedule that cannot be understood; the text says what is wrong and shows examples."""


@dataclass(frozen=True)
class Schedule:
    """A schedule that is understood. text: its canonical spelling."""

    text: str
    every: dt.timedelta | None = None

    def next_after(self, moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
        """The first time after *moment*, in UTC."""
        if self.every is not None:
            return (moment + self.every).astimezone(dt.UTC)
        # Cron means the wall clock: a night without 2:30 and a night with two run it once.
        return next(CronSim(self.text, moment.astimezone(zone))).astimezone(dt.UTC)

    def in_words(self) -> str:
        """For people."""
        if self.every is not None:
            return self.text.capitalize()
        return str(CronSim(self.text, dt.datetime.now(dt.UTC)).explain())


def parse_schedule(text: str | None) -> Schedule | None:
    """Understand a schedule; None and "" are by hand and by webhook only. Raises ScheduleError."""
    if text is None or not text.strip():
        return None
    text = " ".join(text.split())
    every = _EVERY.fullmatch(text)
    if every:
        unit, count = every[2].lower(), int(every[1] or 1)
        if count < 1 or count * _UNITS[unit] > _LONGEST:
            raise ScheduleError(f"{text!r} must lie between one minute and a year")
        shown = f"every {count} {unit}s" if count > 1 else f"every {unit}"
        return Schedule(shown, count * _UNITS[unit])
    if text.lower().startswith("every"):
        raise ScheduleError(f"{text!r} is not understood; write a schedule {EXAMPLES}")
    if len(text.split(" ")) != 5:
        raise ScheduleError(
            f"{text!r} is not a schedule: cron has five fields (minute, hour, day of the month, "
            f"month, day of the week). Write one {EXAMPLES}"
        )
    try:
        next(CronSim(text, dt.datetime.now(dt.UTC)))
    except CronSimError as error:
        reason = str(error)
        raise ScheduleError(
            f"{text!r} is not a schedule: {reason[:1].lower()}{reason[1:]}. Write one {EXAMPLES}"
        ) from None
    except StopIteration:
        raise ScheduleError(f"{text!r} never happens") from None
    return Schedule(text)


def zone_of(name: str | None) -> ZoneInfo:
    """The hub's time zone: the one that was set, else this machine's."""
    from tzlocal import get_localzone_name

    for candidate in (name, get_localzone_name()):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (KeyError, ValueError, OSError):  # not installed, or no zone at all
            continue
    return ZoneInfo("UTC")

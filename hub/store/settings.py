"""The overall settings that people change while the hub runs: declared here, kept in a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from sqlmodel import Session, select

from hub.store.database import Database
from hub.store.errors import StoreError
from hub.store.sql import insert
from hub.store.tables import Setting as Row

LONGEST_RETENTION = 3650


class SettingError(StoreError):
    """A value does not fit its setting; `setting` names it."""

    def __init__(self, message: str, *, setting: str) -> None:
        super().__init__(message)
        self.setting = setting


def days(value: Any) -> int:
    """A number of days from 1 to ten years."""
    text = str(value).strip()
    if not (text.isdecimal() and len(text) < 6 and 1 <= int(text) <= LONGEST_RETENTION):
        raise ValueError(f"it must be a whole number of days from 1 to {LONGEST_RETENTION}")
    return int(text)


def _flag(value: Any) -> bool:
    known = {"true": True, "on": True, "yes": True, "1": True}
    known |= {"false": False, "off": False, "no": False, "0": False, "": False}
    try:
        return known[str(value).strip().casefold()]
    except KeyError:
        raise ValueError("it must be true or false") from None


def _zone(value: Any) -> str:
    name = str(value).strip()
    if name and name not in available_timezones():
        raise ValueError("it must be a time zone such as Europe/Amsterdam, or empty")
    return name


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One overall setting: its name, what holds until it is changed, and what it is for."""

    name: str
    default: Any
    help: str
    title: str
    parse: Callable[[Any], Any] = field(repr=False)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="retention_days",
        title="Keep log data for (days)",
        default=30,
        help="Older log data is deleted every night; a flow may have its own number of days. "
        "Records that wait for somebody are kept until they are done.",
        parse=days,
    ),
    Setting(
        name="keep_payloads",
        title="Keep what was received and pushed",
        default=True,
        help="Without it the log says how each record ended, and not what was in it; a record "
        "can then only be tried again as it is now.",
        parse=_flag,
    ),
    Setting(
        name="time_zone",
        title="Time zone",
        default="",
        help="The zone that schedules follow and that times are shown in, such as "
        "Europe/Amsterdam. Empty: the zone of the machine.",
        parse=_zone,
    ),
)
FACTS = ("cleaned_on",)
"""What the hub notes for itself in the same table: the day of its last nightly cleaning."""

_BY_NAME = {setting.name: setting for setting in SETTINGS}


def get_setting(where: Database | Session, name: str) -> Any:
    """The value of a setting, or its default; a fact that was never noted is None."""
    if isinstance(where, Database):
        with where.session() as session:
            return get_setting(session, name)
    row_name = name if name in FACTS else _row_name(_declared(name).name)
    # The column and not the object: the session may have read that before it was changed.
    value = where.exec(select(Row.value).where(Row.name == row_name)).first()
    if name in FACTS:
        return value
    setting = _declared(name)
    if value is None:
        return setting.default
    try:
        return setting.parse(value)
    except (ValueError, TypeError):  # written by another version
        return setting.default


def all_settings(database: Database) -> dict[str, Any]:
    """All settings with their values."""
    with database.session() as session:
        return {setting.name: get_setting(session, setting.name) for setting in SETTINGS}


def parsed(name: str, value: Any) -> Any:
    """The value as it would be kept. Raises SettingError."""
    setting = _declared(name)
    try:
        return setting.parse(value)
    except (ValueError, TypeError) as error:
        raise SettingError(f"{setting.title}: {error}.", setting=name) from None


def set_setting(where: Database | Session, name: str, value: Any) -> Any:
    """Change a setting or note a fact; gives the value as it is kept. Raises SettingError."""
    if isinstance(where, Database):
        with where.session() as session:
            return set_setting(session, name, value)
    kept = value if name in FACTS else parsed(name, value)
    row = insert(where, Row).values(name=name if name in FACTS else _row_name(name), value=kept)
    where.connection().execute(
        row.on_conflict_do_update(index_elements=["name"], set_={"value": kept})
    )
    return kept


def set_all(database: Database, values: dict[str, Any]) -> dict[str, Any]:
    """Change several settings, all or none of them."""
    kept = {name: parsed(name, value) for name, value in values.items()}
    with database.session() as session:
        for name, value in kept.items():
            set_setting(session, name, value)
    return kept


def time_zone(where: Database | Session) -> dt.tzinfo:
    """The hub's time zone: as set, else the machine's."""
    name = get_setting(where, "time_zone")
    if name:
        return ZoneInfo(name)
    import tzlocal

    try:
        return tzlocal.get_localzone()
    except (LookupError, ValueError):  # a machine with a broken or contradictory zone
        return ZoneInfo("UTC")


def _declared(name: str) -> Setting:
    try:
        return _BY_NAME[name]
    except KeyError:
        known = ", ".join(_BY_NAME)
        raise SettingError(
            f"There is no setting {name}. There are: {known}.", setting=name
        ) from None


def _row_name(name: str) -> str:
    """Apart from the internal facts that the table holds as well."""
    return f"overall/{name}"

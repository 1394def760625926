"""What all entities share: cursors that overlap, marks without time stamps, conversions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from hub.model import Json
from hub.sdk import Api, Effect, Entity, Query, Raw, RecordError, Written
from hub.sdk.entity import fingerprint

from .batches import read_many
from .searching import created_of, milliseconds, modified_of, moment_of

CENT = Decimal("0.01")


class Kept(Entity):
    """An entity whose records are objects of HubSpot's CRM.

    object: HubSpot's type of object. properties: what is read of it.
    """

    object: ClassVar[str] = ""
    properties: ClassVar[tuple[str, ...]] = ()
    modified = "updatedAt"

    def mark_of(self, record: Raw) -> str:
        """Without the stamps: HubSpot moves them for things that nobody sees."""
        return fingerprint(settled({k: v for k, v in record.items() if k not in self.ignored}))

    def cursor_at(self, moment: dt.datetime) -> Json | None:
        """Changes since then."""
        return {"at": milliseconds(moment)}


class Changed(Kept):
    """What is changed many at a time; one is a batch of one."""

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """As several."""
        return _only(self.update_many(api, [(key, payload)], [effect]))


class Made(Changed):
    """What is made many at a time as well."""

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """As several."""
        return _only(self.create_many(api, [payload], [effect]))


def _only(results: Sequence[Written | RecordError]) -> Written:
    if isinstance(results[0], RecordError):
        raise results[0]
    return results[0]


def settled(value: Any) -> Any:
    """A record without what changes by itself."""
    if isinstance(value, Mapping):
        return {k: settled(v) for k, v in value.items() if k not in _RESTLESS}
    if isinstance(value, list):
        return [settled(one) for one in value]
    return value


_RESTLESS = frozenset(
    {"updatedAt", "lastmodifieddate", "hs_lastmodifieddate", "objectWriteTraceId"}
)


def since_of(query: Query, name: str = "at", first: dt.date | None = None) -> int | None:
    """Where to begin: at the cursor less the time that search may lag, not before *first*."""
    found: int | None = None
    kept = None if query.full else (query.since or {}).get(name)
    if isinstance(kept, int):
        lag = getattr(query.settings, "search_lag", 120)
        found = max(0, kept - 1000 * int(lag))
    if first is not None:
        start = milliseconds(dt.datetime.combine(first, dt.time(), dt.UTC))
        found = start if found is None else max(found, start)
    return found


def later(*stamps: int | None) -> int | None:
    """The last of them."""
    return max((stamp for stamp in stamps if stamp is not None), default=None)


def by_ids(api: Api, kind: str, keys: Iterable[str], properties: Sequence[str]) -> dict[str, Raw]:
    """Records by id; what cannot be an id is not there."""
    return read_many(api, kind, [key for key in keys if key.isdigit()], properties)


# -- single values -------------------------------------------------------------------------------


def text(value: Any) -> str | None:
    """A text without outer blanks."""
    return str(value).strip() or None


def amount(value: Any) -> Decimal | None:
    """A number; None when it is none."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def moment(value: Any) -> dt.datetime | None:
    """A time."""
    return moment_of(value)


def yes(value: Any) -> bool | None:
    """true or false."""
    return {"true": True, "false": False}.get(str(value).strip().lower())


def joined(*parts: str | None, by: str = " ") -> str | None:
    """What there is of them."""
    return by.join(part.strip() for part in parts if part and part.strip()) or None


def line_of(place: Any) -> str | None:
    """Street and number on one line, from an address of a document."""
    if place.line1:
        return str(place.line1)
    home = joined(place.house_number, place.house_number_suffix)
    return joined(place.street, home)


__all__ = [
    "CENT",
    "Changed",
    "Kept",
    "Made",
    "amount",
    "by_ids",
    "created_of",
    "modified_of",
    "settled",
    "since_of",
]

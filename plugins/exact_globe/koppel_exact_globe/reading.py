"""What the entities share when they read: codes, dates in the server's zone, changes since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from hub.model import Json
from hub.sdk import Api, Context, Entity, IndexRow, Page, Query
from hub.sdk.index import IndexPage

from . import api as globe
from . import odata
from .forms import Settings

MODIFIED = "ModifiedDate"


def code(value: Any) -> str | None:
    """A code without the blanks it is padded with."""
    return str(value).strip() or None if value is not None else None


def zone_in(context: Context) -> ZoneInfo:
    """The time zone of the server's clock."""
    settings = context.connection
    return settings.zone if isinstance(settings, Settings) else Settings().zone


def localised(values: Any, zone: ZoneInfo) -> Any:
    """Wall-clock readings in a half-made document become moments."""
    if isinstance(values, dict):
        for name, value in values.items():
            values[name] = localised(value, zone)
    elif isinstance(values, list):
        values[:] = [localised(value, zone) for value in values]
    elif isinstance(values, dt.datetime) and values.tzinfo is None:
        return odata.in_zone(values, zone)
    return values


def paths_of(entity: type[Entity], *more: str) -> list[str]:
    """The properties to ask for: all that the field table names, and *more*."""
    named = [field.path for field in entity.fields if field.only != "write"]
    return sorted({path for path in (*named, *more) if path.isalnum() or "_" in path})


def changed(
    api: Api, entity: str, since: Json | None, where: Sequence[str], select: Sequence[str]
) -> Iterator[tuple[list[Json], Json | None]]:
    """Batches of records changed since, oldest first, each with the cursor that it leads to.

    The cursor is the highest stamp seen, never our own clock; what bears that very stamp is read
    again, because several records may share it.
    """
    ms = since.get("modified") if since else None
    if since and since.get("moment"):
        ms = odata.wall_clock_of(since["moment"], globe.zone_of(api))
    conditions = list(where)
    if isinstance(ms, int):
        start = odata.repeated_hour(ms, globe.zone_of(api))
        conditions.append(f"{MODIFIED} ge {odata.moment_literal(start)}")
    for rows in globe.batches(
        api, entity, where=conditions, select=select, order=f"{MODIFIED},{KEYS[entity]}"
    ):
        stamps = [odata.wall_clock_ms(row.get(MODIFIED)) for row in rows]
        ms = max((s for s in (*stamps, ms) if s is not None), default=None)
        yield rows, None if ms is None else {"modified": ms}


WALK_AGAIN = dt.timedelta(days=1)
KEYS = {"Account": "ID", "Item": "ItemCode"}


def cursor_at(moment: dt.datetime) -> Json:
    """The cursor of what changed at that moment and later."""
    return {"moment": moment.isoformat()}


def changed_pages(
    api: Api, entity: str, query: Query, where: Sequence[str], select: Sequence[str]
) -> Iterator[Page]:
    """The same as pages of a flow. A record that was dealt with is told by its fingerprint."""
    since = None if query.full else query.since
    for rows, cursor in changed(api, entity, since, where, select):
        yield Page(rows, cursor)


def gathered(
    api: Api,
    entity: str,
    name: str,
    values: Sequence[str],
    literal: Callable[[str], str],
    *,
    select: Sequence[str] = (),
    where: Sequence[str] = (),
    order: str = "",
    sure: bool = False,
) -> dict[str, list[Json]]:
    """The records whose property is one of *values*, by value, in as few calls as may be.

    There is no `or`: a range from the lowest to the highest is read for as long as that costs no
    more calls than asking for each, and what it did not give is asked for by itself. sure: the
    values are numbers, so that nothing else can stand in their order: what a whole range did not
    give is not there.
    """
    wanted = {code(value) or "": value for value in values}
    folded = {_fold(value): value for value in wanted}
    found: dict[str, list[Json]] = {value: [] for value in wanted}
    left = set(wanted)
    by = f"{name},{order}" if order else name

    def take(rows: Sequence[Json]) -> None:
        for row in rows:
            value = folded.get(_fold(code(row.get(name)) or ""))
            if value is not None:
                found[value].append(row)

    if len(wanted) > 1:
        lowest, highest = (
            literal(wanted[f(wanted, key=_number if sure else _fold)]) for f in (min, max)
        )
        between = [*where, f"{name} ge {lowest}", f"{name} le {highest}"]
        last = ""
        batches = globe.batches(api, entity, where=between, select=select, order=by)
        for calls, rows in enumerate(batches, start=1):
            take(rows)
            last = _fold(code(rows[-1].get(name)) or "") if rows else ""
            if calls >= len(wanted):
                break
        else:
            last = ""
        # What stood at the edge of the last batch may be there in part.
        left = {value for value in wanted if not found[value] or _fold(value) == last}
        if sure and not last:
            left = set()
    for value in left:
        found[value] = []
        alone = [*where, f"{name} eq {literal(wanted[value])}"]
        for rows in globe.batches(api, entity, where=alone, select=select, order=by):
            found[value].extend(rows)
    return {wanted[value]: rows for value, rows in found.items()}


def _fold(value: str) -> str:
    return value.strip().casefold()


def _number(value: str) -> int:
    return int(value) if value.isdecimal() else 0


def index_pages(
    api: Api,
    entity: str,
    since: Json | None,
    select: Sequence[str],
    row_of: Callable[[Json], IndexRow],
) -> Iterator[IndexPage]:
    """The same as pages of an index; the whole list once a day, as deletions leave no trace.

    The first reading is taken up where it broke off. A later walk keeps its cursor to itself until
    it has come to the end, and begins again if it does not.
    """
    now = dt.datetime.now(dt.UTC)
    names = [*select, MODIFIED]
    walked = _moment((since or {}).get("walked"))
    if not since or (walked is not None and now - walked < WALK_AGAIN):
        stamp = walked or now
        for rows, cursor in changed(api, entity, since, (), names):
            at = cursor and {**cursor, "walked": stamp.isoformat()}
            yield IndexPage([row_of(row) for row in rows], at)
        return
    latest = since
    for rows, cursor in changed(api, entity, None, (), names):
        latest = cursor or latest
        yield IndexPage([row_of(row) for row in rows], whole=True)
    yield IndexPage([], {**latest, "walked": now.isoformat()}, whole=True)


def _moment(said: Any) -> dt.datetime | None:
    return dt.datetime.fromisoformat(said) if isinstance(said, str) else None

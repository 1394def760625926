"""Search: what has changed since, page by page, so that nothing is skipped.

A page is not asked for by its place in the list: while it is walked, records that somebody changes
move to its end, and all behind them move up. Each page asks for what changed since the last record
of the page before; so the depth of ten thousand results is never reached either. Records that share
one time stamp and do not fit on a page are walked by their ids.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, NotFound, TemporaryError

from .api import OBJECTS
from .batches import folded, read_many, results_of
from .refusals import Refusal

PAGE = 200
LONGEST_BODY = 2900
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def modified_of(kind: str) -> str:
    """The property that says when a record was last changed."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def created_of(kind: str) -> str:
    """The property that says when a record was made."""
    return "hs_createdate" if kind in ("orders", "invoices") else "createdate"


def milliseconds(moment: dt.datetime) -> int:
    """Since 1970, as search takes it."""
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def moment_of(value: Any) -> dt.datetime | None:
    """A time as HubSpot writes it, or milliseconds."""
    text = str(value or "").strip()
    if not text:
        return None
    if text.lstrip("-").isdigit():
        try:
            return _EPOCH + dt.timedelta(milliseconds=int(text))
        except OverflowError:
            return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def stamp_of(kind: str, record: Json) -> int:
    """When a record was last changed, in milliseconds."""
    found = moment_of(record["properties"].get(modified_of(kind)) or record.get("updatedAt"))
    if found is None:
        raise TemporaryError(f"HubSpot sent a record of {kind} without {modified_of(kind)}")
    return milliseconds(found)


def condition(name: str, operator: str, value: Any = None) -> Json:
    """One filter of a search; a list of values in lower case, as HubSpot wants it for texts."""
    if isinstance(value, (list, tuple)):
        return {"propertyName": name, "operator": operator, "values": list(value)}
    if value is None:
        return {"propertyName": name, "operator": operator}
    return {"propertyName": name, "operator": operator, "value": str(value)}


def search(api: Api, kind: str, body: Json) -> tuple[list[Json], bool]:
    """One page of results, and whether there are more."""
    answer = api.post(f"{OBJECTS}/{kind}/search", body, safe=True)
    more = bool(((answer or {}).get("paging") or {}).get("next"))
    return results_of(answer), more


def changed(
    api: Api,
    kind: str,
    properties: Sequence[str],
    *,
    since: int | None = None,
    where: Sequence[Json] = (),
) -> Iterator[list[Json]]:
    """Records changed since then (milliseconds), oldest change first; each once in that state."""
    by = modified_of(kind)
    light = _too_long(properties)
    asked = [by] if light else list(dict.fromkeys([*properties, by]))
    seen: dict[str, int] = {}

    def page(filters: Sequence[Json], sort: str) -> tuple[list[Json], bool]:
        body: Json = {
            "filterGroups": [{"filters": [*filters, *where]}] if filters or where else [],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": asked,
            "limit": PAGE,
        }
        return search(api, kind, body)

    def news(records: Sequence[Json]) -> list[Json]:
        fresh = [r for r in records if seen.get(r["id"]) != stamp_of(kind, r)]
        for record in fresh:
            seen[record["id"]] = stamp_of(kind, record)
        return _whole(api, kind, fresh, properties) if light else fresh

    start = since
    while True:
        first = [] if start is None else [condition(by, "GTE", start)]
        records, more = page(first, by)
        if records:
            yield news(records)
        if not more or not records:
            return
        last = stamp_of(kind, records[-1])
        if last == stamp_of(kind, records[0]):
            yield from map(news, _sharing(page, by, last))
            last += 1
        if start is not None and last < start:
            raise TemporaryError(f"HubSpot's search of {kind} does not sort by {by}")
        start = last


def gathered(pages: Iterable[list[Json]], size: int) -> Iterator[list[Json]]:
    """Pages put together until they hold so many: what belongs to them is read in fewer calls."""
    kept: list[Json] = []
    for page in pages:
        kept += page
        if len(kept) >= size:
            yield kept
            kept = []
    if kept:
        yield kept


def _sharing(page: Any, by: str, stamp: int) -> Iterator[list[Json]]:
    """All records with one time stamp, by their ids."""
    after = 0
    while True:
        filters = [condition(by, "EQ", stamp), condition("hs_object_id", "GT", after)]
        records, more = page(filters, "hs_object_id")
        if records:
            yield records
            after = max(int(record["id"]) for record in records)
        if not more or not records:
            return


def _is_there(api: Api, kind: str, name: str) -> bool:
    try:
        api.get(f"/crm/v3/properties/{kind}/{name}")
    except NotFound:
        return False
    return True


def _too_long(properties: Sequence[str]) -> bool:
    """Whether the names would not fit into the body of a search: then they are read apart."""
    return sum(len(name) + 3 for name in properties) > LONGEST_BODY - 900


def _whole(api: Api, kind: str, records: Sequence[Json], properties: Sequence[str]) -> list[Json]:
    names = list(dict.fromkeys([*properties, modified_of(kind)]))
    found = read_many(api, kind, [record["id"] for record in records], names)
    return [found[record["id"]] for record in records if record["id"] in found]


def by_values(
    api: Api,
    kind: str,
    name: str,
    values: Sequence[str],
    properties: Sequence[str],
    where: Sequence[Json] = (),
) -> list[Json]:
    """Records by a property that is not unique; the index may not know the newest ones yet.

    A property that is not there has no values: nothing is found.
    """
    found: dict[str, Json] = {}
    part: list[str] = []
    for value in [*dict.fromkeys(v.strip().lower() for v in values if v.strip()), None]:
        full = sum(len(v) + 3 for v in part) + len(value or "") > 1200 or len(part) >= 100
        if part and (value is None or full):
            filters = [condition(name, "IN", part), *where]
            for record in _all(api, kind, filters, properties):
                found[record["id"]] = record
            part = []
        if value is not None:
            part.append(value)
    return list(found.values())


def found_among(
    api: Api, kind: str, name: str, values: Sequence[str], properties: Sequence[str]
) -> dict[str, Json]:
    """The same, by the value that was asked for; of several records with one the oldest."""
    wanted = {folded(value): value for value in values if value.strip()}
    found: dict[str, Json] = {}
    for record in by_values(api, kind, name, list(wanted), [*properties, name]):
        value = wanted.get(folded(record["properties"].get(name) or ""))
        if value is not None:
            found.setdefault(value, record)
    return found


def _all(api: Api, kind: str, filters: Sequence[Json], properties: Sequence[str]) -> Iterator[Json]:
    light = _too_long([*properties, str(filters)])
    after = 0
    while True:
        more_filters = [*filters, *([condition("hs_object_id", "GT", after)] if after else [])]
        body: Json = {
            "filterGroups": [{"filters": more_filters}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": [] if light else list(dict.fromkeys(properties)),
            "limit": PAGE,
        }
        try:
            records, more = search(api, kind, body)
        except Refusal:
            if _is_there(api, kind, filters[0]["propertyName"]):
                raise
            return
        yield from _whole(api, kind, records, properties) if light else records
        if not more or not records:
            return
        after = max(int(record["id"]) for record in records)

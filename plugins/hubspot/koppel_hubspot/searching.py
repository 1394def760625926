"""Search: what has changed since, page by page, so that nothing is skipped.

A page is not asked for by its place in the list: while it is walked, records that somebody changes
move to its end, and all behind them move up. Each page asks for what changed since the last record
of the page before; so the depth of ten thousand results is never reached either. Records that share
one time stamp and do not fit on a page are walked by their ids.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass
class Reached:
    """at: everything that was changed up to then (milliseconds) has been told."""

    at: int | None = None

    def on(self, stamps: Iterable[int]) -> None:
        """So far at least."""
        self.at = max([*stamps, *([] if self.at is None else [self.at])], default=None)


@dataclass
class _Walk:
    """One walk through what changed. light: only times are asked for, the rest is read apart;
    left_out: the filters that do not fit into a request and are looked at here."""

    api: Api
    kind: str
    properties: Sequence[str]
    where: Sequence[Json]
    light: bool = False
    left_out: Sequence[Json] = ()
    seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by, most = modified_of(self.kind), 9_999_999_999_999
        asked = [condition(by, "GTE", most), condition(by, "LT", most)]
        longest = [*asked, condition("hs_object_id", "GT", most)]
        self.light = _length(self.body(longest, by)) > LONGEST_BODY
        if self.light and _length(self.body(longest, by)) > LONGEST_BODY:
            self.where, self.left_out = (), self.where

    def body(self, filters: Sequence[Json], sort: str) -> Json:
        """What is asked for."""
        by, chosen = modified_of(self.kind), [*filters, *self.where]
        return {
            "filterGroups": [{"filters": chosen}] if chosen else [],
            "sorts": [{"propertyName": sort, "direction": "ASCENDING"}],
            "properties": [by] if self.light else list(dict.fromkeys([*self.properties, by])),
            "limit": PAGE,
        }

    def page(self, filters: Sequence[Json], sort: str) -> tuple[list[Json], bool]:
        """One page, and whether there are more."""
        return search(self.api, self.kind, self.body(filters, sort))

    def news(self, records: Sequence[Json]) -> list[Json]:
        """Those that were not told yet in that state, whole."""
        fresh = [r for r in records if self.seen.get(r["id"]) != stamp_of(self.kind, r)]
        for record in fresh:
            self.seen[record["id"]] = stamp_of(self.kind, record)
        if self.light:
            names = [*self.properties, *(str(one["propertyName"]) for one in self.left_out)]
            fresh = _whole(self.api, self.kind, fresh, names)
        return [record for record in fresh if fits(record["properties"], self.left_out)]

    def by_id(self, filters: Sequence[Json]) -> Iterator[list[Json]]:
        """All that fits, by the ids: nothing that changes meanwhile moves to another place."""
        after = 0
        while True:
            more_filters = [*filters, condition("hs_object_id", "GT", after)]
            records, more = self.page(more_filters, "hs_object_id")
            if records:
                yield records
                after = max(int(record["id"]) for record in records)
            if not more or not records:
                return


def changed(
    api: Api,
    kind: str,
    properties: Sequence[str],
    *,
    since: int | None = None,
    where: Sequence[Json] = (),
    reached: Reached | None = None,
) -> Iterator[list[Json]]:
    """Records changed since then (milliseconds), oldest change first; each once in that state.

    reached: is told how far all has been seen. Records are sorted by the index and shown as they
    are by now: a stamp that is younger than the index may lag behind says nothing about the place
    of a record. Where most of a page is that young, the rest is walked by id.
    """
    by, walk = modified_of(kind), _Walk(api, kind, properties, where)
    lag = dt.timedelta(seconds=getattr(api.settings, "search_lag", 120))
    settled_at = milliseconds(dt.datetime.now(dt.UTC) - lag)
    reached = reached if reached is not None else Reached()
    shown, start = Reached(), since
    while True:
        first = [] if start is None else [condition(by, "GTE", start)]
        records, more = walk.page(first, by)
        stamps = [stamp_of(kind, record) for record in records]
        shown.on(stamps)
        if not more or not records:
            reached.on([] if shown.at is None else [shown.at])
            if records:
                yield walk.news(records)
            return
        settled = [stamp for stamp in stamps if stamp <= settled_at]
        if len(settled) * 2 < len(stamps):
            yield walk.news(records)
            yield from map(walk.news, walk.by_id(first))
            # Not the stamps of this walk: what changes behind its back comes with the next read.
            reached.on([] if shown.at is None else [shown.at])
            return
        last = max(settled)
        if start is not None and last < start and last // 1000 < start // 1000:
            raise TemporaryError(f"HubSpot's search of {kind} does not sort by {by}")
        reached.on([last])
        yield walk.news(records)
        start = last if start is None else max(start, last)
        if last == settled[0]:
            # More than a page has this stamp. It may stand for its whole second.
            start = last + (1000 if last % 1000 == 0 else 1)
            span = [condition(by, "GTE", last), condition(by, "LT", start)]
            yield from map(walk.news, walk.by_id(span))


def fits(own: Mapping[str, Any], conditions: Sequence[Json]) -> bool:
    """Whether a record has what a search asks for: EQ, NEQ, IN or HAS_PROPERTY."""
    for one in conditions:
        value, operator = own.get(one["propertyName"]), one["operator"]
        if operator == "IN" and str(value).lower() not in {v.lower() for v in one["values"]}:
            return False
        if operator == "NEQ" and value == one["value"]:
            return False
        if operator == "EQ" and value != one["value"]:
            return False
        if operator == "HAS_PROPERTY" and not value:
            return False
    return True


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


def _is_there(api: Api, kind: str, name: str) -> bool:
    try:
        api.get(f"/crm/v3/properties/{kind}/{name}")
    except NotFound:
        return False
    return True


def _length(body: Json) -> int:
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


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

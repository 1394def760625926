"""Search of the pretend HubSpot: filters, one sort, two hundred a page, ten thousand in all."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from .definitions import CREATED
from .errors import Refused
from .store import Record, Store

DEEPEST = 10_000
_OPERATORS = {
    *("EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY"),
    *("NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"),
}


def search(store: Store, kind: str, body: Any) -> dict[str, Any]:
    """One page of results. Raises Refused."""
    if not isinstance(body, dict):
        raise Refused(400, "Invalid input JSON on line 1, column 1")
    if len(json.dumps(body, ensure_ascii=False, separators=(",", ":"))) > 3000:
        raise Refused(400, "The request body must not be longer than 3000 characters")
    limit, after = body.get("limit", 10), str(body.get("after") or "0")
    if not 1 <= limit <= 200 or not after.isdigit():
        raise Refused(400, "There was a problem with the request.")
    if int(after) + limit > DEEPEST:
        raise Refused(400, "Paging is possible up to 10000 results")
    groups = body.get("filterGroups") or []
    filters = [f for group in groups for f in group["filters"]]
    if len(groups) > 5 or len(filters) > 18 or any(len(g["filters"]) > 6 for g in groups):
        raise Refused(400, "There are too many filters")
    for one in filters:
        known = one["propertyName"] in store.known[kind]
        if not known or one["operator"] not in _OPERATORS:
            raise Refused(400, "There was a problem with the request.")
    found = [
        record
        for record in store.searchable(kind)
        if not groups
        or any(all(_fits(store, kind, record, f) for f in group["filters"]) for group in groups)
    ]
    _sort(store, kind, found, body.get("sorts") or [])
    start = int(after)
    page = found[start : start + limit]
    results = [store.shown(kind, record, body.get("properties")) for record in page]
    answer: dict[str, Any] = {"total": len(found), "results": results}
    if start + limit < len(found):
        answer["paging"] = {"next": {"after": str(start + limit)}}
    return answer


def _sort(store: Store, kind: str, found: list[Record], sorts: list[Any]) -> None:
    if len(sorts) > 1:
        raise Refused(400, "Only one sort is allowed")
    by = sorts[0] if sorts else CREATED.get(kind, "createdate")
    name = by["propertyName"] if isinstance(by, dict) else str(by).lstrip("-")
    down = by.get("direction") == "DESCENDING" if isinstance(by, dict) else str(by).startswith("-")
    found.sort(key=lambda r: int(r["id"]) % 7919)  # equal ones come in no order to be relied on
    found.sort(
        key=lambda r: _comparable(store, kind, name, r["properties"].get(name)), reverse=down
    )


def _comparable(store: Store, kind: str, name: str, value: Any) -> Any:
    definition = store.known[kind].get(name)
    type_ = definition.type if definition else "string"
    if value is None:
        return (0, 0)
    if type_ == "number" or name == "hs_object_id":
        try:
            return (1, Decimal(str(value)))
        except InvalidOperation:
            return (0, 0)
    if type_ in ("datetime", "date"):
        return (1, _milliseconds(str(value)))
    return (1, str(value).casefold())


def _milliseconds(text: str) -> int:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    moment = dt.datetime.fromisoformat(text)
    moment = moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def _fits(store: Store, kind: str, record: Record, one: Any) -> bool:
    name, operator = one["propertyName"], one["operator"]
    value = record["properties"].get(name)
    if operator == "HAS_PROPERTY":
        return value is not None
    if operator == "NOT_HAS_PROPERTY":
        return value is None
    if operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN") and value is None:
        return True
    if value is None:
        return False
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        words = re.findall(r"[\w*]+", str(one["value"]).casefold())
        own = re.findall(r"\w+", str(value).casefold())
        there = all(any(fnmatch.fnmatch(o, w) for o in own) for w in words)
        return there is (operator == "CONTAINS_TOKEN")

    def comparable(text: Any) -> Any:
        return _comparable(store, kind, name, text)

    present = comparable(value)
    if operator in ("IN", "NOT_IN"):
        definition = store.known[kind][name]
        if definition.type == "string":  # capital letters in the list match nothing
            inside = str(value).casefold() in {str(v) for v in one["values"]}
        else:
            inside = present in [comparable(v) for v in one["values"]]
        return inside is (operator == "IN")
    if operator == "BETWEEN":
        return bool(comparable(one["value"]) <= present <= comparable(one["highValue"]))
    wanted = comparable(one["value"])
    compare = {
        "EQ": present == wanted,
        "NEQ": present != wanted,
        "LT": present < wanted,
        "LTE": present <= wanted,
        "GT": present > wanted,
        "GTE": present >= wanted,
    }
    return bool(compare[operator])

"""Associations of the pretend HubSpot: read and set in batches, by type id."""

from __future__ import annotations

from typing import Any

from .errors import Problem, Refused, not_found
from .objects import Answer
from .store import Store
from .world import LINKS, PRIMARY, TYPES

MOST_READ, MOST_SET, MOST_REMOVED, PAGE = 1000, 2000, 100, 500


def answer(store: Store, method: str, parts: list[str], body: Any) -> Answer:
    """The answer to a request below `/crm/v4/associations/`. Raises Refused."""
    if len(parts) < 3:
        raise not_found()
    kind, other = store.kind(parts[0]), store.kind(parts[1])
    action = "/".join(parts[2:])
    if action == "labels" and method == "GET":
        results = [
            {
                "category": "HUBSPOT_DEFINED",
                "typeId": type_,
                "label": "Primary" if type_ in PRIMARY else None,
            }
            for type_ in LINKS.get((kind, other), ())
        ]
        return 200, {"results": results}
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if method != "POST" or not isinstance(inputs, list) or not inputs:
        raise Refused(400, "Invalid input JSON: inputs must not be empty")
    if action == "batch/read":
        return _read(store, kind, other, inputs)
    if action == "batch/create":
        return _create(store, kind, other, inputs)
    if action == "batch/archive":
        if len(inputs) > MOST_REMOVED:
            raise Refused(400, "At most 100 inputs")
        for one in inputs:
            for to in one["to"]:
                store.untie(kind, str(one["from"]["id"]), other, str(to["id"]))
        return 204, None
    raise not_found()


def _told(to: str, types: list[int]) -> Problem:
    return {
        "toObjectId": int(to),
        "associationTypes": [
            {
                "category": "HUBSPOT_DEFINED",
                "typeId": type_,
                "label": "Primary" if type_ in PRIMARY else None,
            }
            for type_ in types
        ],
    }


def _read(store: Store, kind: str, other: str, inputs: list[Any]) -> Answer:
    if len(inputs) > MOST_READ:
        raise Refused(400, "At most 1000 inputs")
    results, errors = [], []
    for one in inputs:
        key, start = str(one["id"]), int(one.get("after") or 0)
        tied = store.tied(kind, key, other)
        if not tied:
            errors.append(
                {
                    "status": "error",
                    "category": "OBJECT_NOT_FOUND",
                    "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
                    "message": f"No {other} is associated with {TYPES[kind][0]} {key}.",
                    "context": {"fromObjectId": [key]},
                }
            )
            continue
        result: Problem = {
            "from": {"id": key},
            "to": [_told(to, types) for to, types in tied[start : start + PAGE]],
        }
        if start + PAGE < len(tied):
            result["paging"] = {"next": {"after": str(start + PAGE)}}
        results.append(result)
    found: Problem = {"status": "COMPLETE", "results": results}
    if errors:
        return 207, {**found, "numErrors": len(errors), "errors": errors}
    return 200, found


def _create(store: Store, kind: str, other: str, inputs: list[Any]) -> Answer:
    if len(inputs) > MOST_SET:
        raise Refused(400, "At most 2000 inputs")
    results, errors = [], []
    for one in inputs:
        key, to = str(one["from"]["id"]), str(one["to"]["id"])
        try:
            if key not in store.objects[kind] or to not in store.objects[other]:
                raise Refused(400, "one or more associations are not valid")
            types = [int(t["associationTypeId"]) for t in one["types"]]
            store.tie(kind, key, other, to, types)
        except Refused as refused:
            errors.append(refused.entry({"fromObjectId": [key], "toObjectId": [to]}))
            continue
        results.append(
            {
                "fromObjectTypeId": TYPES[kind][1],
                "fromObjectId": int(key),
                "toObjectTypeId": TYPES[other][1],
                "toObjectId": int(to),
                "labels": [],
            }
        )
    found: Problem = {"status": "COMPLETE", "results": results}
    if errors:
        return 207, {**found, "numErrors": len(errors), "errors": errors}
    return 201, found

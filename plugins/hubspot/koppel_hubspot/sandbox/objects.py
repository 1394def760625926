"""The object endpoints of the pretend HubSpot: one record, lists, and batches of a hundred."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Any

from .definitions import stamp
from .errors import Problem, Refused, not_found
from .search import search
from .store import Record, Store
from .world import TYPES

Answer = tuple[int, Any]
MOST = 100


class Objects:
    """Answers for `/crm/v3/objects/...`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._random = random.Random(7)

    def answer(self, method: str, parts: list[str], query: Mapping[str, str], body: Any) -> Answer:
        """The answer to a request below the type of object. Raises Refused."""
        store = self._store
        kind = store.kind(parts[0])
        rest = parts[1:]
        if rest == ["search"] and method == "POST":
            return 200, search(store, kind, body)
        if len(rest) == 2 and rest[0] == "batch" and method == "POST":
            return self._batch(kind, rest[1], body)
        if not rest and method == "GET":
            return 200, self._list(kind, query)
        if not rest and method == "POST":
            record = store.create(kind, _values(body), body.get("associations") or ())
            return 201, store.shown(kind, record, _values(body))
        if len(rest) == 1:
            return self._one(method, kind, rest[0], query, body)
        raise not_found()

    def _one(self, method: str, kind: str, key: str, query: Mapping[str, str], body: Any) -> Answer:
        store, by = self._store, query.get("idProperty")
        if method == "DELETE":
            store.archive(kind, key)
            return 204, None
        record = store.one(kind, key, by)
        if method == "PATCH":
            changed = store.update(kind, record["id"], _values(body))
            return 200, store.shown(kind, changed, _values(body))
        if method == "GET":
            return 200, self._with_links(kind, self._shown(kind, record, query), query)
        raise Refused(405, "")

    def _shown(self, kind: str, record: Record, query: Mapping[str, str]) -> Record:
        wanted = [p for p in query.get("properties", "").split(",") if p]
        return self._store.shown(kind, record, wanted or None)

    def _with_links(self, kind: str, record: Record, query: Mapping[str, str]) -> Record:
        asked = [self._store.kind(p) for p in query.get("associations", "").split(",") if p]
        links: dict[str, Any] = {}
        for other in asked:
            own = f"{TYPES[kind][0]}_to_{TYPES[other][0]}"
            found = []
            for to, types in self._store.tied(kind, record["id"], other):
                found += [
                    {"id": to, "type": own if n == 0 else f"{own}_unlabeled"}
                    for n in range(len(types))
                ]
            if found:
                links[other.replace("_", " ")] = {"results": found}
        return {**record, "associations": links} if links else record

    def _list(self, kind: str, query: Mapping[str, str]) -> Problem:
        limit = int(query.get("limit", 10))
        if not 1 <= limit <= MOST:
            raise Refused(400, "limit must be between 1 and 100")
        after = int(query.get("after", 0))
        keys = sorted(int(key) for key in self._store.objects[kind] if int(key) >= after)
        chosen, rest = keys[:limit], keys[limit:]
        records = [self._store.objects[kind][str(key)] for key in chosen]
        found: Problem = {
            "results": [self._with_links(kind, self._shown(kind, r, query), query) for r in records]
        }
        if rest:
            found["paging"] = {"next": {"after": str(rest[0])}}
        return found

    # -- batches -------------------------------------------------------------------------------

    def _batch(self, kind: str, action: str, body: Any) -> Answer:
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or not inputs:
            raise Refused(400, "Invalid input JSON: inputs must not be empty")
        if len(inputs) > MOST:
            raise Refused(400, f"A batch may have 100 inputs, not {len(inputs)}")
        actions: dict[str, Callable[[str, Any, list[Any]], Answer]] = {
            "read": self._read,
            "create": self._create,
            "update": self._update,
            "upsert": self._upsert,
            "archive": self._archive,
        }
        if action not in actions:
            raise not_found()
        return actions[action](kind, body, inputs)

    def _read(self, kind: str, body: Any, inputs: list[Any]) -> Answer:
        by = body.get("idProperty")
        if by and by != "hs_object_id":
            self._store.must_be_unique(kind, by)
        found, missing = {}, []
        for asked in inputs:
            try:
                record = self._store.one(kind, str(asked["id"]), by)
                found[record["id"]] = self._store.shown(kind, record, body.get("properties"))
            except Refused:
                missing.append(str(asked["id"]))
        results = list(found.values())
        self._random.shuffle(results)
        if not missing:
            return 200, self._done(results)
        name = TYPES[kind][0].upper()
        text = (
            f"Could not get some {name} objects, they may be deleted or not exist. "
            "Check that ids are valid."
        )
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": text,
            "context": {"ids": missing},
        }
        return 207, self._done(results, [error])

    def _create(self, kind: str, body: Any, inputs: list[Any]) -> Answer:
        if kind == "line_items":  # equal inputs are silently taken for one
            unique: dict[str, Any] = {}
            for one in inputs:
                unique.setdefault(repr((one.get("properties"), one.get("associations"))), one)
            inputs = list(unique.values())

        def create(one: Any) -> Record:
            return self._store.create(kind, _values(one), one.get("associations") or ())

        return self._each(kind, inputs, create, 201)

    def _update(self, kind: str, body: Any, inputs: list[Any]) -> Answer:
        self._no_doubles(inputs)
        for one in inputs:
            if one.get("idProperty") and one["idProperty"] != "hs_object_id":
                self._store.must_be_unique(kind, one["idProperty"])

        def update(one: Any) -> Record:
            record = self._store.one(kind, str(one["id"]), one.get("idProperty"))
            return self._store.update(kind, record["id"], _values(one))

        return self._each(kind, inputs, update, 200)

    def _upsert(self, kind: str, body: Any, inputs: list[Any]) -> Answer:
        self._no_doubles(inputs)
        for one in inputs:
            self._store.must_be_unique(kind, str(one.get("idProperty")))

        def upsert(one: Any) -> Record:
            values = {one["idProperty"]: one["id"], **_values(one)}
            try:
                record = self._store.one(kind, str(one["id"]), one["idProperty"])
            except Refused:
                return {**self._store.create(kind, values), "new": True}
            return {**self._store.update(kind, record["id"], values), "new": False}

        return self._each(kind, inputs, upsert, 200)

    def _archive(self, kind: str, body: Any, inputs: list[Any]) -> Answer:
        for one in inputs:
            self._store.archive(kind, str(one["id"]))
        return 204, None

    @staticmethod
    def _no_doubles(inputs: list[Any]) -> None:
        keys = [str(one.get("id")).casefold() for one in inputs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise Refused(
                400,
                f"Duplicate IDs found in batch input: [{', '.join(twice)}]. IDs must be unique",
                context={"ids": twice},
            )

    def _each(
        self, kind: str, inputs: list[Any], write: Callable[[Any], Record], status: int
    ) -> Answer:
        """Each for itself when all are marked with a trace id; else all or nothing."""
        traced = [one.get("objectWriteTraceId") for one in inputs]
        partial = all(traced) and len(set(traced)) == len(traced)
        if not partial:
            self._rehearse(kind, inputs, write)
        results, errors = [], []
        for one in inputs:
            try:
                record = write(one)
            except Refused as refused:
                context = {"objectWriteTraceId": [one["objectWriteTraceId"]]}
                if refused.status == 404:
                    context["ids"] = [str(one["id"])]
                errors.append(refused.entry(context))
                continue
            shown = self._store.shown(kind, record, _values(one))
            if partial:
                shown["objectWriteTraceId"] = one["objectWriteTraceId"]
            results.append(shown)
        self._random.shuffle(results)
        return (207, self._done(results, errors)) if errors else (status, self._done(results))

    def _rehearse(self, kind: str, inputs: list[Any], write: Callable[[Any], Record]) -> None:
        """Without trace ids one bad input refuses all: try them on what can be undone."""
        with self._store.undone():
            for one in inputs:
                write(one)

    @staticmethod
    def _done(results: list[Any], errors: list[Problem] | None = None) -> Problem:
        now = stamp(dt.datetime.now(dt.UTC))
        found: Problem = {
            "status": "COMPLETE",
            "results": results,
            "startedAt": now,
            "completedAt": now,
        }
        if errors:
            found |= {"numErrors": len(errors), "errors": errors}
        return found


def _values(body: Any) -> dict[str, Any]:
    values = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(values, dict):
        raise Refused(400, "Invalid input JSON on line 1, column 2: properties is required")
    return values

"""As much of OpenAPI 3.0 as the vendor's documents use: is a request what they describe?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: The vendor's guide shows objects where the document says texts.
LOOSER = {"PublicObjectSearchRequest.sorts"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


class Documents:
    """All documents of a folder."""

    def __init__(self, folder: Path) -> None:
        self._operations: list[tuple[re.Pattern[str], str, str, Any, Any]] = []
        for file in sorted(folder.glob("*.json")):
            spec = json.loads(file.read_text(encoding="utf-8"))
            for path, methods in spec["paths"].items():
                pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$")
                for method, operation in methods.items():
                    self._operations.append((pattern, path, method.upper(), operation, spec))
        # `/batch/read` before `/{orderId}`: what is written out wins.
        self._operations.sort(key=lambda one: one[1].count("{"))

    def mistakes(self, asked: Mapping[str, Any]) -> list[str]:
        """What is wrong with a logged request."""
        where = f"{asked['method']} {asked['path']}"
        for pattern, _, method, operation, spec in self._operations:
            if method == asked["method"] and pattern.match(asked["path"]):
                found = [f"{where}: {m}" for m in self._query(asked, operation)]
                schema = _body_schema(operation)
                if schema is not None:
                    body = json.loads(asked["body"] or "null")
                    found += [f"{where}: {m}" for m in _fits(schema, body, spec, "body", "")]
                return found
        return [f"{where} is in none of the documents"]

    @staticmethod
    def _query(asked: Mapping[str, Any], operation: Any) -> Iterator[str]:
        known = {p["name"] for p in operation.get("parameters", ()) if p.get("in") == "query"}
        for pair in filter(None, asked["query"].split("&")):
            if pair.partition("=")[0] not in known:
                yield f"there is no parameter {pair.partition('=')[0]}"


def _body_schema(operation: Any) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("schema")


def _fits(schema: Any, value: Any, spec: Any, path: str, name: str) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = spec["components"]["schemas"][name]
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (kind != "boolean" and value is True)):
        yield f"{path} is {value!r:.60}, and should be {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path} is {value!r}, none of {schema['enum']}"
    if kind == "array":
        for n, one in enumerate(value):
            yield from _fits(schema["items"], one, spec, f"{path}[{n}]", name)
    if kind != "object":
        return
    yield from (
        f"{path}.{one} is missing" for one in schema.get("required", ()) if one not in value
    )
    known, other = schema.get("properties", {}), schema.get("additionalProperties")
    for key, one in value.items():
        if f"{name}.{key}" in LOOSER:
            continue
        if key in known:
            yield from _fits(known[key], one, spec, f"{path}.{key}", name)
        elif isinstance(other, dict):
            yield from _fits(other, one, spec, f"{path}.{key}", name)
        elif not other:
            yield f"{path}.{key} is not in the document"

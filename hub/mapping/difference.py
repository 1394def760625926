"""Differences: what a payload would change of what the target has now, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.mapping.fieldtable import FieldTable
from hub.model import Json
from hub.sdk.entity import Context, Entity, Field, Raw
from hub.sdk.errors import RecordError

IDENTITIES = ("key", "id", "sku", "code", "name", "path")
"""By what elements of a list are told apart, best first; without any, by their place."""
LONGEST = 300
MOST = 200


def differences(
    entity: Entity, table: FieldTable, payload: Json, record: Raw, context: Context
) -> list[Json]:
    """What writing *payload* over *record* would change: path, label, before and after.

    The record is understood and rendered again, so that both sides speak the same language; what
    the table does not render is compared with the record itself. What cannot be read back counts
    for nothing. At most MOST are listed.
    """
    try:
        document = table.understand(record, context)
        now = table.render(document, replace(context, creating=False))
    except RecordError:
        now = {}  # what is there now does not fit our own rules: compare with the raw record
    unreadable = [f.path for f in entity.fields if f.only == "write"]
    labels = {f.path: f for f in entity.fields}
    found: list[Json] = []
    for path, wanted, present in _compare(payload, now, record, ""):
        plain = _plain(path)
        if any(plain == one or plain.startswith((f"{one}.", f"{one}[")) for one in unreadable):
            continue
        found.append(
            {
                "path": path,
                "label": _label(labels, plain),
                "before": _short(present),
                "after": _short(wanted),
            }
        )
        if len(found) == MOST:
            break
    return found


def certainly_same(
    entity: Entity, table: FieldTable, payload: Json, record: Raw, context: Context
) -> bool:
    """Whether writing *payload* over *record* would change nothing that anybody could see.

    Not when part of it cannot be read back.
    """
    unreadable = [f.path for f in entity.fields if f.only == "write"]
    for path, _, _ in _compare(payload, {}, {}, ""):
        plain = _plain(path)
        if any(plain == one or plain.startswith((f"{one}.", f"{one}[")) for one in unreadable):
            return False
    return not differences(entity, table, payload, record, context)


def changed(before: Json, after: Json) -> list[Json]:
    """How one payload differs from another: path, before and after."""
    return [
        {"path": path, "label": "", "before": _short(present), "after": _short(wanted)}
        for path, wanted, present in _compare(after, before, {}, "")
    ][:MOST]


def _label(labels: Mapping[str, Field], path: str) -> str:
    field = labels.get(path)
    return field.label if field is not None else ""


def _plain(path: str) -> str:
    """`rows[AB-1].price` -> `rows[].price`."""
    parts: list[str] = []
    for part in path.split("["):
        parts.append(part.partition("]")[2] if parts else part)
    return "[]".join(parts)


def _compare(wanted: Any, now: Any, raw: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(wanted, Mapping):
        for name, value in wanted.items():
            below = now.get(name) if isinstance(now, Mapping) else None
            there = raw.get(name) if isinstance(raw, Mapping) else None
            yield from _compare(value, below, there, f"{path}.{name}" if path else str(name))
    elif isinstance(wanted, list):
        yield from _compare_lists(wanted, now if isinstance(now, list) else [], path)
    else:
        present = now if now is not None else raw
        if not _same(wanted, present):
            yield path, wanted, present


def _compare_lists(wanted: Sequence[Any], now: Sequence[Any], path: str) -> Iterator[Any]:
    if not any(isinstance(item, Mapping) for item in [*wanted, *now]):
        if [_text(one) for one in wanted] != [_text(one) for one in now]:
            yield path, list(wanted), list(now)
        return
    identity = _identity([*wanted, *now])
    present = {_name(item, identity, place): item for place, item in enumerate(now)}
    for place, item in enumerate(wanted):
        name = _name(item, identity, place)
        if name in present:
            yield from _compare(item, present.pop(name), None, f"{path}[{name}]")
        else:
            yield f"{path}[{name}]", item, None
    for name, item in present.items():
        yield f"{path}[{name}]", None, item


def _identity(items: Sequence[Any]) -> str | None:
    for name in IDENTITIES:
        if all(isinstance(item, Mapping) and item.get(name) not in (None, "") for item in items):
            return name
    return None


def _name(item: Any, identity: str | None, place: int) -> str:
    if identity is None or not isinstance(item, Mapping):
        return str(place)
    return _text(item[identity])


def _same(wanted: Any, present: Any) -> bool:
    if wanted in (None, "", []) and present in (None, "", []):
        return True
    if isinstance(wanted, bool) or isinstance(present, bool):
        return wanted is present
    try:
        if isinstance(wanted, (int, Decimal)) or isinstance(present, (int, Decimal)):
            return Decimal(str(wanted)) == Decimal(str(present))
    except InvalidOperation:
        pass
    return _text(wanted) == _text(present)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, list):
        return " > ".join(_text(one) for one in value)
    return "" if value is None else " ".join(str(value).split())


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]}… ({len(value):,} characters in all)"
    return value


__all__ = ["changed", "differences"]

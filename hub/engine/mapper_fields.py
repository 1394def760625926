"""The fields of both sides: declared by the plugin, discovered live, and seen in records."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from hub.engine.hub import Hub
from hub.engine.mapper import End, Mapper
from hub.engine.mapper_samples import Sample
from hub.mapping import paths
from hub.model import Json, field_paths
from hub.sdk import Api, Entity, KoppelError
from hub.sdk.entity import Field
from hub.store.tables import Connection, LookupCache, utc_now

log = logging.getLogger("koppel.engine")
FRESH = dt.timedelta(minutes=10)
MOST = 2_000
"""Fields of one side that are listed; records with free keys could have any number."""
DEEP = 8


@dataclass(frozen=True)
class SourceField:
    """A field that a value can be taken from. known: declared, discovered or seen."""

    path: str
    label: str = ""
    help: str = ""
    meaning: str | None = None
    sample: Any = None
    known: str = "seen"


@dataclass(frozen=True)
class TargetField:
    """A field that a value can go to. side: of the target's record, or of the document."""

    path: str
    side: str = "target"
    label: str = ""
    help: str = ""
    required: bool = False
    max_length: int | None = None
    field: Field | None = None
    known: str = "seen"


@dataclass(frozen=True)
class Discovered:
    """Custom fields of an entity, asked live; message: why they could not be asked now."""

    fields: Sequence[Field] = ()
    message: str = ""


@dataclass(frozen=True)
class LiveNames:
    """Fields that a system names itself, as rules write them; message: why it could not be."""

    names: Sequence[str] = ()
    message: str = ""


# ---- records


def flattened(record: Any, most: int = MOST) -> dict[str, Any]:
    """Every path of a record, lists as `[]`, with the first value that is found there."""
    found: dict[str, Any] = {}
    for steps, value in _walk(record, ()):
        path = paths.spell(steps)
        if path not in found and len(found) >= most:
            break
        if found.get(path) is None:
            found[path] = value
    return found


def _walk(
    value: Any, steps: tuple[paths.Step, ...]
) -> Iterator[tuple[tuple[paths.Step, ...], Any]]:
    if isinstance(value, Mapping) and len(steps) < DEEP and (value or not steps):
        for key, below in value.items():
            yield from _walk(below, (*steps, str(key)))
    elif isinstance(value, list) and len(steps) < DEEP and steps:
        if not value:
            yield (*steps, paths.EACH), None
        for below in value[:50]:
            yield from _walk(below, (*steps, paths.EACH))
    elif steps:
        yield steps, value


# ---- both sides


def source_fields(
    mapper: Mapper, samples: Sequence[Sample], discovered: Iterable[Field] = ()
) -> list[SourceField]:
    """Everything that a value can come from, the declared ones first."""
    seen: dict[str, Any] = {}
    for sample in samples:
        for path, value in flattened(sample.received).items():
            if seen.get(path) is None and len(seen) < MOST:
                seen[path] = value
    found: dict[str, SourceField] = {}
    for known, fields in (("declared", mapper.source.entity.fields), ("discovered", discovered)):
        for one in fields:
            if one.only != "write" and one.path not in found:
                found[one.path] = SourceField(
                    one.path, one.label, one.help, one.meaning, seen.get(one.path), known
                )
    for path, value in seen.items():
        if path not in found:
            found[path] = SourceField(path, sample=value)
    return list(found.values())[:MOST]


def target_fields(
    mapper: Mapper,
    samples: Sequence[Sample],
    discovered: Iterable[Field] = (),
    rules: Sequence[Json] = (),
) -> list[TargetField]:
    """Everything that a value can go to in the target's own record."""
    found: dict[str, TargetField] = {}
    for known, fields in (("declared", mapper.target.entity.fields), ("discovered", discovered)):
        for one in fields:
            if one.only != "read":  # of two declarations the last one is what is written
                found[one.path] = TargetField(
                    one.path,
                    "target",
                    one.label,
                    one.help,
                    one.required,
                    one.max_length,
                    one,
                    known,
                )
    for sample in samples:
        for path in flattened(sample.pushed or {}):
            found.setdefault(path, TargetField(path))
    documented = field_paths(mapper.kind)
    for rule in rules:
        to = str(rule.get("to") or "")
        if to and to not in found and to.removeprefix("document.") not in documented:
            found[to] = TargetField(to, known="rule")
    return list(found.values())[:MOST]


def document_fields(mapper: Mapper) -> list[TargetField]:
    """Everything that the hub's own document of the record can hold."""
    kinds = field_paths(mapper.kind)
    return [
        TargetField(path, "document", known="declared")
        for path, kind in kinds.items()
        if not any(other.startswith(f"{path}.") for other in kinds) and kind is not dict
    ]


# ---- asked live


def discovered(hub: Hub, end: End, *, refresh: bool = False, api: Api | None = None) -> Discovered:
    """The custom fields of an entity, kept for ten minutes. A system that is down is told."""
    if not end.entity.can("discover"):
        return Discovered()

    def ask(opened: Api) -> list[Json]:
        return [_kept(one) for one in list(end.entity.discover(opened))[:MOST]]

    found, message = _kept_for_a_while(hub, end, "fields", ask, refresh=refresh, api=api)
    return Discovered(tuple(Field(**one) for one in found), message)


def live_names(hub: Hub, end: End, *, refresh: bool = False) -> LiveNames:
    """Every field that the system says can be written, kept for ten minutes."""
    custom = discovered(hub, end, refresh=refresh)
    paths_found = [one.path for one in custom.fields if one.only != "read"]
    if custom.message or not end.entity.can("writable"):
        return LiveNames(tuple(paths_found), custom.message)

    def ask(opened: Api) -> list[Json]:
        return [{"path": name} for name in end.entity.writable(opened)]

    named, message = _kept_for_a_while(hub, end, "names", ask, refresh=refresh)
    return LiveNames((*paths_found, *(str(one["path"]) for one in named)), message)


def names_asked(entity: Entity, api: Api) -> list[str]:
    """The same, of a connection that is not stored yet. Raises a KoppelError."""
    custom = entity.discover(api) if entity.can("discover") else ()
    more = entity.writable(api) if entity.can("writable") else ()
    return [*(one.path for one in custom if one.only != "read"), *more]


def _kept_for_a_while(
    hub: Hub,
    end: End,
    what: str,
    ask: Callable[[Api], list[Json]],
    *,
    refresh: bool = False,
    api: Api | None = None,
) -> tuple[Sequence[Json], str]:
    """What was asked a short while ago, else asked now; and why it could not be."""
    name, connection_id = f"{what}/{end.entity.name}", end.connection.id or 0
    with hub.database.session() as session:
        cached = session.get(LookupCache, (connection_id, name))
    known = tuple(cached.options) if cached else ()
    if cached is not None and not refresh and utc_now() - cached.fetched_at < FRESH:
        return known, ""
    try:
        with nullcontext(api) if api else hub.open(end.connection) as opened:
            found = ask(opened)
    except Exception as error:  # a plugin's mistake is reported like everything else
        if not isinstance(error, KoppelError):
            log.exception("asking %s for its %s", end.connection.name, what)
        return known, f"{end.connection.name}: {error}"
    with hub.database.session() as session:
        if session.get(Connection, connection_id) is not None:
            session.merge(
                LookupCache(
                    connection_id=connection_id, name=name, options=found, fetched_at=utc_now()
                )
            )
    return found, ""


_ATTRIBUTES = ("meaning", "only", "when", "required", "max_length", "label", "help")


def _kept(one: Field) -> Json:
    return {"path": one.path} | {name: getattr(one, name) for name in _ATTRIBUTES}

"""What a plugin promises about what it reads and finds."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from hub.sdk import (
    Api,
    Entity,
    Raw,
    RecordError,
)
from hub.testing.bench import Bench, NotApplicable
from hub.testing.checks.base import SAMPLE, check, dig, must

_ABSENT = "999999999"
FEW = 5


@check
def reads_to_the_end(bench: Bench) -> None:
    """Every readable entity comes to its end, each record once, each with a key of its own."""
    for entity in bench.entities("read"):
        with suppress(NotApplicable):
            keys = [entity.key_of(record) for record in bench.records(entity)]
            must(all(keys), f"{entity.name}: a record has an empty key")
            twice = sorted({key for key in keys if keys.count(key) > 1})
            must(not twice, f"{entity.name}: read twice: {', '.join(twice[:5])}")


@check
def records_become_documents(bench: Bench) -> None:
    """Records become valid documents; the field table fits what the system sends."""
    for entity in bench.entities("read"):
        with suppress(NotApplicable), bench.open() as api:
            records, understood = bench.completed(api, entity, SAMPLE), 0
            for record in records:
                key = entity.key_of(record)
                try:
                    document = bench.understood(entity, record)
                except RecordError as error:
                    must(error.code != "bad_value", f"{entity.name} {key}: {error}")
                    continue
                understood += 1
                must(
                    document.key == key,
                    f"{entity.name}: the document's key is {document.key!r}, the record's {key!r}",
                )
                _must_be_aware(entity, key, document.to_dict())
            must(understood, f"{entity.name}: of {len(records)} records none was understood")


def _must_be_aware(entity: Entity, key: str, values: Any, path: str = "") -> None:
    """Document times are converted to UTC when they are typed; custom values are not."""
    if isinstance(values, dict):
        for name, below in values.items():
            _must_be_aware(entity, key, below, f"{path}.{name}" if path else name)
    elif hasattr(values, "tzinfo") and hasattr(values, "utcoffset"):
        must(values.tzinfo is not None, f"{entity.name} {key}: {path} has no time zone")


@check
def one_by_one_agrees_with_reading(bench: Bench) -> None:
    """A record fetched by its key means the same as the record that was read."""
    for entity in bench.entities("read", "get"):
        with suppress(NotApplicable), bench.open() as api:
            listed = {entity.key_of(r): r for r in bench.records(entity)[:FEW]}
            read = {entity.key_of(r): r for r in bench.completed(api, entity, FEW)}
            got = entity.get(api, list(listed))
            missing = sorted(set(read) - set(got))
            must(not missing, f"{entity.name}: get does not give {', '.join(missing)}")
            for key, record in read.items():
                one = got[key]
                if not isinstance(one, RecordError):
                    _same(bench, entity, key, listed[key], record, one)
            absent = entity.get(api, [_ABSENT])
            must(not absent, f"{entity.name}: get invents a record for the key {_ABSENT}")


def _same(bench: Bench, entity: Entity, key: str, listed: Raw, read: Raw, got: Raw) -> None:
    """The listed record, the same one completed, and the same one fetched."""
    what = f"{entity.name} {key}"
    must(entity.key_of(got) == key, f"{what}: get gave another record, {entity.key_of(got)}")
    marks = {entity.mark_of(record) for record in (listed, read, got)}
    must(
        len(marks) == 1,
        f"{what}: its mark differs between what was listed, completed and fetched, so it would "
        "seem to have changed; name in `ignored` what does not count",
    )
    try:
        one, other = (bench.understood(entity, record).to_dict() for record in (read, got))
    except RecordError:
        return  # a record that cannot be understood says nothing here
    differing = sorted(n for n in {*one, *other} if one.get(n) != other.get(n))
    must(
        not differing,
        f"{what}: {', '.join(differing)} differ between what was read (and completed) and what get "
        "gives",
    )


@check
def cursor_loses_nothing(bench: Bench) -> None:
    """Resumed after any page a read loses nothing, and from its end it is quiet."""
    for entity in bench.entities("read"):
        with suppress(NotApplicable):
            _cursor_of(bench, entity)


def _cursor_of(bench: Bench, entity: Entity) -> None:
    bench.records(entity)
    with bench.open() as api:
        pages = [
            ([entity.key_of(r) for r in page.records], page.cursor)
            for page in bench.pages(api, entity)
        ]
        everything = {key for keys, _ in pages for key in keys}
        cursors = [n for n, (_, cursor) in enumerate(pages) if cursor is not None]
        if not cursors:
            return  # no cursor: it is read as a whole each time, and compared
        for number in dict.fromkeys([cursors[0], cursors[len(cursors) // 2], cursors[-1]]):
            before = {key for keys, _ in pages[: number + 1] for key in keys}
            after = [
                entity.key_of(record)
                for page in bench.pages(api, entity, pages[number][1])
                for record in page.records
            ]
            lost = sorted(everything - before - set(after))
            must(
                not lost,
                f"{entity.name}: resumed after page {number + 1}, {len(lost)} records are lost, "
                f"such as {lost[:3]}; mind records with equal times at the edge of a page",
            )
            twice = sorted({key for key in after if after.count(key) > 1})
            must(not twice, f"{entity.name}: a resumed read gives {twice[:3]} twice")
            if number == cursors[-1] and len(everything) > SAMPLE:
                must(
                    len(after) < len(everything),
                    f"{entity.name}: resumed from its end, all {len(after)} records come again",
                )


@check
def equal_times_do_not_hide_records(bench: Bench) -> None:
    """Records with the very same change stamp are all read, before and after a resume."""
    proven = False
    for entity in bench.entities("read"):
        if entity.modified is None:
            continue
        with suppress(NotApplicable):
            groups: dict[str, set[str]] = {}
            for record in bench.records(entity):
                stamp = dig(record, entity.modified)
                groups.setdefault(str(stamp), set()).add(entity.key_of(record))
            ties = [keys for keys in groups.values() if len(keys) > 1]
            proven = proven or bool(ties)
            if ties:
                _cursor_of(bench, entity)
    if not proven:
        raise NotApplicable("no two records in the sandbox have the same change stamp")


@check
def finds_what_exists(bench: Bench) -> None:
    """Finding gives what exists, many at once, and nothing else."""
    for entity in bench.entities("find", "read"):
        with suppress(NotApplicable), bench.open() as api:
            documents = []
            for record in bench.completed(api, entity, SAMPLE):
                with suppress(RecordError):
                    documents.append((entity.key_of(record), bench.understood(entity, record)))
            for by in entity.match:
                _find_by(api, entity, by, documents)


def _find_by(api: Api, entity: Entity, by: str, documents: list[tuple[str, Any]]) -> None:
    wanted: dict[str, set[str]] = {}
    for key, document in documents:
        value = dig(document.to_dict(), by)
        if value:
            wanted.setdefault(str(value), set()).add(key)
    values = list(wanted)[:10]
    if not values:
        return
    nobody = "nobody-has-this@example.com" if by == "email" else "NOBODYHASTHIS"
    found = entity.find(api, by, [*values, nobody])
    must(nobody not in found, f"{entity.name}: find by {by} invents a record")
    for value in values:
        must(
            value in found,
            f"{entity.name}: find by {by} does not give {value!r} (the result is keyed by the "
            "value as it was asked for)",
        )
        key = entity.key_of(found[value])
        must(
            key in wanted[value] or len(wanted[value]) == 0,
            f"{entity.name}: find by {by} {value!r} gives {key}, not {sorted(wanted[value])}",
        )
    must(not set(found) - set(values), f"{entity.name}: find gives more than was asked for")
    must(entity.find(api, by, []) == {}, f"{entity.name}: find of nothing gives something")


@check
def starts_at_a_moment(bench: Bench) -> None:
    """Reading may start at a moment: a past one gives everything, a future one less."""
    now, years = dt.datetime.now(dt.UTC), dt.timedelta(days=3653)
    able = [entity for entity in bench.entities("read") if entity.cursor_at(now) is not None]
    if not able:
        raise NotApplicable("no entity can be read from a moment on")
    for entity in able:
        with suppress(NotApplicable), bench.open() as api:
            everything = {entity.key_of(record) for record in bench.records(entity)}
            past, future = (
                {
                    entity.key_of(record)
                    for page in bench.pages(api, entity, entity.cursor_at(moment))
                    for record in page.records
                }
                for moment in (now - 3 * years, now + years)
            )
            must(
                past == everything,
                f"{entity.name}: from thirty years ago on, {len(everything - past)} of "
                f"{len(everything)} records are not read",
            )
            must(
                len(future) < len(everything),
                f"{entity.name}: from ten years ahead on, all {len(future)} records are read",
            )

"""What a plugin promises about what it writes, and that nobody sees its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hub.sdk import (
    Entity,
    KoppelError,
    RecordError,
    TemporaryError,
    UnknownOutcome,
    Written,
)
from hub.testing.bench import Bench, NotApplicable, Tape
from hub.testing.checks.base import WRITES, Broken, check, dig, must


@check
def writes_one_record(bench: Bench) -> None:
    """Creating makes one record, which is then found by its reference."""
    for entity in _targets(bench):
        document, payload = bench.prepared(entity)
        by, value = bench.reference(entity, document)
        with bench.open() as api:
            must(not entity.find(api, by, [value]), f"{entity.name}: found before it was made")
            written = entity.create(api, payload, bench.effect())
            must(isinstance(written, Written), f"{entity.name}: create must return Written")
            must(written.key, f"{entity.name}: create gives no key")
        bench.forget()
        _must_be_there_once(bench, entity, by, value, written.key)


@check
def updates_what_it_made(bench: Bench) -> None:
    """Updating changes the record and makes no other."""
    able = [entity for entity in _targets(bench) if entity.can("update")]
    if not able:
        raise NotApplicable("no entity can be updated")
    for entity in able:
        document, payload = bench.prepared(entity)
        by, value = bench.reference(entity, document)
        with bench.open() as api:
            written = entity.create(api, payload, bench.effect())
            again = entity.update(api, written.key, payload, bench.effect())
            must(isinstance(again, Written), f"{entity.name}: update must return Written")
            must(
                again.key == written.key,
                f"{entity.name}: update of {written.key} says it wrote {again.key}",
            )
        bench.forget()
        _must_be_there_once(bench, entity, by, value, written.key)


@check
def dropped_answer_makes_no_double(bench: Bench) -> None:
    """An answer that is dropped, before or after the work, never leads to a second record."""
    for entity in _targets(bench):
        for kind in ("drop_after", "drop_before"):
            for skip in range(_writes_needed(bench, entity)):
                _drop(bench, entity, kind, skip)


def _writes_needed(bench: Bench, entity: Entity) -> int:
    """How many writing requests one record takes."""
    _, payload = bench.prepared(entity)
    before = len(bench.sandbox.asked(WRITES))
    with bench.open() as api:
        entity.create(api, payload, bench.effect())
    return min(len(bench.sandbox.asked(WRITES)) - before, 6)


def _drop(bench: Bench, entity: Entity, kind: Any, skip: int) -> None:
    """Drop the answer to one write, then do what the hub does: look first, write again if need be.

    The effect is the same one, with the stage it had reached.
    """
    document, payload = bench.prepared(entity)
    by, value = bench.reference(entity, document)
    effect = bench.effect()
    what = f"{entity.name}: after {kind.replace('_', ' ')} of write {skip + 1}"
    with bench.fault(kind, method=WRITES, skip=skip, times=1):
        try:
            with bench.open() as api:
                entity.create(api, payload, effect)
        except TemporaryError as error:
            certain = not isinstance(error, UnknownOutcome)
            must(
                not certain or kind == "drop_before",
                f"{what} the plugin is sure that nothing was done ({type(error).__name__})",
            )
        except KoppelError as error:
            raise Broken(
                f"{what} it gave {type(error).__name__} instead of UnknownOutcome: {error}"
            ) from error
    with bench.open() as api:
        if not entity.find(api, by, [value]):
            entity.create(api, payload, effect)
    bench.forget()
    _must_be_there_once(bench, entity, by, value, None, what)


def _must_be_there_once(
    bench: Bench, entity: Entity, by: str, value: str, key: str | None, when: str = ""
) -> None:
    when = when or f"{entity.name}: after create"
    with bench.open() as api:
        found = entity.find(api, by, [value])
        must(value in found, f"{when} it is not found by {by} {value!r}")
        if key is not None:
            must(
                entity.key_of(found[value]) == key,
                f"{when} the key was {key}, and find gives {entity.key_of(found[value])}",
            )
        if not entity.can("read"):
            return
        same = []
        for record in bench.records(entity):
            with suppress(RecordError):
                if dig(bench.understood(entity, record).to_dict(), by) == value:
                    same.append(entity.key_of(record))
    must(len(same) <= 1, f"{when} there are {len(same)} with {by} {value!r}: {', '.join(same)}")


def _targets(bench: Bench) -> Iterator[Entity]:
    """Entities that can be written and for which a sample can be made."""
    reason = "no entity can be created"
    applicable = 0
    for entity in bench.entities("create", "find"):
        try:
            bench.prepared(entity)
        except NotApplicable as error:
            reason = f"{entity.name}: {error}"
            continue
        except RecordError as error:
            raise Broken(
                f"{entity.name}: the sample document cannot be rendered: {error}. Override "
                "`sample` in the test class when this system needs something special."
            ) from error
        applicable += 1
        yield entity
    if not applicable:
        raise NotApplicable(reason)


@check
def shows_no_secret(bench: Bench) -> None:
    """No secret is in any recorded exchange, nor in the repr of anything."""
    secrets = {name: value for name, value in bench.secrets().items() if len(value) >= 4}
    if not secrets:
        raise NotApplicable("there are no secrets")
    tape = Tape()
    with bench.open(tape=tape) as api:
        bench.system.check(api)
        with suppress(NotApplicable):
            for entity in bench.entities("read"):
                next(iter(bench.pages(api, entity)), None)
        with suppress(NotApplicable, Broken, KoppelError):
            for entity in _targets(bench):
                _, payload = bench.prepared(entity)
                entity.create(api, payload, bench.effect())
        shown = repr(api.credentials) + repr(api.settings) + repr(bench.system)
    kept = repr(tape.exchanges)
    for name, value in secrets.items():
        must(value not in kept, f"{name} is in a recorded exchange")
        must(value not in shown, f"{name} is in a repr; annotate it as SecretStr")

"""Bench: a system with its own sandbox running, and what every check of the contract needs."""

from __future__ import annotations

import importlib
import inspect
import itertools
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask

from hub.mapping import paths
from hub.mapping.fieldtable import FieldTable
from hub.model import Document, Json
from hub.sdk import (
    Api,
    Context,
    Effect,
    Entity,
    Form,
    Query,
    RateLimit,
    Raw,
    RecordError,
    SecretStr,
    System,
)
from hub.sdk.exchange import Exchange
from hub.sdk.limits import Allowance, LocalPacer, Pacer, Ticket
from hub.sdk.sandbox import Fault, FaultKind, Sandbox, running

MOST_PAGES = 2000
"""A read that takes more pages than this of a sandbox is taken for endless."""


class NotApplicable(Exception):
    """The check says nothing about this system; the text says why."""


@dataclass
class Tape:
    """A recorder that keeps every exchange."""

    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, exchange: Exchange) -> None:
        """Keep it."""
        self.exchanges.append(exchange)


class Unpaced:
    """Counts requests and lets them all through: the sandbox's own limits are switched off."""

    def __init__(self, pacer: Pacer | None = None) -> None:
        self.waits = 0
        self._pacer = pacer

    def wait(self, limits: Sequence[RateLimit], method: str, path: str) -> None:
        """Count; and wait where there is a pacer behind."""
        self.waits += 1
        if self._pacer is not None:
            self._pacer.wait(limits, method, path)

    def done(self, ticket: Ticket | None, said: Sequence[Allowance] = ()) -> None:
        """What a vendor says of its budgets is of no account here."""

    def hold(self, seconds: float) -> None:
        """The pauses that a vendor asks for are seen by `Bench.pauses`."""


@dataclass
class Bench:
    """One system on its sandbox. Made by `bench`; every `open` is a new connection."""

    system: System
    app: Flask
    url: str
    paced: bool
    sample: Callable[[Bench, Entity], Document]
    pauses: list[float] = field(default_factory=list)
    _read: dict[str, list[Raw]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _pacer: LocalPacer = field(default_factory=LocalPacer)

    @property
    def sandbox(self) -> Sandbox:
        """The kit's own object: request log and faults."""
        found: Sandbox = self.app.extensions["sandbox"]
        return found

    def demo(self) -> Json:
        """Credentials and settings that reach the sandbox."""
        assert self.system.demo is not None
        return {"credentials": {}, "settings": {}, **self.system.demo(self.url)}

    def credentials(self, **changed: Any) -> Form:
        """The filled-in form, some answers replaced."""
        return self.system.credentials.model_validate({**self.demo()["credentials"], **changed})

    def secrets(self) -> dict[str, str]:
        """The secret answers by name, in clear."""
        values = vars(self.credentials())
        return {n: v.get_secret_value() for n, v in values.items() if isinstance(v, SecretStr)}

    @contextmanager
    def open(
        self,
        *,
        tape: Tape | None = None,
        pacer: Unpaced | None = None,
        credentials: Form | None = None,
    ) -> Iterator[Api]:
        """The connection, ready to call; pauses are noted in `pauses` and not waited for."""
        api = Api(
            system=self.system,
            connection=self.system.name,
            credentials=credentials or self.credentials(),
            settings=self.system.settings.model_validate(self.demo()["settings"]),
            pacer=pacer or Unpaced(self._pacer if self.paced else None),
            recorder=tape or Tape(),
            sleep=self.pauses.append,
        )
        with api:
            yield api

    @contextmanager
    def fault(self, kind: FaultKind, **options: Any) -> Iterator[Fault]:
        """The sandbox misbehaves for as long as the block lasts."""
        fault = self.sandbox.fault(kind, **options)
        try:
            yield fault
        finally:
            self.sandbox.faults.remove(fault)

    # -- entities ------------------------------------------------------------------------------

    def entities(self, *abilities: str) -> list[Entity]:
        """The entities that can do all of these. Raises NotApplicable when there is none."""
        made = [kind() for kind in self.system.entities]
        able = [entity for entity in made if all(entity.can(a) for a in abilities)]
        if not able:
            raise NotApplicable(f"no entity can {' and '.join(abilities)}")
        return able

    def context(self, entity: Entity, *, creating: bool = True) -> Context:
        """What the entity may look at: connection settings, and its forms as a user would."""
        return Context(
            connection=self.system.settings.model_validate(self.demo()["settings"]),
            filter=self.answered(entity.filter),
            settings=self.target_settings(entity),
            creating=creating,
        )

    def target_settings(self, entity: Entity) -> Form:
        """The settings of a flow that writes the entity: as the demo has them, else any."""
        demo = self.demo().get("flows", {}).get(entity.name, {})
        own = {n: v for n, v in demo.items() if n in entity.settings.model_fields}
        return entity.settings.model_validate(own) if own else self.answered(entity.settings)

    def answered(self, form: type[Form]) -> Form:
        """A form with its defaults, and what is required answered with the first choice."""
        values: Json = {}
        for name, info in form.model_fields.items():
            if not info.is_required():
                continue
            extra = info.json_schema_extra
            ui: Any = extra.get("ui", {}) if isinstance(extra, dict) else {}
            lookup = self.system.lookup(str(ui.get("lookup"))) if ui.get("lookup") else None
            if ui.get("options"):
                values[name] = ui["options"][0]["value"]
            elif lookup is not None:
                with self.open() as api:
                    first = next(iter(lookup.fetch(api)), None)
                values[name] = first.value if first else None
            else:
                values[name] = ui.get("example") or "1"
        return form.model_validate(values)

    def query(self, entity: Entity, since: Json | None = None) -> Query:
        """A query with the filter's defaults."""
        settings = self.system.settings.model_validate(self.demo()["settings"])
        return Query(since=since, filter=self.answered(entity.filter), settings=settings)

    def pages(self, api: Api, entity: Entity, since: Json | None = None) -> Iterator[Any]:
        """The pages of a read, which must come to an end."""
        for number, page in enumerate(entity.read(api, self.query(entity, since)), 1):
            assert number <= MOST_PAGES, (
                f"{entity.name}: reading does not end; after {MOST_PAGES} pages there were more"
            )
            yield page

    def records(self, entity: Entity) -> list[Raw]:
        """All records, read once."""
        if entity.name not in self._read:
            with self.open() as api:
                pages = self.pages(api, entity)
                self._read[entity.name] = [r for page in pages for r in page.records]
        found = self._read[entity.name]
        if not found:
            raise NotApplicable(f"the sandbox has no {entity.name}")
        return found

    def forget(self) -> None:
        """Something was written: read again."""
        self._read.clear()

    def completed(self, api: Api, entity: Entity, count: int) -> list[Raw]:
        """The first records, complete."""
        whole = entity.complete(api, self.records(entity)[:count])
        return [record for record in whole if not isinstance(record, RecordError)]

    def understood(self, entity: Entity, record: Raw) -> Document:
        """The document that a record means."""
        return FieldTable(entity).understand(record, self.context(entity))

    # -- writing -------------------------------------------------------------------------------

    def number(self) -> str:
        """A number that no record in the sandbox has yet."""
        return f"KT{next(self._numbers):04d}{uuid.uuid4().hex[:6].upper()}"

    def prepared(self, entity: Entity) -> tuple[Document, Json]:
        """A new document, and the payload that writes it."""
        document = self.sample(self, entity)
        return document, FieldTable(entity).render(document, self.context(entity))

    def reference(self, entity: Entity, document: Document) -> tuple[str, str]:
        """By what the document will be recognised: document path and value."""
        if not entity.match:
            raise NotApplicable(f"{entity.name} are recognised by nothing (match is empty)")
        by = entity.match[0]
        value = paths.get(document.to_dict(), by)
        assert value, f"{entity.name}: the sample has no {by}, by which it should be recognised"
        return by, str(value)

    @staticmethod
    def effect() -> Effect:
        """A new intended write."""
        return Effect(str(uuid.uuid4()))


def load_app(system: System) -> tuple[Flask, bool]:
    """The system's sandbox, and whether its requests must be paced.

    A `create_app` that takes `rate_limits` is made without them, so that the suite is quick.
    """
    if not system.sandbox or not system.demo:
        raise NotApplicable(
            f"{system.name} declares no sandbox and demo, so nothing of it can be tried"
        )
    module, _, name = system.sandbox.partition(":")
    create = getattr(importlib.import_module(module), name)
    options: Mapping[str, Any] = {}
    if "rate_limits" in inspect.signature(create).parameters:
        options = {"rate_limits": False}
    return create(**options), not options


@contextmanager
def bench(
    system: System,
    *,
    app: Flask | None = None,
    sample: Callable[[Bench, Entity], Document] | None = None,
) -> Iterator[Bench]:
    """A running bench. app: a sandbox made otherwise. sample: makes documents to be created."""
    from hub.testing.samples import sample as any_sample

    paced = app is not None
    if app is None:
        app, paced = load_app(system)
    with running(app) as url:
        yield Bench(system=system, app=app, url=url, paced=paced, sample=sample or any_sample)

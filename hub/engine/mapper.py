"""The mapper of one flow: its two sides without any call, and what its rules make of a record.

A record that was handled before is tried anew: what was received is understood, the rules are
applied, and the payload is rendered. What the policies did at the time (VAT codes, debtor, costs)
is taken from what was understood then, because they need the target's live lists.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlmodel import Session

from hub.engine import forms, shared
from hub.engine.hub import Hub
from hub.engine.mapper_samples import Sample
from hub.engine.rulework import FlowRules
from hub.mapping import paths
from hub.mapping.convert import convert
from hub.mapping.fieldtable import FieldTable
from hub.mapping.rules import RulesError, is_document_path
from hub.mapping.settings import settings_for
from hub.mapping.transforms import Registry
from hub.model import Document, FieldError, Json
from hub.registry import describe
from hub.sdk import Context, Entity, KoppelError, System
from hub.store.settings import time_zone
from hub.store.tables import Connection, Flow

log = logging.getLogger("koppel.engine")


@dataclass(frozen=True)
class End:
    """One side of a flow, as far as it is known without calling it."""

    connection: Connection
    system: System
    entity: Entity
    table: FieldTable
    context: Context

    @property
    def title(self) -> str:
        """What people call the connection."""
        return self.connection.title or self.connection.name


@dataclass(frozen=True)
class Tried:
    """What rules make of a record. problem: why it would not get through, and where."""

    payload: Json
    document: Json
    applied: list[Json] = field(default_factory=list)
    problem: str | None = None
    field: str | None = None


class Mapper:
    """A flow's fields and rules. Raises ConfigurationError when a plugin is gone."""

    def __init__(self, hub: Hub, session: Session, flow: Flow) -> None:
        self.hub = hub
        self.flow = flow
        self.zone: dt.tzinfo = time_zone(session)
        self.source = self._end(session.get_one(Connection, flow.source_id), flow.source_entity)
        self.target = self._end(session.get_one(Connection, flow.target_id), flow.target_entity)
        self.settings = shared.effective(session, flow, self.target.entity)

    def _end(self, row: Connection, name: str) -> End:
        system = self.hub.registry.system(row.system)
        entity = system.entity(name)
        table = FieldTable(entity)
        return End(row, system, entity, table, Context(connection=self.hub.settings(row)))

    @property
    def kind(self) -> type[Document]:
        """What the records are, on their way."""
        return self.target.entity.document

    @property
    def transforms(self) -> Registry:
        """All transforms that rules may name."""
        return self.hub.registry.transforms

    @cached_property
    def writing(self) -> Context:
        """What the target's side may look at, with the flow's settings."""
        own, values = forms.split_settings(self.target.entity, self.settings)
        forms.filled(settings_for(self.kind.kind), own, f"settings of flow {self.flow.name}")
        filled = forms.filled(
            self.target.entity.settings, values, f"settings of flow {self.flow.name}"
        )
        return replace(self.target.context, settings=filled)

    @cached_property
    def reading(self) -> Context:
        """What the source's side may look at, with the flow's filter."""
        filled = forms.filled(
            self.source.entity.filter, self.flow.filter, f"filter of flow {self.flow.name}"
        )
        return replace(self.source.context, filter=filled)

    def rules(self, rules: Sequence[Mapping[str, Any]]) -> FlowRules:
        """Compile rules. Raises RulesError."""
        return FlowRules(rules, self.kind, self.transforms)


class Bench:
    """A record on which rules are tried, as often as somebody types."""

    def __init__(self, mapper: Mapper, sample: Sample) -> None:
        self.mapper = mapper
        self.sample = sample

    @cached_property
    def understood(self) -> Document:
        """What was received, understood anew; no rule and no policy has touched it."""
        mapper = self.mapper
        made = mapper.source.table.understand(self.sample.received, mapper.reading)
        return convert(made, mapper.kind, mapper.zone)

    @cached_property
    def _then(self) -> Json:
        """The same after the rules of that time."""
        values = self.understood.to_dict()
        for applied in self.sample.applied:
            to = str(applied.get("to"))
            if is_document_path(to, self.mapper.kind):
                paths.set(values, to, applied.get("after"))
        return self.mapper.kind.from_dict(values).to_dict()

    @cached_property
    def _at_the_end(self) -> Json:
        """What was understood then, with what was found only on the way out (the debtor)."""
        document = deepcopy(self.sample.understood or {})
        for one in self.mapper.target.entity.fields:
            if one.meaning is None or one.only == "read" or "[]" in one.path:
                continue
            if paths.get(document, one.meaning) is not None:
                continue
            value = paths.get(self.sample.pushed or {}, one.path)
            if value is not None and one.write is None:
                paths.set(document, one.meaning, one.read(value) if one.read else value)
        return document

    def attempt(self, rules: Sequence[Mapping[str, Any]], *, creating: bool = True) -> Tried:
        """What these rules make of it. Raises RulesError; what is wrong with the record is told."""
        compiled = self.mapper.rules(rules)
        document: Json = {}
        payload: Json = {}
        try:
            mine, applied = compiled.adjust(
                self.sample.received, self.understood, creating=creating
            )
            document = self._with_policies(mine.to_dict())
            whole = self.mapper.kind.from_dict(document)
            context = replace(self.mapper.writing, creating=creating)
            payload = self.mapper.target.table.render(whole, context)
            applied += compiled.overlay(self.sample.received, whole, payload, creating=creating)
        except (KoppelError, FieldError) as error:
            where = getattr(error, "field", None) or getattr(error, "path", None)
            return Tried(payload, document, problem=str(error), field=where)
        except RulesError:
            raise
        except Exception as error:  # a plugin's mistake must not take the page down
            log.exception("trying rules of flow %s", self.mapper.flow.name)
            return Tried(payload, document, problem=describe(error))
        return Tried(payload, document, applied)

    def _with_policies(self, mine: Json) -> Json:
        """The document as the policies left it then, with what the rules do differently now."""
        if self.sample.understood is None:
            return mine
        document = deepcopy(self._at_the_end)
        before, after = dict(leaves(self._then)), dict(leaves(mine))
        for path in before | after:
            if before.get(path) != after.get(path):
                _put(document, path, after.get(path))
        return document


def _put(document: Json, path: str, value: Any) -> None:
    compiled = paths.compile_path(path)
    if value is None and isinstance(compiled.steps[-1], str):
        paths.remove(document, compiled)
    else:
        paths.set(document, compiled, value)


def leaves(value: Any, steps: tuple[paths.Step, ...] = (), depth: int = 12) -> Iterator[Any]:
    """Every single value of a record with its path: `lines[0].sku`."""
    if isinstance(value, Mapping) and value and depth:
        for key, below in value.items():
            yield from leaves(below, (*steps, str(key)), depth - 1)
    elif isinstance(value, list) and value and depth:
        for index, below in enumerate(value[: paths.MAX_INDEX]):
            yield from leaves(below, (*steps, index), depth - 1)
    elif steps:
        yield paths.spell(steps), value

"""FlowRun: everything one run of one flow needs, opened once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

from hub.engine import forms, shared
from hub.engine.budget import rank_of
from hub.engine.claims import Claim
from hub.engine.hub import Hub
from hub.engine.journal import Journal, Tape
from hub.engine.ledger import Ledger, Pair
from hub.engine.port import Port, Target
from hub.engine.rulework import FlowRules
from hub.mapping.conditions import Condition, ConditionError, compile_condition
from hub.mapping.fieldtable import FieldTable
from hub.mapping.rules import RulesError
from hub.mapping.settings import settings_for
from hub.model import Json
from hub.sdk import Api, ConfigurationError, Context, Entity, Form, System
from hub.store.settings import get_setting, time_zone
from hub.store.tables import Connection, Flow


@dataclass(frozen=True)
class Side:
    """One end of a flow: a connection, open, and an entity of it."""

    connection: Connection
    system: System
    api: Api
    entity: Entity
    table: FieldTable
    context: Context

    @property
    def id(self) -> int:
        """The connection's id."""
        assert self.connection.id is not None
        return self.connection.id

    @property
    def name(self) -> str:
        """The connection's name, as in reasons shown to users."""
        return self.connection.name

    def other(self, kind: str, *abilities: str) -> tuple[Target, FieldTable] | None:
        """Another entity of the same connection: where its customers or products are."""
        entity = self.system.entity_for(kind, *abilities)
        return None if entity is None else (Target(self.api, entity), FieldTable(entity))


@dataclass(kw_only=True)
class FlowRun:
    """One run. planning: nothing is written anywhere but in the log.

    zone: the hub's own, in which a day begins. where: what else records must answer to.
    """

    hub: Hub
    flow: Flow
    run_id: int
    planning: bool
    source: Side
    target: Side
    settings: Form
    filter: Form
    rules: FlowRules
    tape: Tape
    journal: Journal
    ledger: Ledger
    port: Port
    zone: dt.tzinfo = dt.UTC
    where: Condition | None = None
    memo: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def flow_id(self) -> int:
        """The flow's id."""
        assert self.flow.id is not None
        return self.flow.id

    @property
    def pair(self) -> Pair:
        """Between which collections this flow links records."""
        return Pair(
            self.source.id, self.source.entity.name, self.target.id, self.target.entity.name
        )

    @property
    def destination(self) -> Target:
        """Where this flow writes."""
        return Target(self.target.api, self.target.entity)

    def close(self) -> None:
        """Close both connections."""
        self.source.api.close()
        self.target.api.close()

    def requests(self) -> dict[str, int]:
        """Connection name -> calls made so far."""
        counts: dict[str, int] = {}
        for side in (self.source, self.target):
            counts[side.name] = counts.get(side.name, 0) + side.api.requests
        return counts


def open_run(hub: Hub, flow: Flow, run_id: int, claim: Claim, *, planning: bool) -> FlowRun:
    """Open both connections and read the flow's forms and rules.

    Raises ConfigurationError naming what does not fit any more.
    """
    assert flow.id is not None
    flow_id = flow.id
    tape = Tape()
    with hub.database.session() as session:
        zone = time_zone(session)
        source_row = session.get_one(Connection, flow.source_id)
        target_row = session.get_one(Connection, flow.target_id)
        keep = bool(get_setting(session, "keep_payloads"))
        source_system = hub.registry.system(source_row.system)
        target_system = hub.registry.system(target_row.system)
        source_entity = source_system.entity(flow.source_entity)
        target_entity = target_system.entity(flow.target_entity)
        answers = shared.effective(session, flow, target_entity)
    filter_form = forms.filled(source_entity.filter, flow.filter, f"filter of flow {flow.name}")
    hub_values, target_values = forms.split_settings(target_entity, answers)
    settings = forms.filled(
        settings_for(target_entity.document.kind), hub_values, f"settings of flow {flow.name}"
    )
    target_settings = forms.filled(
        target_entity.settings, target_values, f"settings of flow {flow.name}"
    )
    ledger = Ledger(hub.database, claim, flow_id, run_id)
    hooks = hub.registry.hooks

    def before(action: str, payload: Json) -> None:
        hooks.before_write(flow=flow.name, action=action, payload=payload)

    def after(action: str, payload: Json, key: str) -> None:
        hooks.after_write(flow=flow.name, action=action, payload=payload, key=key)

    rank = rank_of(target_entity.document.kind)
    source_api = hub.open(source_row, recorder=tape, rank=rank)
    target_api = hub.open(target_row, recorder=tape, rank=rank)
    return FlowRun(
        hub=hub,
        flow=flow,
        run_id=run_id,
        planning=planning,
        source=Side(
            source_row,
            source_system,
            source_api,
            source_entity,
            FieldTable(source_entity),
            Context(connection=source_api.settings, filter=filter_form),
        ),
        target=Side(
            target_row,
            target_system,
            target_api,
            target_entity,
            FieldTable(target_entity),
            Context(connection=target_api.settings, settings=target_settings),
        ),
        settings=settings,
        filter=filter_form,
        rules=_rules(hub, flow, target_entity),
        tape=tape,
        journal=Journal(hub.database, hub.vault, flow_id, run_id, keep_payloads=keep),
        ledger=ledger,
        zone=zone,
        where=_where(flow, settings, target_entity),
        port=Port(None if planning else ledger, before=before, after=after),
    )


def _where(flow: Flow, settings: Form, target: Entity) -> Condition | None:
    given = getattr(settings, "where", None)
    try:
        return compile_condition(given, target.document) if given else None
    except ConditionError as error:
        raise ConfigurationError(
            f"The filter of flow {flow.name} does not fit any more. {error}", setting="where"
        ) from error


def _rules(hub: Hub, flow: Flow, target: Entity) -> FlowRules:
    try:
        return FlowRules(flow.rules, target.document, hub.registry.transforms)
    except RulesError as error:
        raise ConfigurationError(
            f"The rules of flow {flow.name} do not fit any more. {error}", setting="rules"
        ) from error

"""Fields that a file's rules name and no plugin declares: the systems are asked about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from hub.engine.configfile.reading import Wanted, WantedConnection, WantedFlow
from hub.engine.hub import Hub
from hub.engine.mapper_check import asks, doubtful, problems, tells_all
from hub.engine.mapper_fields import names_asked
from hub.mapping.rule import Problem
from hub.sdk import Api, Entity, KoppelError, System
from hub.store.tables import Connection

Warn = Callable[[str], None]


@dataclass(frozen=True)
class Doubts:
    """What is wrong with the rules of a file's flows, as the systems say themselves."""

    of: Mapping[str, Sequence[Problem]]

    def paths(self, flow: str) -> Iterator[tuple[str, str]]:
        """`rules.0.to` and the message."""
        for problem in self.of.get(flow, ()):
            yield f"rules.{problem.rule - 1}.{problem.key}", str(problem)


def ask(hub: Hub, wanted: Wanted, warn: Warn) -> Doubts:
    """Ask the targets of rules for fields that no plugin declares; outside any transaction.

    What cannot be asked, or has no way to tell, is a warning.
    """
    found: dict[str, Sequence[Problem]] = {}
    with hub.database.session() as session:
        named = [
            (name, one, target)
            for name, one in wanted.flows.items()
            if (target := _target(hub, session, wanted, one)) is not None
        ]
        rows = {row.name: row for row in session.exec(select(Connection))}
    for name, one, (system, entity) in named:
        transforms = hub.registry.transforms
        doubts = doubtful(one.spec.rules, entity.document, transforms, entity)
        if not doubts or (tells_all(entity) and not asks(entity)):
            continue  # what is wrong is told without asking
        end = one.spec.target
        if not tells_all(entity):
            _warn_of(warn, name, doubts, f"{system.title} cannot name all its fields")
            continue
        try:
            live = _names(hub, rows.get(end), wanted.connections.get(end), system, entity)
        except Exception as error:
            reason = str(error) if isinstance(error, KoppelError) else type(error).__name__
            _warn_of(warn, name, doubts, f"{end} could not be asked ({reason})")
            continue
        found[name] = problems(one.spec.rules, entity.document, transforms, entity, live)
    return Doubts(found)


def _warn_of(warn: Warn, flow: str, doubts: Sequence[Problem], why: str) -> None:
    for doubt in doubts:
        warn(f"flow {flow}: {doubt}. {why}: check the name")


def _target(
    hub: Hub, session: Session, wanted: Wanted, one: WantedFlow
) -> tuple[System, Entity] | None:
    row = session.exec(select(Connection).where(col(Connection.name) == one.spec.target)).first()
    new = wanted.connections.get(one.spec.target)
    try:
        system = new.system if new else hub.registry.system(row.system) if row else None
        return None if system is None else (system, system.entity(one.spec.target_entity))
    except KoppelError:
        return None  # named elsewhere


def _names(
    hub: Hub,
    row: Connection | None,
    new: WantedConnection | None,
    system: System,
    entity: Entity,
) -> list[str]:
    granted = new is None or system.oauth2_for(new.credentials) is not None
    if row is not None and granted:
        with hub.open(row) as api:
            return names_asked(entity, api)
    if new is None or granted:
        raise KoppelError("it is not connected yet")
    with Api(
        system=system,
        connection=new.name,
        credentials=new.credentials,
        settings=new.settings,
    ) as api:
        return names_asked(entity, api)

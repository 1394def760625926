"""What two systems can exchange, in words; and what they cannot, and why."""

from __future__ import annotations

from dataclasses import dataclass

from hub.engine.flows import misfit
from hub.mapping.convert import convertible
from hub.model import Json
from hub.registry import Registry
from hub.sdk import ConfigurationError, Entity, System
from hub.store.tables import Connection
from hub.web import shapes

FORWARD, BACKWARD = "forward", "backward"
_FIRST = ("order", "customer", "product", "stock", "invoice")


@dataclass(frozen=True)
class Pair:
    """One kind of record from one connection to another, and why it cannot be if it cannot."""

    direction: str
    source: Connection
    source_entity: Entity
    target: Connection
    target_entity: Entity
    problem: str | None

    @property
    def value(self) -> str:
        """What the form sends."""
        return f"{self.direction}:{self.source_entity.name}:{self.target_entity.name}"

    @property
    def kind(self) -> str:
        """The kind of document."""
        return self.source_entity.document.kind

    @property
    def makes_orders(self) -> bool:
        """Whether it is what most people begin with: orders here become orders there."""
        both = self.kind == self.target_entity.document.kind == "order"
        return both and self.target_entity.can("create")

    @property
    def title(self) -> str:
        """What a flow of it is called."""
        source, target = shapes.title_of(self.source), shapes.title_of(self.target)
        return f"{self.source_entity.title}: {source} to {target}"


def pairs(registry: Registry, one: Connection, other: Connection) -> list[Pair]:
    """Both directions; what is possible first, orders before customers before the rest."""
    found = [*_pairs(registry, FORWARD, one, other), *_pairs(registry, BACKWARD, other, one)]
    return sorted(found, key=_rank)


def possible(registry: Registry, one: Connection, other: Connection) -> list[Pair]:
    """Only what can be coupled."""
    return [pair for pair in pairs(registry, one, other) if pair.problem is None]


def _rank(pair: Pair) -> tuple[bool, bool, int, bool]:
    order = _FIRST.index(pair.kind) if pair.kind in _FIRST else len(_FIRST)
    other = pair.target_entity.document.kind != pair.kind
    return pair.problem is not None, pair.direction != FORWARD, order, other


def _pairs(registry: Registry, way: str, source: Connection, target: Connection) -> list[Pair]:
    try:
        from_system, to_system = registry.system(source.system), registry.system(target.system)
    except ConfigurationError:
        return []
    found = [
        Pair(way, source, one, target, other, _problem(from_system, one, to_system, other))
        for one in (kind() for kind in from_system.entities)
        for other in (kind() for kind in to_system.entities)
        if convertible(one.document, other.document)
    ]
    # What cannot be is told only where somebody would look for it: of the same kind.
    return [p for p in found if not p.problem or p.target_entity.document.kind == p.kind]


def _problem(source: System, one: Entity, target: System, other: Entity) -> str | None:
    if misfit(one, other) is None:
        return None
    if not one.can("read"):
        what = f"the plugin for {source.title} does not read {one.title.lower()}"
        return f"Not possible: {one.cannot.get('read', what).rstrip('.')}"
    what = f"the plugin for {target.title} does not write {other.title.lower()}"
    return f"Not possible: {other.cannot.get('write', what).rstrip('.')}"


def shown(registry: Registry, pair: Pair, recommended: bool) -> Json:
    """A pair as described in wizard/entities.html."""
    source, target = shapes.title_of(pair.source), shapes.title_of(pair.target)
    becomes = pair.target_entity.title.lower()
    sentence = f"{pair.source_entity.title} become {becomes} in {target}"
    if not pair.target_entity.can("create"):
        sentence = f"{pair.source_entity.title} of {source}: changes are passed on to {target}"
    return {
        "value": pair.value,
        "title": f"{pair.source_entity.title} of {source} to {becomes} of {target}",
        "sentence": pair.problem or sentence,
        "source": shapes.end(registry, pair.source, pair.source_entity.name),
        "target": shapes.end(registry, pair.target, pair.target_entity.name),
        "recommended": recommended,
        "problem": pair.problem,
    }

"""What a flow shares with others of its direction, on the form of its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session

from hub.engine import forms, shared
from hub.engine.hub import Hub
from hub.model import Json
from hub.sdk import Entity
from hub.store.queries import FlowView
from hub.store.tables import Connection
from hub.web import shapes, telling

FOLLOW = ".shared"
"""Ends the name of the box that gives up a flow's own answer for the shared one."""


class Sharing:
    """Which answers of a flow are shared, which it overrides, and which others gave already."""

    def __init__(self, hub: Hub, session: Session, view: FlowView, target: Entity | None) -> None:
        self._hub, self._session, self._view = hub, session, view
        flow = view.flow
        self.names = shared.names_of(target) if target else ()
        self.common = shared.shared(session, flow.source_id, flow.target_id)
        self.own = frozenset(
            name
            for name in self.names
            if name in flow.settings
            and name in self.common
            and flow.settings[name] != self.common[name]
        )
        self.values: Json = (
            shared.effective(session, flow, target) if target else dict(flow.settings)
        )
        self._form = forms.flow_form(target) if target else None

    @property
    def direction(self) -> str:
        """ "Web shop to Books"."""
        return f"{shapes.title_of(self._view.source)} to {shapes.title_of(self._view.target)}"

    def given_before(self) -> frozenset[str]:
        """What was asked and answered when another flow of this direction was set up."""
        flow, asked = self._view.flow, set[str]()
        for other in shared.siblings(self._session, flow.source_id, flow.target_id):
            system, entity = self._view.target.system, other.target_entity
            kind = shapes.entity_kind(self._hub.registry, system, entity)
            if kind is not None and other.id != flow.id and not other.draft:
                asked |= {*shared.names_of(kind), *self.common}
        return frozenset(asked & set(self.names)) if self.common else frozenset()

    def follows(self, posted: Mapping[str, Sequence[str]], prefix: str) -> frozenset[str]:
        """Of the flow's own answers those that are given up for the shared ones."""
        return frozenset(name for name in self.own if posted.get(f"{prefix}{name}{FOLLOW}"))

    def parted(self, answers: Json, following: frozenset[str]) -> tuple[Json, Json]:
        """All answers of the form -> those of the flow itself, and those that are shared."""
        common = {n: v for n, v in answers.items() if n in self.names and n not in self.own}
        rest = {n: v for n, v in answers.items() if n not in common and n not in following}
        return rest, common

    def in_words(self, names: Sequence[str] | None = None) -> list[tuple[str, str]]:
        """Shared answers as (question, answer), of these names or of all that the form asks."""
        if self._form is None:
            return []
        values = {n: self.common[n] for n in names or self.names if n in self.common}
        return telling.answered(self._session, self._form, values, self._sides())

    def _sides(self) -> dict[str, Connection]:
        view = self._view
        return {"own": view.target, "source": view.source, "target": view.target}

    def override(self, name: str, field: Json, posted: Mapping[str, Any] | None) -> Json:
        """What a field says of an answer that is the flow's own."""
        words = [answer for _, answer in self.in_words([name])]
        return {
            "direction": self.direction,
            "answer": words[0] if words else "nothing",
            "name": f"{field['name']}{FOLLOW}",
            "follow": bool(posted and posted.get(f"{field['name']}{FOLLOW}")),
        }

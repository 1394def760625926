"""Answers that the flows from one connection to another share: given once, kept once."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any, cast

from pydantic import create_model
from sqlmodel import Session, col, select

from hub.engine import forms
from hub.mapping.settings import SETTINGS, SHARED, settings_for
from hub.model import Json
from hub.sdk import ConfigurationError, Entity, Form
from hub.store.tables import Connection, Coupling, Flow, utc_now


class SharedProblems(ConfigurationError):
    """Shared answers that cannot be kept. problems: path -> sentence (`vat_codes.rows.0.code`)."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        path, message = next(iter(self.problems.items()))
        super().__init__(f"Shared settings: {path}: {message}", setting=path.partition(".")[0])


def _made() -> type[Form]:
    fields: dict[str, Any] = {}
    for name in SHARED:
        form = next((f for f in SETTINGS.values() if name in f.model_fields), None)
        if form is None:
            raise LookupError(f"No form of the hub asks {name!r}, so it cannot be shared")
        info = form.model_fields[name]
        fields[name] = (info.annotation, copy.deepcopy(info))
    return cast(type[Form], create_model("SharedSettings", __base__=Form, **fields))


SharedSettings: type[Form] = _made()
"""Everything that can be shared, asked as the hub's own forms ask it."""


def names_of(target: Entity | type[Entity]) -> tuple[str, ...]:
    """Which settings of a flow that writes *target* it shares with others of its direction."""
    known = settings_for(target.document.kind).model_fields
    return tuple(name for name in SHARED if name in known)


def shared(session: Session, source_id: int, target_id: int) -> Json:
    """The shared answers of one direction; empty when nothing was answered yet."""
    row = session.get(Coupling, (source_id, target_id))
    return dict(row.settings) if row is not None else {}


def between(session: Session, source: str, target: str) -> Json:
    """The same for two connections by their names; nothing when there is no such connection."""
    rows = session.exec(select(Connection).where(col(Connection.name).in_((source, target)))).all()
    ids = {row.name: row.id or 0 for row in rows}
    return shared(session, ids[source], ids[target]) if {source, target} <= set(ids) else {}


def effective(session: Session, flow: Flow, target: Entity | type[Entity]) -> Json:
    """What counts for a flow: its own settings over the shared answers that its form knows."""
    common = shared(session, flow.source_id, flow.target_id)
    return {name: common[name] for name in names_of(target) if name in common} | flow.settings


def siblings(session: Session, source_id: int, target_id: int) -> list[Flow]:
    """The flows of one direction, drafts too."""
    return list(
        session.exec(
            select(Flow)
            .where(col(Flow.source_id) == source_id, col(Flow.target_id) == target_id)
            .order_by(col(Flow.id))
        )
    )


def put_shared(
    session: Session,
    source_id: int,
    target_id: int,
    values: Mapping[str, Any],
    *,
    names: Collection[str] | None = None,
) -> list[str]:
    """Keep shared answers; the names of what changed. Raises SharedProblems.

    names: which answers are given, the others stay as they are. None: all of them. A change is a
    new version of every flow of that direction, so that records that wait are tried again.
    """
    filled = forms.fill(SharedSettings, values)
    if filled.value is None:
        raise SharedProblems(filled.errors)
    answers = forms.answers(filled.value)
    row = session.get(Coupling, (source_id, target_id))
    before = dict(row.settings) if row is not None else {}
    if names is not None:
        answers = {n: v for n, v in before.items() if n not in names} | {
            n: v for n, v in answers.items() if n in names
        }
    changed = [name for name in SHARED if before.get(name) != answers.get(name)]
    if not changed:
        return []
    row = row or Coupling(source_id=source_id, target_id=target_id)
    row.settings, row.updated_at = {n: answers[n] for n in SHARED if n in answers}, utc_now()
    session.add(row)
    for flow in siblings(session, source_id, target_id):
        flow.version += 1
        session.add(flow)
    session.flush()
    return changed

"""Flows: made, changed, paused, resumed and removed, and everything about them checked first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, delete, select

from hub.engine import forms, shared
from hub.engine.fitting import of_no_use
from hub.engine.hub import Hub
from hub.engine.ledger_sql import OPEN
from hub.engine.mapper_check import problems
from hub.engine.naming import flow_named, name_problem, nearest
from hub.engine.schedules import ScheduleError, parse_schedule
from hub.mapping.convert import convertible
from hub.model import Json
from hub.sdk import ConfigurationError, Entity, Form, System
from hub.store import purge
from hub.store.settings import days, time_zone
from hub.store.tables import (
    CodecDictionary,
    Connection,
    EffectRow,
    Entry,
    Flow,
    FlowCursor,
    Payload,
    Run,
    Told,
    Waiting,
    utc_now,
)

_MEANING = ("source", "source_entity", "target", "target_entity", "filter", "settings", "rules")
"""What decides how records come out; a change of any of it is a new version of the flow."""


@dataclass(frozen=True, kw_only=True)
class FlowSpec:
    """A flow as somebody wants it. source and target are names of connections.

    settings: the hub's and the target entity's, in one flat dict, as in the config file.
    """

    name: str
    title: str = ""
    source: str
    source_entity: str
    target: str
    target_entity: str
    enabled: bool = True
    draft: bool = False
    schedule: str | None = None
    filter: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[Any] = ()
    retention_days: int | None = None

    def difference(self, other: FlowSpec) -> list[str]:
        """The names of what differs, in the order of the declaration."""
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name)]


class FlowProblems(ConfigurationError):
    """A flow cannot be kept like that. problems: path -> sentence (`settings.vat_codes`)."""

    def __init__(self, name: str, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        path, message = next(iter(self.problems.items()))
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"Flow {name}: {path}: {message}{more}", setting=path)


# ---- what fits


def couplings(source: System, target: System) -> Iterator[tuple[Entity, Entity]]:
    """Which entities of two systems can be coupled, in the order of their declaration."""
    for one in source.entities:
        for other in target.entities:
            from_, to = one(), other()
            if misfit(from_, to) is None:
                yield from_, to


def misfit(source: Entity, target: Entity) -> str | None:
    """Why two entities cannot be coupled; None when they can."""
    if not source.can("read"):
        why = source.cannot.get("read", "")
        return (
            f"{source.title} cannot be read, so it cannot be where a flow comes from. {why}".strip()
        )
    if not target.can("create") and not target.can("update"):
        why = target.cannot.get("write", "")
        return (
            f"{target.title} cannot be written, so it cannot be where a flow goes to. {why}".strip()
        )
    fits = convertible(source.document, target.document)
    if not target.can("create"):  # what is only kept up to date is the same kind of thing
        fits = source.document is target.document
    if not fits:
        return (
            f"{source.title} are documents of the kind {source.document.kind} and "
            f"{target.title} of the kind {target.document.kind}; one cannot be made of the other"
        )
    return None


# ---- checking


def validated(hub: Hub, session: Session, spec: FlowSpec) -> FlowSpec:
    """The spec in its canonical form. Raises FlowProblems with all that is wrong.

    What is not answered yet is no problem in a draft.
    """
    problems: dict[str, str] = {}
    problem = name_problem(spec.name)
    if problem:
        problems["name"] = problem
    source = _entity(hub, session, spec.source, spec.source_entity, "from", problems)
    target = _entity(hub, session, spec.target, spec.target_entity, "to", problems)
    kept_filter, kept_settings = dict(spec.filter), dict(spec.settings)
    rules = [plain_rule(rule) for rule in spec.rules]
    if source and target:
        wrong = misfit(source, target)
        if wrong:
            problems["from" if "be read" in wrong else "to"] = wrong
    if source:
        kept_filter = _filled(type(source).filter, kept_filter, "filter", spec.draft, problems)
    if target:
        form = forms.flow_form(target)
        common = shared.between(session, spec.source, spec.target)
        kept_settings = _filled(
            form, kept_settings, "settings", spec.draft, problems, common, target
        )
        problems.update(rule_problems(hub, rules, target))
    schedule = None
    try:
        parsed = parse_schedule(spec.schedule)
        schedule = parsed.text if parsed else None
    except ScheduleError as error:
        problems["schedule"] = str(error)
    retention = spec.retention_days
    try:
        retention = None if retention is None else days(retention)
    except ValueError as error:
        problems["retention_days"] = str(error)
    if problems:
        raise FlowProblems(spec.name, problems)
    return replace(
        spec,
        schedule=schedule,
        filter=kept_filter,
        settings=kept_settings,
        rules=rules,
        retention_days=retention,
    )


def _entity(
    hub: Hub, session: Session, connection: str, entity: str, side: str, problems: dict[str, str]
) -> Entity | None:
    row = session.exec(select(Connection).where(col(Connection.name) == connection)).first()
    if row is None:
        names = session.exec(select(Connection.name)).all()
        hint = nearest(connection, names, what="connection")
        problems[side] = f"there is no connection {connection!r}; {hint}"
        return None
    try:
        system = hub.registry.system(row.system)
    except ConfigurationError as error:
        problems[side] = str(error)
        return None
    for kind in system.entities:
        if kind.name == entity:
            return kind()
    hint = nearest(entity, (kind.name for kind in system.entities), what="entity")
    problems[side] = f"{system.title} has no entity {entity!r}; {hint}"
    return None


def _filled(
    form: type[Form],
    values: Json,
    what: str,
    draft: bool,
    problems: dict[str, str],
    common: Mapping[str, Any] | None = None,
    target: Entity | None = None,
) -> Json:
    filled = forms.fill(form, values)
    if filled.value is not None:
        for name, message in of_no_use(filled.value, target) if target is not None else ():
            problems[f"{what}.{name}"] = message
        # What equals the default goes without saying, unless others share another answer.
        against = {name for name in common or () if name in values}
        return forms.answers(filled.value, always=against & filled.value.model_fields_set)
    for path, message in filled.errors.items():
        if not (draft and message == "required"):
            problems[f"{what}.{path}" if path else what] = message
    return dict(forms.plain(values))


def rule_problems(hub: Hub, rules: Sequence[Any], target: Entity) -> dict[str, str]:
    """What is wrong with rules: `rules.0.via` -> sentence. Paths count from 0, people from 1."""
    found = problems(rules, target.document, hub.registry.transforms, target)
    return {
        f"rules.{p.rule - 1}.{p.key}" if p.key else f"rules.{p.rule - 1}": str(p) for p in found
    }


def plain_rule(value: Any) -> Any:
    """A rule as JSON keeps it: exact numbers become numbers of JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain_rule(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_rule(below) for below in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


# ---- keeping


def spec_of(session: Session, row: Flow) -> FlowSpec:
    """A stored flow as a spec."""
    return FlowSpec(
        name=row.name,
        title=row.title,
        source=session.get_one(Connection, row.source_id).name,
        source_entity=row.source_entity,
        target=session.get_one(Connection, row.target_id).name,
        target_entity=row.target_entity,
        enabled=row.enabled,
        draft=row.draft,
        schedule=row.schedule,
        filter=row.filter,
        settings=row.settings,
        rules=row.rules,
        retention_days=row.retention_days,
    )


def create(hub: Hub, session: Session, spec: FlowSpec) -> Flow:
    """Add a flow. Raises FlowProblems."""
    spec = validated(hub, session, spec)
    if session.exec(select(Flow).where(col(Flow.name) == spec.name)).first():
        raise FlowProblems(spec.name, {"name": f"there is a flow {spec.name!r} already"})
    row = Flow(
        name=spec.name, source_id=0, source_entity="", target_id=0, target_entity="", version=1
    )
    _put(session, row, spec)
    session.add(row)
    session.flush()
    return row


def update(hub: Hub, session: Session, row: Flow, spec: FlowSpec) -> list[str]:
    """Change a flow into what the spec says; the names of what differed. Raises FlowProblems.

    A flow that comes from somewhere else than before starts reading from the beginning.
    """
    spec = validated(hub, session, spec)
    before = spec_of(session, row)
    changed = before.difference(spec)
    if not changed:
        return []
    if "name" in changed and session.exec(select(Flow).where(col(Flow.name) == spec.name)).first():
        raise FlowProblems(spec.name, {"name": f"there is a flow {spec.name!r} already"})
    if {"source", "source_entity"} & set(changed):
        reset_cursor(hub, session, row)
    if set(_MEANING) & set(changed):
        row.version += 1
    if "enabled" in changed:
        row.pause_reason = ""
    timing = {"enabled", "schedule", "draft"} & set(changed)
    _put(session, row, spec, timing=bool(timing))
    row.updated_at = utc_now()
    session.add(row)
    session.flush()
    return changed


def _put(session: Session, row: Flow, spec: FlowSpec, *, timing: bool = True) -> None:
    ids = {
        name: session.exec(select(Connection.id).where(col(Connection.name) == name)).one()
        for name in {spec.source, spec.target}
    }
    row.name, row.title = spec.name, spec.title
    row.source_id, row.source_entity = ids[spec.source] or 0, spec.source_entity
    row.target_id, row.target_entity = ids[spec.target] or 0, spec.target_entity
    row.enabled, row.draft, row.schedule = spec.enabled, spec.draft, spec.schedule
    row.filter, row.settings = dict(spec.filter), dict(spec.settings)
    row.rules, row.retention_days = list(spec.rules), spec.retention_days
    if timing:
        row.next_run_at = next_run(session, row)


def next_run(session: Session, row: Flow, now: dt.datetime | None = None) -> dt.datetime | None:
    """When the flow runs by itself: "every 5 minutes" begins at once, cron at its next time."""
    schedule = parse_schedule(row.schedule)
    if schedule is None or not row.enabled or row.draft:
        return None
    now = now or utc_now()
    return now if schedule.every is not None else schedule.next_after(now, time_zone(session))


def pause(session: Session, row: Flow, reason: str = "") -> bool:
    """Keep a flow from running by itself; whether it was running. reason: the hub's, if it is."""
    was = row.enabled
    row.enabled, row.pause_reason, row.next_run_at = False, reason, None
    session.add(row)
    session.flush()
    return was


def resume(session: Session, row: Flow) -> bool:
    """Let a flow run by itself again; whether it was paused. Raises ConfigurationError."""
    if row.draft:
        raise ConfigurationError(
            f"Flow {row.name} is not finished yet; finish it in the wizard first"
        )
    was = not row.enabled
    row.enabled, row.pause_reason = True, ""
    if was:
        row.next_run_at = next_run(session, row)
    session.add(row)
    session.flush()
    return was


def reset_cursor(hub: Hub, session: Session, row: Flow, to: dt.datetime | None = None) -> None:
    """Forget how far the source was read, or set it to a moment.

    What was linked stays linked: records that are known are recognised and written once only.
    Raises ConfigurationError when the source cannot start at a moment.
    """
    cursor = session.get(FlowCursor, row.id)
    if to is None:
        if cursor is not None:
            session.delete(cursor)
            session.flush()
        return
    connection = session.get_one(Connection, row.source_id)
    system = hub.registry.system(connection.system)
    entity = system.entity(row.source_entity)
    value = entity.cursor_at(to.astimezone(dt.UTC))
    if value is None:
        raise ConfigurationError(
            f"{system.title} cannot read {entity.title} from a moment on; reset the cursor "
            "without a moment to read everything again"
        )
    cursor = cursor or FlowCursor(flow_id=row.id or 0)
    cursor.value, cursor.updated_at = value, utc_now()
    session.add(cursor)
    session.flush()


def remove(session: Session, row: Flow, *, force: bool = False) -> None:
    """Delete a flow with its log, in one transaction; for a long log `delete_flow` is kinder.

    What it linked stays, so that a flow made again does not write it twice. Raises
    ConfigurationError while it runs, and while it is not known how a write ended (force: even so).
    """
    _must_be_removable(session, row, force)
    scope = f"flow/{row.id}"
    session.exec(delete(CodecDictionary).where(col(CodecDictionary.scope) == scope))
    for table in (Payload, Entry, Waiting, Told, EffectRow, FlowCursor, Run):
        session.exec(delete(table).where(col(table.flow_id) == row.id))
    session.delete(row)
    session.flush()


def delete_flow(hub: Hub, name: str, *, force: bool = False) -> purge.Purged:
    """Delete a flow as `remove` does, its log in small steps; says what that freed."""
    with hub.database.session() as session:
        row = flow_named(session, name)
        _must_be_removable(session, row, force)
        pause(session, row)  # so that nothing starts it while its log is deleted
    return purge.remove_flow(hub.database, row.id or 0)


def _must_be_removable(session: Session, row: Flow, force: bool) -> None:
    running = session.exec(
        select(Run.id).where(col(Run.flow_id) == row.id, col(Run.state) == "running")
    ).first()
    if running is not None:
        raise ConfigurationError(f"Flow {row.name} is running; wait until run {running} is done")
    open_writes = session.exec(
        select(EffectRow.id).where(col(EffectRow.flow_id) == row.id, col(EffectRow.state).in_(OPEN))
    ).all()
    if open_writes and not force:
        raise ConfigurationError(
            f"Of {len(open_writes)} writes of flow {row.name} it is not known yet how they ended. "
            "Run it once more, so that they are looked up, and delete it then"
        )

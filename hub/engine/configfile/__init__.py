"""The config file: applied in one transaction, planned without one, and written back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from hub.engine import connections, flows, forms, shared
from hub.engine.configfile import fields, yamltree
from hub.engine.configfile.problems import ConfigFileError, Findings, Problem
from hub.engine.configfile.reading import (
    KEPT,
    VERSION,
    Wanted,
    WantedConnection,
    WantedShared,
    read,
)
from hub.engine.hub import Hub
from hub.engine.naming import flow_named, free_name, name_problem, nearest
from hub.model import Json
from hub.sdk import ConfigurationError, KoppelError
from hub.store.settings import SETTINGS, get_setting, set_setting
from hub.store.tables import Connection, Coupling, Flow

__all__ = ["Change", "ConfigFileError", "Problem", "apply", "export"]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that a file changes. details: what of it, without any secret."""

    action: str
    kind: str
    name: str
    details: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        what = f"{self.action} {self.kind} {self.name}"
        return f"{what}: {'; '.join(self.details)}" if self.details else what


# ---- applying


def apply(
    hub: Hub,
    text: str,
    *,
    plan: bool = False,
    prune: bool = False,
    folder: Path | None = None,
    warn: fields.Warn = lambda _: None,
) -> list[Change]:
    """Make connections and flows as the file says; gives what changed, in the order it was done.

    plan: only find out what would change. prune: remove connections, flows and shared settings
    that the file does not name (never a draft of the wizard). folder: what `{file: PATH}` is
    relative to. Applying the same file again changes nothing. warn: told what cannot be made sure
    of. Raises ConfigFileError, and then nothing was changed.
    """
    changes: list[Change] = []
    with hub.database.session() as session:
        wanted, _ = _read(hub, session, text, folder)
    doubts = fields.ask(hub, wanted, warn)  # systems are asked before anything is locked
    with hub.database.immediate() as session:
        wanted, findings = _read(hub, session, text, folder)
        for name, asked in wanted.flows.items():
            for path, message in doubts.paths(name):
                line = asked.node.line_of(path.split("."))
                findings.add(line, f"flows.{name}.{path}", message)
        changes += _settings(session, wanted)
        for one in wanted.connections.values():
            changes += _connection(hub, session, one)
        changes += _shared(session, wanted, findings)
        if prune:  # before the flows: what they need not say depends on what is shared
            changes += _prune_shared(session, wanted)
        changes += _flows(hub, session, wanted, findings)
        if prune:
            changes += _prune(session, wanted, findings)
        findings.stop()
        if plan:
            session.rollback()
    return changes


def _read(hub: Hub, session: Session, text: str, folder: Path | None) -> tuple[Wanted, Findings]:
    rows = session.exec(select(Connection)).all()
    return read(
        hub.registry,
        text,
        stored={row.name: connections.stored_credentials(hub, row) for row in rows},
        systems={row.name: row.system for row in rows},
        folder=folder or Path.cwd(),
    )


def _settings(session: Session, wanted: Wanted) -> Iterator[Change]:
    for name, value in wanted.settings.items():
        before = get_setting(session, name)
        if before != value:
            set_setting(session, name, value)
            yield Change(
                action="update",
                kind="setting",
                name=name,
                details=[f"{_shown(before)} -> {_shown(value)}"],
            )


def _connection(hub: Hub, session: Session, wanted: WantedConnection) -> Iterator[Change]:
    row = session.exec(select(Connection).where(col(Connection.name) == wanted.name)).first()
    if row is None:
        connections.create(
            hub,
            session,
            name=wanted.name,
            system=wanted.system.name,
            title=wanted.title,
            credentials=wanted.credentials,
            settings=wanted.settings,
        )
        yield Change(
            action="create", kind="connection", name=wanted.name, details=[wanted.system.title]
        )
        return
    details = []
    if row.title != wanted.title:
        details.append(f"title: {_shown(row.title)} -> {_shown(wanted.title)}")
    before, after = connections.stored_credentials(hub, row), forms.answers(wanted.credentials)
    secret = forms.secret_names(wanted.system.credentials)
    details += _differences("credentials", before, after, hidden=secret)
    details += _differences("settings", row.settings, forms.answers(wanted.settings))
    if connections.update(
        hub,
        session,
        row,
        title=wanted.title,
        credentials=wanted.credentials,
        settings=wanted.settings,
    ):
        yield Change(action="update", kind="connection", name=row.name, details=details)


def _shared(session: Session, wanted: Wanted, findings: Findings) -> Iterator[Change]:
    rows = session.exec(select(Connection)).all()
    ids = {row.name: row.id or 0 for row in rows}
    for name, one in wanted.shared.items():
        if {one.source, one.target} & _misread(wanted):
            continue  # its connection has mistakes of its own, which are named already
        unknown = {
            side: end for side, end in (("from", one.source), ("to", one.target)) if end not in ids
        }
        for side, end in unknown.items():
            hint = nearest(end, ids, what="connection")
            line = one.node.key_lines[side]
            findings.add(line, f"shared.{name}.{side}", f"there is no connection {end!r}; {hint}")
        if not unknown:
            yield from _put_shared(session, name, one, ids[one.source], ids[one.target], findings)


def _put_shared(
    session: Session,
    name: str,
    one: WantedShared,
    source_id: int,
    target_id: int,
    findings: Findings,
) -> Iterator[Change]:
    before = shared.shared(session, source_id, target_id)
    try:
        changed = shared.put_shared(session, source_id, target_id, one.settings)
    except shared.SharedProblems as error:
        for path, message in error.problems.items():
            line = one.node.line_of(["settings", *path.split(".")])
            findings.add(line, f"shared.{name}.settings.{path}", message)
        return
    if changed:
        after = shared.shared(session, source_id, target_id)
        yield Change(
            action="update" if before else "create",
            kind="shared",
            name=_between(one.source, one.target),
            details=_differences("settings", before, after),
        )


def _prune_shared(session: Session, wanted: Wanted) -> Iterator[Change]:
    names = {row.id: row.name for row in session.exec(select(Connection))}
    kept = {(one.source, one.target) for one in wanted.shared.values()}
    misread = _named(wanted, "shared") - set(wanted.shared)
    for common in session.exec(select(Coupling)).all():
        ends = names[common.source_id], names[common.target_id]
        if common.settings and ends not in kept and not misread:
            shared.put_shared(session, common.source_id, common.target_id, {})
            yield Change(action="delete", kind="shared", name=_between(*ends))


def _between(source: str, target: str) -> str:
    return f"{source}-to-{target}"


def _flows(hub: Hub, session: Session, wanted: Wanted, findings: Findings) -> Iterator[Change]:
    for name, one in wanted.flows.items():
        row = session.exec(select(Flow).where(col(Flow.name) == name)).first()
        ends = {one.spec.source, one.spec.target}
        if ends & _misread(wanted):
            continue  # its connection has mistakes of its own, which are named already
        try:
            with session.begin_nested():
                if row is None:
                    flows.create(hub, session, one.spec)
                    details = [
                        f"{one.spec.source}.{one.spec.source_entity} -> "
                        f"{one.spec.target}.{one.spec.target_entity}"
                    ]
                    yield Change(action="create", kind="flow", name=name, details=details)
                    continue
                before = flows.spec_of(session, row)
                if flows.update(hub, session, row, one.spec):
                    after = flows.spec_of(session, row)
                    details = list(_flow_differences(before, after))
                    yield Change(action="update", kind="flow", name=name, details=details)
        except flows.FlowProblems as error:
            for path, message in error.problems.items():
                line = one.node.line_of(path.split("."))
                findings.add(line, f"flows.{name}.{path}", message)


def _misread(wanted: Wanted) -> set[str]:
    """Connections that the file names but that could not be understood."""
    table = wanted.node.get("connections") if wanted.node else None
    named = set(table.value) if table and isinstance(table.value, dict) else set()
    return named - set(wanted.connections)


def _prune(session: Session, wanted: Wanted, findings: Findings) -> Iterator[Change]:
    for row in session.exec(select(Flow).order_by(Flow.name)).all():
        if row.name in wanted.flows or row.draft or row.name in _named(wanted, "flows"):
            continue
        with _as_problem(findings, f"flows.{row.name}"):
            flows.remove(session, row)
            yield Change(action="delete", kind="flow", name=row.name)
    for one in session.exec(select(Connection).order_by(Connection.name)).all():
        if one.name in _named(wanted, "connections"):
            continue
        with _as_problem(findings, f"connections.{one.name}"):
            connections.remove(session, one)
            yield Change(action="delete", kind="connection", name=one.name)


def _named(wanted: Wanted, what: str) -> set[str]:
    table = wanted.node.get(what) if wanted.node else None
    return set(table.value) if table and isinstance(table.value, dict) else set()


@contextmanager
def _as_problem(findings: Findings, key: str) -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        findings.add(1, key, f"cannot be removed: {error}")


def _flow_differences(before: flows.FlowSpec, after: flows.FlowSpec) -> Iterator[str]:
    for name in before.difference(after):
        old, new = getattr(before, name), getattr(after, name)
        if name in ("filter", "settings"):
            yield from _differences(name, old, new)
        elif name == "rules":
            yield f"rules: {len(old)} -> {len(new)}" if len(old) != len(new) else "rules changed"
        else:
            yield f"{name}: {_shown(old)} -> {_shown(new)}"


def _differences(what: str, old: Json, new: Json, hidden: list[str] | None = None) -> list[str]:
    found = []
    for name in sorted(set(old) | set(new)):
        if old.get(name) == new.get(name):
            continue
        if name in (hidden or ()):
            found.append(f"{what}.{name} changed")
        else:
            found.append(f"{what}.{name}: {_shown(old.get(name))} -> {_shown(new.get(name))}")
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = f"'{value}'" if isinstance(value, str) else yamltree.inline(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


# ---- exporting


def export(hub: Hub, flow: str | None = None) -> str:
    """The file that makes what there is now, secrets as `{secret: kept}`.

    flow: only that flow with its connections, and what it shares with others. Drafts of the
    wizard are left out: they are not finished. Raises ConfigurationError for an unknown flow.
    """
    with hub.database.session() as session:
        if flow is not None:
            rows = [flow_named(session, flow)]
            ids = {rows[0].source_id, rows[0].target_id}
            kept = session.exec(select(Connection).where(col(Connection.id).in_(ids))).all()
        else:
            rows = list(session.exec(select(Flow).where(col(Flow.draft).is_(False))).all())
            kept = session.exec(select(Connection)).all()
        data: Json = {"version": VERSION}
        if flow is None:
            changed = {s.name: get_setting(session, s.name) for s in SETTINGS}
            data["settings"] = {
                s.name: changed[s.name] for s in SETTINGS if changed[s.name] != s.default
            }
        data["connections"] = {
            row.name: _exported_connection(hub, row) for row in sorted(kept, key=lambda r: r.name)
        }
        data["shared"] = _exported_shared(
            session,
            {row.id: row.name for row in kept},
            None if flow is None else (rows[0].source_id, rows[0].target_id),
        )
        data["flows"] = {
            row.name: _exported_flow(flows.spec_of(session, row))
            for row in sorted(rows, key=lambda r: r.name)
        }
    return yamltree.dump({key: value for key, value in data.items() if value != {}})


def _exported_connection(hub: Hub, row: Connection) -> Json:
    credentials: Json = dict(connections.stored_credentials(hub, row))
    try:
        secret = set(forms.secret_names(hub.registry.system(row.system).credentials))
    except KoppelError:
        secret = set(credentials)  # the plugin is gone: nobody knows what is secret
    for name in secret & set(credentials):
        credentials[name] = {"secret": KEPT}
    exported: Json = {"system": row.system}
    if row.title:
        exported["title"] = row.title
    exported["credentials"] = credentials
    if row.settings:
        exported["settings"] = row.settings
    return exported


def _exported_shared(
    session: Session, names: dict[int | None, str], only: tuple[int, int] | None
) -> Json:
    found: Json = {}
    for row in session.exec(select(Coupling)).all():
        if not row.settings or (only and only != (row.source_id, row.target_id)):
            continue
        source, target = names[row.source_id], names[row.target_id]
        name = _between(source, target)
        if name_problem(name) or name in found:
            name = free_name(name, found)
        found[name] = {"from": source, "to": target, "settings": row.settings}
    return dict(sorted(found.items()))


def _exported_flow(spec: flows.FlowSpec) -> Json:
    exported: Json = {}
    if spec.title:
        exported["title"] = spec.title
    exported |= {
        "from": f"{spec.source}.{spec.source_entity}",
        "to": f"{spec.target}.{spec.target_entity}",
        "enabled": spec.enabled,
        "schedule": spec.schedule,
    }
    for name in ("filter", "settings", "rules"):
        value = getattr(spec, name)
        if value:
            exported[name] = value
    if spec.retention_days is not None:
        exported["retention_days"] = spec.retention_days
    return exported

"""Unmapped values: the row that a record waits for, added with one answer, and all released."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session, col, select

from hub.engine import flows as desk
from hub.engine import forms, lookups, shared
from hub.engine.hub import Hub
from hub.engine.runs import create_run
from hub.model import Json
from hub.sdk import ConfigurationError, Entity
from hub.store import payloads
from hub.store.tables import Connection, Entry, Flow, Waiting, utc_now

MOST = 1000
"""So many records are tried again in one run; the others follow at the next."""


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """A row that a table of a flow's settings lacks.

    row: the part of it that is known; empty when only the table's default can help. about: the
    setting, as forms describe it. common: the table is shared with other flows.
    """

    flow: Flow
    target: Connection
    about: Json
    row: Json
    common: bool
    table: Json

    @property
    def setting(self) -> str:
        """The table's name."""
        return str(self.about["name"])

    @property
    def words(self) -> str:
        """What has no row, for people."""
        if not self.row:
            return "Everything else"
        if "key" in self.row:
            return str(self.row["key"])
        return " ".join(filter(None, (self.row.get("country"), f"{self.row['rate']}%")))

    @property
    def there(self) -> bool:
        """Whether the row was added meanwhile."""
        rows = self.table.get("rows") or ()
        if not self.row:
            return bool(self.table.get("default"))
        if isinstance(rows, Mapping):
            return _same(self.row["key"]) in map(_same, rows)
        return any({k: v for k, v in row.items() if k != "code"} == self.row for row in rows)

    def with_row(self, value: str) -> Json:
        """The table with the row in it."""
        if not self.row:
            return self.table | {"default": value}
        rows = self.table.get("rows") or ()
        if self.about["widget"] == "vat_table":
            return self.table | {"rows": [*rows, {**self.row, "code": value}]}
        return self.table | {"rows": {**dict(rows), self.row["key"]: value}}


@dataclass(frozen=True, kw_only=True)
class Added:
    """What adding a row did. runs: flow name -> the run that tries its records again."""

    lacking: Lacking
    runs: Mapping[str, int]
    records: int


def _same(key: Any) -> str:
    return str(key).strip().casefold()


def lacking(hub: Hub, session: Session, entry_id: int) -> Lacking | None:
    """The row that a record waits for; None when no row of a table would help it."""
    entry = session.get(Entry, entry_id)
    if entry is None or entry.outcome != "blocked" or not entry.fix:
        return None
    row = (payloads.read(session, hub.vault, entry_id).get("trace") or {}).get("unmapped")
    if row is None:
        return None
    flow = session.get_one(Flow, entry.flow_id)
    target = session.get_one(Connection, flow.target_id)
    try:
        entity = hub.registry.system(target.system).entity(flow.target_entity)
    except ConfigurationError:  # its plugin is gone
        return None
    found = (f for f in forms.fields(forms.flow_form(entity)) if f["name"] == entry.fix)
    about = next(found, None)
    if about is None or about["widget"] not in ("table", "vat_table"):
        return None
    own = entry.fix in flow.settings
    return Lacking(
        flow=flow,
        target=target,
        about=about,
        row=dict(row),
        common=not own and entry.fix in shared.names_of(entity),
        table=dict(_table(session, flow, entity, entry.fix)),
    )


def _table(session: Session, flow: Flow, entity: Entity, name: str) -> Json:
    found: Json = shared.effective(session, flow, entity).get(name) or {}
    return found


def add(hub: Hub, entry_id: int, value: str) -> Added:
    """Add the row that a record waits for, and try everything again that waited for the table.

    The row goes where the table is kept: with the flow, or with what its direction shares. Raises
    ConfigurationError when there is nothing to add, or the target has no such value.
    """
    with hub.database.session() as session:
        wanted = lacking(hub, session, entry_id)
    if wanted is None:
        raise ConfigurationError("This record waits for no row of a table (any more)")
    value = value.strip()
    if not wanted.there:
        _check(hub, wanted, value)
    with hub.database.session() as session:
        wanted = lacking(hub, session, entry_id)
        if wanted is None:
            raise ConfigurationError("This record waits for no row of a table (any more)")
        if not wanted.there:
            _put(hub, session, wanted, value)
        released = [
            (flow, _release(hub, session, flow, wanted.setting)) for flow in _of(session, wanted)
        ]
    runs = {
        flow.name: create_run(hub, flow, kind="retry", options=options)
        for flow, options in released
        if options
    }
    records = sum(len(keys) for _, options in released for keys in options.values())
    return Added(lacking=wanted, runs=runs, records=records)


def _check(hub: Hub, wanted: Lacking, value: str) -> None:
    """The value must be one that the target has, as far as that can be known."""
    label = wanted.about["label"]
    if not value:
        raise ConfigurationError(f"Choose what {wanted.words} becomes in “{label}”")
    options = [option["value"] for option in wanted.about["options"]]
    name, side = wanted.about["lookup"], wanted.about["side"]
    row = wanted.target if side in ("own", "target") else None
    if not options and name and row is not None and row.id is not None:
        if hub.registry.system(row.system).lookup(name) is None:
            return
        found = lookups.choices(hub, row.id, name)
        if found.error is None and value not in {o.value for o in found.options}:
            found = lookups.choices(hub, row.id, name, refresh=True)  # made a minute ago, perhaps
        options = [o.value for o in found.options] if found.error is None else []
        if found.error is None and not options:
            raise ConfigurationError(f"{row.title or row.name} has nothing to choose for “{label}”")
    if options and value not in options:
        raise ConfigurationError(
            f"{wanted.target.title or wanted.target.name} does not have {value!r} (any more): "
            f"choose another for “{label}”"
        )


def _put(hub: Hub, session: Session, wanted: Lacking, value: str) -> None:
    flow, table = wanted.flow, wanted.with_row(value)
    if wanted.common:
        answers = {wanted.setting: table}
        shared.put_shared(session, flow.source_id, flow.target_id, answers, names=answers)
        return
    spec = desk.spec_of(session, flow)
    desk.update(
        hub, session, flow, replace(spec, settings={**spec.settings, wanted.setting: table})
    )


def _of(session: Session, wanted: Lacking) -> Sequence[Flow]:
    """The flows that the table counts for."""
    if not wanted.common:
        return [wanted.flow]
    flow = wanted.flow
    others = shared.siblings(session, flow.source_id, flow.target_id)
    return [one for one in others if one.id == flow.id or wanted.setting not in one.settings]


def _release(hub: Hub, session: Session, flow: Flow, setting: str) -> Json:
    """Let everything that waited for a table be due now; what a run that tries it again is told."""
    if flow.draft:
        return {}
    rows = session.exec(
        select(Waiting)
        .where(Waiting.flow_id == flow.id, Waiting.fix == setting)
        .order_by(col(Waiting.id))
        .limit(MOST)
    ).all()
    for row in rows:
        row.next_attempt_at = utc_now()
        session.add(row)
    held = [row for row in rows if not row.key.startswith("?")]
    source = session.get_one(Connection, flow.source_id)
    if hub.registry.system(source.system).entity(flow.source_entity).can("get"):
        return {"keys": [row.key for row in held]} if held else {}
    return {"as_then": [row.entry_id for row in held]} if held else {}

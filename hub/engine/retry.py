"""Again: records tried once more, as then or as now; settled by hand; past ones planned anew."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from hub.engine.hub import Hub
from hub.engine.runs import create_run
from hub.model import Json
from hub.sdk import ConfigurationError
from hub.store import queries
from hub.store.queries import EntryFilter
from hub.store.tables import Entry, Flow, Payload, Run, Waiting

FAILED = ("failed", "blocked")
BULK = 1000
"""At most so many records are taken again at once."""
SETTLE = "accept"
"""The `fix` of a record that waits until a person says that it is settled."""
_CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Records to take again: the newest entry of each, newest first.

    kept: those whose received record is still in the log. more: there are more than BULK.
    """

    entries: Sequence[int] = ()
    kept: Sequence[int] = ()
    more: bool = False


def selected(session: Session, wanted: EntryFilter) -> Selection:
    """The records that a search of the log has found, each once."""
    page = queries.entries(session, wanted, limit=BULK, count=False)
    newest: dict[tuple[int, str], int] = {}
    for row in page.entries:
        newest.setdefault((row.flow_id, row.key), row.id)
    entries = list(newest.values())
    return Selection(
        entries=entries,
        kept=_kept(session, entries),
        more=page.before is not None,
    )


def _kept(session: Session, entries: Sequence[int]) -> list[int]:
    found: set[int] = set()
    for start in range(0, len(entries), _CHUNK):
        found |= set(
            session.exec(
                select(Payload.entry_id).where(
                    col(Payload.entry_id).in_(entries[start : start + _CHUNK]),
                    Payload.part == "received",
                )
            )
        )
    return [entry_id for entry_id in entries if entry_id in found]


def retry_entries(
    hub: Hub, entry_ids: Sequence[int], *, as_then: bool = False, trigger: str = "user"
) -> list[int]:
    """Make one retry run per flow for these entries; returns the runs' numbers.

    as_then: with the record as it was received then; else it is read again from the source.
    Raises ConfigurationError when an entry does not exist.
    """
    runs = []
    for flow, entries in _by_flow(hub, entry_ids):
        options: Json = (
            {"as_then": [entry.id for entry in entries]}
            if as_then
            else {"keys": list(dict.fromkeys(entry.key for entry in entries))}
        )
        runs.append(create_run(hub, flow, kind="retry", trigger=trigger, options=options))
    return runs


def settle_entries(hub: Hub, entry_ids: Sequence[int], *, trigger: str = "user") -> list[int]:
    """Mark what has changed since it was booked as settled; returns the runs' numbers.

    What is settled is what the entry says: a record that has changed again since waits anew.
    Raises ConfigurationError when an entry does not exist or does not wait to be settled.
    """
    runs = []
    for flow, entries in _by_flow(hub, entry_ids):
        for entry in entries:
            _check_waits(hub, entry)
        options: Json = {
            "keys": list(dict.fromkeys(entry.key for entry in entries)),
            "accept": True,
            "seen": {entry.key: entry.reason for entry in entries},
        }
        runs.append(create_run(hub, flow, kind="retry", trigger=trigger, options=options))
    return runs


def _check_waits(hub: Hub, entry: Entry) -> None:
    with hub.database.session() as session:
        row = session.exec(
            select(Waiting).where(Waiting.flow_id == entry.flow_id, Waiting.key == entry.key)
        ).first()
    if entry.fix != SETTLE or row is None or row.fix != SETTLE:
        raise ConfigurationError(
            f"Entry {entry.id} ({entry.reference or entry.key}) does not wait to be settled: only "
            "a record that has changed since it was booked does. Retry it instead"
        )


def _by_flow(hub: Hub, entry_ids: Sequence[int]) -> list[tuple[Flow, list[Entry]]]:
    by_flow: dict[int, list[Entry]] = {}
    with hub.database.session() as session:
        for entry_id in dict.fromkeys(entry_ids):
            entry = session.get(Entry, entry_id)
            if entry is None:
                raise ConfigurationError(f"There is no entry {entry_id} (any more).")
            by_flow.setdefault(entry.flow_id, []).append(entry)
        return [(session.get_one(Flow, number), found) for number, found in by_flow.items()]


def entries_of_run(hub: Hub, run_id: int, outcomes: Sequence[str] = FAILED) -> list[int]:
    """The entries of a run that ended in one of these ways."""
    with hub.database.session() as session:
        if session.get(Run, run_id) is None:
            raise ConfigurationError(f"There is no run {run_id} (any more).")
        rows = session.execute(
            select(col(Entry.id))
            .where(col(Entry.run_id) == run_id, col(Entry.outcome).in_(list(outcomes)))
            .order_by(col(Entry.id))
        )
        return [row[0] for row in rows]


def entries_of_flow(hub: Hub, flow: Flow, outcomes: Sequence[str] = FAILED) -> list[int]:
    """The newest entry of every record of a flow that waits and ended in one of these ways."""
    with hub.database.session() as session:
        rows = session.execute(
            select(col(Waiting.entry_id))
            .where(col(Waiting.flow_id) == flow.id, col(Waiting.outcome).in_(list(outcomes)))
            .order_by(col(Waiting.id))
        )
        return [row[0] for row in rows]


def past_entries(session: Session, flow: Flow, limit: int, keys: Sequence[str] = ()) -> list[int]:
    """The last records that were pushed, one entry each, as far as their contents are kept.

    keys: only these records. Newest first.
    """
    received, pushed = aliased(Payload), aliased(Payload)
    query = (
        select(Entry.id, Entry.key)
        .join(received, (col(received.entry_id) == Entry.id) & (col(received.part) == "received"))
        .join(pushed, (col(pushed.entry_id) == Entry.id) & (col(pushed.part) == "pushed"))
        .where(
            Entry.flow_id == flow.id,
            col(Entry.outcome).in_(("created", "updated")),
            col(Entry.run_id).not_in(select(Run.id).where(Run.kind == "plan")),
        )
        .order_by(col(Entry.id).desc())
    )
    if keys:
        query = query.where(col(Entry.key).in_(list(keys)))
    found: dict[str, int] = {}
    with closing(session.exec(query.execution_options(yield_per=100))) as rows:
        for entry_id, key in rows:
            found.setdefault(key, entry_id)
            if len(found) == limit:
                break
    return list(found.values())


def plan_past(hub: Hub, flow: Flow, entry_ids: Sequence[int], *, trigger: str = "user") -> int:
    """Make a plan of what was received then through the mapping of today; returns its number."""
    return create_run(hub, flow, kind="plan", trigger=trigger, options={"as_then": list(entry_ids)})

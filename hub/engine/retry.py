"""Retry: one record, a run's or a flow's failures again, as then or as now."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import col, select

from hub.engine.hub import Hub
from hub.engine.runs import create_run
from hub.sdk import ConfigurationError
from hub.store.tables import Entry, Flow, Run, Waiting

FAILED = ("failed", "blocked")


def retry_entries(
    hub: Hub, entry_ids: Sequence[int], *, as_then: bool = False, trigger: str = "user"
) -> list[int]:
    """Make one retry run per flow for these entries; returns the runs' numbers.

    as_then: with the record as it was received then; else it is read again from the source.
    Raises ConfigurationError when an entry does not exist.
    """
    by_flow: dict[int, list[Entry]] = {}
    with hub.database.session() as session:
        for entry_id in entry_ids:
            entry = session.get(Entry, entry_id)
            if entry is None:
                raise ConfigurationError(f"There is no entry {entry_id} (any more).")
            by_flow.setdefault(entry.flow_id, []).append(entry)
        flows = {flow_id: session.get_one(Flow, flow_id) for flow_id in by_flow}
    runs = []
    for flow_id, entries in by_flow.items():
        options = (
            {"as_then": [entry.id for entry in entries]}
            if as_then
            else {"keys": list(dict.fromkeys(entry.key for entry in entries))}
        )
        runs.append(create_run(hub, flows[flow_id], kind="retry", trigger=trigger, options=options))
    return runs


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

"""Queries: what pages and commands show, each in a few bounded statements."""

from __future__ import annotations

from hub.store.queries.days import Day, records_per_day
from hub.store.queries.history import RunPage, RunView, run, runs
from hub.store.queries.log import (
    EntryFilter,
    EntryPage,
    EntryView,
    entries,
    entry,
)
from hub.store.queries.needs import Attention, Group, attention, waiting
from hub.store.queries.overview import (
    ConnectionView,
    FlowView,
    connection,
    connections,
    flow,
    flows,
)

__all__ = [
    "Attention",
    "ConnectionView",
    "Day",
    "EntryFilter",
    "EntryPage",
    "EntryView",
    "FlowView",
    "Group",
    "RunPage",
    "RunView",
    "attention",
    "connection",
    "connections",
    "entries",
    "entry",
    "flow",
    "flows",
    "records_per_day",
    "run",
    "runs",
    "waiting",
]

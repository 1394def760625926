"""Journal: how each record ended, with what was received, understood, pushed and answered."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert

from hub.model import Json
from hub.sdk.exchange import Exchange
from hub.store import ids, payloads
from hub.store.database import Database
from hub.store.sql import table_of
from hub.store.tables import Entry, utc_now
from hub.store.vault import Vault

_insert = insert(table_of(Entry))
OUTCOMES = ("created", "updated", "unchanged", "skipped", "blocked", "failed")


@dataclass(kw_only=True)
class Outcome:
    """How one record ended, before it is written down.

    reason: a sentence for the user; required for skipped, blocked and failed.
    parts: received, understood, pushed, answered, trace; whatever is known.
    person: e-mail address the record is about; only its keyed hash is kept.
    unmapped: the row that a table of the settings lacks.
    retry_at_once: the cause will pass by itself (an outage).
    """

    key: str
    outcome: str = "failed"
    reference: str = ""
    target: str | None = None
    target_number: str | None = None
    reason: str = ""
    code: str = ""
    field: str | None = None
    fix: str | None = None
    person: str | None = None
    passing: bool = False
    parts: dict[str, Any] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)
    started: float = dataclasses.field(default_factory=time.perf_counter)
    entry_id: int | None = None
    wants: Json | None = None
    unmapped: Json | None = None

    def shown(self) -> Json:
        """As `koppel run --json` lists it."""
        return {
            "entry": self.entry_id,
            "key": self.key,
            "reference": self.reference,
            "outcome": self.outcome,
            "target": self.target_number or self.target,
            "reason": self.reason or None,
            "field": self.field,
        }


class Tape:
    """A recorder that keeps the exchanges of whatever record is being worked on in this thread."""

    def __init__(self) -> None:
        self._local = threading.local()

    def record(self, exchange: Exchange) -> None:
        """Keep it, if a record is being worked on."""
        current = getattr(self._local, "exchanges", None)
        if current is not None:
            current.append(exchange)

    @contextlib.contextmanager
    def listening(self) -> Iterator[list[Exchange]]:
        """Collect the exchanges made inside."""
        before = getattr(self._local, "exchanges", None)
        exchanges: list[Exchange] = []
        self._local.exchanges = exchanges
        try:
            yield exchanges
        finally:
            self._local.exchanges = before


def shown_exchange(exchange: Exchange) -> Json:
    """An exchange as it is kept in the log."""
    return {
        "method": exchange.method,
        "url": exchange.url,
        "body": exchange.body,
        "status": exchange.status,
        "answer": exchange.answer,
        "error": exchange.error,
        "seconds": round(exchange.seconds, 4),
        "at": exchange.at,
    }


class Journal:
    """Writes outcomes down; give it a session, so that they are stored with what they report."""

    def __init__(
        self, database: Database, vault: Vault, flow_id: int, run_id: int, *, keep_payloads: bool
    ) -> None:
        self._database = database
        self._vault = vault
        self._flow_id = flow_id
        self._run_id = run_id
        self._keep = keep_payloads
        self._free: list[int] = []

    def stock(self, count: int) -> None:
        """Take numbers for so many entries at once; call it outside of any transaction."""
        if count > len(self._free):
            with self._database.begin() as connection:
                self._free += ids.reserve(connection, "entry", count - len(self._free))

    def _numbers(self, connection: Connection, count: int) -> list[int]:
        taken, self._free = self._free[:count], self._free[count:]
        return [*taken, *ids.reserve(connection, "entry", count - len(taken))]

    def write(self, connection: Connection, outcomes: list[Outcome]) -> None:
        """Store entries and their parts; sets `entry_id` on each outcome."""
        if not outcomes:
            return
        rows, parts = [], []
        now = utc_now()
        numbers = self._numbers(connection, len(outcomes))
        for number, outcome in zip(numbers, outcomes, strict=True):
            outcome.entry_id = number
            rows.append(
                {
                    "id": number,
                    "run_id": self._run_id,
                    "flow_id": self._flow_id,
                    "key": outcome.key,
                    "reference": outcome.reference,
                    "outcome": outcome.outcome,
                    "target": outcome.target,
                    "target_number": outcome.target_number,
                    "reason": outcome.reason,
                    "code": outcome.code,
                    "field": outcome.field,
                    "fix": outcome.fix,
                    "person": self._vault.digest(outcome.person) if outcome.person else None,
                    "milliseconds": int((time.perf_counter() - outcome.started) * 1000),
                    "at": now,
                }
            )
            if self._keep:
                trace: Json = {"notes": outcome.notes} if outcome.notes else {}
                if outcome.unmapped is not None:
                    trace["unmapped"] = outcome.unmapped
                kept = {**outcome.parts, "trace": trace}
                parts += [(number, part, value) for part, value in kept.items() if value]
        connection.execute(_insert, rows)
        if parts:
            payloads.write_many(connection, self._vault, self._flow_id, parts)

"""Indexes in the database: what plugins keep of big remote lists, refreshed as they go."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import delete, insert, select
from sqlmodel import Session, col

from hub.model import Json
from hub.sdk import Api, Index, IndexRow
from hub.store.database import Database
from hub.store.tables import IndexItem, IndexState, IndexValue, utc_now
from hub.store.vault import Vault

FRESH = 5.0
"""Seconds that a refresh holds: one page of records asks several times for the same index."""
CHUNK = 400
T = TypeVar("T")


class DatabaseIndexes:
    """The index store of one connection.

    Until an index was read once, a few values are asked for live, and only a request for many
    values makes it read the whole list; later each page of work costs one incremental read.
    """

    def __init__(self, database: Database, vault: Vault, connection_id: int) -> None:
        self._database = database
        self._vault = vault
        self._connection = connection_id
        self._refreshed: dict[str, float] = {}
        self._started: set[str] = set()
        self._asked: dict[str, int] = {}
        self._added: dict[str, tuple[Index, list[IndexRow]]] = {}

    def find(
        self, api: Any, index: Index, by: str, values: Sequence[str], *, fresh: bool
    ) -> dict[str, Json]:
        """Value -> data for the values that are known."""
        wanted = list(dict.fromkeys(values))
        if not wanted:
            return {}
        if not self._kept(index) and self._asked.get(index.name, 0) + len(wanted) <= index.few:
            self._asked[index.name] = self._asked.get(index.name, 0) + len(wanted)
            return self._live(api, index, by, wanted)
        if fresh or time.monotonic() - self._refreshed.get(index.name, -FRESH) >= FRESH:
            self._refresh(api, index)
        self._store_added(index.name)
        hashes = {self._hash(by, value): value for value in wanted}
        found: dict[str, Json] = {}
        with self._database.session() as session:
            for chunk in _chunks(list(hashes), CHUNK):
                rows = session.execute(
                    select(col(IndexValue.hash), col(IndexItem.data))
                    .join(
                        IndexItem,
                        (col(IndexItem.connection_id) == IndexValue.connection_id)
                        & (col(IndexItem.name) == IndexValue.name)
                        & (col(IndexItem.key) == IndexValue.key),
                    )
                    .where(
                        col(IndexValue.connection_id) == self._connection,
                        col(IndexValue.name) == index.name,
                        col(IndexValue.by) == by,
                        col(IndexValue.hash).in_(chunk),
                    )
                    .order_by(col(IndexItem.key))
                )
                for digest, data in rows:
                    _prefer(found, hashes[digest], data, index)
        return found

    def add(self, api: Any, index: Index, row: IndexRow) -> None:
        """Put in what the hub itself has just written there; stored when it is next asked for.

        If that never comes, the next refresh reads it.
        """
        if self._kept(index):
            self._added.setdefault(index.name, (index, []))[1].append(row)

    def _store_added(self, name: str) -> None:
        index, rows = self._added.pop(name, (None, []))
        if index is not None:
            with self._database.session() as session:
                self._store(session, index, rows)

    def _kept(self, index: Index) -> bool:
        if index.name in self._started:
            return True
        with self._database.session() as session:
            known = session.get(IndexState, (self._connection, index.name)) is not None
        if known:
            self._started.add(index.name)
        return known

    def _live(self, api: Api, index: Index, by: str, values: Sequence[str]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for value in values:
            row = index.one(api, by, value)
            if row is not None:
                found[value] = row.data
        return found

    def _refresh(self, api: Api, index: Index) -> None:
        with self._database.session() as session:
            state = session.get(IndexState, (self._connection, index.name))
            since = state.cursor if state else None
        self._store_added(index.name)
        walk: _Walk | None = None
        for position, page in enumerate(index.read(api, since)):
            with self._database.session() as session:
                if page.whole and position == 0:
                    walk = _Walk(self._keys(session, index))
                elif not page.whole:
                    walk = None
                if walk is not None:
                    walk.seen.update(row.key for row in page.rows)
                self._store(session, index, page.rows)
                state = session.get(IndexState, (self._connection, index.name))
                if state is None:
                    state = IndexState(connection_id=self._connection, name=index.name)
                if page.cursor is not None:
                    state.cursor = _plain(page.cursor)
                state.refreshed_at = utc_now()
                session.add(state)
        if walk is not None:
            with self._database.session() as session:
                self._forget(session, index, sorted(walk.before - walk.seen))
        self._refreshed[index.name] = time.monotonic()
        self._started.add(index.name)

    def _store(self, session: Session, index: Index, rows: Sequence[IndexRow]) -> None:
        here = {"connection_id": self._connection, "name": index.name}
        latest = {row.key: row for row in rows}
        for chunk in _chunks(list(latest.values()), CHUNK):
            self._forget(session, index, [row.key for row in chunk])
            session.execute(
                insert(IndexItem),
                [{**here, "key": row.key, "data": _plain(row.data)} for row in chunk],
            )
            values = [
                {**here, "by": by, "hash": self._hash(by, value), "key": row.key}
                for row in chunk
                for by, value in row.values.items()
                if value is not None and value.strip()
            ]
            if values:
                session.execute(insert(IndexValue), values)

    def _keys(self, session: Session, index: Index) -> set[str]:
        return set(
            session.execute(
                select(col(IndexItem.key)).where(
                    col(IndexItem.connection_id) == self._connection,
                    col(IndexItem.name) == index.name,
                )
            ).scalars()
        )

    def _forget(self, session: Session, index: Index, keys: list[str]) -> None:
        for chunk in _chunks(keys, CHUNK):
            for table in (IndexValue, IndexItem):
                session.execute(
                    delete(table).where(
                        col(table.connection_id) == self._connection,
                        col(table.name) == index.name,
                        col(table.key).in_(chunk),
                    )
                )

    def _hash(self, by: str, value: str) -> str:
        return self._vault.digest(value)


@dataclass
class _Walk:
    """A read of the whole list. before: what was kept when it began; others may add meanwhile."""

    before: set[str]
    seen: set[str] = field(default_factory=set)


def _prefer(found: dict[str, Json], value: str, data: Json, index: Index) -> None:
    """The first record with a value is found, unless it is one of the last and another is not."""
    known = found.get(value)
    if known is None or (index.last and index.last(known) and not index.last(data)):
        found[value] = data


def _chunks(items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _plain(value: Any) -> Any:
    """JSON has no Decimal: numbers become texts, which documents read back exactly."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Decimal) else value

"""Ledger: links (this record there is that record here) and effects (each intended write)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, select, update

from hub.engine import ledger_sql as sql
from hub.engine.claims import Claim, LostClaim
from hub.model import Json
from hub.sdk import Effect, Written
from hub.store.database import Database
from hub.store.sql import table_of
from hub.store.tables import EffectRow, Link, utc_now

CHUNK = 400
_effect = table_of(EffectRow)
_link = table_of(Link)


@dataclass(frozen=True)
class Pair:
    """Between which two collections a link or an effect goes."""

    source_id: int
    source_entity: str
    target_id: int
    target_entity: str

    @property
    def turned(self) -> Pair:
        """The same pair, seen from the other end."""
        return Pair(self.target_id, self.target_entity, self.source_id, self.source_entity)

    def columns(self) -> dict[str, Any]:
        """As the columns of a row."""
        return {
            "source_id": self.source_id,
            "source_entity": self.source_entity,
            "target_id": self.target_id,
            "target_entity": self.target_entity,
        }


class StoredEffect(Effect):
    """An effect whose stage is stored before the plugin goes on."""

    def __init__(self, ledger: Ledger, row_id: int, token: str, stage: str | None) -> None:
        super().__init__(token, stage)
        self.row_id = row_id
        self._ledger = ledger

    def reach(self, stage: str) -> None:
        """Remember how far this write has come, durably, before the next call is made."""
        self._ledger.reach(self, stage)
        self.stage = stage


class Ledger:
    """Keeps links and effects of one flow, and writes nothing once the claim is lost.

    How a write ended is stored together with the intent of the next one, in one transaction:
    see `later`. Whoever stops or waits calls `flush`.
    """

    def __init__(self, database: Database, claim: Claim, flow_id: int, run_id: int) -> None:
        self._database = database
        self._claim = claim
        self._flow_id = flow_id
        self._run_id = run_id
        self._later: list[Callable[[Connection], None]] = []

    # -- transactions --------------------------------------------------------------------------

    def later(self, store: Callable[[Connection], None]) -> None:
        """Store this in the next transaction, which comes before the next write at the latest."""
        self._later.append(store)

    def flush(self) -> None:
        """Store what is to be stored later, now."""
        if self._later:
            with self._transaction():
                pass

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction that begins with what was put off; if it fails, that stays to be done."""
        with self._database.begin() as connection:
            for store in self._later:
                store(connection)
            yield connection
        self._later.clear()

    # -- links ---------------------------------------------------------------------------------

    def links(self, pair: Pair, keys: Sequence[str]) -> dict[str, Link]:
        """Source key -> link, for those that are linked."""
        found: dict[str, Link] = {}
        with self._database.session() as session:
            for chunk in _chunks(keys):
                rows = session.execute(
                    select(Link).where(_between(_link, pair), _link.c.source_key.in_(chunk))
                ).scalars()
                found.update({link.source_key: link for link in rows})
        return found

    def reverse(self, pair: Pair, keys: Collection[str]) -> list[Link]:
        """Links the other way round: these records of the source were written by this hub."""
        found: list[Link] = []
        with self._database.session() as session:
            for chunk in _chunks(list(keys)):
                rows = session.execute(
                    select(Link).where(_between(_link, pair.turned), _link.c.target_key.in_(chunk))
                ).scalars()
                # Customers that came with orders are linked under a hash and not under a key.
                found += [row for row in rows if ":" not in row.source_key]
        return found

    def linked_to(self, pair: Pair, target_keys: Collection[str]) -> dict[str, str]:
        """Target key -> key of the source's record that it belongs to, linked either way."""
        found: dict[str, str] = {}
        for between, there, here in (
            (pair, _link.c.target_key, _link.c.source_key),
            (pair.turned, _link.c.source_key, _link.c.target_key),
        ):
            for chunk in _chunks(list(target_keys)):
                asked = select(there, here).where(
                    _between(_link, between), _link.c.closed.is_(False), there.in_(chunk)
                )
                with self._database.begin() as connection:
                    rows = connection.execute(asked).all()
                # Customers that came with orders are linked under a hash and not under a key.
                found |= {key: own for key, own in rows if own and ":" not in own}
        return found

    def open_keys(self, pair: Pair) -> list[str]:
        """Keys of the source's records that are linked, either way, and not closed."""
        here = select(_link.c.source_key).where(
            _between(_link, pair), _link.c.closed.is_(False), _link.c.target_key != ""
        )
        there = select(_link.c.target_key).where(
            _between(_link, pair.turned), _link.c.closed.is_(False), _link.c.target_key != ""
        )
        with self._database.begin() as connection:
            return list(dict.fromkeys([*connection.scalars(here), *connection.scalars(there)]))

    def close(self, connection: Connection, pair: Pair, keys: Sequence[str]) -> None:
        """Nothing more is expected of these records of the source, however they are linked."""
        for between, column in ((pair, _link.c.source_key), (pair.turned, _link.c.target_key)):
            for chunk in _chunks(keys):
                connection.execute(
                    update(_link)
                    .where(_between(_link, between), column.in_(chunk))
                    .values(closed=True)
                )

    def linked_keys(self, pair: Pair) -> Iterator[tuple[str, str]]:
        """Source key and target key of all that is linked and not closed, a few at a time."""
        last = 0
        while True:
            with self._database.begin() as connection:
                rows = connection.execute(
                    select(_link.c.id, _link.c.source_key, _link.c.target_key)
                    .where(
                        _between(_link, pair),
                        _link.c.id > last,
                        _link.c.target_key != "",
                        _link.c.closed.is_(False),
                    )
                    .order_by(_link.c.id)
                    .limit(CHUNK)
                ).all()
            if not rows:
                return
            last = rows[-1][0]
            yield from ((key, there) for _, key, there in rows)

    def link(
        self,
        connection: Connection,
        pair: Pair,
        key: str,
        written: Written,
        *,
        received: str | None = None,
        pushed: str | None = None,
        essence: Json | None = None,
        closed: bool = False,
    ) -> None:
        """Store or refresh a link, in the transaction of what it belongs to."""
        now = utc_now()
        connection.execute(
            sql.relink(connection.dialect.name),
            {
                **pair.columns(),
                "source_key": key,
                "target_key": written.key,
                "target_number": written.number,
                "known_as": written.known_as,
                "received": received,
                "pushed": pushed,
                "essence": essence,
                "closed": closed,
                "created_at": now,
                "updated_at": now,
            },
        )

    # -- effects -------------------------------------------------------------------------------

    def effects(self, pair: Pair, keys: Sequence[str], action: str) -> Mapping[str, EffectRow]:
        """Source key -> effect that was begun and never settled."""
        found: dict[str, EffectRow] = {}
        with self._database.session() as session:
            for chunk in _chunks(keys):
                rows = session.execute(
                    select(EffectRow).where(
                        _between(_effect, pair),
                        _effect.c.action == action,
                        _effect.c.source_key.in_(chunk),
                        _effect.c.state.in_(sql.OPEN),
                    )
                ).scalars()
                found.update({row.source_key: row for row in rows})
        return found

    def unsettled_keys(self, source_entity: str) -> list[str]:
        """Source keys of this flow whose effects were begun and never settled."""
        with self._database.begin() as connection:
            rows = connection.execute(
                select(_effect.c.source_key)
                .where(
                    _effect.c.flow_id == self._flow_id,
                    _effect.c.source_entity == source_entity,
                    _effect.c.state.in_(sql.OPEN),
                )
                .distinct()
            )
            return [row[0] for row in rows]

    def begin(self, pair: Pair, key: str, action: str) -> StoredEffect:
        """Store that this write is about to be sent; the token of an open effect is kept.

        Raises LostClaim when another process has taken over.
        """
        try:
            with self._transaction() as connection:
                self._claim.check(connection)
                return self._begin(connection, pair, key, action)
        except LostClaim:
            self.flush()  # what was written before is true whoever goes on
            raise

    def begin_many(self, wanted: Sequence[tuple[Pair, str]], action: str) -> list[StoredEffect]:
        """The same for several writes that go out in one call."""
        try:
            with self._transaction() as connection:
                self._claim.check(connection)
                return [self._begin(connection, pair, key, action) for pair, key in wanted]
        except LostClaim:
            self.flush()
            raise

    def _begin(self, connection: Connection, pair: Pair, key: str, action: str) -> StoredEffect:
        now = utc_now()
        row_id, token, stage = connection.execute(
            sql.begin(connection.dialect.name),
            {
                **pair.columns(),
                "source_key": key,
                "action": action,
                "state": "sent",
                "token": str(uuid.uuid4()),
                "flow_id": self._flow_id,
                "run_id": self._run_id,
                "error": "",
                "attempts": 1,
                "created_at": now,
                "sent_at": now,
            },
        ).one()
        return StoredEffect(self, row_id, token, stage)

    def reach(self, effect: StoredEffect, stage: str) -> None:
        """Store the stage an effect has reached. Raises LostClaim when it is another's by now."""
        with self._database.begin() as connection:
            values = {"row": effect.row_id, "held": effect.token, "now": stage}
            if connection.execute(sql.REACH, values).rowcount != 1:
                raise LostClaim("another process has taken this record up")

    def end(
        self,
        where: Connection | None,
        effect: StoredEffect,
        state: str,
        *,
        target_key: str = "",
        error: str = "",
    ) -> None:
        """Store how a write ended; without a connection in a transaction of its own."""
        if where is None:
            with self._transaction() as connection:
                self.end(connection, effect, state, target_key=target_key, error=error)
            return
        final = state in ("confirmed", "refused")
        where.execute(
            sql.END,
            {
                "row": effect.row_id,
                "now": state,
                "why": error[:500],
                "there": target_key or None,
                "at": utc_now() if final else None,
            },
        )

    def end_later(self, effect: StoredEffect, state: str, *, error: str = "") -> None:
        """Store how a write ended with the next transaction."""
        self.later(lambda connection: self.end(connection, effect, state, error=error))

    def settle(self, connection: Connection, pair: Pair, key: str, target_key: str) -> None:
        """Confirm the creation of a record that a look-up has found."""
        identity = {f"_{name}": value for name, value in pair.columns().items()}
        connection.execute(
            sql.SETTLE, {**identity, "_source_key": key, "there": target_key, "at": utc_now()}
        )


def _between(table: Any, pair: Pair) -> Any:
    return and_(*(table.c[name] == value for name, value in pair.columns().items()))


def _chunks(items: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), CHUNK):
        yield list(items[start : start + CHUNK])

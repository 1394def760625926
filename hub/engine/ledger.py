"""Ledger: links (this record there is that record here) and effects (each intended write)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from hub.engine.claims import Claim
from hub.sdk import Effect, Written
from hub.store.database import Database
from hub.store.tables import EffectRow, Link, utc_now

OPEN = ("intended", "sent", "unknown")
CHUNK = 400


@dataclass(frozen=True)
class Pair:
    """Between which two collections a link or an effect goes."""

    source_id: int
    source_entity: str
    target_id: int
    target_entity: str

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
        self._ledger.set(self.row_id, stage=stage)
        self.stage = stage


class Ledger:
    """Keeps links and effects of one flow, and writes nothing once the claim is lost."""

    def __init__(self, database: Database, claim: Claim, flow_id: int, run_id: int) -> None:
        self._database = database
        self._claim = claim
        self._flow_id = flow_id
        self._run_id = run_id

    # -- links ---------------------------------------------------------------------------------

    def links(self, pair: Pair, keys: Sequence[str]) -> dict[str, Link]:
        """Source key -> link, for those that are linked."""
        found: dict[str, Link] = {}
        with self._database.session() as session:
            for chunk in _chunks(keys):
                rows = session.execute(
                    select(Link).where(
                        col(Link.source_id) == pair.source_id,
                        col(Link.source_entity) == pair.source_entity,
                        col(Link.target_id) == pair.target_id,
                        col(Link.target_entity) == pair.target_entity,
                        col(Link.source_key).in_(chunk),
                    )
                ).scalars()
                found.update({link.source_key: link for link in rows})
        return found

    def link(
        self,
        session: Session,
        pair: Pair,
        key: str,
        written: Written,
        *,
        received: str | None = None,
        pushed: str | None = None,
    ) -> None:
        """Store or refresh a link, in the transaction of what it belongs to."""
        row = session.execute(
            select(Link).where(
                col(Link.source_id) == pair.source_id,
                col(Link.source_entity) == pair.source_entity,
                col(Link.source_key) == key,
                col(Link.target_id) == pair.target_id,
                col(Link.target_entity) == pair.target_entity,
            )
        ).scalar_one_or_none()
        if row is None:
            row = Link(**pair.columns(), source_key=key, target_key=written.key)
        row.target_key = written.key
        row.target_number = written.number or row.target_number
        row.known_as = written.known_as or row.known_as
        row.received = received or row.received
        row.pushed = pushed or row.pushed
        row.updated_at = utc_now()
        session.add(row)

    # -- effects -------------------------------------------------------------------------------

    def effects(self, pair: Pair, keys: Sequence[str], action: str) -> Mapping[str, EffectRow]:
        """Source key -> effect that was begun and never settled."""
        found: dict[str, EffectRow] = {}
        with self._database.session() as session:
            for chunk in _chunks(keys):
                rows = session.execute(
                    select(EffectRow).where(
                        col(EffectRow.source_id) == pair.source_id,
                        col(EffectRow.source_entity) == pair.source_entity,
                        col(EffectRow.target_id) == pair.target_id,
                        col(EffectRow.target_entity) == pair.target_entity,
                        col(EffectRow.action) == action,
                        col(EffectRow.source_key).in_(chunk),
                        col(EffectRow.state).in_(OPEN),
                    )
                ).scalars()
                found.update({row.source_key: row for row in rows})
        return found

    def unsettled_keys(self, source_entity: str) -> list[str]:
        """Source keys of this flow whose effects were begun and never settled."""
        with self._database.session() as session:
            rows = session.execute(
                select(col(EffectRow.source_key))
                .where(
                    col(EffectRow.flow_id) == self._flow_id,
                    col(EffectRow.source_entity) == source_entity,
                    col(EffectRow.state).in_(OPEN),
                )
                .distinct()
            )
            return [row[0] for row in rows]

    def begin(self, pair: Pair, key: str, action: str) -> StoredEffect:
        """Store that this write is about to be sent; the token of an open effect is kept.

        Raises LostClaim when another process has taken over.
        """
        with self._database.session() as session:
            self._claim.check(session)
            row = session.execute(
                select(EffectRow).where(
                    col(EffectRow.source_id) == pair.source_id,
                    col(EffectRow.source_entity) == pair.source_entity,
                    col(EffectRow.source_key) == key,
                    col(EffectRow.target_id) == pair.target_id,
                    col(EffectRow.target_entity) == pair.target_entity,
                    col(EffectRow.action) == action,
                )
            ).scalar_one_or_none()
            if row is None:
                row = EffectRow(
                    **pair.columns(),
                    source_key=key,
                    action=action,
                    token=str(uuid.uuid4()),
                    flow_id=self._flow_id,
                    run_id=self._run_id,
                )
            elif row.state not in OPEN or row.stage is None:
                # Nothing of the earlier attempt may be taken up again: it starts afresh.
                row.token, row.stage = str(uuid.uuid4()), None
            row.flow_id, row.run_id = self._flow_id, self._run_id
            row.state, row.error = "sent", ""
            row.attempts += 1
            row.sent_at = utc_now()
            session.add(row)
            session.flush()
            assert row.id is not None
            return StoredEffect(self, row.id, row.token, row.stage)

    def set(self, row_id: int, **changes: Any) -> None:
        """Change an effect in a transaction of its own."""
        with self._database.session() as session:
            self._claim.check(session)
            self.change(session, row_id, **changes)

    def change(self, session: Session, row_id: int, **changes: Any) -> None:
        """Change an effect within a transaction."""
        row = session.get(EffectRow, row_id)
        assert row is not None
        for name, value in changes.items():
            setattr(row, name, value)
        if changes.get("state") in ("confirmed", "refused"):
            row.settled_at = utc_now()
        session.add(row)

    def settle(self, session: Session, pair: Pair, key: str, action: str, target_key: str) -> None:
        """Confirm an open effect that a look-up has answered."""
        row = session.execute(
            select(EffectRow).where(
                col(EffectRow.source_id) == pair.source_id,
                col(EffectRow.source_entity) == pair.source_entity,
                col(EffectRow.source_key) == key,
                col(EffectRow.target_id) == pair.target_id,
                col(EffectRow.target_entity) == pair.target_entity,
                col(EffectRow.action) == action,
            )
        ).scalar_one_or_none()
        if row is not None and row.id is not None:
            self.change(session, row.id, state="confirmed", target_key=target_key)


def _chunks(items: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), CHUNK):
        yield list(items[start : start + CHUNK])

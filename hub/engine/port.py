"""The port: every write goes through here, is recorded first, and never repeated blindly."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.engine.ledger import Ledger, Pair, StoredEffect
from hub.model import Json
from hub.sdk import (
    Api,
    Entity,
    Raw,
    RecordError,
    TemporaryError,
    UnknownOutcome,
    Written,
)
from hub.sdk.entity import fingerprint

ATTEMPTS = 4
PLANNED = "(new)"


@dataclass(frozen=True)
class Target:
    """Where a write goes: an entity of an open connection."""

    api: Api
    entity: Entity


@dataclass(frozen=True)
class Recognise:
    """How a record that may have been written already is found: by our reference."""

    by: str
    value: str


class Port:
    """Creates and updates through a plugin. In a plan it writes nothing and says so.

    before, after: called around every real write (hooks). Neither runs in a plan.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        *,
        before: Callable[[str, Json], None],
        after: Callable[[str, Json, str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ledger = ledger
        self._before = before
        self._after = after
        self._sleep = sleep

    @property
    def planning(self) -> bool:
        """Whether this port writes nothing."""
        return self._ledger is None

    def create(
        self,
        target: Target,
        pair: Pair,
        key: str,
        payload: Json,
        recognise: Recognise | None,
        *,
        doubtful: bool = False,
        mark: str | None = None,
        received: str | None = None,
        also: Callable[[Connection, Written], None] | None = None,
    ) -> Written:
        """Create one record; returns what it became.

        doubtful: an earlier attempt has an unknown outcome; it is looked up first.
        mark: what to compare a later update with, when that is not the payload itself.
        also: stored in the transaction that confirms the write.
        Raises RecordError when the vendor refuses it, TemporaryError when it stays unclear (the
        effect then says unknown, and the next run asks before it writes).
        """
        if self._ledger is None:
            return Written(PLANNED)
        self._before("create", payload)
        for attempt in range(1, ATTEMPTS + 1):
            if doubtful:
                found = self._look_up(target, recognise)
                if found is not None:
                    self._confirm(None, pair, key, payload, found, mark, received, also)
                    return found
            effect = self._ledger.begin(pair, key, "create")
            resumed = effect.stage is not None
            try:
                written = target.entity.create(target.api, payload, effect)
            except TemporaryError as error:
                state = "unknown" if isinstance(error, UnknownOutcome) else "sent"
                self._ledger.end(None, effect, state, error=str(error))
                if attempt == ATTEMPTS:
                    raise
                doubtful = True
                self._sleep(min(30.0, error.retry_after or 0.2 * 2 ** (attempt - 1)))
                continue
            except RecordError as error:
                # A document taken up again may be refused because it is there already.
                found = self._look_up(target, recognise) if resumed else None
                if found is None:
                    self._ledger.end(None, effect, "refused", error=str(error))
                    raise
                written = found
            self._confirm(effect, pair, key, payload, written, mark, received, also)
            return written
        raise AssertionError("unreachable")

    def update(
        self,
        target: Target,
        pair: Pair,
        key: str,
        target_key: str,
        payload: Json,
        *,
        received: str | None = None,
        also: Callable[[Connection, Written], None] | None = None,
    ) -> Written:
        """Update one record; repeating it does no harm, so an unclear outcome is repeated."""
        if self._ledger is None:
            return Written(target_key)
        self._before("update", payload)
        for attempt in range(1, ATTEMPTS + 1):
            effect = self._ledger.begin(pair, key, "update")
            try:
                written = target.entity.update(target.api, target_key, payload, effect)
            except TemporaryError as error:
                self._ledger.end(None, effect, "unknown", error=str(error))
                if attempt == ATTEMPTS:
                    raise
                self._sleep(min(30.0, error.retry_after or 0.2 * 2 ** (attempt - 1)))
                continue
            except RecordError as error:
                self._ledger.end(None, effect, "refused", error=str(error))
                raise
            self._confirm(effect, pair, key, payload, written, None, received, also)
            return written
        raise AssertionError("unreachable")

    def _look_up(self, target: Target, recognise: Recognise | None) -> Written | None:
        if recognise is None:
            return None
        with target.api.doubting():
            found = target.entity.find(target.api, recognise.by, [recognise.value])
        record = found.get(recognise.value)
        return None if record is None else written_of(target.entity, record)

    def _confirm(
        self,
        effect: StoredEffect | None,
        pair: Pair,
        key: str,
        payload: Json,
        written: Written,
        mark: str | None,
        received: str | None,
        also: Callable[[Connection, Written], None] | None,
    ) -> None:
        assert self._ledger is not None
        ledger, pushed = self._ledger, mark or fingerprint(payload)

        def store(connection: Connection) -> None:
            if effect is not None:
                ledger.end(connection, effect, "confirmed", target_key=written.key)
            else:
                ledger.settle(connection, pair, key, written.key)
            ledger.link(connection, pair, key, written, received=received, pushed=pushed)
            if also is not None:
                also(connection, written)

        ledger.later(store)
        self._after("create" if effect else "found", payload, written.key)


def written_of(entity: Entity, record: Raw) -> Written:
    """What a record that was found is known as."""
    return Written(
        key=entity.key_of(record),
        number=entity.number_of(record),
        record=record,
        known_as=entity.known_as_of(record),
    )

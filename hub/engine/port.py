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


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept with the link of a record that was written.

    received: the mark of the record as it was read. mark: what to compare a later update with,
    when that is not the payload itself. essence, closed: as in Link.
    """

    received: str | None = None
    mark: str | None = None
    essence: Json | None = None
    closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Intent:
    """One write: what, of which record, and what is to be kept of it.

    doubtful: an earlier attempt has an unknown outcome; it is looked up first.
    """

    pair: Pair
    key: str
    payload: Json
    recognise: Recognise | None = None
    doubtful: bool = False
    kept: Kept = Kept()


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
        intent: Intent,
        also: Callable[[Connection, Written], None] | None = None,
    ) -> Written:
        """Create one record; returns what it became.

        also: stored in the transaction that confirms the write.
        Raises RecordError when the vendor refuses it, TemporaryError when it stays unclear (the
        effect then says unknown, and the next run asks before it writes).
        """
        if self._ledger is None:
            return Written(PLANNED)
        self._before("create", intent.payload)
        doubtful = intent.doubtful
        for attempt in range(1, ATTEMPTS + 1):
            if doubtful:
                found = self._look_up(target, intent.recognise)
                if found is not None:
                    self._confirm(None, intent, found, also)
                    return found
            effect = self._ledger.begin(intent.pair, intent.key, "create")
            resumed = effect.stage is not None
            try:
                written = target.entity.create(target.api, intent.payload, effect)
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
                found = self._look_up(target, intent.recognise) if resumed else None
                if found is None:
                    self._ledger.end(None, effect, "refused", error=str(error))
                    raise
                written = found
            self._confirm(effect, intent, written, also)
            return written
        raise AssertionError("unreachable")

    def update(
        self,
        target: Target,
        target_key: str,
        intent: Intent,
        also: Callable[[Connection, Written], None] | None = None,
        *,
        cancelling: bool = False,
    ) -> Written:
        """Update one record; repeating it does no harm, so an unclear outcome is repeated.

        cancelling: undo the document instead of changing it.
        """
        if self._ledger is None:
            return Written(target_key)
        action = "cancel" if cancelling else "update"
        self._before(action, intent.payload)
        for attempt in range(1, ATTEMPTS + 1):
            effect = self._ledger.begin(intent.pair, intent.key, action)
            try:
                if cancelling:
                    written = target.entity.cancel(target.api, target_key, effect)
                else:
                    written = target.entity.update(target.api, target_key, intent.payload, effect)
            except TemporaryError as error:
                self._ledger.end(None, effect, "unknown", error=str(error))
                if attempt == ATTEMPTS:
                    raise
                self._sleep(min(30.0, error.retry_after or 0.2 * 2 ** (attempt - 1)))
                continue
            except RecordError as error:
                self._ledger.end(None, effect, "refused", error=str(error))
                raise
            self._confirm(effect, intent, written, also, action)
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
        intent: Intent,
        written: Written,
        also: Callable[[Connection, Written], None] | None,
        action: str = "create",
    ) -> None:
        assert self._ledger is not None
        ledger, kept = self._ledger, intent.kept

        def store(connection: Connection) -> None:
            if effect is not None:
                ledger.end(connection, effect, "confirmed", target_key=written.key)
            else:
                ledger.settle(connection, intent.pair, intent.key, written.key)
            ledger.link(
                connection,
                intent.pair,
                intent.key,
                written,
                received=kept.received,
                pushed=kept.mark or fingerprint(intent.payload),
                essence=kept.essence,
                closed=kept.closed,
            )
            if also is not None:
                also(connection, written)

        ledger.later(store)
        self._after(action if effect else "found", intent.payload, written.key)


def written_of(entity: Entity, record: Raw) -> Written:
    """What a record that was found is known as."""
    return Written(
        key=entity.key_of(record),
        number=entity.number_of(record),
        record=record,
        known_as=entity.known_as_of(record),
    )

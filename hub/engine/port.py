"""The port: every write goes through here, is recorded first, and never repeated blindly."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
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


@dataclass(frozen=True, kw_only=True)
class Write:
    """One of several writes that go out together. also: stored with what confirms it."""

    intent: Intent
    target_key: str | None = None
    also: Callable[[Connection, Written], None] | None = None


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

    # -- several at a time -------------------------------------------------------------------

    def write_many(
        self,
        target: Target,
        writes: Sequence[Write],
        *,
        creating: bool,
    ) -> list[Written | RecordError | TemporaryError]:
        """Create or update several records with one call; what became of each, in order.

        What stops all of them (dead credentials) is raised. A TemporaryError in place of one
        says that it stays unclear.
        """
        if self._ledger is None:
            return [Written(write.target_key or PLANNED) for write in writes]
        action = "create" if creating else "update"
        for write in writes:
            self._before(action, write.intent.payload)
        ended: dict[int, Written | RecordError | TemporaryError] = {}
        doubtful = {n for n, write in enumerate(writes) if creating and write.intent.doubtful}
        for attempt in range(1, ATTEMPTS + 1):
            for number, found in self._look_up_many(target, writes, doubtful).items():
                self._confirm(None, writes[number].intent, found, writes[number].also)
                ended[number] = found
            left = [n for n in range(len(writes)) if n not in ended]
            if not left:
                break
            effects = self._ledger.begin_many(
                [(writes[n].intent.pair, writes[n].intent.key) for n in left], action
            )
            try:
                answers = self._send(target, [writes[n] for n in left], effects, creating)
            except TemporaryError as error:
                state = "unknown" if isinstance(error, UnknownOutcome) else "sent"
                for effect in effects:
                    self._ledger.end_later(effect, state, error=str(error))
                self._ledger.flush()
                if attempt == ATTEMPTS:
                    ended.update(dict.fromkeys(left, error))
                    break
                doubtful = set(left) if creating else set()
                self._sleep(min(30.0, error.retry_after or 0.2 * 2 ** (attempt - 1)))
                continue
            for number, effect, answer in zip(left, effects, answers, strict=True):
                if isinstance(answer, RecordError):
                    self._ledger.end_later(effect, "refused", error=str(answer))
                else:
                    self._confirm(
                        effect, writes[number].intent, answer, writes[number].also, action
                    )
                ended[number] = answer
            break
        return [ended[n] for n in range(len(writes))]

    def _send(
        self,
        target: Target,
        writes: Sequence[Write],
        effects: Sequence[StoredEffect],
        creating: bool,
    ) -> Sequence[Written | RecordError]:
        if creating:
            payloads = [write.intent.payload for write in writes]
            return target.entity.create_many(target.api, payloads, effects)
        changes = [(write.target_key or "", write.intent.payload) for write in writes]
        return target.entity.update_many(target.api, changes, effects)

    def _look_up_many(
        self, target: Target, writes: Sequence[Write], doubtful: Collection[int]
    ) -> dict[int, Written]:
        asked: dict[tuple[str, str], int] = {}
        for number in doubtful:
            recognise = writes[number].intent.recognise
            if recognise is not None:
                asked[recognise.by, recognise.value] = number
        found: dict[int, Written] = {}
        for by in {by for by, _ in asked}:
            values = [value for one, value in asked if one == by]
            with target.api.doubting():
                records = target.entity.find(target.api, by, values)
            for value, record in records.items():
                if (by, value) in asked:
                    found[asked[by, value]] = written_of(target.entity, record)
        return found

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

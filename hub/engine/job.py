"""Job: one record on its way through a page, and how it ends."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engine.journal import Outcome, shown_exchange
from hub.mapping.unmapped import Unmapped
from hub.model import Document, Json
from hub.sdk import Raw, RecordError, Written
from hub.sdk.exchange import Exchange
from hub.store.tables import EffectRow, Link


@dataclass(frozen=True)
class Then:
    """How a past record was pushed, and whether that made a new record in the target."""

    pushed: Json
    created: bool


@dataclass
class Job:
    """One record being worked on.

    received: its mark. link: what is known of it here. came_back: known only because this hub
    wrote it the other way round. existing: found in the target without a link. current: the
    target's record as it is now, where it was asked for. then: what was pushed before, when a
    past record is planned anew. cancelling: what was written is to be undone. whole: nothing is
    missing from the record.
    essence, closed: as in Link, told by the record as it was read.
    shared: of calls made for many records, what was answered on this one.
    applied: the rules that had a part in it so far. pushed: the mark of what the target has.
    """

    record: Raw
    outcome: Outcome
    received: str
    link: Link | None = None
    came_back: bool = False
    effect: EffectRow | None = None
    document: Document | None = None
    existing: Written | None = None
    current: Raw | None = None
    then: Then | None = None
    cancelling: bool = False
    essence: Json | None = None
    closed: bool = False
    done: bool = False
    whole: bool = False
    exchanges: list[Exchange] = dataclasses.field(default_factory=list)
    shared: list[Json] = dataclasses.field(default_factory=list)
    applied: list[Json] = dataclasses.field(default_factory=list)
    pushed: str | None = None

    @property
    def target_key(self) -> str | None:
        """The record's key in the target, where it is there."""
        if self.link is not None:
            return self.link.target_key
        return self.existing.key if self.existing is not None else None

    @property
    def is_new(self) -> bool:
        """Whether it is to be created; a past record is planned as it was written then."""
        return self.then.created if self.then is not None else self.target_key is None

    @property
    def target_number(self) -> str | None:
        """What the target calls it."""
        if self.link is not None:
            return self.link.target_number or self.link.target_key
        return (self.existing.number or self.existing.key) if self.existing is not None else None

    def end(self, outcome: str, reason: str = "", **more: Any) -> None:
        """Nothing more is to be done with this record."""
        self.outcome.outcome, self.outcome.reason, self.done = outcome, reason, True
        for name, value in more.items():
            setattr(self.outcome, name, value)

    def nothing_new(self, reasons: Mapping[str, str]) -> bool:
        """Whether a scheduled run need not mention it: it is as the last run told.

        reasons: key -> why a record waits already.
        """
        outcome = self.outcome
        held = outcome.outcome == "blocked" and reasons.get(outcome.key) == outcome.reason
        return outcome.outcome == "unchanged" or outcome.code in QUIET or held

    def note_answers(self) -> None:
        """Put down what was asked and answered so far; an entry is stored before its work ends."""
        answered = [shown_exchange(exchange) for exchange in self.exchanges] + self.shared
        if answered:
            self.outcome.parts["answered"] = answered

    def note_shared(self, exchanges: Sequence[Exchange], own: Any) -> None:
        """Of calls that were made for many records, put down what the last answered on this one."""
        for exchange in exchanges:
            shown = shown_exchange(exchange)
            told = own if exchange is exchanges[-1] else "(on other records too)"
            shown |= {"body": "(with other records in one call)", "answer": told}
            self.shared.append(shown)

    def refuse(self, error: RecordError) -> None:
        """End it as the error says: failed, blocked or skipped."""
        self.end(error.outcome, str(error), code=error.code, field=error.field, fix=error.fix)
        self.outcome.unmapped = error.row if isinstance(error, Unmapped) else None


QUIET = frozenset({"left_out", "not_there"})
"""Reasons to skip a record that come back at every run until somebody changes something."""

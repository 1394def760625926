"""Entries: pages of the log, and one record with all that is known about it.

Every filter is the beginning of an index, or is bounded by the numbers that the entries of a run
or of a period can have; nothing here reads a log of millions of rows from end to end.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, union_all
from sqlmodel import Session, and_, col, func, select

from hub.store import payloads
from hub.store.sealing import Vault
from hub.store.tables import Connection, Entry, Flow, Link, Run, Waiting

PAGE = 50
COUNTED = 1000
"""Matches are counted up to here; beyond it a page says "more than"."""
SHORTEST_BEGINNING = 3
"""Characters from which on a text finds what begins with it, not only what is equal to it."""
ID_SLACK = 10_000
"""Entries are numbered as they are written, but several processes write at once: by so much a
number may be out of the order of time."""
ATTEMPTS = 50


@dataclass(frozen=True, kw_only=True)
class EntryFilter:
    """Which entries. text: a reference or key, whole or its first characters.

    waiting: only those that somebody still has to look at.
    """

    flow_id: int | None = None
    run_id: int | None = None
    outcomes: Sequence[str] = ()
    text: str = ""
    waiting: bool = False
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EntryPage:
    """Some entries, newest first. before: give it to get the next page; None: there is none.

    count: how many match, at most COUNTED; `more` says that there are more than that.
    """

    entries: list[Entry]
    before: int | None = None
    count: int = 0
    more: bool = False


@dataclass(frozen=True, kw_only=True)
class EntryView:
    """One entry with all that is known about its record.

    parts: received, understood, pushed, answered, trace, as far as they are kept. shortened: part
    -> bytes it had, where only a shortened copy was kept. attempts: other entries of the same
    record, newest first. waiting: set while the record waits.
    """

    entry: Entry
    run: Run
    flow: Flow
    source: Connection
    target: Connection
    parts: dict[str, Any]
    shortened: dict[str, int]
    attempts: list[Entry]
    link: Link | None = None
    waiting: Waiting | None = None

    @property
    def earlier(self) -> list[Entry]:
        """Attempts before this one, newest first."""
        return [attempt for attempt in self.attempts if attempt.id < self.entry.id]

    @property
    def later(self) -> list[Entry]:
        """Attempts after this one, newest first."""
        return [attempt for attempt in self.attempts if attempt.id > self.entry.id]


def entries(
    session: Session,
    wanted: EntryFilter,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = PAGE,
    count: bool = True,
) -> EntryPage:
    """A page of entries. before, after: only entries with a lower, a higher number."""
    common = _conditions(session, wanted)
    if common is None:
        return EntryPage(entries=[])
    outcome_is = _aside if _narrow(wanted) else _by_index
    # One query per outcome: each walks its own index backwards and stops after a page, where one
    # query for several outcomes would have to sort all that match.
    branches: list[list[ColumnElement[bool]]] = [
        [*common, outcome_is(Entry.outcome, outcome)] for outcome in dict.fromkeys(wanted.outcomes)
    ] or [common]
    window: list[ColumnElement[bool]] = []
    if before is not None:
        window.append(col(Entry.id) < before)
    if after is not None:
        window.append(col(Entry.id) > after)
    ids = sorted(
        (
            number
            for branch in branches
            for number in session.exec(
                select(Entry.id)
                .where(*branch, *window)
                .order_by(col(Entry.id).desc())
                .limit(limit + 1)
            )
        ),
        reverse=True,
    )
    rows = session.exec(
        select(Entry).where(col(Entry.id).in_(ids[:limit])).order_by(col(Entry.id).desc())
    ).all()
    total = sum(_counted(session, branch) for branch in branches) if count else 0
    return EntryPage(
        entries=list(rows),
        before=ids[limit - 1] if len(ids) > limit else None,
        count=min(total, COUNTED),
        more=total > COUNTED,
    )


def entry(session: Session, vault: Vault, entry_id: int) -> EntryView | None:
    """One entry with its payloads and the other attempts of the same record."""
    row = session.get(Entry, entry_id)
    if row is None:
        return None
    flow = session.get_one(Flow, row.flow_id)
    kept = payloads.read(session, vault, entry_id)
    sizes = {part: payloads.truncated(value) for part, value in kept.items()}
    same = (Entry.flow_id == row.flow_id, Entry.key == row.key)
    attempts = session.exec(
        select(Entry)
        .where(*same, Entry.id != entry_id)
        .order_by(col(Entry.id).desc())
        .limit(ATTEMPTS)
    ).all()
    return EntryView(
        entry=row,
        run=session.get_one(Run, row.run_id),
        flow=flow,
        source=session.get_one(Connection, flow.source_id),
        target=session.get_one(Connection, flow.target_id),
        parts={part: payloads.shown(value) for part, value in kept.items()},
        shortened={part: size for part, size in sizes.items() if size is not None},
        attempts=list(attempts),
        link=session.exec(
            select(Link).where(
                Link.source_id == flow.source_id,
                Link.source_entity == flow.source_entity,
                Link.source_key == row.key,
                Link.target_id == flow.target_id,
                Link.target_entity == flow.target_entity,
            )
        ).first(),
        waiting=session.exec(
            select(Waiting).where(Waiting.flow_id == row.flow_id, Waiting.key == row.key)
        ).first(),
    )


# ---- filters


def _conditions(session: Session, wanted: EntryFilter) -> list[ColumnElement[bool]] | None:
    """What an entry must be like; None when none can be."""
    narrow = _narrow(wanted)
    equal = _aside if narrow else _by_index
    moment = func.coalesce(Entry.at, Entry.at) if narrow else col(Entry.at)
    conditions: list[ColumnElement[bool]] = []
    if wanted.flow_id is not None:
        conditions.append(equal(Entry.flow_id, wanted.flow_id))
    if wanted.run_id is not None:
        bounds = _bounds(session, wanted.run_id)
        if bounds is None:
            return None
        conditions.append(col(Entry.id).between(*bounds))
        if wanted.outcomes and not narrow:
            # Few of a big run may have ended so: the index of the flow's outcomes knows which.
            flow_id = session.exec(select(Run.flow_id).where(Run.id == wanted.run_id)).first()
            conditions += [_by_index(Entry.flow_id, flow_id), _aside(Entry.run_id, wanted.run_id)]
        else:
            conditions.append(equal(Entry.run_id, wanted.run_id))
    else:  # the log tells what happened, not what would have
        conditions.append(col(Entry.run_id).not_in(select(Run.id).where(Run.kind == "plan")))
    if wanted.since is not None:
        first = session.exec(
            select(Entry.id).where(Entry.at >= wanted.since).order_by(col(Entry.at)).limit(1)
        ).first()
        if first is None:
            return None
        conditions += [col(Entry.id) >= first - ID_SLACK, moment >= wanted.since]
    if wanted.until is not None:
        last = session.exec(
            select(Entry.id).where(Entry.at < wanted.until).order_by(col(Entry.at).desc()).limit(1)
        ).first()
        if last is None:
            return None
        conditions += [col(Entry.id) <= last + ID_SLACK, moment < wanted.until]
    if wanted.waiting:
        conditions.append(col(Entry.id).in_(select(Waiting.entry_id)))
    text = wanted.text.strip()
    if text:
        conditions.append(col(Entry.id).in_(_matching(session, wanted, text)))
    return conditions


def _narrow(wanted: EntryFilter) -> bool:
    """Whether few entries can match, found by their numbers: then those are where to begin."""
    return bool(wanted.text.strip()) or wanted.waiting


def _by_index(column: Any, value: Any) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = col(column) == value
    return equal


def _aside(column: Any, value: Any) -> ColumnElement[bool]:
    """Checked row by row: an index on this column would lead through a whole flow instead."""
    equal: ColumnElement[bool] = func.coalesce(column, column) == value
    return equal


def _bounds(session: Session, run_id: int) -> tuple[int, int] | None:
    """The lowest and the highest number of a run's entries."""
    mine = select(Entry.id).where(Entry.run_id == run_id)
    first = session.exec(mine.order_by(col(Entry.id)).limit(1)).first()
    last = session.exec(mine.order_by(col(Entry.id).desc()).limit(1)).first()
    return None if first is None or last is None else (first, last)


def _matching(session: Session, wanted: EntryFilter, text: str) -> Any:
    """The numbers of entries whose reference or key is, or begins with, a text."""
    if wanted.flow_id is not None:
        flows: list[int | None] = [wanted.flow_id]
    else:
        flows = list(session.exec(select(Flow.id)))
    by_reference = select(Entry.id).where(_begins(col(Entry.reference), text))
    by_key = select(Entry.id).where(col(Entry.flow_id).in_(flows), _begins(col(Entry.key), text))
    return union_all(by_reference, by_key)


def _begins(column: Any, text: str) -> ColumnElement[bool]:
    """A range and not LIKE: that uses the index on both databases, and knows no wildcards."""
    if len(text) < SHORTEST_BEGINNING:
        return column == text  # type: ignore[no-any-return]
    return and_(column >= text, column < text + "\U0010ffff")


def _counted(session: Session, conditions: Sequence[ColumnElement[bool]]) -> int:
    some = select(Entry.id).where(*conditions).limit(COUNTED + 1).subquery()
    return session.exec(select(func.count()).select_from(some)).one()

"""Purge: deletes log data that is too old, or a person's, in small steps, and gives the disk back.

Steps are small and have pauses, so that runs go on writing meanwhile.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import CursorResult, Delete, Update
from sqlmodel import Session, col, delete, exists, func, select, update

from hub.store.database import Database, checkpoint
from hub.store.disk import give_back, log_size
from hub.store.errors import StoreError
from hub.store.sealing import Vault
from hub.store.settings import LONGEST_RETENTION, get_setting
from hub.store.tables import (
    CodecDictionary,
    EffectRow,
    Entry,
    Flow,
    FlowCursor,
    HookEvent,
    HookMessage,
    IndexItem,
    IndexValue,
    Link,
    Payload,
    Run,
    Told,
    Waiting,
    utc_now,
)
from hub.store.vault import message_place

STEP = 500
"""Rows that one transaction deletes, about."""
PARTS_PER_ENTRY = 4
PAUSE = 0.05
"""Seconds between two steps, in which others may write."""
STEPS_PER_CHECKPOINT = 20
ID_SLACK = 10_000
"""Several processes write entries at once: an older one may have a number higher by so much."""

EVENTS_DAYS = 7
"""How long what webhooks told is kept at most: longer than any vendor tells the same again."""

FORGOTTEN = "Forgotten on request."
_OPEN = ("queued", "running")
_AGE = re.compile(r"(\d{1,5})\s*(d|days?|h|hours?|w|weeks?)?", re.IGNORECASE)
_UNITS = {"d": "days", "h": "hours", "w": "weeks"}

Progress = Callable[["Purged"], None]


@dataclass(frozen=True)
class Purged:
    """What was deleted. bytes: what the disk got back; on PostgreSQL much of the room that
    became free is kept by the server for new rows and is not counted."""

    entries: int = 0
    payloads: int = 0
    runs: int = 0
    others: int = 0
    bytes: int = 0

    @property
    def rows(self) -> int:
        """Everything that was deleted or emptied."""
        return self.entries + self.payloads + self.runs + self.others

    def __add__(self, other: Purged) -> Purged:
        return Purged(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


def parse_age(text: str) -> dt.timedelta:
    """`30d`, `12h`, `2w` or a plain number of days. Raises StoreError."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise StoreError(f"{text!r} is no age: write 30d (days), 12h (hours) or 2w (weeks).")
    age = dt.timedelta(**{_UNITS[(match[2] or "d")[0].lower()]: int(match[1])})
    if age > dt.timedelta(days=LONGEST_RETENTION):
        raise StoreError(f"{text!r} is too long: at most {LONGEST_RETENTION} days.")
    return age


def purge(
    database: Database,
    older_than: dt.datetime | dt.timedelta,
    *,
    flow_id: int | None = None,
    progress: Progress | None = None,
    pause: float = PAUSE,
) -> Purged:
    """Delete entries, their payloads and ended runs from before a moment (or older than an age).

    What records that wait for somebody point to is kept, and the newest run of each flow.
    """
    before = utc_now() - older_than if isinstance(older_than, dt.timedelta) else older_than
    flow_ids = _flow_ids(database) if flow_id is None else [flow_id]
    size = log_size(database)
    done = Purged()
    for one in flow_ids:
        for step in _purge_flow(database, one, before, pause):
            done += step
            if progress is not None:
                progress(done)
    return done + Purged(bytes=give_back(database, size, pause) if done.rows > 0 else 0)


def nightly(database: Database, *, now: dt.datetime | None = None, pause: float = PAUSE) -> Purged:
    """Apply the retention of each flow, or the overall one."""
    now = now or utc_now()
    size = log_size(database)
    done = Purged()
    with database.session() as session:
        overall = get_setting(session, "retention_days")
        flows = session.exec(select(Flow.id, Flow.retention_days)).all()
    for flow_id, days in flows:
        before = now - dt.timedelta(days=overall if days is None else days)
        for step in _purge_flow(database, flow_id or 0, before, pause):
            done += step
    events = min(overall, EVENTS_DAYS)
    for step in _purge_events(database, now - dt.timedelta(days=events), pause):
        done += step
    return done + Purged(bytes=give_back(database, size, pause) if done.rows > 0 else 0)


def forget(database: Database, vault: Vault, email: str, *, pause: float = PAUSE) -> Purged:
    """Delete what is kept about a person, found by the keyed hash of the e-mail address.

    How each record ended stays in the log, without what was in it. What the connected systems
    themselves know about the person is not touched.
    """
    person = vault.digest(email)
    size = log_size(database)
    done = Purged()
    while True:
        with database.session() as session:
            rows = session.exec(
                select(Entry.id, Entry.flow_id, Entry.key)
                .where(Entry.person == person)
                .order_by(col(Entry.id))
                .limit(STEP // PARTS_PER_ENTRY)
            ).all()
            if rows:
                done += _forget_entries(session, rows)
        if not rows:
            break
        time.sleep(pause)
    with database.session() as session:
        done += Purged(others=_forget_links(session, person))
    done += _forget_messages(database, vault, email)
    return done + Purged(bytes=give_back(database, size, pause) if done.payloads > 0 else 0)


def remove_flow(database: Database, flow_id: int, *, pause: float = PAUSE) -> Purged:
    """Delete a flow with its log, runs and waiting records. Links stay: they belong to the
    connections, and keep a flow that is made again from writing everything twice."""
    size = log_size(database)
    done = Purged()
    with database.session() as session:
        done += Purged(
            others=_count(session, delete(Waiting).where(col(Waiting.flow_id) == flow_id))
        )
    for step in _purge_flow(database, flow_id, utc_now() + dt.timedelta(days=1), pause):
        done += step
    with database.immediate() as session:
        for table in (Payload, Entry, Run, EffectRow, FlowCursor, Waiting, Told):
            done += Purged(
                others=_count(session, delete(table).where(col(table.flow_id) == flow_id))
            )
        _count(
            session, delete(CodecDictionary).where(col(CodecDictionary.scope) == f"flow/{flow_id}")
        )
        _count(session, delete(Flow).where(col(Flow.id) == flow_id))
    return done + Purged(bytes=give_back(database, size, pause))


# ---- steps


def _flow_ids(database: Database) -> list[int]:
    with database.session() as session:
        return [flow_id for flow_id in session.exec(select(Flow.id)) if flow_id is not None]


def _purge_flow(
    database: Database, flow_id: int, before: dt.datetime, pause: float
) -> Iterator[Purged]:
    """Delete a flow's old entries step by step, then its old runs; says what each step did."""
    last, limit = 0, _last_id(database, before)
    for number in range(1, 2**31):
        with database.session() as session:
            ids = session.exec(
                select(Entry.id)
                .where(Entry.flow_id == flow_id, Entry.id > last, Entry.id <= limit)
                .where(Entry.at < before)
                .order_by(col(Entry.id))
                .limit(STEP // PARTS_PER_ENTRY)
            ).all()
            step = _delete_entries(session, ids) if ids else Purged()
        if not ids:
            break
        last = ids[-1]
        yield step
        _rest(database, number, pause)
    for number in range(1, 2**31):
        with database.session() as session:
            runs = _delete_runs(session, flow_id, before)
        if not runs:
            break
        yield Purged(runs=runs)
        _rest(database, number, pause)


def _purge_events(database: Database, before: dt.datetime, pause: float) -> Iterator[Purged]:
    """Delete what webhooks told and flows have taken up, with the messages it came in."""
    for number in range(1, 2**31):
        with database.session() as session:
            old = session.exec(
                select(HookEvent.id)
                .where(HookEvent.received_at < before, col(HookEvent.done).is_(True))
                .limit(STEP)
            ).all()
            gone = _count(session, delete(HookEvent).where(col(HookEvent.id).in_(old)))
            needed = exists().where(col(HookEvent.message_id) == col(HookMessage.id))
            empty = session.exec(
                select(HookMessage.id).where(HookMessage.received_at < before, ~needed).limit(STEP)
            ).all()
            gone += _count(session, delete(HookMessage).where(col(HookMessage.id).in_(empty)))
        if not gone:
            return
        yield Purged(others=gone)
        _rest(database, number, pause)


def _rest(database: Database, step: int, pause: float) -> None:
    if step % STEPS_PER_CHECKPOINT == 0:
        checkpoint(database)
    time.sleep(pause)


def _last_id(database: Database, before: dt.datetime) -> int:
    """A number above which no entry can be that old: bounds the search without sorting."""
    with database.session() as session:
        last = session.exec(
            select(Entry.id).where(Entry.at < before).order_by(col(Entry.at).desc()).limit(1)
        ).first()
    return 0 if last is None else last + ID_SLACK


def _delete_entries(session: Session, ids: Sequence[int]) -> Purged:
    """Delete entries with their payloads, but not those that somebody still waits for."""
    waiting = session.exec(select(Waiting.entry_id).where(col(Waiting.entry_id).in_(ids)))
    gone = sorted(set(ids) - set(waiting))
    if not gone:
        return Purged()
    payloads = _count(session, delete(Payload).where(col(Payload.entry_id).in_(gone)))
    entries = _count(session, delete(Entry).where(col(Entry.id).in_(gone)))
    return Purged(entries=entries, payloads=payloads)


def _delete_runs(session: Session, flow_id: int, before: dt.datetime) -> int:
    newest = session.exec(select(func.max(Run.id)).where(Run.flow_id == flow_id)).one()
    if newest is None:
        return 0
    ids = session.exec(
        select(Run.id)
        .where(Run.flow_id == flow_id, col(Run.id) < newest, Run.queued_at < before)
        .where(col(Run.state).not_in(_OPEN), ~exists().where(col(Entry.run_id) == col(Run.id)))
        .limit(STEP)
    ).all()
    return _count(session, delete(Run).where(col(Run.id).in_(ids))) if ids else 0


def _forget_entries(session: Session, rows: Sequence[tuple[int, int, str]]) -> Purged:
    ids = [entry_id for entry_id, _, _ in rows]
    payloads = _count(session, delete(Payload).where(col(Payload.entry_id).in_(ids)))
    # Without the hash the entry is not found again: this is what lets the loop end.
    emptied = _count(
        session,
        update(Entry)
        .where(col(Entry.id).in_(ids))
        .values(person=None, reason=FORGOTTEN, target_number=None),
    )
    keys = {(flow_id, key) for _, flow_id, key in rows}
    for flow_id in {flow_id for flow_id, _ in keys}:
        mine = [key for owner, key in keys if owner == flow_id]
        emptied += _count(
            session,
            update(Waiting)
            .where(col(Waiting.flow_id) == flow_id, col(Waiting.key).in_(mine))
            .values(reason=FORGOTTEN),
        )
        emptied += _count(
            session,
            update(EffectRow)
            .where(col(EffectRow.flow_id) == flow_id, col(EffectRow.source_key).in_(mine))
            .where(col(EffectRow.error) != "")
            .values(error=FORGOTTEN),
        )
    return Purged(payloads=payloads, others=emptied)


def _forget_links(session: Session, person: str) -> int:
    """Links of customers are kept under `email:` and the keyed hash; indexes hold the hash."""
    count = 0
    for table in (Link, EffectRow):
        count += _count(session, delete(table).where(col(table.source_key) == f"email:{person}"))
    values = session.exec(select(IndexValue).where(IndexValue.hash == person)).all()
    for value in values:
        for index in (IndexValue, IndexItem):
            count += _count(
                session,
                delete(index).where(
                    col(index.connection_id) == value.connection_id,
                    col(index.name) == value.name,
                    col(index.key) == value.key,
                ),
            )
    return count


def _forget_messages(database: Database, vault: Vault, email: str) -> Purged:
    """Delete messages of webhooks that hold the address; what they told stays as keys only."""
    wanted, last, gone = email.strip().casefold().encode(), "", 0
    while True:
        with database.session() as session:
            rows = session.exec(
                select(HookMessage.id, HookMessage.data)
                .where(HookMessage.id > last)
                .order_by(col(HookMessage.id))
                .limit(STEP)
            ).all()
            held = [
                number
                for number, data in rows
                if wanted in vault.unseal_bytes(data, message_place(number)).lower()
            ]
            if held:
                gone += _count(session, delete(HookMessage).where(col(HookMessage.id).in_(held)))
        if not rows:
            return Purged(others=gone)
        last = rows[-1][0]


def _count(session: Session, statement: Delete | Update) -> int:
    result: CursorResult[object] = session.connection().execute(statement)
    return max(result.rowcount, 0)

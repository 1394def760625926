"""The tables: everything Koppel knows. The database is the truth; nothing here decides."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from hub.store.columns import BigId, Code, Moment, Sometimes, Words

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

NEVER_AGAIN = {"sqlite_autoincrement": True}
"""For tables whose ids are known elsewhere (sessions, jobs, sealed values): the id of a row that
was deleted must not be given to another."""


def utc_now() -> dt.datetime:
    """Now, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


class User(SQLModel, table=True):
    """Who may log in."""

    __tablename__ = "user_account"
    __table_args__ = NEVER_AGAIN

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(unique=True)
    name: str = ""
    password_hash: str
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    last_login_at: dt.datetime | None = Field(default=None, sa_type=Moment)


class Connection(SQLModel, table=True):
    """One account in a system.

    credentials: sealed JSON, bound to this row. status: new, ok, unreachable (for now) or
    needs_attention (a person must mend it; its flows rest). account: the account's own name.
    """

    __tablename__ = "connection"
    __table_args__ = NEVER_AGAIN

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    title: str = Field(default="", sa_type=Words)
    system: str
    credentials: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    status: str = "new"
    message: str = Field(default="", sa_type=Words)
    account: str = Field(default="", sa_type=Words)
    checked_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    updated_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class OAuthToken(SQLModel, table=True):
    """What an account gave us access with.

    access, refresh: sealed, bound to this row and their field. brought: keyed hash of the refresh
    token that the credentials brought along and that was taken up; another one counts anew.
    generation: grows with each new token; who refreshed an older one has been overtaken.
    dead: why the grant cannot be used any more; "" while it can.
    """

    __tablename__ = "oauth_token"

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    access: str | None = None
    refresh: str | None = None
    expires_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    brought: str = ""
    scopes: str = Field(default="", sa_type=Words)
    generation: int = 0
    dead: str = Field(default="", sa_type=Words)
    connected_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    updated_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class OAuthAttempt(SQLModel, table=True):
    """Somebody went to give access and is expected back: good for one return, soon.

    state: hash of what comes back in the address. browser: hash of what the session holds.
    verifier: sealed proof key.
    """

    __tablename__ = "oauth_attempt"

    state: str = Field(primary_key=True)
    connection_id: int = Field(foreign_key="connection.id", index=True)
    browser: str
    verifier: str
    next: str = ""
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class Hook(SQLModel, table=True):
    """Where a connection's system tells of changes, and what became of what it told.

    secret: the last part of the address, sealed. received: events that were taken in. repeated:
    told again. refused: forged messages. late: signed too long ago. unclear: messages that were
    genuine and could not be understood. problem: why the last one was not taken.
    """

    __tablename__ = "hook"

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    secret: str
    received: int = 0
    repeated: int = 0
    refused: int = 0
    late: int = 0
    unclear: int = 0
    last_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    problem: str = Field(default="", sa_type=Words)
    problem_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class HookMessage(SQLModel, table=True):
    """One message as it arrived: headers and body, sealed and bound to this row."""

    __tablename__ = "hook_message"

    id: str = Field(primary_key=True)
    connection_id: int = Field(foreign_key="connection.id")
    received_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment, index=True)
    data: bytes = Field(sa_type=LargeBinary)


class HookEvent(SQLModel, table=True):
    """One thing that a message told. done: its flows know of it."""

    __tablename__ = "hook_event"
    __table_args__ = (
        UniqueConstraint("connection_id", "event", name="uq_hook_event_connection_id_event"),
        Index("ix_hook_event_done_id", "done", "id"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    connection_id: int = Field(foreign_key="connection.id")
    message_id: str = Field(index=True)
    event: str = Field(sa_type=Words)
    entity: str = Field(sa_type=Words)
    key: str = Field(sa_type=Words)
    action: str
    happened_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    received_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment, index=True)
    done: bool = False


class Told(SQLModel, table=True):
    """A record that a flow was told of and has to read again. Told of twice, it is here once.

    run_id: the run that is at it; None: it waits for one. attempts: runs that could not be done.
    not_before: when it is tried again after such a run.
    """

    __tablename__ = "told"

    flow_id: int = Field(primary_key=True, foreign_key="flow.id")
    key: str = Field(primary_key=True, sa_type=Words)
    run_id: int | None = Field(default=None, index=True)
    attempts: int = 0
    not_before: dt.datetime | None = Field(default=None, sa_type=Moment)
    since: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class Flow(SQLModel, table=True):
    """Source connection and entity to target connection and entity, and how.

    schedule: cron, "every 5 minutes" or None. draft: still in the wizard, never run by itself.
    pause_reason: why the hub itself paused it (dead credentials), "" when a person did.
    version: grows with each change; waiting records are released when it does.
    retention_days: keep the log's data this long; None: the overall setting.
    """

    __tablename__ = "flow"
    __table_args__ = NEVER_AGAIN

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    title: str = Field(default="", sa_type=Words)
    source_id: int = Field(foreign_key="connection.id")
    source_entity: str
    target_id: int = Field(foreign_key="connection.id")
    target_entity: str
    enabled: bool = True
    draft: bool = False
    schedule: str | None = None
    filter: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    rules: list[Any] = Field(default_factory=list, sa_type=JSON)
    pause_reason: str = Field(default="", sa_type=Words)
    retention_days: int | None = None
    version: int = 1
    next_run_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    updated_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class Coupling(SQLModel, table=True):
    """What the flows from one connection to another share: answers that are given once."""

    __tablename__ = "coupling"

    source_id: int = Field(primary_key=True, foreign_key="connection.id")
    target_id: int = Field(primary_key=True, foreign_key="connection.id")
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    updated_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class Channel(SQLModel, table=True):
    """Where alerts go: an address of a mail server, a chat or a web hook, sealed.

    told_at, error: how the last message went.
    """

    __tablename__ = "channel"
    __table_args__ = NEVER_AGAIN

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    url: str
    told_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    error: str = Field(default="", sa_type=Words)
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class FlowCursor(SQLModel, table=True):
    """How far a flow has read its source. Survives edits of the flow."""

    __tablename__ = "flow_cursor"

    flow_id: int = Field(primary_key=True, foreign_key="flow.id")
    value: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    updated_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class Run(SQLModel, table=True):
    """One execution of a flow.

    kind: run, plan, test (one record for real) or retry. trigger: schedule, webhook, user, cli,
    api, hub.
    state: queued, running, then succeeded, partial, failed or interrupted.
    options: limit, full, keys, as_then. requests: connection name -> calls made.
    """

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_flow_id_id", "flow_id", "id"),
        Index("ix_run_state", "state"),
        Index("ix_run_queued_at", "queued_at"),
        NEVER_AGAIN,
    )

    id: int | None = Field(default=None, primary_key=True)
    flow_id: int = Field(foreign_key="flow.id")
    kind: str = "run"
    trigger: str = "user"
    state: str = "queued"
    options: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    blocked: int = 0
    failed: int = 0
    requests: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    message: str = Field(default="", sa_type=Words)
    attempt: int = 0
    queued_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    started_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    finished_at: dt.datetime | None = Field(default=None, sa_type=Moment)


class Lease(SQLModel, table=True):
    """Who may work on something (`flow:7`) and until when; renewed while the work goes on."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    owner: str
    until: dt.datetime = Field(sa_type=Moment)


class Counter(SQLModel, table=True):
    """Numbers given out in blocks: ids that must be known before rows are written."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    value: int = Field(default=0, sa_type=BigInteger)


class Entry(SQLModel, table=True):
    """How one record ended in one run.

    outcome: created, updated, unchanged, skipped, blocked, failed. fix: the setting that mends it.
    person: keyed hash of the e-mail address the record is about, for `koppel forget`.
    """

    __tablename__ = "entry"
    __table_args__ = (
        Index("ix_entry_run_id_id", "run_id", "id"),
        Index("ix_entry_flow_id_id", "flow_id", "id"),
        Index("ix_entry_outcome_id", "outcome", "id"),
        Index("ix_entry_flow_id_outcome_id", "flow_id", "outcome", "id"),
        Index("ix_entry_flow_id_key_id", "flow_id", "key", "id"),
        Index("ix_entry_reference_id", "reference", "id"),
    )

    id: int = Field(primary_key=True, sa_type=BigId)
    run_id: int = Field(foreign_key="run.id")
    flow_id: int = Field(foreign_key="flow.id")
    key: str = Field(sa_type=Code)
    reference: str = Field(default="", sa_type=Code)
    outcome: str
    target: str | None = Field(default=None, sa_type=Words)
    target_number: str | None = Field(default=None, sa_type=Words)
    reason: str = Field(default="", sa_type=Words)
    code: str = ""
    field: str | None = Field(default=None, sa_type=Words)
    fix: str | None = None
    person: str | None = Field(default=None, index=True)
    milliseconds: int = 0
    at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment, index=True)


class Payload(SQLModel, table=True):
    """What an entry was about, compressed and sealed, apart from the outcome so it can be purged.

    part: received, understood, pushed, answered or trace.
    """

    __tablename__ = "payload"

    entry_id: int = Field(primary_key=True, sa_type=BigId)
    part: str = Field(primary_key=True)
    flow_id: int = Field(index=True)
    data: bytes = Field(sa_type=LargeBinary)


class Link(SQLModel, table=True):
    """This record there is that record here: what makes a second run quiet.

    received: hash of the record as last read. pushed: hash of what was last written.
    known_as: what other records in the target call it.
    essence: what mattered of the record when it was written (total, lines), to tell later what
    has changed. closed: nothing more is expected to happen to it.
    """

    __tablename__ = "link"
    __table_args__ = (
        UniqueConstraint(
            "source_id",
            "source_entity",
            "source_key",
            "target_id",
            "target_entity",
            name="uq_link_source_target",
        ),
        Index("ix_link_target", "target_id", "target_entity", "target_key"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    source_id: int = Field(foreign_key="connection.id")
    source_entity: str
    source_key: str = Field(sa_type=Words)
    target_id: int = Field(foreign_key="connection.id")
    target_entity: str
    target_key: str = Field(sa_type=Words)
    target_number: str | None = Field(default=None, sa_type=Words)
    known_as: str | None = Field(default=None, sa_type=Words)
    received: str | None = None
    pushed: str | None = None
    essence: dict[str, Any] | None = Field(default=None, sa_type=Sometimes)
    closed: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    updated_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class EffectRow(SQLModel, table=True):
    """One intended write and what is known about it; stored before the first call is made.

    state: intended, sent, confirmed, refused, unknown. token: sent along where the vendor takes
    one. stage: how far a write of several calls has come.
    """

    __tablename__ = "effect"
    __table_args__ = (
        UniqueConstraint(
            "source_id",
            "source_entity",
            "source_key",
            "target_id",
            "target_entity",
            "action",
            name="uq_effect_source_target_action",
        ),
        Index("ix_effect_flow_id_state", "flow_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    flow_id: int = Field(foreign_key="flow.id")
    run_id: int
    source_id: int = Field(foreign_key="connection.id")
    source_entity: str
    source_key: str = Field(sa_type=Words)
    target_id: int = Field(foreign_key="connection.id")
    target_entity: str
    action: str
    state: str = "intended"
    token: str
    stage: str | None = None
    target_key: str | None = Field(default=None, sa_type=Words)
    error: str = Field(default="", sa_type=Words)
    attempts: int = 0
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    sent_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    settled_at: dt.datetime | None = Field(default=None, sa_type=Moment)


class Waiting(SQLModel, table=True):
    """A record that could not go on: why, since when, and when it is tried again by itself.

    wants: SKU -> how many, of an order that the target does not know of yet.
    """

    __tablename__ = "waiting"
    __table_args__ = (
        UniqueConstraint("flow_id", "key", name="uq_waiting_flow_id_key"),
        Index("ix_waiting_flow_id_next_attempt_at", "flow_id", "next_attempt_at"),
        Index("ix_waiting_entry_id", "entry_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    flow_id: int = Field(foreign_key="flow.id")
    key: str = Field(sa_type=Code)
    reference: str = Field(default="", sa_type=Code)
    entry_id: int = Field(sa_type=BigInteger)
    outcome: str
    code: str = ""
    reason: str = Field(default="", sa_type=Words)
    field: str | None = Field(default=None, sa_type=Words)
    fix: str | None = None
    since: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)
    attempts: int = 1
    next_attempt_at: dt.datetime | None = Field(default=None, sa_type=Moment)
    flow_version: int = 1
    wants: dict[str, Any] | None = Field(default=None, sa_type=Sometimes)


class IndexState(SQLModel, table=True):
    """How far a plugin's index of a connection was read."""

    __tablename__ = "index_state"

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    name: str = Field(primary_key=True)
    cursor: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    refreshed_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class IndexItem(SQLModel, table=True):
    """One remote record in an index, with the facts worth keeping."""

    __tablename__ = "index_item"

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    name: str = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Words)
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class IndexValue(SQLModel, table=True):
    """A keyed hash by which a record of an index is found."""

    __tablename__ = "index_value"
    __table_args__ = (Index("ix_index_value_key", "connection_id", "name", "key"),)

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    name: str = Field(primary_key=True)
    by: str = Field(primary_key=True)
    hash: str = Field(primary_key=True)
    key: str = Field(primary_key=True, sa_type=Words)


class LookupCache(SQLModel, table=True):
    """Live choices as last fetched."""

    __tablename__ = "lookup_cache"

    connection_id: int = Field(primary_key=True, foreign_key="connection.id")
    name: str = Field(primary_key=True)
    options: list[Any] = Field(default_factory=list, sa_type=JSON)
    fetched_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)


class Setting(SQLModel, table=True):
    """One overall setting or internal fact (retention, key check, time zone)."""

    __tablename__ = "setting"

    name: str = Field(primary_key=True)
    value: Any = Field(default=None, sa_type=JSON)


class CodecDictionary(SQLModel, table=True):
    """A trained compression dictionary; payloads name the one they were packed with."""

    __tablename__ = "codec_dictionary"
    __table_args__ = NEVER_AGAIN

    id: int | None = Field(default=None, primary_key=True)
    scope: str = Field(index=True)
    data: bytes = Field(sa_type=LargeBinary)
    created_at: dt.datetime = Field(default_factory=utc_now, sa_type=Moment)

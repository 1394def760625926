"""Webhooks: what a system tells is stored before it is answered, and soon becomes a run."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import logging
import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlmodel import Session, col

from hub.engine.hub import Hub
from hub.engine.waiting import PASSING
from hub.sdk import ConfigurationError, Forged, TooOld, Webhook, WebhookEvent, WebhookRequest
from hub.store.sql import insert
from hub.store.tables import (
    Connection,
    Flow,
    Hook,
    HookEvent,
    HookMessage,
    Run,
    Told,
    utc_now,
)
from hub.store.vault import hook_place, message_place

log = logging.getLogger("koppel.webhooks")
PATH = "/hooks"
LARGEST = 1024 * 1024
"""Bytes of one message."""
KEYS = 5_000
"""Records that one run takes up at most; the next run takes the others."""
STEP = 2_000
POLL = ""
"""The key that stands for "read what is new": of an entity that cannot be read by key."""
OPEN = ("queued", "running")


class NoSuchHook(Exception):
    """Nobody listens at this address."""


@dataclass(frozen=True, kw_only=True)
class Listening:
    """What a connection's page says about its webhook."""

    address: str
    setup: str
    received: int = 0
    repeated: int = 0
    refused: int = 0
    late: int = 0
    unclear: int = 0
    last_at: dt.datetime | None = None
    problem: str = ""
    problem_at: dt.datetime | None = None
    waiting: int = 0


# ---- the address


def declared(hub: Hub, row: Connection) -> Webhook | None:
    """The webhook declaration, when this connection can be told anything."""
    try:
        return hub.registry.system(row.system).webhook_for(hub.credentials(row))
    except ConfigurationError:
        return None


def listening(hub: Hub, row: Connection) -> Listening | None:
    """The address to enter over there, and what came in so far; None without webhooks."""
    webhook = declared(hub, row)
    if webhook is None:
        return None
    with hub.database.session() as session:
        hook = _hook(hub, session, row)
        waiting = session.execute(
            select(func.count())
            .select_from(Told)
            .join(Flow, col(Flow.id) == col(Told.flow_id))
            .where(col(Flow.source_id) == row.id)
        ).scalar_one()
        names = ("received", "repeated", "refused", "late", "unclear")
        return Listening(
            address=_address(hub, row, hook),
            setup=webhook.setup,
            last_at=hook.last_at,
            problem=hook.problem,
            problem_at=hook.problem_at,
            waiting=waiting,
            **{name: getattr(hook, name) for name in names},
        )


def _address(hub: Hub, row: Connection, hook: Hook) -> str:
    secret = hub.vault.open(hook.secret, hook_place(row.id or 0))
    return f"{hub.config.base_url}{PATH}/{row.name}/{secret}"


def renew_address(hub: Hub, row: Connection) -> str:
    """Another secret address; the one before stops working at once. Raises ConfigurationError."""
    if declared(hub, row) is None:
        raise ConfigurationError(f"The connection {row.name} cannot be told of changes.")
    with hub.database.immediate() as session:
        hook = _hook(hub, session, row)
        hook.secret = hub.vault.seal(secrets.token_urlsafe(24), hook_place(row.id or 0))
        hook.problem, hook.problem_at = "", None
        session.add(hook)
        return _address(hub, row, hook)


def _hook(hub: Hub, session: Session, row: Connection) -> Hook:
    """The connection's row, made when it is first asked for."""
    assert row.id is not None
    hook = session.get(Hook, row.id)
    if hook is None:
        secret = hub.vault.seal(secrets.token_urlsafe(24), hook_place(row.id))
        session.connection().execute(
            insert(session, Hook)
            .values(connection_id=row.id, secret=secret, **_fresh())
            .on_conflict_do_nothing()
        )
        hook = session.get_one(Hook, row.id)
    return hook


def _fresh() -> dict[str, Any]:
    zeros = dict.fromkeys(("received", "repeated", "refused", "late", "unclear"), 0)
    return {**zeros, "problem": "", "created_at": utc_now()}


# ---- taking in


def receive(hub: Hub, name: str, secret: str, request: WebhookRequest) -> int:
    """Verify a message and store what it tells; gives how many events were new.

    Raises NoSuchHook for an address that is not one of ours, and Forged for what the vendor did
    not send or sent too long ago; both are counted where there is something to count at.
    """
    with hub.database.session() as session:
        row = session.execute(
            select(Connection).where(col(Connection.name) == name)
        ).scalar_one_or_none()
        hook = session.get(Hook, row.id) if row is not None else None
    webhook = declared(hub, row) if row is not None else None
    if row is None or row.id is None or hook is None or webhook is None:
        raise NoSuchHook
    right = hub.vault.open(hook.secret, hook_place(row.id))
    if not hmac.compare_digest(right.encode(), secret.encode()):
        _note(hub, row.id, "It came to an address that is not this one (any more)")
        raise NoSuchHook
    try:
        webhook.verify(hub.credentials(row), hub.settings(row), request)
    except Forged as error:
        _count(hub, row.id, "late" if isinstance(error, TooOld) else "refused", str(error))
        raise
    try:
        events = list(webhook.events(request))
    except Exception as error:  # genuine, but of a shape that the plugin does not know
        log.exception("a message to %s could not be understood", row.name)
        _store(hub, row.id, request, [])
        _count(hub, row.id, "unclear", f"Not understood ({type(error).__name__})")
        return 0
    return _store(hub, row.id, request, events) if events else 0


def _store(
    hub: Hub, connection_id: int, request: WebhookRequest, events: Sequence[WebhookEvent]
) -> int:
    """Keep the message and its events in one transaction; what was told before is only counted."""
    number, now = secrets.token_hex(12), utc_now()
    rows = {
        _name(event, place, request): {
            "connection_id": connection_id,
            "message_id": number,
            "event": _name(event, place, request),
            "entity": event.entity,
            "key": event.key,
            "action": event.action,
            "happened_at": event.at,
            "received_at": now,
            "done": False,
        }
        for place, event in enumerate(events)
    }
    sealed = hub.vault.seal_bytes(_raw(request), message_place(number))
    with hub.database.begin() as connection:
        new = 0
        if rows:
            statement = insert(connection, HookEvent).on_conflict_do_nothing(
                index_elements=["connection_id", "event"]
            )
            taken = connection.execute(statement.returning(col(HookEvent.id)), list(rows.values()))
            new = len(taken.all())
        if new or not rows:
            connection.execute(
                insert(connection, HookMessage).values(
                    id=number, connection_id=connection_id, received_at=now, data=sealed
                )
            )
        connection.execute(
            update(Hook)
            .where(col(Hook.connection_id) == connection_id)
            .values(
                received=Hook.received + new,
                repeated=Hook.repeated + len(events) - new,
                last_at=now,
            )
        )
    return new


def _name(event: WebhookEvent, place: int, request: WebhookRequest) -> str:
    """What tells an event from others; one without an id is known by the message it came in."""
    told = event.id or f"{hashlib.sha256(request.body).hexdigest()[:32]}/{place}"
    return f"{event.entity}/{told}"[:300]


def _raw(request: WebhookRequest) -> bytes:
    about = {
        "method": request.method,
        "received_at": request.received_at.isoformat(),
        "headers": [
            [name, value]
            for name, value in request.headers.items()
            if name.lower() not in ("cookie", "authorization")
        ],
    }
    return json.dumps(about).encode() + b"\n" + request.body


def _count(hub: Hub, connection_id: int, what: str, problem: str) -> None:
    _note(hub, connection_id, problem, {what: getattr(Hook, what) + 1})


def _note(
    hub: Hub, connection_id: int, problem: str, counted: dict[str, Any] | None = None
) -> None:
    with hub.database.begin() as connection:
        connection.execute(
            update(Hook)
            .where(col(Hook.connection_id) == connection_id)
            .values({**(counted or {}), "problem": problem[:300], "problem_at": utc_now()})
        )


# ---- making runs of it


def take_up(hub: Hub, session: Session, now: dt.datetime) -> None:
    """Tell the flows what was stored, and queue runs for what they were told of."""
    _settle(session, now)
    _distribute(hub, session)
    _queue(session, now)


def _distribute(hub: Hub, session: Session) -> None:
    """Note for each flow which records it has to read again; many events, one note."""
    while True:
        events = session.execute(
            select(col(HookEvent.id), col(HookEvent.connection_id), col(HookEvent.entity), _KEY)
            .where(col(HookEvent.done).is_(False))
            .order_by(col(HookEvent.id))
            .limit(STEP)
        ).all()
        if not events:
            return
        flows = defaultdict(list)
        for flow in session.execute(select(Flow).where(_live())).scalars():
            by_key = _readable_by_key(hub, session, flow)
            flows[flow.source_id, flow.source_entity].append((flow.id, by_key))
        told = {
            (flow_id, key if by_key else POLL)
            for _, connection_id, entity, key in events
            for flow_id, by_key in flows.get((connection_id, entity), ())
        }
        connection = session.connection()
        if told:
            rows = [
                {"flow_id": flow_id, "key": key, "attempts": 0, "since": utc_now()}
                for flow_id, key in sorted(told)
            ]
            connection.execute(
                insert(connection, Told).on_conflict_do_update(
                    index_elements=["flow_id", "key"],
                    set_={"run_id": None, "not_before": None},
                ),
                rows,
            )
        for start in range(0, len(events), 500):
            numbers = [event[0] for event in events[start : start + 500]]
            connection.execute(
                update(HookEvent).where(col(HookEvent.id).in_(numbers)).values(done=True)
            )
        session.commit()


_KEY = col(HookEvent.key)


def _readable_by_key(hub: Hub, session: Session, flow: Flow) -> bool:
    system = hub.registry.systems.get(session.get_one(Connection, flow.source_id).system)
    found = (e for e in system.entities if e.name == flow.source_entity) if system else ()
    return any(entity().can("get") for entity in found)


def _queue(session: Session, now: dt.datetime) -> None:
    """One run for every flow that was told of something and is not at work."""
    ready = or_(col(Told.not_before).is_(None), col(Told.not_before) <= now)
    waiting = session.execute(
        select(Flow)
        .where(_live())
        .where(
            col(Flow.id).in_(
                select(col(Told.flow_id)).where(col(Told.run_id).is_(None), ready).distinct()
            )
        )
    ).scalars()
    for flow in list(waiting):
        if busy(session, flow.id or 0) or resting(session, flow) or _due(flow, now):
            continue
        keys = list(
            session.execute(
                select(col(Told.key))
                .where(col(Told.flow_id) == flow.id, col(Told.run_id).is_(None), ready)
                .order_by(col(Told.since), col(Told.key))
                .limit(KEYS)
            ).scalars()
        )
        run = Run(flow_id=flow.id or 0, trigger="webhook")
        run.options = {} if POLL in keys else {"keys": keys}
        session.add(run)
        session.flush()
        for start in range(0, len(keys), 500):
            session.connection().execute(
                update(Told)
                .where(col(Told.flow_id) == flow.id, col(Told.key).in_(keys[start : start + 500]))
                .values(run_id=run.id)
            )
    session.flush()


def _settle(session: Session, now: dt.datetime) -> None:
    """Forget what runs have dealt with; what they could not do is tried again later."""
    runs = session.execute(
        select(col(Told.run_id), col(Run.state), func.max(col(Told.attempts)))
        .outerjoin(Run, col(Run.id) == col(Told.run_id))
        .where(col(Told.run_id).is_not(None))
        .where(or_(col(Run.state).is_(None), col(Run.state).not_in(OPEN)))
        .group_by(col(Told.run_id), col(Run.state))
    ).all()
    connection = session.connection()
    for run_id, state, attempts in runs:
        mine = col(Told.run_id) == run_id
        if state in ("failed", "interrupted"):
            minutes = PASSING[min(attempts, len(PASSING) - 1)]
            later = now + dt.timedelta(minutes=minutes)
            connection.execute(
                update(Told)
                .where(mine)
                .values(run_id=None, attempts=attempts + 1, not_before=later)
            )
        else:
            connection.execute(delete(Told).where(mine))


def _live() -> ColumnElement[bool]:
    return col(Flow.enabled).is_(True) & col(Flow.draft).is_(False)


def _due(flow: Flow, now: dt.datetime) -> bool:
    """Whether its own time has come: reading what is new goes first, or it never got a turn."""
    return flow.schedule is not None and flow.next_run_at is not None and flow.next_run_at <= now


def busy(session: Session, flow_id: int, trigger: str | None = None) -> bool:
    """Whether a flow has a run in hand (with this trigger)."""
    query = select(col(Run.id)).where(
        col(Run.flow_id) == flow_id, col(Run.state).in_(OPEN), col(Run.kind) != "plan"
    )
    if trigger is not None:
        query = query.where(col(Run.trigger) == trigger)
    return session.execute(query.limit(1)).first() is not None


def resting(session: Session, flow: Flow) -> bool:
    """Whether a connection of this flow waits for a person."""
    return any(
        session.get_one(Connection, connection_id).status == "needs_attention"
        for connection_id in (flow.source_id, flow.target_id)
    )

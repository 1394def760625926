"""Connections: made, changed, tried out, checked and removed."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, delete, or_, select
from sqlmodel import update as change

from hub.engine.diagnosis import Diagnosis, diagnose
from hub.engine.forms import answers
from hub.engine.hub import Hub
from hub.engine.naming import name_problem
from hub.sdk import Account, Api, ConfigurationError, Form, KoppelError, System
from hub.sdk.oauth import Tokens
from hub.store.tables import (
    Connection,
    Coupling,
    EffectRow,
    Flow,
    Hook,
    HookEvent,
    HookMessage,
    IndexItem,
    IndexState,
    IndexValue,
    Link,
    LookupCache,
    OAuthAttempt,
    OAuthToken,
    Run,
    Told,
    utc_now,
)
from hub.store.vault import credentials_place

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a connection test found. field: of the credentials form, where it should be mended.

    error: what was raised, for who wants to raise it again; None when all is well.
    """

    status: str
    account: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    message: str = ""
    field: str | None = None
    warnings: tuple[str, ...] = ()
    error: Exception | None = None

    @property
    def ok(self) -> bool:
        """Whether the connection works."""
        return self.status == "ok"


# ---- trying and checking


def try_out(
    hub: Hub,
    system: System,
    credentials: Form,
    settings: Form,
    *,
    tokens: Tokens | None = None,
) -> Checked:
    """Call a system with credentials that are not stored yet; says what is wrong, never raises.

    tokens: of an account that uses OAuth2.
    """
    try:
        with Api(
            system=system,
            connection=system.title,
            credentials=credentials,
            settings=settings,
            tokens=tokens,
        ) as api:
            account = system.check(api)
    except Exception as error:  # a plugin's mistake is reported like everything else
        return _wrong(system, credentials, settings, error)
    with hub.database.session() as session:
        return _right(session, system, account, own_id=None)


def check(hub: Hub, connection_id: int) -> Checked:
    """Call a stored connection's system and remember how it went; never raises for the system."""
    with hub.database.session() as session:
        row = session.get_one(Connection, connection_id)
    system = hub.registry.system(row.system)
    checked: Checked | None = None
    try:
        credentials, settings = hub.credentials(row), hub.settings(row)
    except ConfigurationError as error:
        checked = Checked(
            status="needs_attention", message=str(error), field=error.setting, error=error
        )
    else:
        try:
            with hub.open(row) as api:
                account = system.check(api)
        except Exception as error:  # a plugin's mistake is reported like everything else
            checked = _wrong(system, credentials, settings, error)
    with hub.database.session() as session:
        if checked is None:
            checked = _right(session, system, account, own_id=connection_id)
        remember(session, connection_id, checked)
    return checked


def remember(session: Session, connection_id: int, checked: Checked) -> None:
    """Store how a check went."""
    row = session.get(Connection, connection_id)
    if row is None:  # removed while it was being checked
        return
    row.status = checked.status
    row.message = "" if checked.ok else checked.message
    row.account = checked.account or row.account
    row.checked_at = utc_now()
    session.add(row)
    if checked.ok:
        _go_on(session, row)


def _go_on(session: Session, row: Connection) -> None:
    """Flows that this connection stopped go on at once, instead of at their next time."""
    for flow in live_flows(session, row):
        newest = session.exec(
            select(Run)
            .where(col(Run.flow_id) == flow.id, col(Run.kind) != "plan")
            .order_by(col(Run.id).desc())
            .limit(1)
        ).first()
        if newest is None or newest.state != "failed":
            continue
        if (newest.options.get("error") or {}).get("connection") == row.name:
            session.exec(change(Told).where(col(Told.flow_id) == flow.id).values(not_before=None))
            if flow.schedule is not None:
                flow.next_run_at = utc_now()
                session.add(flow)


def _right(session: Session, system: System, account: Account, own_id: int | None) -> Checked:
    return Checked(
        status="ok",
        account=account.name,
        facts=dict(account.facts),
        message=f"Connected to {account.name}.",
        warnings=_same_account(session, system, account.name, own_id),
    )


def _wrong(system: System, credentials: Form, settings: Form, error: Exception) -> Checked:
    if not isinstance(error, KoppelError):
        log.exception("checking %s went wrong", system.name)
    found: Diagnosis = diagnose(system, credentials, settings, error)
    return Checked(status=found.status, message=found.message, field=found.field, error=error)


def _same_account(
    session: Session, system: System, account: str, own_id: int | None
) -> tuple[str, ...]:
    rows = session.exec(
        select(Connection).where(
            col(Connection.system) == system.name, col(Connection.account) == account
        )
    ).all()
    others = [row.name for row in rows if row.id != own_id]
    if not account or not others:
        return ()
    return (
        f"{', '.join(others)} is connected to {account} already. Two connections to one account "
        "share its limits and may write the same record twice.",
    )


# ---- keeping


def create(
    hub: Hub,
    session: Session,
    *,
    name: str,
    system: str,
    title: str = "",
    credentials: Form,
    settings: Form,
) -> Connection:
    """Add a connection. Raises ConfigurationError when the name cannot be used."""
    problem = name_problem(name)
    if problem:
        raise ConfigurationError(problem, setting="name")
    if session.exec(select(Connection).where(col(Connection.name) == name)).first():
        raise ConfigurationError(f"There is a connection {name!r} already", setting="name")
    declared = hub.registry.system(system)
    row = Connection(name=name, system=declared.name, title=title, settings=answers(settings))
    session.add(row)
    session.flush()  # what is sealed is bound to the row's id, so the id comes first
    seal(hub, row, credentials)
    session.add(row)
    session.flush()
    return row


def update(
    hub: Hub,
    session: Session,
    row: Connection,
    *,
    title: str | None = None,
    credentials: Form | None = None,
    settings: Form | None = None,
) -> bool:
    """Change a connection; whether anything differs. New credentials make it new: check it."""
    changed = False
    if title is not None and title != row.title:
        row.title, changed = title, True
    if settings is not None and answers(settings) != row.settings:
        row.settings, changed = answers(settings), True
    if credentials is not None and answers(credentials) != stored_credentials(hub, row):
        seal(hub, row, credentials)
        row.status, row.message, row.checked_at, changed = "new", "", None, True
        session.exec(delete(LookupCache).where(col(LookupCache.connection_id) == row.id))
    if changed:
        row.updated_at = utc_now()
        session.add(row)
        session.flush()
    return changed


def seal(hub: Hub, row: Connection, credentials: Form) -> None:
    """Put credentials into the row, encrypted and bound to it."""
    text = json.dumps(answers(credentials), ensure_ascii=False, sort_keys=True)
    row.credentials = hub.vault.seal(text, credentials_place(row.id or 0))


def stored_credentials(hub: Hub, row: Connection) -> dict[str, object]:
    """The stored answers, secrets in clear: to keep what a form leaves empty. Never show them."""
    if not row.credentials:
        return {}
    opened = hub.vault.open(row.credentials, credentials_place(row.id or 0))
    values: dict[str, object] = json.loads(opened)
    return values


def used_by(session: Session, connection_id: int) -> list[str]:
    """The names of the flows that need a connection."""
    rows = session.exec(
        select(Flow.name).where(
            or_(col(Flow.source_id) == connection_id, col(Flow.target_id) == connection_id)
        )
    )
    return sorted(rows.all())


def live_flows(session: Session, row: Connection) -> list[Flow]:
    """Which flows stand still without this connection."""
    query = select(Flow).where(
        or_(col(Flow.source_id) == row.id, col(Flow.target_id) == row.id),
        col(Flow.enabled).is_(True),
        col(Flow.draft).is_(False),
    )
    return list(session.exec(query.order_by(col(Flow.name))).all())


def remove(session: Session, row: Connection) -> None:
    """Delete a connection and what is known about its records.

    Raises ConfigurationError while flows use it.
    """
    assert row.id is not None
    flows = used_by(session, row.id)
    if flows:
        raise ConfigurationError(
            f"The connection {row.name!r} is used by {', '.join(flows)}; delete those flows first"
        )
    for table in (Link, EffectRow, Coupling):
        session.exec(
            delete(table).where(or_(col(table.source_id) == row.id, col(table.target_id) == row.id))
        )
    for own in (
        *(LookupCache, IndexValue, IndexItem, IndexState),
        *(OAuthToken, OAuthAttempt, Hook, HookEvent, HookMessage),
    ):
        session.exec(delete(own).where(col(own.connection_id) == row.id))
    session.delete(row)
    session.flush()

"""Connect: somebody gives access at the vendor and comes back. Disconnect: it is forgotten."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from pydantic import ValidationError
from sqlmodel import col, delete

from hub.engine import connections as desk
from hub.engine import grants, tokens
from hub.engine.hub import Hub
from hub.sdk import ConfigurationError, KoppelError, OAuth2
from hub.store.tables import Connection, OAuthAttempt, OAuthToken, utc_now
from hub.store.vault import attempt_place, token_place

PATH = "/oauth/callback"
GOOD_FOR = dt.timedelta(minutes=15)
"""How long somebody may take to give access."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a connection's page says about the access an account gave.

    state: none, good or dead. why: of a dead one.
    """

    state: str
    why: str = ""
    connected_at: dt.datetime | None = None
    refreshed_at: dt.datetime | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Return:
    """Somebody came back. problem: why there is no access all the same."""

    connection: str
    next: str = ""
    problem: str = ""


class NotExpected(KoppelError):
    """A return that nobody waits for: used before, too late, or begun in another browser."""


def redirect_address(hub: Hub) -> str:
    """Where vendors send people back to. People enter it in the settings of their app there."""
    return f"{hub.config.base_url}{PATH}"


def declared(hub: Hub, row: Connection) -> OAuth2 | None:
    """The OAuth2 declaration, when this connection uses it."""
    try:
        return hub.registry.system(row.system).oauth2_for(hub.credentials(row))
    except ConfigurationError:
        return None


def access(hub: Hub, row: Connection) -> Access | None:
    """What is known about this connection's access; None when it does not use OAuth2."""
    oauth2 = declared(hub, row)
    if oauth2 is None:
        return None
    with hub.database.session() as session:
        kept = session.get(OAuthToken, row.id)
    brought = oauth2.brought(hub.credentials(row))
    if brought and (kept is None or kept.brought != hub.vault.digest(brought)):
        return Access(state="good")
    if kept is None or not (kept.dead or kept.access or kept.refresh):
        return Access(state="none")
    return Access(
        state="dead" if kept.dead else "good",
        why=kept.dead,
        connected_at=kept.connected_at,
        refreshed_at=kept.updated_at,
        scopes=tuple(kept.scopes.replace(",", " ").split()),
    )


def begin(hub: Hub, row: Connection, *, browser: str, following: str = "") -> str:
    """The address at the vendor where access is given. browser: a secret that only this one has."""
    assert row.id is not None
    credentials = hub.credentials(row)
    oauth2 = hub.registry.system(row.system).oauth2_for(credentials)
    if oauth2 is None:
        raise ConfigurationError(f"The connection {row.name} does not use OAuth2.")
    client_id, _ = oauth2.client(credentials)
    if not client_id:
        raise ConfigurationError(
            "Fill in the client id first: it says who asks for access.", setting="client_id"
        )
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    name = _hash(state)
    with hub.database.session() as session:
        session.exec(
            delete(OAuthAttempt).where(col(OAuthAttempt.created_at) < utc_now() - GOOD_FOR)
        )
        session.add(
            OAuthAttempt(
                state=name,
                connection_id=row.id,
                browser=_hash(browser),
                verifier=hub.vault.seal(verifier, attempt_place(name)),
                next=following,
            )
        )
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_address(hub),
        "state": state,
    }
    scopes = oauth2.scope_separator.join(oauth2.scopes_for(credentials))
    if scopes:
        asked["scope"] = scopes
    if oauth2.pkce:
        digest = hashlib.sha256(verifier.encode()).digest()
        asked["code_challenge"] = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        asked["code_challenge_method"] = "S256"
    address = oauth2.authorize_at(credentials)
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}{urlencode({**asked, **oauth2.extra}, quote_via=quote)}"


def finish(hub: Hub, *, state: str, browser: str, code: str, refused: str) -> Return:
    """Somebody came back: change the code into tokens and keep them.

    refused: what the vendor said instead of a code. Raises NotExpected.
    """
    name = _hash(state)
    with hub.database.session() as session:
        attempt = session.exec(
            delete(OAuthAttempt).where(col(OAuthAttempt.state) == name).returning(OAuthAttempt)
        ).scalar_one_or_none()
        row = session.get(Connection, attempt.connection_id) if attempt else None
    if attempt is None or row is None:
        raise NotExpected("This way back was used before, or nobody set out on it.")
    if utc_now() - attempt.created_at > GOOD_FOR:
        raise NotExpected("It took more than a quarter of an hour to come back.")
    if not hmac.compare_digest(attempt.browser, _hash(browser)):
        raise NotExpected("It was begun in another browser, or before you logged in again.")
    told = Return(connection=row.name, next=attempt.next)
    if refused or not code:
        problem = refused or "no code came back"
        return Return(connection=row.name, next=told.next, problem=problem)
    try:
        _exchange(hub, row, attempt, code)
    except KoppelError as error:
        return Return(connection=row.name, next=told.next, problem=str(error))
    return told


def _exchange(hub: Hub, row: Connection, attempt: OAuthAttempt, code: str) -> None:
    assert row.id is not None
    credentials, settings = hub.credentials(row), hub.settings(row)
    system = hub.registry.system(row.system)
    oauth2 = system.oauth2_for(credentials)
    if oauth2 is None:
        raise ConfigurationError(f"The connection {row.name} does not use OAuth2 any more.")
    wanted = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_address(hub),
    }
    if oauth2.pkce:
        wanted["code_verifier"] = hub.vault.open(attempt.verifier, attempt_place(attempt.state))
    grant = grants.ask(system, oauth2, credentials, settings, wanted)
    brought = oauth2.brought(credentials)
    mark = hub.vault.digest(brought) if brought else ""
    with hub.database.immediate() as session:
        tokens.store(session, hub.vault, row.id, grant, mark=mark)
        kept = session.get_one(Connection, row.id)
        kept.status, kept.message = "new", ""
        session.add(kept)


# ---- disconnect


def revokes(hub: Hub, row: Connection) -> bool:
    """Whether the vendor is told when this connection is disconnected."""
    oauth2 = declared(hub, row)
    return oauth2 is not None and oauth2.revoke_at(hub.credentials(row)) is not None


def disconnect(hub: Hub, row: Connection) -> str | None:
    """Forget the access of a connection; its flows rest until somebody gives it again.

    The vendor is asked to take it back where it documents how; the answer says why that failed,
    None when it did not. Raises ConfigurationError when there is nothing to forget.
    """
    assert row.id is not None
    credentials, settings = hub.credentials(row), hub.settings(row)
    system = hub.registry.system(row.system)
    oauth2 = system.oauth2_for(credentials)
    if oauth2 is None:
        raise ConfigurationError(f"The connection {row.name} does not use OAuth2.")
    found = access(hub, row)
    if found is None or found.state == "none":
        raise ConfigurationError(f"The connection {row.name} has no access to forget.")
    brought = oauth2.brought(credentials)
    mark = hub.vault.digest(brought) if brought else ""
    refresh = brought
    with hub.database.immediate() as session:
        kept = session.get(OAuthToken, row.id)
        if kept is not None and kept.refresh and kept.brought == mark:
            refresh = hub.vault.open(kept.refresh, token_place(row.id, "refresh"))
        tokens.clear(session, row.id, mark)
        session.exec(delete(OAuthAttempt).where(col(OAuthAttempt.connection_id) == row.id))
        own = session.get_one(Connection, row.id)
        if brought:
            _forget_brought(hub, own, oauth2)
        stopped = desk.live_flows(session, own)
        own.status, own.checked_at = "needs_attention" if stopped else "new", utc_now()
        own.message = ""
        if stopped:
            page = f"{hub.config.base_url}/connections/{row.name}"
            own.message = f"It was disconnected. Its flows rest until you connect it again: {page}"
        session.add(own)
    if found.state == "dead" or not refresh:
        return None
    return grants.revoke(system, oauth2, credentials, settings, refresh)


def _forget_brought(hub: Hub, row: Connection, oauth2: OAuth2) -> None:
    """Take the refresh token out of the credentials, where they may do without."""
    values = desk.stored_credentials(hub, row) | {oauth2.refresh_token: None}
    with suppress(ValidationError):
        desk.seal(hub, row, hub.registry.system(row.system).credentials.model_validate(values))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""Tokens: kept sealed, refreshed in time by exactly one process, stored before they are used."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from hub.engine import grants
from hub.engine.claims import Claim
from hub.engine.grants import DeadGrant, Grant
from hub.sdk import (
    ConfigurationError,
    ConnectError,
    Form,
    KoppelError,
    NotConnected,
    OAuth2,
    System,
    TemporaryError,
)
from hub.store.database import Database
from hub.store.errors import StoreError
from hub.store.sealing import Vault
from hub.store.tables import Connection, OAuthToken, utc_now
from hub.store.vault import token_place

log = logging.getLogger("koppel.tokens")
PATIENCE = 75.0
"""Seconds that a process waits while another one refreshes."""
CLAIM_SECONDS = 45
LOOK_AGAIN = 0.05
BREATHER = 20.0
"""Seconds until a refresh that failed is tried again while the old token is still good."""
RECHECK = 10.0
"""Seconds after which an open connection looks whether somebody has disconnected it."""


@dataclass(frozen=True)
class _Kept:
    """A row, opened. mark: keyed hash of the refresh token that was brought along."""

    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: dt.datetime | None = None
    early: float = 0.0
    mark: str = ""
    generation: int = 0
    dead: str = ""

    def good_for(self) -> float:
        """Seconds until it ends; negative once it has."""
        if not self.access or self.dead or self.expires_at is None:
            return -1.0
        return (self.expires_at - utc_now()).total_seconds()


class StoredTokens:
    """The tokens of one connection, for one open Api; any number may be open at the same time.

    page: address of the connection's page, where somebody can give access again.
    """

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        system: System,
        oauth2: OAuth2,
        connection: Connection,
        credentials: Form,
        settings: Form,
        page: str,
    ) -> None:
        assert connection.id is not None
        self._database, self._vault = database, vault
        self._system, self._oauth2 = system, oauth2
        self._id, self._name = connection.id, connection.title or connection.name
        self._credentials, self._settings = credentials, settings
        self._page = page
        self._brought = oauth2.brought(credentials)
        self._mark = vault.digest(self._brought) if self._brought else ""
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def current(self) -> str:
        """A token that is good for a while yet, refreshed when it is due."""
        with self._lock:
            if not self._token or time.monotonic() >= self._until:
                self._take(self._fresh())
            return self._token

    def renewed(self, refused: str) -> str:
        """Another token than the refused one: somebody else's newer one, or one asked for now."""
        with self._lock:
            if not self._token or self._token == refused:
                self._take(self._fresh(refused))
            return self._token

    def _take(self, kept: _Kept) -> None:
        left = kept.good_for()
        pause = min(left - kept.early, RECHECK) if left > kept.early else min(left, BREATHER)
        self._token, self._until = kept.access, time.monotonic() + pause

    # ---- refreshing

    def _fresh(self, refused: str = "") -> _Kept:
        """What is stored when it is good; else refresh it, or wait for whoever is doing so."""
        deadline = time.monotonic() + PATIENCE
        while True:
            kept = self._read()
            if self._good(kept, refused):
                return kept
            if not self._source(kept):
                raise self._gone(kept.dead)
            claim = Claim(self._database, [f"tokens:{self._id}"], CLAIM_SECONDS)
            if claim.take() is None:
                try:
                    return self._refresh(refused)
                finally:
                    claim.release()
            if time.monotonic() > deadline:
                raise ConnectError(
                    f"Another process has been asking {self._system.title} for a new token for "
                    f"more than {PATIENCE:.0f} seconds."
                )
            time.sleep(LOOK_AGAIN)

    def _good(self, kept: _Kept, refused: str) -> bool:
        own = not self._mark or kept.mark == self._mark
        return own and kept.access != refused and kept.good_for() > kept.early

    def _source(self, kept: _Kept) -> str:
        """The refresh token to use: one that the credentials brought and that is new, or ours."""
        if self._mark and kept.mark != self._mark:
            return self._brought
        return "" if kept.dead else kept.refresh

    def _refresh(self, refused: str) -> _Kept:
        """Ask for a new token, as the only process that does; another may have just done so."""
        kept = self._read()
        if self._good(kept, refused):
            return kept
        using = self._source(kept)
        if not using:
            raise self._gone(kept.dead)
        try:
            grant = grants.ask(
                self._system,
                self._oauth2,
                self._credentials,
                self._settings,
                {"grant_type": "refresh_token", "refresh_token": using},
            )
        except DeadGrant as error:
            if using == self._brought and using != kept.refresh and kept.refresh and not kept.dead:
                log.warning("%s: the refresh token of the credentials is dead", self._name)
                self._note_brought()
                return self._refresh(refused)
            return self._died(kept, refused, str(error))
        except ConfigurationError as error:
            # The client or its app is wrong, not the grant: it stays, and its flows rest.
            self._attend(str(error))
            raise
        except TemporaryError as error:
            # Nothing is thrown away: the old access token while it lasts, the refresh token always.
            if kept.good_for() > 1.0 and kept.access != refused:
                log.warning("%s: %s", self._name, error)
                return kept
            raise
        self._store(grant, kept.generation, using)
        return self._read()

    def _died(self, kept: _Kept, refused: str, why: str) -> _Kept:
        """Note it, unless somebody has given access again in the meantime."""
        with self._database.immediate() as session:
            row = _row(session, self._id)
            if row is None or row.generation == kept.generation:
                row = row or OAuthToken(connection_id=self._id)
                row.dead, row.brought, row.updated_at = why, self._mark, utc_now()
                session.add(row)
                _attend(session, self._id, str(self._gone(why)))
        now = self._read()
        if self._good(now, refused):
            return now
        raise self._gone(why)

    def _attend(self, why: str) -> None:
        with self._database.immediate() as session:
            _attend(session, self._id, why)

    def _gone(self, why: str) -> KoppelError:
        if why:
            text = f"{why}. Connect again: open {self._page} and press “Connect again”."
        else:
            text = f"Nobody has given access yet: open {self._page} and press “Connect”."
        return NotConnected(text.replace("..", "."))

    # ---- the row

    def _read(self) -> _Kept:
        with self._database.session() as session:
            row = session.get(OAuthToken, self._id)
        if row is None:
            return _Kept()
        lifetime = (row.expires_at - row.updated_at).total_seconds() if row.expires_at else 0.0
        return _Kept(
            access=self._open(row.access, "access"),
            refresh=self._open(row.refresh, "refresh"),
            expires_at=row.expires_at,
            early=min(self._oauth2.early, max(0.0, lifetime / 2)),
            mark=row.brought,
            generation=row.generation,
            dead=row.dead,
        )

    def _open(self, sealed: str | None, part: str) -> str:
        return self._vault.open(sealed, token_place(self._id, part)) if sealed else ""

    def _note_brought(self) -> None:
        with self._database.immediate() as session:
            row = _row(session, self._id)
            if row is not None:
                row.brought = self._mark
                session.add(row)

    def _store(self, grant: Grant, generation: int, used: str) -> None:
        """Keep the new token. The old one may be spent: a database that is away is waited for."""
        for attempt in range(1, 6):
            try:
                with self._database.immediate() as session:
                    store(
                        session,
                        self._vault,
                        self._id,
                        grant,
                        mark=self._mark,
                        used=used,
                        generation=generation,
                    )
                return
            except StoreError:
                if attempt == 5:
                    raise
                time.sleep(attempt)


def store(
    session: Session,
    vault: Vault,
    connection_id: int,
    grant: Grant,
    *,
    mark: str,
    used: str = "",
    generation: int | None = None,
) -> None:
    """Seal a grant into the connection's row. used: the refresh token that goes on when the vendor
    gave no other. generation: of the tokens it replaces; newer ones than those are left alone."""
    row = _row(session, connection_id) or OAuthToken(connection_id=connection_id)
    if generation is not None and row.generation != generation:
        return
    now = utc_now()
    refresh = grant.refresh or used
    row.access = vault.seal(grant.access, token_place(connection_id, "access"))
    row.refresh = vault.seal(refresh, token_place(connection_id, "refresh")) if refresh else None
    row.expires_at = now + dt.timedelta(seconds=grant.lasts)
    row.brought, row.dead, row.updated_at = mark, "", now
    row.scopes = grant.scopes or row.scopes
    row.generation += 1
    if generation is None:
        row.connected_at = now
    session.add(row)


def clear(session: Session, connection_id: int, mark: str) -> None:
    """Forget a connection's tokens. mark: of the refresh token that the credentials brought along,
    which is forgotten with them; what a worker is asking for meanwhile is not kept either."""
    row = _row(session, connection_id) or OAuthToken(connection_id=connection_id)
    row.access, row.refresh, row.expires_at, row.dead, row.scopes = None, None, None, "", ""
    row.brought, row.updated_at = mark, utc_now()
    row.generation += 1
    session.add(row)


def _attend(session: Session, connection_id: int, why: str) -> None:
    """Let the connection wait for a person; its flows rest."""
    row = session.get(Connection, connection_id)
    if row is not None:
        row.status, row.message, row.checked_at = "needs_attention", why, utc_now()
        session.add(row)


def _row(session: Session, connection_id: int) -> OAuthToken | None:
    query = select(OAuthToken).where(col(OAuthToken.connection_id) == connection_id)
    return session.exec(query.with_for_update()).first()

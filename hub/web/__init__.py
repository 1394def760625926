"""The web pages: blueprints, one per noun, and the one-time link that makes the first user."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.config import Config
    from hub.store.database import Database

SETUP_TOKEN = "web/setup_token"
"""Internal fact: the hash of the token in the link that was printed last."""


def setup_link(config: Config) -> str | None:
    """A new one-time link for making the first user; None as soon as there is one.

    An earlier link stops working. Only a hash is kept, so the link cannot be read from a backup.
    """
    from hub.store.database import Database
    from hub.store.tables import Setting
    from hub.store.users import any_user

    database = Database(config.database_url)
    try:
        if any_user(database):
            forget_setup_link(database)
            return None
        token = secrets.token_urlsafe(32)
        with database.session() as session:
            session.merge(Setting(name=SETUP_TOKEN, value=_hashed(token)))
        return f"{config.base_url}/setup/{token}"
    finally:
        database.dispose()


def setup_token_fits(database: Database, token: str) -> bool:
    """Whether this is the token of the link that was printed last, and nobody has used it."""
    from hub.store.tables import Setting

    with database.session() as session:
        row = session.get(Setting, SETUP_TOKEN)
    return row is not None and secrets.compare_digest(str(row.value), _hashed(token))


def forget_setup_link(database: Database) -> None:
    """Let no link work any more."""
    from hub.store.tables import Setting

    with database.session() as session:
        row = session.get(Setting, SETUP_TOKEN)
        if row is not None:
            session.delete(row)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Small pieces of SQL that SQLAlchemy spells differently for each database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

Insert = postgresql.Insert | sqlite.Insert


def insert(where: Connection | Session, table: Any) -> Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    connection = where.connection() if isinstance(where, Session) else where
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)

"""Small pieces of SQL that SQLAlchemy spells differently for each database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel

Insert = postgresql.Insert | sqlite.Insert


def table_of(model: type[SQLModel]) -> Table:
    """The table behind a model, for Core statements that are made once and kept."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


def insert(where: Connection | Session, table: Any) -> Insert:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    connection = where.connection() if isinstance(where, Session) else where
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Any) -> Insert:
    """The same, for a dialect by name: statements that are made once and kept."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)

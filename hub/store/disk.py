"""The disk: how much the log takes there, and how free room inside the database is given back."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress

from hub.store.database import Database, checkpoint
from hub.store.errors import DatabaseBusy

VACUUM_PAGES = 2000
"""Pages that one step hands back; a step holds the write lock for a moment."""
LOG_TABLES = ("payload", "entry", "run")


def log_size(database: Database) -> int:
    """Bytes that the log takes on the disk."""
    if database.is_sqlite:
        checkpoint(database)
        assert database.file is not None
        return database.file.stat().st_size
    with database.engine.connect() as connection:
        return sum(
            int(
                connection.exec_driver_sql(f"SELECT pg_total_relation_size('{table}')").scalar_one()
            )
            for table in LOG_TABLES
        )


def give_back(database: Database, size: int, pause: float) -> int:
    """Hand free room back to the system; how many bytes smaller than *size* the log is now."""
    if database.is_sqlite:
        _vacuum_sqlite(database, pause)
    else:
        with suppress(DatabaseBusy):
            _vacuum_postgresql(database)
    return max(0, size - log_size(database))


def _vacuum_sqlite(database: Database, pause: float) -> None:
    with database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        free = _free_pages(raw)
        while free:
            # execute() would free one page only: it stops at the first step of the statement.
            try:
                raw.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
            except sqlite3.OperationalError:  # somebody writes all the time: the next purge will
                return
            left, before = _free_pages(raw), free
            if left >= before:  # the file was not made with incremental vacuum
                return
            free = left
            time.sleep(pause)


def _free_pages(raw: sqlite3.Connection) -> int:
    pages: int = raw.execute("PRAGMA freelist_count").fetchone()[0]
    return pages


def _vacuum_postgresql(database: Database) -> None:
    with database.engine.connect() as connection:
        own = connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in LOG_TABLES:
            own.exec_driver_sql(f"VACUUM {table}")

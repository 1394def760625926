"""The way to the database: SQLite or PostgreSQL, one transaction at a time, errors in words."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from hub.store.errors import (
    DatabaseBusy,
    DatabaseFull,
    DatabaseUnreachable,
    SchemaTooOld,
    StoreError,
)

BUSY_SECONDS = 10
"""How long a statement waits for a lock that another process holds."""
CONNECT_SECONDS = 10

_inherited: list[Engine] = []
"""Engines of a parent process. Kept, because closing what they hold would disturb the parent."""


class Database:
    """One database, for one process and its threads. A forked child may go on using the object.

    `session` for work with rows, `begin` for Core statements, `immediate` where rows are read and
    then changed and nobody may come in between.
    """

    def __init__(self, url: str) -> None:
        self.url = _driver(url)
        self._engine: Engine | None = None
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Database({self.shown})"

    @property
    def shown(self) -> str:
        """Where the database is, without the password."""
        if self.file is not None:
            return str(self.file)
        return self.url.render_as_string(hide_password=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file rather than a server."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def engine(self) -> Engine:
        """The engine of this process, made when it is first needed."""
        if self._pid != os.getpid():  # forked: the parent's connections are not ours
            if self._engine is not None:
                _inherited.append(self._engine)
            self._engine, self._pid, self._lock = None, os.getpid(), threading.Lock()
        if self._engine is None:
            with self._lock:
                if self._engine is None:
                    self._engine = _engine(self)
        return self._engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it does not."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def immediate(self) -> Iterator[Session]:
        """A session that holds SQLite's write lock from the start.

        What is read inside stays true until the commit. On PostgreSQL, where rows are locked
        instead, it is a session like any other: lock with `with_for_update` or an UPDATE.
        """
        with self.session() as session:
            if self.is_sqlite:
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A Core connection in a transaction."""
        with self.engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close all connections. The object may be used again."""
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
            self._engine = None


def _driver(url: str) -> URL:
    """The URL with the driver that is installed, for whatever spelling of PostgreSQL was given."""
    parsed = make_url(url)
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(database: Database) -> Engine:
    if database.is_sqlite:
        _make_file(database)
        arguments: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    else:
        arguments = {
            "pool_pre_ping": True,
            "connect_args": {
                "connect_timeout": CONNECT_SECONDS,
                "application_name": "koppel",
                "options": f"-c lock_timeout={BUSY_SECONDS}s -c timezone=UTC",
            },
        }
    # Parameters hold what customers wrote and what is sealed: no traceback may show them.
    engine = create_engine(
        database.url, pool_size=5, max_overflow=20, hide_parameters=True, **arguments
    )
    if database.is_sqlite:
        event.listen(engine, "connect", _configure)
        event.listen(engine, "savepoint", _begin_before_savepoint)

    @event.listens_for(engine, "handle_error")
    def explain(context: ExceptionContext) -> StoreError | None:
        return explained(database, context.original_exception)

    return engine


# ---- SQLite


def _make_file(database: Database) -> None:
    """Make folder and file for their owner only; SQLite gives its side files the same rights."""
    file = database.file
    assert file is not None
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnreachable(
            f"The database {file} cannot be opened ({error.strerror}). "
            "Set KOPPEL_HOME or KOPPEL_DATABASE_URL to a place that you may write to."
        ) from error


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    """Settings of every SQLite connection."""
    cursor = connection.cursor()
    try:
        if cursor.execute("PRAGMA page_count").fetchone()[0] == 0:
            cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")  # only before the first table
        if cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            _write_ahead(cursor)
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA journal_size_limit=67108864")
        # A commit writes a dozen pages: folding them in every 1,000 would be every 50 records.
        cursor.execute("PRAGMA wal_autocheckpoint=8000")
    finally:
        cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Turn the write-ahead log on; SQLite does not wait for the lock by itself here."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _begin_before_savepoint(connection: Connection, _name: str | None) -> None:
    """Without this, the first savepoint would be the transaction and its release a commit."""
    raw = connection.connection.dbapi_connection
    if isinstance(raw, sqlite3.Connection) and not raw.in_transaction:
        raw.execute("BEGIN")


# ---- errors in words


def explained(database: Database, error: BaseException | None) -> StoreError | None:
    """What an error of the driver means for the user; None where the error itself says it best."""
    if isinstance(error, sqlite3.Error):
        return _explain_sqlite(database, error)
    if type(error).__module__.split(".")[0] == "psycopg":
        return _explain_postgresql(database, error)
    return None


def _explain_sqlite(database: Database, error: sqlite3.Error) -> StoreError | None:
    code, where = getattr(error, "sqlite_errorcode", 0) & 0xFF, database.shown
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseBusy(
            f"The database {where} was locked by another process for more than {BUSY_SECONDS} "
            "seconds. Try again; if it stays so, see which other program has the file open."
        )
    if code == sqlite3.SQLITE_FULL:
        return DatabaseFull(
            f"There is no room left for the database {where}. Free space on that disk, then "
            "delete old log data with `koppel purge`."
        )
    if code == sqlite3.SQLITE_READONLY:
        return DatabaseUnreachable(
            f"The database {where} may not be written to. Change the owner or the rights of the "
            "file and its folder."
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DatabaseUnreachable(
            f"The file {where} is damaged or is not a database. Restore a backup with "
            "`koppel restore`."
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR):
        return DatabaseUnreachable(f"The database {where} cannot be read or written ({error}).")
    if "no such table" in str(error) or "no such column" in str(error):
        return _too_old(database)
    return None


def _explain_postgresql(database: Database, error: BaseException | None) -> StoreError | None:
    state, where = getattr(error, "sqlstate", None) or "", database.shown
    if state in ("55P03", "40P01", "40001"):
        return DatabaseBusy(
            f"The database {where} was locked by another process for too long. Try again."
        )
    if state == "53100":
        return DatabaseFull(
            f"There is no room left on the server of {where}. Free space there, then delete old "
            "log data with `koppel purge`."
        )
    if state == "53300":
        return DatabaseUnreachable(
            f"The server of {where} has no connection left. Raise its max_connections or run "
            "fewer workers."
        )
    if state in ("42P01", "42703"):
        return _too_old(database)
    if state.startswith(("08", "28", "57P")) or state == "3D000" or _lost(error, state):
        reason = " ".join(str(error).split()) or "no answer"
        return DatabaseUnreachable(
            f"The database {where} cannot be reached: {reason}. See whether the server runs and "
            "whether KOPPEL_DATABASE_URL is right."
        )
    return None


def _lost(error: BaseException | None, state: str) -> bool:
    """An operational error without a state never came from the server: there was no connection."""
    return not state and type(error).__name__ in ("OperationalError", "ConnectionTimeout")


def _too_old(database: Database) -> SchemaTooOld:
    return SchemaTooOld(
        f"The database {database.shown} is not up to date. Start `koppel up` once, or run any "
        "`koppel` command: each brings it up to date first."
    )


def checkpoint(database: Database) -> None:
    """Fold SQLite's write-ahead log into the file and shorten it; nothing on PostgreSQL."""
    if database.is_sqlite:
        with suppress(DatabaseBusy), database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


__all__ = ["DBAPIError", "Database", "OperationalError", "checkpoint", "explained"]

"""Brings the database to the tables of this program, once, however many processes start."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from hub.store.database import Database
from hub.store.errors import DatabaseFull, DatabaseUnreachable, SchemaTooNew, SchemaTooOld
from hub.store.migrations import HEAD, REVISIONS

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

    from hub.config import Config

PATIENCE_SECONDS = 600
"""How long a start waits for another process that is migrating."""
_LOCK = 5_401_283_770
"""The number of PostgreSQL's advisory lock under which one process migrates."""


def migrate(config: Config) -> bool:
    """Bring the database up to date; True when there was something to do.

    Raises SchemaTooNew when a newer version of the program has been at work on it.
    """
    database = Database(config.database_url)
    try:
        return migrate_database(database)
    finally:
        database.dispose()


def migrate_database(database: Database) -> bool:
    """Bring an open database up to date; True when there was something to do."""
    with database.engine.connect() as connection:
        current = revision(connection)
    if not _behind(database, current):
        return False
    with alone(database) as connection:
        current = revision(connection)
        if not _behind(database, current):  # another process was quicker
            return False
        if current is not None and database.is_sqlite:
            back_up_file(database, current)
        upgrade(connection, "head")
    return True


def check(database: Database) -> None:
    """Raise unless the database has exactly the tables of this program."""
    with database.engine.connect() as connection:
        current = revision(connection)
    if _behind(database, current):
        raise SchemaTooOld(
            f"The database {database.shown} is not up to date. Start `koppel up` once: it brings "
            "the database up to date first."
        )


def revision(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none yet."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def _behind(database: Database, current: str | None) -> bool:
    if current is not None and current not in REVISIONS:
        raise SchemaTooNew(
            f"The database {database.shown} was made by a newer version of Koppel (it is at "
            f"revision {current}, this version knows up to {HEAD}). Install that version again, "
            "or restore a backup from before the upgrade. Nothing was changed."
        )
    return current != HEAD


@contextmanager
def alone(database: Database) -> Iterator[Connection]:
    """A transaction in which no other process can be migrating as well."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            with connection.begin():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE_SECONDS}s'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
            return
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        # Outside of a transaction, where alone these two can be changed. Tables that are rebuilt
        # are dropped in between, which foreign keys would take for a deletion of their rows.
        raw.execute(f"PRAGMA busy_timeout={PATIENCE_SECONDS * 1000}")
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                _check_references(connection)
        finally:
            connection.invalidate()  # the next one comes with the usual settings


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise RuntimeError(f"the migration would leave table {broken[0]} with broken references")


def upgrade(connection: Connection, target: str) -> None:
    """Run the revisions up to *target* in the transaction that is open on the connection."""
    from alembic import command

    settings = alembic_config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, target)


def alembic_config() -> AlembicConfig:
    """Alembic's configuration; the revisions travel with the package."""
    from alembic.config import Config as AlembicConfig

    settings = AlembicConfig()
    settings.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    return settings


def back_up_file(database: Database, current: str) -> Path:
    """A complete copy of a SQLite database beside it, as it was before a migration."""
    file = database.file
    assert file is not None
    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    copy = file.with_name(f"{file.name}.before-upgrade-from-{current}-{stamp}")
    draft = copy.with_name(f".{copy.name}")
    try:
        copy_sqlite(file, draft)
        draft.replace(copy)
    finally:
        draft.unlink(missing_ok=True)
    return copy


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a database that may be in use."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    try:
        with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
            here.backup(there)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
            raise DatabaseFull(
                f"There is no room for a copy of the database in {target.parent}. Free space "
                "there. Nothing was changed."
            ) from error
        raise DatabaseUnreachable(
            f"The database {source} cannot be copied to {target} ({error}). Nothing was changed."
        ) from error

"""Backup and restore: the whole instance in one file, for either kind of database.

The file is a tar.gz: what it is (`backup.json`), the key where the hub made it itself, every table
as JSON lines, and at the end how many rows there were. What is sealed stays sealed; with the key
in it, the file is as secret as the hub. A backup of SQLite may be restored to PostgreSQL and the
other way round.
"""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import io
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import JSON, Connection, DateTime, LargeBinary, MetaData, Table, func, null, select
from sqlalchemy.exc import DataError, IntegrityError

from hub.store import schema, vault
from hub.store.database import Database
from hub.store.errors import KeyRefused, SchemaTooNew, StoreError
from hub.store.migrations import REVISIONS
from hub.store.sealing import Vault

if TYPE_CHECKING:
    from hub.config import Config

FORMAT = 1
LEFT_OUT = ("alembic_version", "lease")
"""The first is made by the migrations; who held a lease then says nothing about now."""
_ABOUT, _KEY, _END = "backup.json", "secret.key", "end.json"
_STEP = 500
_DAMAGE = (
    tarfile.TarError,
    gzip.BadGzipFile,
    EOFError,
    zlib.error,
    ValueError,
    KeyError,
    DataError,
    IntegrityError,
)
"""What reading a file with wrong bytes in it may end in, wherever those are."""
_HAS_DATA = ("user_account", "connection", "flow", "entry", "payload")


class BackupError(StoreError):
    """The backup cannot be made, read or put back; the text says why."""


@dataclass(frozen=True, kw_only=True)
class Backup:
    """What a backup holds. with_key: the key is in it, so it can be restored by itself."""

    made_at: dt.datetime
    revision: str
    kid: str
    with_key: bool
    rows: int


Progress = Callable[[str, int], None]
"""Told the table and how many of its rows are done."""


# ---- making one


def backup(
    config: Config, database: Database, file: Path, *, progress: Progress | None = None
) -> Backup:
    """Write a backup while the hub goes on working; everything in it is of one moment."""
    if file.exists():
        raise BackupError(f"{file} exists already. Give another name; nothing is overwritten.")
    sealed_by = vault.open_vault(config, database)
    made_at = dt.datetime.now(dt.UTC)
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # 0600
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror}).") from error
    try:
        with os.fdopen(handle, "wb") as raw, _snapshot(database) as connection:
            about = {
                "format": FORMAT,
                "made_at": made_at.isoformat(),
                "revision": schema.revision(connection),
                "kid": sealed_by.kid,
                "with_key": not config.secret_key,
                "sequences": _sequences(connection),
            }
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as tar:
                _add(tar, _ABOUT, json.dumps(about).encode())
                if not config.secret_key:
                    _add(tar, _KEY, config.secret_key_file.read_bytes())
                counts = {
                    table.name: _add_table(tar, connection, table, progress)
                    for table in _tables(connection)
                }
                _add(tar, _END, json.dumps({"rows": counts}).encode())
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(name, file)
    except OSError as error:
        raise BackupError(f"{file} cannot be written ({error.strerror}).") from error
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
    return Backup(
        made_at=made_at,
        revision=str(about["revision"]),
        kid=sealed_by.kid,
        with_key=not config.secret_key,
        rows=sum(counts.values()),
    )


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """A connection that sees everything as it was when it began."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("BEGIN")
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection
        connection.rollback()


def _tables(connection: Connection) -> list[Table]:
    """The tables as they are in the database, those that others refer to first."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in LEFT_OUT]


def _sequences(connection: Connection) -> dict[str, int]:
    """The last number that each table gave out, also to rows that are gone."""
    numbers: dict[str, int] = {}
    if connection.dialect.name == "sqlite":
        for name, last in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence"):
            numbers[name] = last
        return numbers
    query = (
        "SELECT t.relname, pg_sequence_last_value(s.oid) FROM pg_class s "
        "JOIN pg_depend d ON d.objid = s.oid JOIN pg_class t ON t.oid = d.refobjid "
        "WHERE s.relkind = 'S' AND d.deptype = 'a'"
    )
    for name, last in connection.exec_driver_sql(query):
        if last is not None:
            numbers[name] = last
    return numbers


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o600
    tar.addfile(info, io.BytesIO(content))


def _add_table(
    tar: tarfile.TarFile, connection: Connection, table: Table, progress: Progress | None
) -> int:
    count = 0
    with tempfile.TemporaryFile() as lines:  # a tar wants to know the size beforehand
        query = select(table).order_by(*table.primary_key.columns)
        rows = connection.execution_options(yield_per=_STEP).execute(query)
        for row in rows.mappings():
            plain = {name: _plain(value) for name, value in row.items()}
            lines.write(json.dumps(plain, separators=(",", ":")).encode() + b"\n")
            count += 1
            if progress is not None and count % _STEP == 0:
                progress(table.name, count)
        info = tarfile.TarInfo(f"tables/{table.name}.jsonl")
        info.size, info.mode = lines.tell(), 0o600
        lines.seek(0)
        tar.addfile(info, lines)
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return base64.b64encode(value).decode()
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return value


# ---- putting one back


def restore(
    config: Config, database: Database, file: Path, *, progress: Progress | None = None
) -> Backup:
    """Put a backup into an empty hub, all of it or nothing, and bring it up to date.

    Stop the hub first. Raises BackupError when there is anything in the database.
    """
    try:
        with gzip.open(file) as raw, tarfile.open(fileobj=raw, mode="r|") as tar:
            return _restore(config, database, file, raw, tar, progress)
    except FileNotFoundError:
        raise BackupError(f"{file} does not exist.") from None
    except _DAMAGE as error:
        raise BackupError(
            f"{file} is damaged or is not a backup ({type(error).__name__}). Nothing was changed."
        ) from error


def _restore(
    config: Config,
    database: Database,
    file: Path,
    raw: gzip.GzipFile,
    tar: tarfile.TarFile,
    progress: Progress | None,
) -> Backup:
    members = _members(tar)
    name, content = next(members, ("", None))
    if name != _ABOUT or content is None:
        raise BackupError(f"{file} is not a backup of a hub. Nothing was changed.")
    about = json.loads(content.read())
    _readable(about, file)
    given: bytes | None = None
    counts: dict[str, int] = {}
    expected: dict[str, int] = {}
    with _key_file(config) as put_key, schema.alone(database) as connection:
        _must_be_empty(connection, database)
        _make_tables(connection, about["revision"])
        tables = {table.name: table for table in _tables(connection)}
        for name, content in members:
            if name == _KEY:
                given = content.read()
            elif name == _END:
                expected = json.loads(content.read())["rows"]
            else:
                table = tables[Path(name).stem]
                counts[table.name] = _insert(connection, table, content, progress)
        while raw.read(1 << 16):  # to the end, where the checksum of it all is compared
            pass
        if not expected or counts != expected:
            raise BackupError(f"{file} is not complete. Nothing was changed.")
        _continue_sequences(connection, tables, about["sequences"])
        schema.upgrade(connection, "head")
        put_key(_fitting_keys(config, connection, given, about["kid"]))
    return Backup(
        made_at=dt.datetime.fromisoformat(about["made_at"]),
        revision=about["revision"],
        kid=about["kid"],
        with_key=about["with_key"],
        rows=sum(counts.values()),
    )


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    """The parts of the archive, one after the other, without unpacking anything to the disk."""
    for member in tar:
        content = tar.extractfile(member)
        if content is not None:
            yield member.name, content


def _readable(about: dict[str, Any], file: Path) -> None:
    if about.get("format") != FORMAT or about.get("revision") not in REVISIONS:
        raise SchemaTooNew(
            f"{file} was made by a newer version of Koppel (revision {about.get('revision')}). "
            "Install that version to restore it. Nothing was changed."
        )


def _must_be_empty(connection: Connection, database: Database) -> None:
    found = MetaData()
    found.reflect(connection)
    for name in _HAS_DATA:
        table = found.tables.get(name)
        if table is not None and connection.execute(select(table).limit(1)).first() is not None:
            raise BackupError(
                f"The database {database.shown} is not empty: a backup is only restored to a hub "
                "without users, connections and log. Give another KOPPEL_HOME or "
                "KOPPEL_DATABASE_URL, or move the old data away. Nothing was changed."
            )


def _make_tables(connection: Connection, revision: str) -> None:
    """The tables as they were when the backup was made."""
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)
    schema.upgrade(connection, revision)


def _insert(
    connection: Connection, table: Table, lines: IO[bytes], progress: Progress | None
) -> int:
    count = 0
    batch: list[dict[str, Any]] = []
    for line in lines:
        batch.append({name: _typed(table, name, v) for name, v in json.loads(line).items()})
        if len(batch) == _STEP:
            connection.execute(table.insert(), batch)
            count += len(batch)
            batch = []
            if progress is not None:
                progress(table.name, count)
    if batch:
        connection.execute(table.insert(), batch)
    return count + len(batch)


def _typed(table: Table, name: str, value: Any) -> Any:
    column = table.columns[name]
    if value is None:  # a JSON column knows two kinds of nothing
        return null() if isinstance(column.type, JSON) and column.nullable else None
    if isinstance(column.type, DateTime):
        return dt.datetime.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    return value


def _continue_sequences(
    connection: Connection, tables: dict[str, Table], sequences: dict[str, int]
) -> None:
    """Numbers go on where they were, so that none is given to a second row."""
    for name, table in tables.items():
        if "id" not in table.columns:
            continue
        highest = connection.execute(select(func.max(table.columns["id"]))).scalar() or 0
        last = max(highest, sequences.get(name, 0))
        if not last:
            continue
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {last:d})"
            )
        elif _counts_on(connection, name):
            connection.exec_driver_sql(f"DELETE FROM sqlite_sequence WHERE name = '{name}'")
            connection.exec_driver_sql(
                f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last:d})"
            )


def _counts_on(connection: Connection, name: str) -> bool:
    """Whether SQLite remembers the last number of this table."""
    made = connection.exec_driver_sql(f"SELECT sql FROM sqlite_master WHERE name = '{name}'")
    return "AUTOINCREMENT" in made.scalar_one()


def _fitting_keys(
    config: Config, connection: Connection, given: bytes | None, kid: str
) -> list[bytes]:
    """The keys to go on with; they open what was restored."""
    if config.secret_key:
        keys = [key.encode() for key in config.secret_key]
    elif given is not None:
        keys = given.replace(b",", b" ").split()
    else:
        raise KeyRefused(
            f"The backup does not hold its key ({kid}): it came from KOPPEL_SECRET_KEY. Set that "
            "to the same key and restore again. Nothing was changed."
        )
    if not vault.fits(connection, Vault(keys)):
        raise KeyRefused(
            "The key in KOPPEL_SECRET_KEY does not fit the backup, which was encrypted with key "
            f"{kid}. Set the right one and restore again. Nothing was changed."
        )
    return keys


@contextmanager
def _key_file(config: Config) -> Iterator[Callable[[list[bytes]], None]]:
    """Put keys into the home, unless they come from elsewhere; undone when the block fails."""
    path = config.secret_key_file
    aside = path.with_name(f"{path.name}.before-restore")
    put = False

    def put_key(keys: list[bytes]) -> None:
        nonlocal put
        if not config.secret_key:
            if path.exists():
                path.replace(aside)
            put = True
            vault.write_key_file(path, keys)

    try:
        yield put_key
    except BaseException:
        if put:
            path.unlink(missing_ok=True)
            if aside.exists():
                aside.replace(path)
        raise

"""Backup and restore: the whole instance comes back, or nothing is touched."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, insert, select
from sqlmodel import SQLModel

from hub.config import Config
from hub.store import Database, KeyRefused, SchemaTooNew, Vault, migrate, open_vault
from hub.store import backup as backups
from hub.store.backup import BackupError, backup, restore
from hub.store.errors import StoreError
from hub.store.ids import reserve
from hub.store.payloads import read, write_many
from hub.store.tables import (
    Connection,
    Counter,
    Flow,
    FlowCursor,
    Lease,
    Run,
    Setting,
    User,
    Waiting,
)
from hub.store.vault import credentials_place
from tests.store.conftest import KEY, make_flow, make_run

Fresh = Callable[[], tuple[Config, Database]]


@pytest.fixture
def fresh(kind: str, tmp_path: Path) -> Iterator[Fresh]:
    """Makes empty homes, each with a database of its own that has no tables yet."""
    import uuid

    from tests.store.conftest import POSTGRES, at, on_server

    opened: list[Database] = []
    names: list[str] = []

    def make() -> tuple[Config, Database]:
        env = {"KOPPEL_HOME": str(tmp_path / f"fresh-{uuid.uuid4().hex[:6]}")}
        if kind == "postgresql":
            names.append(f"koppel_fresh_{uuid.uuid4().hex[:12]}")
            on_server(f'CREATE DATABASE "{names[-1]}"')
            env["KOPPEL_DATABASE_URL"] = at(POSTGRES, names[-1])
        config = Config.from_env(env)
        config.make_home()
        opened.append(Database(config.database_url))
        return config, opened[-1]

    yield make
    for database in opened:
        database.dispose()
    for name in names:
        on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def fill(config: Config, database: Database) -> Vault:
    """Something in most tables, with every kind of value."""
    vault = open_vault(config, database)
    flow_id = make_flow(database, "orders")
    make_run(
        database, flow_id, options={"keys": ["é", None, 1.5]}, finished_at=dt.datetime.now(dt.UTC)
    )
    with database.session() as session:
        connection = session.get_one(Connection, 1)
        connection.credentials = vault.seal('{"token": "hush"}', credentials_place(1))
        session.add(connection)
        session.add(FlowCursor(flow_id=flow_id, value={"since": "2026-03-01", "list": [1, None]}))
        session.add(User(email="anna@example.com", password_hash="$argon2id$x"))
        gone = User(email="gone@example.com", password_hash="$argon2id$y")
        session.add(gone)
        session.add(Lease(name="flow:1", owner="a process", until=dt.datetime.now(dt.UTC)))
        session.add(Setting(name="overall/retention_days", value=7))
        numbers = reserve(session, "entry", 1200)
        session.connection().execute(
            insert(SQLModel.metadata.tables["entry"]),
            [
                {
                    "id": n,
                    "run_id": 1,
                    "flow_id": flow_id,
                    "key": f"k{n}",
                    "reference": "",
                    "outcome": "created",
                    "reason": "",
                    "code": "",
                    "milliseconds": 1,
                    "at": dt.datetime.now(dt.UTC),
                }
                for n in numbers
            ],
        )
        write_many(session.connection(), vault, flow_id, [(1, "received", {"é": 1})])
        session.flush()
        session.delete(gone)
    return vault


def contents(database: Database) -> dict[str, list[Any]]:
    """Every row of every table but those that a backup leaves out."""
    found = MetaData()
    with database.engine.connect() as connection:
        found.reflect(connection)
        return {
            table.name: [
                tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
                for row in connection.execute(
                    select(*sorted(table.columns, key=lambda c: c.name)).order_by(
                        *table.primary_key.columns
                    )
                )
            ]
            for table in found.sorted_tables
            if table.name not in backups.LEFT_OUT
        }


def rewrite(file: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """The same archive with members changed, or left out for None."""
    import io

    copy = file.with_name("rewritten")
    with tarfile.open(file) as old, tarfile.open(copy, "w:gz") as new:
        for member in old:
            extracted = old.extractfile(member)
            assert extracted is not None
            content = change(member.name, extracted.read())
            if content is not None:
                info = tarfile.TarInfo(member.name)
                info.size = len(content)
                new.addfile(info, io.BytesIO(content))
    copy.replace(file)


@pytest.fixture
def made(store_config: Config, database: Database, tmp_path: Path) -> Path:
    """A backup of a hub with something in it."""
    fill(store_config, database)
    file = tmp_path / "koppel.tar.gz"
    backup(store_config, database, file)
    return file


# ---- failures


def test_a_file_that_exists_is_not_overwritten(
    store_config: Config, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "precious"
    file.write_text("photos")
    with pytest.raises(BackupError, match="exists already"):
        backup(store_config, database, file)
    assert file.read_text() == "photos"


def test_a_folder_that_is_not_there_is_told_and_leaves_nothing(
    store_config: Config, database: Database, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match="cannot be written"):
        backup(store_config, database, tmp_path / "no" / "such" / "folder.tar.gz")


def _is_untouched(config: Config, database: Database) -> bool:
    found = MetaData()
    with database.engine.connect() as connection:
        found.reflect(connection)
    return not found.tables and not config.secret_key_file.exists()


@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "flipped", "other archive"])
def test_what_is_no_whole_backup_changes_nothing(made: Path, fresh: Fresh, damage: str) -> None:
    config, database = fresh()
    content = bytearray(made.read_bytes())
    if damage == "missing":
        made.unlink()
    elif damage == "text":
        made.write_text("Dear diary")
    elif damage == "truncated":
        made.write_bytes(content[: len(content) * 3 // 4])
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
        made.write_bytes(content)
    else:
        rewrite(made, lambda name, data: None if name == "backup.json" else data)
    with pytest.raises(BackupError, match=r"does not exist|Nothing was changed"):
        restore(config, database, made)
    assert _is_untouched(config, database)


def test_no_wrong_bit_anywhere_in_a_backup_goes_unnoticed(
    store_config: Config, database: Database, tmp_path: Path, fresh: Fresh
) -> None:
    """Also where the archive can still be unpacked and every line of it still be read."""
    open_vault(store_config, database)
    file, config_and_database = tmp_path / "small.tar.gz", fresh()
    backup(store_config, database, file)
    content = file.read_bytes()
    for position in range(10, len(content), max(1, len(content) // 24)):
        wrong = bytearray(content)
        wrong[position] ^= 0x10
        file.write_bytes(wrong)
        with pytest.raises(StoreError, match="Nothing was changed"):
            restore(*config_and_database, file)
    assert _is_untouched(*config_and_database)


@pytest.mark.parametrize("member", ["end.json", "tables/entry.jsonl", "tables/setting.jsonl"])
def test_a_backup_without_one_of_its_parts_changes_nothing(
    made: Path, fresh: Fresh, member: str
) -> None:
    config, database = fresh()
    rewrite(made, lambda name, data: None if name == member else data)
    with pytest.raises(BackupError, match="not complete"):
        restore(config, database, made)
    assert _is_untouched(config, database)


def test_a_backup_from_a_newer_program_is_refused(made: Path, fresh: Fresh) -> None:
    config, database = fresh()

    def newer(name: str, data: bytes) -> bytes:
        if name != "backup.json":
            return data
        return json.dumps({**json.loads(data), "revision": "9999"}).encode()

    rewrite(made, newer)
    with pytest.raises(SchemaTooNew, match="9999"):
        restore(config, database, made)
    assert _is_untouched(config, database)


def test_a_hub_with_data_is_not_restored_over(
    made: Path, store_config: Config, database: Database
) -> None:
    before, key = contents(database), store_config.secret_key_file.read_bytes()
    with pytest.raises(BackupError, match="is not empty"):
        restore(store_config, database, made)
    assert contents(database) == before
    assert store_config.secret_key_file.read_bytes() == key


def test_a_backup_without_its_key_needs_the_same_key_again(
    store_config: Config, database: Database, tmp_path: Path, fresh: Fresh
) -> None:
    given = replace(store_config, secret_key=(KEY,))
    fill(given, database)
    file = tmp_path / "koppel.tar.gz"
    made = backup(given, database, file)
    assert not made.with_key
    with tarfile.open(file) as tar:
        assert "secret.key" not in tar.getnames()
    config, empty = fresh()
    with pytest.raises(KeyRefused, match="does not hold its key"):
        restore(config, empty, file)
    with pytest.raises(KeyRefused, match="does not fit the backup"):
        restore(replace(config, secret_key=("another key, and long enough as well",)), empty, file)
    assert _is_untouched(config, empty)
    right = replace(config, secret_key=(KEY,))
    restore(right, empty, file)
    assert open_vault(right, empty).kid == made.kid
    assert not config.secret_key_file.exists()


# ---- what works


def test_everything_comes_back_into_an_empty_home(
    store_config: Config, database: Database, made: Path, fresh: Fresh
) -> None:
    config, empty = fresh()
    steps: list[tuple[str, int]] = []
    result = restore(config, empty, made, progress=lambda *step: steps.append(step))
    expected = contents(database)
    assert contents(empty) == expected
    assert result.rows == sum(map(len, expected.values()))
    assert ("entry", 1000) in steps
    assert migrate(config) is False
    vault = open_vault(config, empty)
    with empty.session() as session:
        sealed = session.get_one(Connection, 1).credentials
        assert vault.open(sealed or "", credentials_place(1)) == '{"token": "hush"}'
        assert read(session, vault, 1) == {"received": {"é": 1}}
        assert session.get_one(FlowCursor, 1).value == {"since": "2026-03-01", "list": [1, None]}
        assert session.get(Lease, "flow:1") is None
        assert session.get_one(Run, 1).options == {"keys": ["é", None, 1.5]}
    assert vault.digest("a") == open_vault(store_config, database).digest("a")
    assert stat.S_IMODE(config.secret_key_file.stat().st_mode) == 0o600


def test_numbers_go_on_where_they_were(made: Path, fresh: Fresh) -> None:
    config, empty = fresh()
    restore(config, empty, made)
    with empty.session() as session:
        user = User(email="carla@example.com", password_hash="$argon2id$z")
        session.add(user)
        session.flush()
        assert user.id == 3  # 2 was somebody who is gone
        assert reserve(session, "entry", 1) == range(1201, 1202)


def test_a_hub_that_was_started_but_not_used_may_be_restored_to(made: Path, fresh: Fresh) -> None:
    config, started = fresh()
    migrate(config)
    unused = open_vault(config, started)
    restore(config, started, made)
    assert open_vault(config, started).kid != unused.kid
    assert config.secret_key_file.with_name("secret.key.before-restore").exists()
    with started.session() as session:
        assert session.get_one(Flow, 1).name == "orders"


def test_a_restore_that_fails_at_the_last_moment_puts_the_old_key_back(
    made: Path, fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, started = fresh()
    migrate(config)
    unused = open_vault(config, started)

    def fail(*_: Any) -> None:
        raise RuntimeError("the disk is gone")

    from hub.store import vault as vaults

    real = vaults.write_key_file

    def then_fail(*arguments: Any) -> None:
        real(*arguments)
        fail()

    monkeypatch.setattr(vaults, "write_key_file", then_fail)
    with pytest.raises(RuntimeError):
        restore(config, started, made)
    assert open_vault(config, started).kid == unused.kid


def test_a_backup_goes_from_one_kind_of_database_to_the_other(
    made: Path, database: Database, kind: str, tmp_path: Path
) -> None:
    from tests.store.conftest import POSTGRES, at, on_server

    if not POSTGRES:
        pytest.skip("KOPPEL_TEST_DATABASE_URL is not set")
    env = {"KOPPEL_HOME": str(tmp_path / "other")}
    name = f"koppel_other_{os.getpid()}"
    if kind == "sqlite":
        on_server(f'CREATE DATABASE "{name}"')
        env["KOPPEL_DATABASE_URL"] = at(POSTGRES, name)
    config = Config.from_env(env)
    config.make_home()
    other = Database(config.database_url)
    try:
        restore(config, other, made)
        assert contents(other) == contents(database)
    finally:
        other.dispose()
        if kind == "sqlite":
            on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_a_backup_is_of_one_moment_and_others_go_on_writing(
    store_config: Config, database: Database, tmp_path: Path, fresh: Fresh
) -> None:
    """A counter and a flow always change together; a backup never holds one without the other."""
    fill(store_config, database)
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            written += 1
            with database.session() as session:
                session.merge(Counter(name="turns", value=written))  # one of the first tables
                waiting = Waiting(id=1, flow_id=1, key="k", entry_id=1, outcome="failed")
                waiting.attempts = written
                session.merge(waiting)  # and one of the last

    thread = threading.Thread(target=write)
    thread.start()
    began = 0

    def between_tables(_table: str, _count: int) -> None:
        """Give the writer its turn in the middle of the backup."""
        now = written
        while written < now + 3:
            stop.wait(0.005)

    try:
        while written < 3:
            stop.wait(0.01)
        began = written
        backup(store_config, database, tmp_path / "one.tar.gz", progress=between_tables)
    finally:
        stop.set()
        thread.join()
    assert written > began + 3
    config, empty = fresh()
    restore(config, empty, tmp_path / "one.tar.gz")
    with empty.session() as session:
        turns = session.get_one(Counter, "turns").value
        assert turns == session.get_one(Waiting, 1).attempts
    assert 0 < turns < written


def test_the_file_is_for_its_owner_only_and_nothing_else_is_left(made: Path) -> None:
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [p.name for p in made.parent.iterdir() if p.name.startswith(".")] == []
    with gzip.open(made) as raw:
        assert b"hush" not in raw.read()


def test_a_restored_hub_can_be_backed_up_again(made: Path, fresh: Fresh, tmp_path: Path) -> None:
    config, empty = fresh()
    restore(config, empty, made)
    again = tmp_path / "again.tar.gz"
    backup(config, empty, again)
    shutil.rmtree(config.home, ignore_errors=True)
    other, second = fresh()
    restore(other, second, again)
    with second.session() as session:
        assert session.get_one(Flow, 1).name == "orders"

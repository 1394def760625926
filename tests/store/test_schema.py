"""Migrations: the tables a program needs, made once, and never by an older program."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text
from sqlmodel import SQLModel, select

import hub.store.schema as schema
from hub.config import Config
from hub.store import Database, DatabaseFull, SchemaTooNew, SchemaTooOld, migrate
from hub.store.columns import Code
from hub.store.migrations import HEAD, REVISIONS
from hub.store.tables import Setting


def _open(config: Config) -> Database:
    return Database(config.database_url)


def _python(code: str, config: Config) -> subprocess.Popen[str]:
    """Code in a process of its own, with this configuration in its environment."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**config.environ({}), "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        text=True,
    )


# ---- failures


def test_a_database_from_a_newer_program_is_refused_and_left_alone(store_config: Config) -> None:
    database = _open(store_config)
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNew) as raised:
        migrate(store_config)
    assert "newer version of Koppel" in str(raised.value)
    assert "9999" in str(raised.value)
    with pytest.raises(SchemaTooNew):
        schema.check(database)
    with database.engine.connect() as connection:
        assert schema.revision(connection) == "9999"
    database.dispose()


def test_a_database_that_is_behind_is_told_as_such_by_a_check(bare_config: Config) -> None:
    database = _open(bare_config)
    with pytest.raises(SchemaTooOld, match="koppel up"):
        schema.check(database)
    database.dispose()


class Later:
    """A revision of the future, made for these tests: it adds a table, or fails half-way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails: bool = False) -> None:
        monkeypatch.setattr(schema, "HEAD", "9998")
        monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "9998"))
        monkeypatch.setattr(schema, "upgrade", self._upgrade)
        self.fails = fails
        self.times = 0

    def _upgrade(self, connection: Connection, _target: str) -> None:
        self.times += 1
        connection.execute(text("CREATE TABLE later (id INTEGER)"))
        if self.fails:
            raise RuntimeError("half-way")
        time.sleep(0.3)
        connection.execute(text("UPDATE alembic_version SET version_num = '9998'"))


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    store_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    Later(monkeypatch, fails=True)
    with pytest.raises(RuntimeError, match="half-way"):
        migrate(store_config)
    database = _open(store_config)
    assert "later" not in inspect(database.engine).get_table_names()
    with database.engine.connect() as connection:
        assert schema.revision(connection) == HEAD
    database.dispose()


def test_without_room_for_a_copy_nothing_is_migrated(
    store_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = _open(store_config)
    if not database.is_sqlite:
        pytest.skip("a server is backed up by its administrator")
    later = Later(monkeypatch)

    def full(_source: Path, _target: Path) -> None:
        raise DatabaseFull("no room")

    monkeypatch.setattr(schema, "copy_sqlite", full)
    with pytest.raises(DatabaseFull):
        migrate(store_config)
    assert later.times == 0
    database.dispose()


# ---- what works


def test_the_migrations_make_the_tables_that_the_program_declares(store_config: Config) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = _open(store_config)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    database.dispose()


def test_the_migrations_make_what_a_comparison_of_types_does_not_see(store_config: Config) -> None:
    database = _open(store_config)
    found = inspect(database.engine)
    for table in SQLModel.metadata.sorted_tables:
        if database.is_sqlite:
            with database.engine.connect() as connection:
                made = connection.execute(
                    text("SELECT sql FROM sqlite_master WHERE name = :name"), {"name": table.name}
                ).scalar_one()
            never_again = bool(table.dialect_options["sqlite"]["autoincrement"])
            assert ("AUTOINCREMENT" in made) is never_again, table.name
        else:
            collations = {
                c["name"]: c["type"].collation
                for c in found.get_columns(table.name)
                if hasattr(c["type"], "collation")
            }
            bytewise = {c.name for c in table.columns if isinstance(c.type, Code)}
            assert {n for n, collation in collations.items() if collation == "C"} == bytewise
    database.dispose()


def test_the_revisions_written_out_are_those_that_there_are() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(schema.alembic_config())
    assert scripts.get_heads() == [HEAD]
    assert tuple(s.revision for s in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_the_first_revision_can_be_undone(store_config: Config) -> None:
    from alembic import command

    database = _open(store_config)
    settings = schema.alembic_config()
    with database.begin() as connection:
        settings.attributes["connection"] = connection
        command.downgrade(settings, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    database.dispose()


def test_a_second_start_finds_nothing_to_do_and_does_not_load_alembic(
    store_config: Config,
) -> None:
    code = """
import os, sys, time
from hub.config import Config
from hub.store import migrate
config = Config.from_env(os.environ)
took = []
for _ in range(5):
    began = time.perf_counter()
    assert migrate(config) is False
    took.append(time.perf_counter() - began)
print(min(took), "alembic" in sys.modules)
"""
    seconds, loaded = _python(code, store_config).communicate(timeout=60)[0].split()
    assert loaded == "False"
    assert float(seconds) < 0.1


def test_of_several_first_starts_one_makes_the_tables(bare_config: Config) -> None:
    code = """
import os
from hub.config import Config
from hub.store import migrate
print(migrate(Config.from_env(os.environ)))
"""
    processes = [_python(code, bare_config) for _ in range(4)]
    said = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sorted(said) == ["False", "False", "False", "True"]


def test_of_several_starts_after_an_upgrade_one_migrates_and_the_others_wait(
    store_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = Later(monkeypatch)
    done: list[bool] = []
    threads = [
        threading.Thread(target=lambda: done.append(migrate(store_config))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, False, False, True]
    assert later.times == 1


def test_a_copy_of_the_file_is_made_before_it_is_changed(
    store_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = _open(store_config)
    if not database.is_sqlite:
        pytest.skip("a server is backed up by its administrator")
    with database.session() as session:
        session.add(Setting(name="mine", value="precious"))
    Later(monkeypatch)
    assert migrate(store_config)
    (copy,) = store_config.home.glob(f"koppel.sqlite3.before-upgrade-from-{HEAD}-*")
    assert copy.stat().st_mode & 0o077 == 0
    with sqlite3.connect(copy) as opened:
        assert opened.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
        assert opened.execute("SELECT value FROM setting").fetchone() == ('"precious"',)
    opened.close()
    with database.session() as session:
        assert session.exec(select(Setting.value)).one() == "precious"
    database.dispose()


def test_a_first_start_makes_no_copy(tmp_path: Path) -> None:
    config = Config.from_env({"KOPPEL_HOME": str(tmp_path)})
    assert migrate(config)
    assert [p.name for p in tmp_path.iterdir() if "before" in p.name] == []


def test_after_a_migration_foreign_keys_hold_again(bare_config: Config) -> None:
    database = _open(bare_config)
    schema.migrate_database(database)
    with database.engine.connect() as connection:
        if database.is_sqlite:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
            assert connection.exec_driver_sql("PRAGMA auto_vacuum").scalar_one() == 2
    database.dispose()

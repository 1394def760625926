"""The database: transactions, forks, and errors that a user can act on."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import traceback
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from hub.config import Config
from hub.sdk.errors import KoppelError
from hub.store import (
    Database,
    DatabaseBusy,
    DatabaseFull,
    DatabaseUnreachable,
    SchemaTooOld,
)
from hub.store import (
    database as module,
)
from hub.store.tables import Connection, Setting


def only_sqlite(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("about files")


# ---- failures


def test_a_lock_held_by_another_process_is_told_as_busy(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_sqlite(database)
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    assert database.file is not None
    other = sqlite3.connect(database.file)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy, match="locked by another process"), database.session() as s:
        s.add(Setting(name="a", value=1))
    other.rollback()
    other.close()


def test_a_row_locked_by_another_transaction_is_told_as_busy(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite locks files, not rows")
    with database.session() as session:
        session.add(Setting(name="a", value=1))
    with database.begin() as holder:
        holder.execute(text("UPDATE setting SET value = '2' WHERE name = 'a'"))
        with database.engine.connect() as other:
            other.execute(text("SET LOCAL lock_timeout = '100ms'"))
            with pytest.raises(DatabaseBusy, match="Try again"):
                other.execute(text("UPDATE setting SET value = '3' WHERE name = 'a'"))


def test_a_full_disk_is_told_with_what_to_do(database: Database) -> None:
    only_sqlite(database)
    big = text("INSERT INTO setting (name, value) VALUES ('big', :value)")
    with database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        with pytest.raises(DatabaseFull, match="koppel purge"):
            connection.execute(big, {"value": "x" * 100_000})


def test_a_server_that_does_not_answer_is_told_with_its_address_but_without_the_password() -> None:
    database = Database("postgresql://koppel:hush-hush@127.0.0.1:1/koppel")
    with pytest.raises(DatabaseUnreachable) as raised, database.session() as session:
        session.exec(select(Setting)).all()
    assert "127.0.0.1:1/koppel" in str(raised.value)
    assert "KOPPEL_DATABASE_URL" in str(raised.value)
    shown = "".join(traceback.format_exception(raised.value)) + repr(database)
    assert "hush-hush" not in shown


def test_a_file_that_is_no_database_is_told_as_damaged(tmp_path: Path) -> None:
    file = tmp_path / "koppel.sqlite3"
    file.write_text("Dear diary, " * 1000)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(DatabaseUnreachable, match="is not a database"), database.session() as s:
        s.exec(select(Setting)).all()


def test_a_folder_that_cannot_be_made_is_told_with_the_setting_to_change(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    database = Database(f"sqlite:///{tmp_path}/file/koppel.sqlite3")
    with pytest.raises(DatabaseUnreachable, match="KOPPEL_HOME"), database.session():
        pass


def test_a_database_without_tables_says_how_to_make_them(bare_config: Config) -> None:
    database = Database(bare_config.database_url)
    with pytest.raises(SchemaTooOld, match="koppel up"), database.session() as session:
        session.exec(select(Setting)).all()
    database.dispose()


def test_every_error_of_the_store_is_one_for_users() -> None:
    assert issubclass(DatabaseBusy, KoppelError)


def test_no_value_that_was_to_be_stored_is_in_an_error(database: Database) -> None:
    with database.session() as session:
        session.add(Connection(name="shop", system="toy"))
    with pytest.raises(IntegrityError) as raised, database.session() as session:
        session.add(Connection(name="shop", system="toy", credentials="sealed-but-private"))
    assert "sealed-but-private" not in "".join(traceback.format_exception(raised.value))


def test_a_failed_block_leaves_nothing_behind(database: Database) -> None:
    def fail() -> None:
        with database.session() as session:
            session.add(Setting(name="a", value=1))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.session() as session:
        assert session.get(Setting, "a") is None


def test_a_failed_block_leaves_nothing_behind_even_after_a_savepoint(database: Database) -> None:
    def fail() -> None:
        with database.session() as session:
            with session.begin_nested():
                session.add(Setting(name="a", value=1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with database.session() as session:
        assert session.get(Setting, "a") is None


def test_after_the_server_was_restarted_the_next_transaction_works(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("about servers")
    with database.session() as session:
        session.add(Setting(name="a", value=1))
    broken = Database(database.url.render_as_string(hide_password=False))
    with broken.engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with database.begin() as other:
            other.execute(text(f"SELECT pg_terminate_backend({pid})"))
        with pytest.raises(DatabaseUnreachable, match="See whether the server runs"):
            connection.execute(text("SELECT 1"))
    with broken.session() as session:
        assert session.get_one(Setting, "a").value == 1
    broken.dispose()


# ---- what works


def test_folder_and_files_are_for_the_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "er" / "koppel.sqlite3"
    database = Database(f"sqlite:///{file}")
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        for path in (file, file.with_name("koppel.sqlite3-wal")):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    database.dispose()


def test_a_new_file_keeps_a_log_ahead_and_can_give_room_back(bare_config: Config) -> None:
    database = Database(bare_config.database_url)
    only_sqlite(database)
    with database.engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        connection.exec_driver_sql("CREATE TABLE t (x)")
        assert pragma("journal_mode") == "wal"
        assert pragma("auto_vacuum") == 2
        assert pragma("synchronous") == 1
        assert pragma("foreign_keys") == 1
        assert pragma("busy_timeout") == 10_000
    database.dispose()


def test_a_home_with_odd_characters_in_its_name_works(tmp_path: Path) -> None:
    home = tmp_path / "100% ons? #1 & co"
    config = Config.from_env({"KOPPEL_HOME": str(home)})
    database = Database(config.database_url)
    with database.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    assert (home / "koppel.sqlite3").exists()
    database.dispose()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_gets_the_driver_that_is_installed(scheme: str) -> None:
    database = Database(f"{scheme}://koppel@localhost/koppel")
    assert database.url.drivername == "postgresql+psycopg"


def test_rows_can_be_used_after_their_session_has_ended(database: Database) -> None:
    with database.session() as session:
        row = Setting(name="a", value={"x": 1})
        session.add(row)
    assert row.value == {"x": 1}


def test_text_that_no_database_takes_is_replaced_rather_than_refused(database: Database) -> None:
    with database.session() as session:
        session.add(Connection(name="shop", system="toy", account="a\0b \ud83d c é"))
    with database.session() as session:
        row = session.exec(select(Connection)).one()
    assert row.account == "a\ufffdb ? c é"


def test_immediate_lets_nobody_write_in_between(database: Database) -> None:
    with database.session() as session:
        session.add(Setting(name="n", value=0))

    def count() -> None:
        for _ in range(10):
            with database.immediate() as session:
                row = session.exec(
                    select(Setting).where(Setting.name == "n").with_for_update()
                ).one()
                row.value += 1
                session.add(row)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.session() as session:
        assert session.get_one(Setting, "n").value == 40


def test_a_forked_child_works_on_and_leaves_the_parents_connection_alone(
    database: Database,
) -> None:
    with database.session() as session:
        session.add(Setting(name="parent", value=1))
    with database.session() as session:  # open in the parent while the child comes and goes
        assert session.get(Setting, "parent") is not None
        parents = database.engine
        pid = os.fork()
        if pid == 0:
            status = 1
            try:
                with database.session() as mine:
                    mine.add(Setting(name="child", value=2))
                status = 2 if database.engine is parents else 0
                database.dispose()
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        session.add(Setting(name="after", value=3))
    with database.session() as session:
        names = set(session.exec(select(Setting.name)))
    assert {"parent", "child", "after"} <= names

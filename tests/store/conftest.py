"""What the store's tests ask for: an empty, migrated database of each kind, rows to put in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from hub.config import Config
from hub.store import Database, Vault, migrate
from hub.store.tables import Connection, Flow, Run

POSTGRES = os.environ.get("KOPPEL_TEST_DATABASE_URL", "")
KINDS = [
    "sqlite",
    pytest.param(
        "postgresql",
        marks=pytest.mark.skipif(not POSTGRES, reason="KOPPEL_TEST_DATABASE_URL is not set"),
    ),
]
KEY = "a key for tests, long enough to be taken"


def at(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def on_server(statement: str) -> None:
    """Run a statement that concerns whole databases."""
    import psycopg

    url = at(POSTGRES, "postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: every test that asks for one runs on SQLite and on PostgreSQL."""
    return str(request.param)


@pytest.fixture
def bare_config(kind: str, tmp_path: Path) -> Iterator[Config]:
    """A home and a database without any table."""
    env = {"KOPPEL_HOME": str(tmp_path / "home")}
    if kind == "sqlite":
        yield Config.from_env(env)
        return
    name = f"koppel_store_{uuid.uuid4().hex[:12]}"
    on_server(f'CREATE DATABASE "{name}"')
    yield Config.from_env({**env, "KOPPEL_DATABASE_URL": at(POSTGRES, name)})
    on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A migrated file, and a migrated database on the server, to be copied for every test."""
    home = tmp_path_factory.mktemp("store-template")
    name = f"koppel_store_template_{os.getpid()}"
    migrate(Config.from_env({"KOPPEL_HOME": str(home)}))
    if POSTGRES:
        on_server(f'CREATE DATABASE "{name}"')
        migrate(
            Config.from_env({"KOPPEL_HOME": str(home), "KOPPEL_DATABASE_URL": at(POSTGRES, name)})
        )
    yield home / "koppel.sqlite3", name
    if POSTGRES:
        on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def store_config(kind: str, tmp_path: Path, template: tuple[Path, str]) -> Iterator[Config]:
    """A home and a database with all tables, and nothing in them."""
    env = {"KOPPEL_HOME": str(tmp_path / "home")}
    if kind == "sqlite":
        (tmp_path / "home").mkdir(mode=0o700)
        shutil.copy(template[0], tmp_path / "home" / "koppel.sqlite3")
        yield Config.from_env(env)
        return
    name = f"koppel_store_{uuid.uuid4().hex[:12]}"
    on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template[1]}"')
    yield Config.from_env({**env, "KOPPEL_DATABASE_URL": at(POSTGRES, name)})
    on_server(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def database(store_config: Config) -> Iterator[Database]:
    """An open database with all tables."""
    opened = Database(store_config.database_url)
    yield opened
    opened.dispose()


@pytest.fixture
def vault() -> Vault:
    """A vault that knows nothing of any database."""
    return Vault([KEY.encode()])


@pytest.fixture
def flow_id(database: Database) -> int:
    """A flow between two connections."""
    return make_flow(database, "shop-orders")


def make_flow(database: Database, name: str) -> int:
    """A flow with two connections of its own."""
    with database.session() as session:
        ends = [
            Connection(name=f"{name}-{side}", system="toy", status="ok")
            for side in ("source", "target")
        ]
        session.add_all(ends)
        session.flush()
        flow = Flow(
            name=name,
            source_id=ends[0].id or 0,
            source_entity="orders",
            target_id=ends[1].id or 0,
            target_entity="orders",
        )
        session.add(flow)
        session.flush()
        assert flow.id is not None
        return flow.id


def make_run(database: Database, flow_id: int, **values: object) -> int:
    """A run that has ended well."""
    with database.session() as session:
        run = Run(**{"flow_id": flow_id, "state": "succeeded", **values})  # type: ignore[arg-type]
        session.add(run)
        session.flush()
        assert run.id is not None
        return run.id


class Processes:
    """Runs pieces of Python in processes of their own, all at the same time."""

    def __init__(self, url: str) -> None:
        self._url = url

    def run(self, code: str, count: int) -> list[str]:
        """What each of *count* processes prints; `database` and `number` are there for the code."""
        prelude = (
            "import sys\nfrom hub.store import Database\n"
            "database, number = Database(sys.argv[1]), int(sys.argv[2])\n"
        )
        started = [
            subprocess.Popen(
                [sys.executable, "-c", prelude + code, self._url, str(number)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=Path(__file__).parents[2],
            )
            for number in range(count)
        ]
        said = []
        for process in started:
            out, errors = process.communicate(timeout=120)
            assert process.returncode == 0, errors
            said.append(out.strip())
        return said


@pytest.fixture
def processes(store_config: Config) -> Processes:
    """A way to run code in several processes on the same database."""
    return Processes(store_config.database_url)


Make = Callable[..., int]

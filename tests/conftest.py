"""What every test may ask for: a Redis, a home, a database of its own, a browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from hub import embedded_redis
from hub.config import SETTINGS, Config

# A suite that was started in the background, or under nohup, may have to ignore Ctrl-C; the
# processes that it starts must not inherit that, because some tests press it.
for _number, _usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

POSTGRES = os.environ.get("KOPPEL_TEST_DATABASE_URL", "")
"""A PostgreSQL server to run the suite on; every test gets a database of its own there."""
_PREPARE = """
from hub.config import Config
from hub.ops.prepare import prepare
prepare(Config.from_env())
"""
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """The suite says the same whatever the developer's own hub is set to."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(prefix="k", dir="/tmp") as short:
        patch.setenv("XDG_RUNTIME_DIR", short)  # for the sockets of homes with a long path
        for setting in SETTINGS:
            patch.delenv(setting.name, raising=False)
            patch.delenv(f"{setting.name}_FILE", raising=False)
        yield


# ---- Redis


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server on a unix socket, one for the whole suite."""
    with embedded_redis.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of an empty Redis."""
    from redis import Redis

    with Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server


# ---- the database


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def empty_config(home: Path, redis_url: str) -> Iterator[Config]:
    """A configuration whose database has no table yet."""
    home.mkdir(mode=0o700)
    config = _config(home, redis_url)
    if not POSTGRES:
        yield config
        return
    name = f"koppel_test_{uuid.uuid4().hex[:12]}"
    _postgres(f'CREATE DATABASE "{name}"')
    yield replace(config, database_url=_database(name))
    _postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def config(home: Path, redis_url: str, _template: tuple[Path, str]) -> Iterator[Config]:
    """A configuration whose home and database are as after the first start, and empty."""
    template_home, template_database = _template
    shutil.copytree(template_home, home)
    config = _config(home, redis_url)
    if not POSTGRES:
        yield config
        return
    name = f"koppel_test_{uuid.uuid4().hex[:12]}"
    _postgres(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"', quickly=True)
    yield replace(config, database_url=_database(name))
    _postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A home, and on PostgreSQL a database, migrated once and then copied for every test."""
    home = tmp_path_factory.mktemp("template")
    config = _config(home, None)
    name = f"koppel_template_{os.getpid()}"
    if POSTGRES:
        _postgres(f'CREATE DATABASE "{name}"')
        config = replace(config, database_url=_database(name))
    # In a process of its own, so that no connection to what will be copied stays open.
    subprocess.run(
        [sys.executable, "-c", _PREPARE],
        env=config.environ(os.environ),
        cwd=Path(__file__).parent.parent,
        check=True,
        timeout=60,
    )
    yield home, name
    if POSTGRES:
        _postgres(f'DROP DATABASE "{name}" WITH (FORCE)')


def _config(home: Path, redis_url: str | None) -> Config:
    return Config.from_env({"KOPPEL_HOME": str(home), "KOPPEL_REDIS_URL": redis_url or ""})


def _database(name: str) -> str:
    url = Config.from_env({"KOPPEL_DATABASE_URL": POSTGRES}).database_url
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _postgres(statement: str, *, quickly: bool = False) -> None:
    import psycopg

    url = _database("postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        if quickly and connection.info.server_version >= 150000:
            statement += " STRATEGY file_copy"  # a third of the time
        connection.execute(statement.encode())


# ---- the browser


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's own Chromium; without it a browser test is skipped, but never in CI."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is missing: install chromium and fonts-dejavu-core")
        pytest.skip(f"{CHROMIUM} is missing: set CHROMIUM to a Chromium or Chrome")
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }

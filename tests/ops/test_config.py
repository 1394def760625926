"""The settings: what is read from where, and what is said when it cannot be used."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from hub.config import SETTINGS, Config, ConfigError


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("KOPPEL_PORT", "eighty", "number from 0 to 65535"),
        ("KOPPEL_PORT", "65536", "number from 0 to 65535"),
        ("KOPPEL_PORT", "-1", "number from 0 to 65535"),
        ("KOPPEL_HOST", "http://localhost", "host name or an address"),
        ("KOPPEL_BASE_URL", "hub.example.com", "https://hub.example.com"),
        ("KOPPEL_BASE_URL", "https://", "https://hub.example.com"),
        ("KOPPEL_BASE_URL", "https://hub.example.com/?a=b", "end before any ?"),
        ("KOPPEL_LEASE_SECONDS", "half a minute", "whole number of seconds from 5 to 3600"),
        ("KOPPEL_LEASE_SECONDS", "1", "whole number of seconds from 5 to 3600"),
        ("KOPPEL_DATABASE_URL", "mysql://localhost/koppel", "begin with postgresql://"),
        ("KOPPEL_DATABASE_URL", "sqlite://", "must name a file"),
        ("KOPPEL_DATABASE_URL", "sqlite:///:memory:", "must name a file"),
        ("KOPPEL_REDIS_URL", "localhost:6379", "begin with redis://"),
        ("KOPPEL_SECRET_KEY", " , ,", "holds no key"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        Config.from_env({name: value})
    assert str(refusal.value).startswith(f"{name}: ")
    assert says in str(refusal.value)


@pytest.mark.parametrize("name", [s.name for s in SETTINGS if s.secret])
def test_a_secret_that_cannot_be_used_is_not_repeated_in_the_refusal(name: str) -> None:
    value = "," if name == "KOPPEL_SECRET_KEY" else "ftp://user:hunter2@host/x"
    with pytest.raises(ConfigError) as refusal:
        Config.from_env({name: value})
    assert "hunter2" not in str(refusal.value)
    assert f"'{value}'" not in str(refusal.value)


def test_secrets_are_not_in_the_repr() -> None:
    config = Config.from_env(
        {
            "KOPPEL_SECRET_KEY": "hunter1",
            "KOPPEL_DATABASE_URL": "postgresql://koppel:hunter2@db/koppel",
            "KOPPEL_REDIS_URL": "redis://:hunter3@cache:6379/0",
        }
    )
    assert "hunter" not in repr(config)


def test_a_setting_and_its_file_may_not_both_be_given(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="KOPPEL_PORT and KOPPEL_PORT_FILE are both set"):
        Config.from_env({"KOPPEL_PORT": "1", "KOPPEL_PORT_FILE": str(tmp_path / "port")})


@pytest.mark.parametrize(
    ("content", "says"),
    [(None, "cannot be read"), (b"  \n", "is empty"), (b"\xff\xfe", "not a text file")],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, content: bytes | None, says: str
) -> None:
    path = tmp_path / "port"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=says) as refusal:
        Config.from_env({"KOPPEL_PORT_FILE": str(path)})
    assert str(refusal.value).startswith("KOPPEL_PORT_FILE: ")
    assert str(path) in str(refusal.value)


def test_a_bad_value_in_a_file_is_refused_by_the_name_of_the_file_setting(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("eighty\n")
    with pytest.raises(ConfigError, match="KOPPEL_PORT_FILE: 'eighty' cannot be used"):
        Config.from_env({"KOPPEL_PORT_FILE": str(path)})


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.name)
def test_every_setting_may_be_given_as_a_file(setting, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    value = {
        "KOPPEL_HOME": "/srv/hub",
        "KOPPEL_DATABASE_URL": "postgresql+psycopg://db/koppel",
        "KOPPEL_REDIS_URL": "redis://cache/1",
        "KOPPEL_SECRET_KEY": "one",
        "KOPPEL_HOST": "0.0.0.0",
        "KOPPEL_PORT": "9000",
        "KOPPEL_BASE_URL": "https://hub.example.com",
        "KOPPEL_LEASE_SECONDS": "60",
    }[setting.name]
    path = tmp_path / "value"
    path.write_text(value + "\n")
    from_file = Config.from_env({f"{setting.name}_FILE": str(path)})
    assert from_file == Config.from_env({setting.name: value})
    assert from_file != Config.from_env({})


def test_without_any_setting_everything_is_in_a_folder_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config.from_env({})
    assert config.home == tmp_path / "koppel-data"
    assert config.database_url == f"sqlite:///{tmp_path}/koppel-data/koppel.sqlite3"
    assert config.redis_url is None
    assert config.secret_key == ()
    assert (config.host, config.port) == ("127.0.0.1", 8420)
    assert config.base_url == "http://127.0.0.1:8420"
    assert config.lease_seconds == 30


def test_an_empty_variable_is_as_good_as_none() -> None:
    assert Config.from_env({"KOPPEL_PORT": "", "KOPPEL_REDIS_URL": " "}) == Config.from_env({})


def test_keys_are_separated_by_commas_or_lines(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text("new\n old ,older\n")
    assert Config.from_env({"KOPPEL_SECRET_KEY_FILE": str(path)}).secret_key == (
        "new",
        "old",
        "older",
    )


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_driver_that_is_installed(scheme: str) -> None:
    config = Config.from_env({"KOPPEL_DATABASE_URL": f"{scheme}://u:p@h:5/d?sslmode=require"})
    assert config.database_url == "postgresql+psycopg://u:p@h:5/d?sslmode=require"


@pytest.mark.parametrize("folder", ["plain", "with space", "50%25 off", "what?", "caf\u00e9#1"])
def test_the_database_is_in_the_home_whatever_the_home_is_called(folder: str) -> None:
    config = Config.from_env({"KOPPEL_HOME": f"/srv/{folder}"})
    assert make_url(config.database_url).database == f"/srv/{folder}/koppel.sqlite3"


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:8420"),
        ("::", "http://[::1]:8420"),
        ("::1", "http://[::1]:8420"),
        ("[::1]", "http://[::1]:8420"),
        ("hub.local", "http://hub.local:8420"),
    ],
)
def test_the_address_is_one_that_a_browser_can_open(host: str, address: str) -> None:
    assert Config.from_env({"KOPPEL_HOST": host}).base_url == address


def test_the_address_follows_the_port_unless_it_was_given() -> None:
    follows = Config.from_env({}).listening_on("127.0.0.1", 9000)
    assert follows.base_url == "http://127.0.0.1:9000"
    given = Config.from_env({"KOPPEL_BASE_URL": "https://hub.example.com/"})
    assert given.listening_on("127.0.0.1", 9000).base_url == "https://hub.example.com"


def test_a_child_process_reads_the_same_configuration(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("one,two")
    env = {
        "PATH": "/bin",
        "KOPPEL_SECRET_KEY_FILE": str(secret),
        "KOPPEL_PORT": "1",
        "KOPPEL_REDIS_URL": "redis://cache",
    }
    config = Config.from_env(env).listening_on("0.0.0.0", 0)
    passed_on = config.environ(env)
    assert Config.from_env(passed_on) == config
    assert passed_on["PATH"] == "/bin"
    assert "KOPPEL_SECRET_KEY" not in passed_on, "what was given as a file stays in its file"


def test_a_child_process_does_not_inherit_what_was_taken_back() -> None:
    env = {"KOPPEL_REDIS_URL": "redis://cache", "KOPPEL_SECRET_KEY": "one"}
    assert Config.from_env({}).environ(env) == {}


def test_the_home_is_made_for_its_owner_only(tmp_path: Path) -> None:
    config = Config.from_env({"KOPPEL_HOME": str(tmp_path / "a" / "b")})
    assert stat.S_IMODE(config.make_home().stat().st_mode) == 0o700
    config.make_home()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = Config.from_env({"KOPPEL_HOME": str(tmp_path / "file" / "home")})
    with pytest.raises(ConfigError, match=r"KOPPEL_HOME: the data folder .* cannot be made"):
        config.make_home()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_of_somebody_else_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="may not be written to by this user"):
        Config.from_env({"KOPPEL_HOME": str(tmp_path)}).make_home()

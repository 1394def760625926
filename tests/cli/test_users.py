"""user add, list, remove, password: passwords come from standard input, never from arguments."""

from __future__ import annotations

import pytest

from hub.config import Config
from hub.store import users
from hub.store.database import Database
from tests.cli.conftest import Koppel


def test_a_password_is_not_taken_as_an_argument(koppel: Koppel) -> None:
    assert koppel("user", "add", "anna@example.com", "sesame-open-99").code == 2
    assert koppel("user", "add", "anna@example.com", "--password", "sesame-open-99").code == 2


def test_a_short_password_is_refused(koppel: Koppel) -> None:
    said = koppel("user", "add", "anna@example.com", stdin="short\n")
    assert said.code == 2
    assert "at least" in said.err


def test_users_come_and_go(koppel: Koppel, config: Config, request: pytest.FixtureRequest) -> None:
    assert koppel("user", "add", "Anna@example.com", "--name", "Anna", stdin="sesame-open-99\n")
    assert koppel("user", "add", "piet@example.com", stdin="sesame-shut-77\n").code == 0
    found = koppel("user", "list", "--json").json["users"]
    assert [u["email"] for u in found] == ["anna@example.com", "piet@example.com"]
    assert "password" not in str(found)
    database = Database(config.database_url)
    request.addfinalizer(database.dispose)
    assert users.verify(database, "anna@example.com", "sesame-open-99")
    assert koppel("user", "password", "anna@example.com", stdin="other-sesame-55\n").code == 0
    assert users.verify(database, "anna@example.com", "other-sesame-55")
    assert koppel("user", "remove", "piet@example.com").code == 0
    assert koppel("user", "remove", "anna@example.com").code == 2
    assert koppel("user", "password", "nobody@example.com", stdin="sesame-open-99\n").code == 2

"""A hub beside a pretend system that tells of changes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from hub.config import Config
from hub.store import users
from tests.gate.bench import Bench, bench


@pytest.fixture
def gate(config: Config) -> Iterator[Bench]:
    """The hub and the gate."""
    with bench(config) as made:
        yield made


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed for real, but not for long."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(users, "_hasher", lambda: hasher)

"""Budgets in a real Redis, and a hub beside a pretend system with strict limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from hub.config import Config
from tests.gate.bench import Bench, bench


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    """An empty Redis."""
    with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def gate(config: Config) -> Iterator[Bench]:
    """The hub and the gate."""
    with bench(config) as made:
        yield made

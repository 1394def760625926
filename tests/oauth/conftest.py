"""A hub beside a pretend system with OAuth2."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.config import Config
from tests.gate.bench import Bench, bench


@pytest.fixture
def gate(config: Config) -> Iterator[Bench]:
    """The hub and the gate."""
    with bench(config) as made:
        yield made

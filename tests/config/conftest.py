"""A hub with the toy system, without anything installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.config import Config
from hub.engine.hub import Hub
from hub.registry import Registry
from hub.sdk.sandbox import Sandbox, running

TOY = Path(__file__).parents[1] / "plugins" / "toy"
TOKEN = "toy-token-4711-not-for-others"


@pytest.fixture
def toy_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The toy plugin's module."""
    monkeypatch.syspath_prepend(str(TOY))
    import koppel_toy

    return koppel_toy


@pytest.fixture
def hub(config: Config, toy_module: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, with the toy as its only system."""
    registry = Registry.empty()
    registry.add(toy_module, name="toy", distribution="koppel-toy", version="1.2.3")
    monkeypatch.setenv("TOY_TOKEN", TOKEN)
    made = Hub.start(config, registry=registry)
    yield made
    made.close()


@pytest.fixture
def toy_app(toy_module: Any) -> Any:
    """A pretend toy."""
    from koppel_toy.sandbox import create_app

    return create_app(customers=3)


@pytest.fixture
def toy_url(toy_app: Any) -> Iterator[str]:
    """The pretend toy, running."""
    with running(toy_app) as url:
        yield url


@pytest.fixture
def sandbox(toy_app: Any) -> Sandbox:
    """The pretend toy's request log and faults."""
    found: Sandbox = toy_app.extensions["sandbox"]
    return found

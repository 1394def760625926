"""A pretend shop for each test, and a connection to it on a clock that costs no time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from koppel_ccvshop import ccvshop
from koppel_ccvshop.forms import Credentials, Settings
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET, create_app

from hub.mapping.fieldtable import FieldTable
from hub.model import Document
from hub.sdk import Api, Context, Entity, Query
from hub.sdk.exchange import Exchange
from hub.sdk.http import Client
from hub.sdk.limits import LocalPacer
from hub.sdk.sandbox import Sandbox, running


@dataclass
class Clock:
    """Time that passes only when somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Tape:
    """Keeps what is recorded."""

    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


@dataclass
class Shop:
    """A running pretend shop, a connection to it, and a client that signs nothing."""

    app: Flask
    url: str
    api: Api
    clock: Clock
    tape: Tape
    bare: Client

    @property
    def sandbox(self) -> Sandbox:
        made: Sandbox = self.app.extensions["sandbox"]
        return made

    def asked(self, path: str, method: str = "GET") -> int:
        """How often a path (a regular expression) was asked for."""
        return len(self.sandbox.asked(method, path))


Open = Callable[..., Shop]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Start a shop: options of `create_app`, and `settings`, `secret`, `middleware`."""
    with ExitStack() as stack:

        def open_shop(
            *,
            settings: dict[str, Any] | None = None,
            secret: str = API_SECRET,
            middleware: Callable[[Any], Any] | None = None,
            **options: Any,
        ) -> Shop:
            app = create_app(**{"rate_limits": False, **options})
            if middleware is not None:
                app.wsgi_app = middleware(app.wsgi_app)  # type: ignore[method-assign]
            url = stack.enter_context(running(app))
            clock, tape = Clock(), Tape()
            api = Api(
                system=ccvshop,
                connection="shop",
                credentials=Credentials(shop_url=url, api_public=API_PUBLIC, api_secret=secret),
                settings=Settings(**(settings or {})),
                pacer=LocalPacer(clock.time, clock.sleep),
                recorder=tape,
                sleep=clock.sleep,
            )
            stack.enter_context(api)
            bare = stack.enter_context(Client(base_url=url, timeout=60))
            return Shop(app, url, api, clock, tape, bare)

        yield open_shop


def records(shop: Shop, entity: str, **query: Any) -> list[dict[str, Any]]:
    """Every record an entity reads, page after page."""
    chosen = ccvshop.entity(entity)
    query.setdefault("filter", chosen.filter())
    pages = chosen.read(shop.api, Query(**query))
    return [record for page in pages for record in page.records]


def understood(entity: Entity, record: dict[str, Any], **settings: Any) -> Document:
    """What the hub makes of a record."""
    return FieldTable(entity).understand(record, Context(connection=Settings(**settings)))

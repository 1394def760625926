"""A pretend shop for each test, and a connection to it on a clock that costs no time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from koppel_ccvshop import ccvshop
from koppel_ccvshop.forms import Credentials, ProductsSettings, Settings
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET, create_app

from hub.mapping.fieldtable import FieldTable
from hub.model import Document, Json
from hub.sdk import Api, Context, Effect, Entity, Form, Index, IndexRow, Query
from hub.sdk.exchange import Exchange
from hub.sdk.http import Client
from hub.sdk.index import IndexStore
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
class Memory:
    """An index store as the hub has one, in memory: read once, then refreshed when asked."""

    rows: dict[str, dict[str, IndexRow]] = field(default_factory=dict)
    cursors: dict[str, Json | None] = field(default_factory=dict)

    def find(
        self, api: Any, index: Index, by: str, values: Sequence[str], *, fresh: bool
    ) -> dict[str, Json]:
        if values and (fresh or index.name not in self.rows):
            kept = self.rows.setdefault(index.name, {})
            for page in index.read(api, self.cursors.get(index.name)):
                kept.update({row.key: row for row in page.rows})
                self.cursors[index.name] = page.cursor or self.cursors.get(index.name)
        found: dict[str, Json] = {}
        for value in values:
            for row in self.rows[index.name].values():
                known = row.values.get(by)
                if known and known.strip().casefold() == value.strip().casefold():
                    found.setdefault(value, row.data)
        return found

    def add(self, api: Any, index: Index, row: IndexRow) -> None:
        if index.name in self.rows:
            self.rows[index.name][row.key] = row


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

    def writes(self) -> list[str]:
        """Method and path of everything that was written, ids left out, in order."""
        found = self.sandbox.asked("POST|PUT|PATCH|DELETE", "/api/")
        paths = (re.sub(r"/\d+", "/#", r["path"].removeprefix("/api/rest/v1/")) for r in found)
        return [f"{r['method']} {path.strip('/')}" for r, path in zip(found, paths, strict=True)]

    def reset(self) -> None:
        """Forget what was asked so far."""
        self.sandbox.requests.clear()


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
            indexes: IndexStore | None = None,
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
                indexes=indexes or Memory(),
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


def written(
    shop: Shop,
    entity: Entity,
    document: Document,
    *,
    key: str | None = None,
    effect: Effect | None = None,
    settings: Form | None = None,
) -> str:
    """Write a document as the hub does, a new one when there is no key; gives its key."""
    payload = rendered(entity, document, creating=key is None, settings=settings)
    effect = effect or Effect("11111111-2222-3333-4444-555555555555")
    if key is None:
        return entity.create(shop.api, payload, effect).key
    return entity.update(shop.api, key, payload, effect).key


def rendered(
    entity: Entity, document: Document, *, creating: bool = True, settings: Form | None = None
) -> Json:
    """The payload that writes a document."""
    if settings is None:
        settings = ProductsSettings(package="12002") if entity.name == "products" else None
    context = Context(settings=settings or entity.settings(), creating=creating)
    return FieldTable(entity).render(document, context)


def understood(entity: Entity, record: dict[str, Any], **settings: Any) -> Document:
    """What the hub makes of a record."""
    return FieldTable(entity).understand(record, Context(connection=Settings(**settings)))

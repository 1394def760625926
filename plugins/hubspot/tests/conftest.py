"""A pretend account for each test, and a connection to it on a clock that costs no time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from koppel_hubspot import hubspot
from koppel_hubspot.forms import Credentials, Settings
from koppel_hubspot.sandbox import TOKEN, create_app
from koppel_hubspot.sandbox.store import Store

from hub.mapping.fieldtable import FieldTable
from hub.model import Document, Json
from hub.sdk import Api, Context, Effect, Entity, Form, Query, RateLimit, RecordError, Written
from hub.sdk.exchange import Exchange
from hub.sdk.http import Client
from hub.sdk.limits import Allowance
from hub.sdk.sandbox import Sandbox, running


@dataclass
class Tape:
    """Keeps what is recorded."""

    exchanges: list[Exchange] = field(default_factory=list)

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)


@dataclass
class Unpaced:
    """Lets every request through, and keeps what the vendor said about its budgets."""

    said: list[Allowance] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    def wait(self, limits: Sequence[RateLimit], method: str, path: str) -> None:
        return None

    def done(self, ticket: Any, said: Sequence[Allowance] = ()) -> None:
        self.said += said

    def hold(self, seconds: float) -> None:
        self.held.append(seconds)


@dataclass
class Account:
    """A running pretend account, a connection to it, and a client without a token."""

    app: Flask
    url: str
    api: Api
    pacer: Unpaced
    slept: list[float]
    bare: Client

    @property
    def sandbox(self) -> Sandbox:
        made: Sandbox = self.app.extensions["sandbox"]
        return made

    @property
    def store(self) -> Store:
        made: Store = self.app.extensions["store"]
        return made

    def asked(self, path: str = "", method: str = ".*") -> int:
        """How often a path (a regular expression) was asked for."""
        return len(self.sandbox.asked(method, path))

    def bodies(self, path: str) -> list[Any]:
        """What was sent there."""
        return [json.loads(r["body"]) for r in self.sandbox.asked("POST|PATCH", path)]

    def reset(self) -> None:
        """Forget what was asked so far, and what the connection remembers."""
        self.sandbox.requests.clear()
        self.api.memo.clear()

    def of(self, kind: str, **values: str) -> list[Json]:
        """The records that have these values."""
        return [
            record
            for record in self.store.objects[kind].values()
            if all(record["properties"].get(n) == v for n, v in values.items())
        ]


Open = Callable[..., Account]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Start an account: options of `create_app`, and `settings`, `credentials`."""
    with ExitStack() as stack:

        def open_account(
            *,
            settings: dict[str, Any] | None = None,
            credentials: dict[str, Any] | None = None,
            **options: Any,
        ) -> Account:
            small = {"contacts": 0, "companies": 0, "orders": 0, "deals": 0, "invoices": 0}
            app = create_app(**{"rate_limits": False, "products": 0, **small, **options})
            url = stack.enter_context(running(app))
            pacer, slept = Unpaced(), list[float]()
            keys = {"access_token": TOKEN, "base_url": url, **(credentials or {})}
            api = Api(
                system=hubspot,
                connection="crm",
                credentials=Credentials(**keys),
                settings=Settings(**(settings or {})),
                pacer=pacer,
                sleep=slept.append,
                recorder=Tape(),
            )
            stack.enter_context(api)
            bare = stack.enter_context(Client(base_url=url, timeout=60))
            return Account(app, url, api, pacer, slept, bare)

        yield open_account


def records(account: Account, entity: str, **query: Any) -> list[Json]:
    """Every record an entity reads, page after page, completed."""
    chosen = hubspot.entity(entity)
    query.setdefault("filter", chosen.filter())
    query.setdefault("settings", account.api.settings)
    found: list[Json] = []
    for page in chosen.read(account.api, Query(**query)):
        whole = chosen.complete(account.api, page.records)
        found += [record for record in whole if not isinstance(record, RecordError)]
    return found


def context(entity: Entity, *, creating: bool = True, settings: Form | None = None) -> Context:
    """As the hub would have it."""
    return Context(connection=Settings(), settings=settings or entity.settings(), creating=creating)


def rendered(
    entity: Entity, document: Document, *, creating: bool = True, settings: Form | None = None
) -> Json:
    """The payload that writes a document."""
    return FieldTable(entity).render(
        document, context(entity, creating=creating, settings=settings)
    )


def understood(entity: Entity, record: Json) -> Any:
    """What the hub makes of a record."""
    return FieldTable(entity).understand(record, context(entity))


def effects(count: int) -> list[Effect]:
    """New intended writes."""
    return [Effect(f"11111111-2222-3333-4444-{n:012d}") for n in range(count)]


def created(
    account: Account, name: str, documents: Sequence[Document], settings: Form | None = None
) -> list[Written | RecordError]:
    """Write new documents as the hub does, several at a time."""
    entity = hubspot.entity(name)
    payloads = [rendered(entity, document, settings=settings) for document in documents]
    return list(entity.create_many(account.api, payloads, effects(len(payloads))))


def updated(
    account: Account, name: str, changes: Sequence[tuple[str, Document]]
) -> list[Written | RecordError]:
    """Write changed documents as the hub does, several at a time."""
    entity = hubspot.entity(name)
    told = [(key, rendered(entity, document, creating=False)) for key, document in changes]
    return list(entity.update_many(account.api, told, effects(len(told))))

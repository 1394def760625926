"""A pretend entity service for each test, and a bare client to talk to it."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from koppel_exact_globe import demo, exact_globe
from koppel_exact_globe.sandbox import create_app

from hub.model import Document, Json
from hub.sdk import Api, Effect, Entity, Form, Index, IndexRow
from hub.sdk.http import BasicAuth, Client, Response
from hub.sdk.index import IndexStore
from hub.sdk.sandbox import Sandbox, running
from hub.testing import Bench

ROOT = "/services/Exact.Entity.REST.EG/"
HEADERS = {
    "Accept": "application/json",
    "ServerName": "SRV-SQL01\\EXACT",
    "DatabaseName": "100",
}


@dataclass
class Service:
    """A running pretend service."""

    app: Flask
    url: str

    @property
    def sandbox(self) -> Sandbox:
        made: Sandbox = self.app.extensions["sandbox"]
        return made

    def state(self) -> dict[str, Any]:
        return self.sandbox.state()

    def statuses(self) -> list[int]:
        return [asked["status"] for asked in self.sandbox.requests]

    def calls(self) -> list[str]:
        """Verb and entity of every call that was let in."""
        return [
            f"{asked['method']} {asked['path'].rpartition('/')[2]}"
            for asked in self.sandbox.requests
            if asked["status"] != 401
        ]


class Memory:
    """An index store that keeps what it has read, as the hub's own does."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, IndexRow]] = {}
        self.cursors: dict[str, Json | None] = {}

    def find(
        self, api: Any, index: Index, by: str, values: Sequence[str], *, fresh: bool
    ) -> dict[str, Json]:
        rows = self.rows.setdefault(index.name, {})
        pages = list(index.read(api, self.cursors.get(index.name)))
        if pages and all(page.whole for page in pages):
            rows.clear()
        for page in pages:
            rows |= {row.key: row for row in page.rows}
            self.cursors[index.name] = page.cursor or self.cursors.get(index.name)
        known: dict[str, Json] = {}
        for _, row in sorted(rows.items()):
            value = (row.values.get(by) or "").strip().casefold()
            if value not in known or (index.last and index.last(known[value])):
                known[value] = row.data
        return {v: known[v.strip().casefold()] for v in values if v.strip().casefold() in known}

    def add(self, api: Any, index: Index, row: IndexRow) -> None:
        self.rows.setdefault(index.name, {})[row.key] = row


class Stored(Effect):
    """An effect that is taken up again as the hub does it."""

    def again(self) -> Stored:
        """The same write once more: afresh when it had not reached any stage."""
        return self if self.stage is not None else Stored(str(uuid.uuid4()))


def effect() -> Stored:
    return Stored(str(uuid.uuid4()))


@dataclass
class Globe:
    """The plugin on a running service."""

    service: Service
    credentials: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    memory: IndexStore = field(default_factory=Memory)
    apis: list[Api] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def api(self, **more: Any) -> Api:
        """A new connection; pauses are noted and not waited for."""
        account = demo(self.service.url)["credentials"] | self.credentials
        api = Api(
            system=exact_globe,
            connection="erp",
            credentials=exact_globe.credentials.model_validate(account),
            settings=exact_globe.settings.model_validate(self.settings),
            indexes=self.memory,
            sleep=self.pauses.append,
            **more,
        )
        self.apis.append(api)
        return api

    def rendered(
        self,
        entity: Entity,
        document: Document,
        settings: Form | None = None,
        *,
        creating: bool = True,
    ) -> Json:
        """The payload that writes a document, under these settings of a flow."""
        bench = _Rendering(
            system=exact_globe,
            app=self.service.app,
            url=self.service.url,
            paced=False,
            sample=lambda *_: document,
        )
        bench.chosen, bench.creating = settings, creating
        bench.connection = self.settings
        return bench.prepared(entity)[1]

    def understood(self, entity: Entity, record: Json, filter: Form | None = None) -> Any:
        """The document that a record means."""
        bench = _Rendering(
            system=exact_globe,
            app=self.service.app,
            url=self.service.url,
            paced=False,
            sample=lambda *_: Document(),
        )
        bench.connection = self.settings
        bench.chosen_filter = filter
        return bench.understood(entity, record)

    def bodies(self, entity: str, method: str = "POST") -> list[dict[str, Any]]:
        """What was sent, of the calls that were let in."""
        return [
            json.loads(asked["body"])
            for asked in self.service.sandbox.asked(method, rf"{entity}(\(|$)")
            if asked["status"] != 401
        ]


class _Rendering(Bench):
    chosen: Form | None = None
    chosen_filter: Form | None = None
    connection: Json | None = None
    creating: bool = True

    def context(self, entity: Entity, *, creating: bool = True) -> Any:
        made = super().context(entity, creating=self.creating)
        return dataclasses.replace(
            made,
            connection=exact_globe.settings.model_validate(self.connection or {}),
            filter=self.chosen_filter or made.filter,
        )

    def target_settings(self, entity: Entity) -> Form:
        return self.chosen or self.answered(entity.settings)


class Bare:
    """Talks to a service that takes Basic, with nothing between the test and the wire."""

    def __init__(self, service: Service) -> None:
        auth = BasicAuth("SIM\\hub", "Gl0be!sim")
        self.http = Client(base_url=service.url + ROOT, auth=auth, headers=HEADERS)

    def get(self, path: str, **params: str) -> Response:
        return self.http.get(path, params={f"${n}": v for n, v in params.items()} or None)

    def rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        """The first batch of a set."""
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["d"]["results"]
        return rows

    def post(self, path: str, body: Any, **headers: str) -> Response:
        return self.http.post(path, json=body, headers=headers)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """The record that was made."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.text
        row: dict[str, Any] = answer.json()["d"]
        return row

    def refused(self, path: str, body: Any) -> str:
        """The deepest text of a business refusal."""
        answer = self.post(path, body)
        assert answer.status_code == 500, answer.text
        deepest = answer.json()["error"]["innererror"]["internalexception"]
        assert deepest["type"].endswith("EntityFault")
        return str(deepest["message"])


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    """Starts pretend services that stop with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Service:
            app = create_app(**{"past_invoices": 0, **options})
            return Service(app, stack.enter_context(running(app)))

        yield start


@pytest.fixture
def bare(serve: Callable[..., Service]) -> Iterator[Bare]:
    """A bare client of a service that takes Basic."""
    client = Bare(serve(auth="basic"))
    with client.http:
        yield client


@pytest.fixture
def connect(serve: Callable[..., Service]) -> Iterator[Callable[..., Globe]]:
    """The plugin on a pretend service of its own; options of the service, then `plugin`."""
    made: list[Globe] = []

    def start(plugin: dict[str, Any] | None = None, **options: Any) -> Globe:
        made.append(Globe(serve(**options), **(plugin or {})))
        return made[-1]

    yield start
    for globe in made:
        for api in globe.apis:
            api.close()


@pytest.fixture
def globe(connect: Callable[..., Globe]) -> Globe:
    """The plugin on a plain pretend service."""
    return connect()

"""A pretend entity service for each test, and a bare client to talk to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from koppel_exact_globe.sandbox import create_app

from hub.sdk.http import BasicAuth, Client, Response
from hub.sdk.sandbox import Sandbox, running

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
            app = create_app(**options)
            return Service(app, stack.enter_context(running(app)))

        yield start


@pytest.fixture
def bare(serve: Callable[..., Service]) -> Iterator[Bare]:
    """A bare client of a service that takes Basic."""
    client = Bare(serve(auth="basic"))
    with client.http:
        yield client

"""The gate on loopback, a hub connected to it, and short words for both."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlmodel import col, select

from hub.config import Config
from hub.engine.configfile import apply, yamltree
from hub.engine.hub import Hub
from hub.sdk.sandbox import Sandbox, running
from hub.store.tables import Connection, Flow, OAuthToken, Run

HERE = str(Path(__file__).parent)
CONNECTION = "door"
FLOW = "people"
if HERE not in sys.path:
    sys.path.insert(0, HERE)

from koppel_gate import sandbox as gate_sandbox  # noqa: E402  (the plugin lies beside this file)


@dataclass
class Bench:
    """A hub between two pretend gates."""

    hub: Hub
    app: Flask
    url: str
    other_app: Flask
    other_url: str

    @property
    def other(self) -> gate_sandbox.World:
        """What the other gate holds, which the flow writes to."""
        found: gate_sandbox.World = self.other_app.extensions["world"]
        return found

    @property
    def world(self) -> gate_sandbox.World:
        """What the gate holds."""
        found: gate_sandbox.World = self.app.extensions["world"]
        return found

    @property
    def sandbox(self) -> Sandbox:
        """Request log and faults."""
        found: Sandbox = self.app.extensions["sandbox"]
        return found

    def apply(self, *, flow: dict[str, Any] | None = None, **credentials: Any) -> None:
        """Connect by a config file: `door` with OAuth2, and with a flow also `other`."""
        about: dict[str, Any] = {
            "version": 1,
            "connections": {
                CONNECTION: {
                    "system": "gate",
                    "title": "Front door",
                    "credentials": {
                        "base_url": self.url,
                        "client_id": gate_sandbox.CLIENT,
                        "client_secret": gate_sandbox.SECRET,
                        **credentials,
                    },
                }
            },
        }
        if flow is not None:
            about["connections"]["other"] = {
                "system": "gate",
                "credentials": {
                    "base_url": self.other_url,
                    "mode": "token",
                    "token": gate_sandbox.TOKEN,
                },
            }
            about["flows"] = {
                FLOW: {"from": f"{CONNECTION}.people", "to": "other.people", "schedule": None}
                | flow
            }
        apply(self.hub, yamltree.dump(about))

    def brought(self) -> str:
        """A fresh refresh token, as somebody would copy it into a config file."""
        with self.world.lock:
            return str(self.world.grant()["refresh_token"])

    @property
    def row(self) -> Connection:
        """The connection."""
        return self.connection(CONNECTION)

    def connection(self, name: str) -> Connection:
        """A connection by name."""
        with self.hub.database.session() as session:
            return session.exec(select(Connection).where(col(Connection.name) == name)).one()

    @property
    def token(self) -> OAuthToken | None:
        """What is kept of the access that was given."""
        with self.hub.database.session() as session:
            return session.get(OAuthToken, self.row.id)

    def flow(self) -> Flow:
        """The flow."""
        with self.hub.database.session() as session:
            return session.exec(select(Flow).where(col(Flow.name) == FLOW)).one()

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with self.hub.database.session() as session:
            return list(session.exec(select(Run).order_by(col(Run.id))))

    def me(self) -> str:
        """One call to the gate, as any worker makes it."""
        with self.hub.open(self.row) as api:
            return str(api.get("/api/me")["name"])


@contextmanager
def bench(config: Config, **options: Any) -> Iterator[Bench]:
    """A hub, empty, and a gate that runs."""
    app, other = gate_sandbox.create_app(**options), gate_sandbox.create_app(people=0)
    with running(app) as url, running(other) as other_url:
        hub = Hub.start(config)
        try:
            yield Bench(hub, app, url, other, other_url)
        finally:
            hub.close()


def message(*told: dict[str, Any]) -> bytes:
    """The body of a webhook message."""
    return json.dumps(list(told)).encode()

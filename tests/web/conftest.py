"""A hub's pages without a browser: a client that knows how to log in and to fill in a form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from koppel_ccvshop import demo as shop_demo
from koppel_exact_globe import demo as erp_demo
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.config import Config
from hub.engine import runs
from hub.engine.configfile import apply, yamltree
from hub.engine.hub import Hub
from hub.engine.naming import flow_named
from hub.sdk.sandbox import running
from hub.store import users

EMAIL, PASSWORD = "anna@example.com", "a sentence nobody guesses"
FLOW = "shop-orders"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


class Visitor:
    """A browser's stand-in: keeps cookies, and sends the token of the page it saw last."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def get(self, path: str, **more: Any) -> TestResponse:
        """Look at a page."""
        return self._seen(self.client.get(path, buffered=True, **more))

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> TestResponse:
        """Press a button."""
        if not self.token:
            self.get("/login")
        return self._seen(
            self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **more)
        )

    def log_in(self, email: str = EMAIL, password: str = PASSWORD) -> TestResponse:
        """Log in."""
        self.get("/login")
        answer = self.post("/login", {"email": email, "password": password})
        self.get("/connections")
        return answer

    def _seen(self, answer: TestResponse) -> TestResponse:
        found = _TOKEN.search(answer.text) if answer.mimetype == "text/html" else None
        self.token = found[1] if found else self.token
        return answer


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes() -> Iterator[None]:
    """Passwords are hashed slowly on purpose; hundreds of them need not be."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(users, "_hasher", lambda: hasher)
        patch.setattr(users, "_decoy", lambda: hasher.hash("nobody's password"))
        yield


@pytest.fixture
def hub(config: Config) -> Iterator[Hub]:
    """An empty hub."""
    made = Hub.start(config)
    yield made
    made.close()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates, compiled once for all applications."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(hub: Hub, compiled: FileSystemBytecodeCache) -> Flask:
    """Its pages."""
    made = create_app(hub=hub)
    made.jinja_env.bytecode_cache = compiled
    return made


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    """Somebody who is not logged in."""
    return Visitor(app)


@pytest.fixture
def anna(hub: Hub, visitor: Visitor) -> Visitor:
    """The first user, logged in."""
    users.add(hub.database, EMAIL, PASSWORD, name="Anna")
    assert visitor.log_in().status_code == 303
    return visitor


@pytest.fixture
def vendors() -> Iterator[tuple[Flask, str, Flask, str]]:
    """Both pretend vendors."""
    from koppel_ccvshop import sandbox as shop_sandbox
    from koppel_exact_globe import sandbox as erp_sandbox

    shop, erp = shop_sandbox.create_app(orders=4, rate_limits=False), erp_sandbox.create_app()
    shop.test_client().post("/_sandbox/orders", json={"count": 1, "kind": "unknown_sku"})
    with running(shop) as shop_url, running(erp) as erp_url:
        yield shop, shop_url, erp, erp_url


Furnish = Callable[..., None]


@pytest.fixture
def furnish(hub: Hub, vendors: tuple[Flask, str, Flask, str]) -> Furnish:
    """Both vendors connected and a flow between them; with `run`, it has run once."""

    def make(*, run: bool = False, **flow: Any) -> None:
        _, shop_url, _, erp_url = vendors
        shop, erp = shop_demo(shop_url), erp_demo(erp_url)
        settings = {
            "vat_codes": {"rows": [{"country": "NL", "rate": 21, "code": "3"}]},
            "shipping_item": "VERZENDKOSTEN",
            "payment_item": "BETAALKOSTEN",
        }
        about = {
            "version": 1,
            "connections": {
                "webshop": {"system": "ccvshop", "title": "Web shop"} | _kept(shop),
                "erp": {"system": "exact_globe", "title": "Books"} | _kept(erp),
            },
            "flows": {
                FLOW: {
                    "title": "Orders of the web shop",
                    "from": "webshop.orders",
                    "to": "erp.orders",
                    "schedule": None,
                    "settings": settings,
                }
                | flow
            },
        }
        apply(hub, yamltree.dump(about))
        if run:
            with hub.database.session() as session:
                row = flow_named(session, FLOW)
            runs.execute(hub, runs.create_run(hub, row))

    return make


def _kept(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if name in ("credentials", "settings")}

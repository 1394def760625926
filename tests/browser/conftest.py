"""The real thing for a browser: a hub in its own processes, between two pretend vendors."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import sandbox as erp_sandbox
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from hub.config import Config
from hub.engine import runs
from hub.engine.configfile import apply
from hub.engine.hub import Hub
from hub.engine.naming import flow_named
from hub.sdk.sandbox import running
from hub.store import users

EMAIL, PASSWORD = "anna@example.com", "een lange zin als wachtwoord"
FLOW = "shop-orders"
PHONE = {"width": 375, "height": 720}
DESKTOP = {"width": 1280, "height": 900}


@dataclass
class Stage:
    """A hub that runs, and the vendors around it."""

    url: str
    setup_link: str | None
    shop: Flask
    shop_url: str
    erp: Flask
    erp_url: str

    def place(self, kind: str = "plain", count: int = 1) -> list[str]:
        """New orders in the shop; their keys."""
        body = json.dumps({"kind": kind, "count": count}).encode()
        headers = {"Content-Type": "application/json"}
        wanted = urllib.request.Request(f"{self.shop_url}/_sandbox/orders", body, headers)
        with urllib.request.urlopen(wanted) as answer:
            return [str(key) for key in json.load(answer)]

    def booked(self) -> dict[str, int]:
        """Reference -> how many sales orders the ERP holds under it."""
        found: dict[str, int] = {}
        for row in self.erp.extensions["world"].tables["SalesOrderHeader"]:
            reference = str(row["YourReference"])
            found[reference] = found.get(reference, 0) + 1
        return found

    def add_item(self, code: str) -> None:
        """Somebody adds a missing product in the ERP."""
        world = self.erp.extensions["world"]
        like = dict(next(iter(world.tables["Item"])))
        like |= {"ItemCode": code, "ModifiedDate": world.now(), "IsSalesItem": True}
        like.pop("GTIN", None)
        world.tables["Item"].add(like)


@contextmanager
def vendors(orders: int) -> Iterator[tuple[Flask, str, Flask, str]]:
    """Both sandboxes, on loopback."""
    shop = shop_sandbox.create_app(orders=orders, rate_limits=False)
    erp = erp_sandbox.create_app()
    with running(shop) as shop_url, running(erp) as erp_url:
        yield shop, shop_url, erp, erp_url


@contextmanager
def hub_running(home: Path, folder: Path) -> Iterator[tuple[str, str | None]]:
    """`koppel up` on a free port: web, one worker, scheduler, embedded Redis."""
    out, err = folder / "out.txt", folder / "err.txt"
    with out.open("wb") as printed, err.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "up", "--port", "0", "--workers", "1"],
            env=os.environ | {"KOPPEL_HOME": str(home), "KOPPEL_STOP_WITH_PARENT": "1"},
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while "Ctrl-C" not in out.read_text():
            assert process.poll() is None, out.read_text() + err.read_text()
            assert time.monotonic() < deadline, "the hub does not come up: " + err.read_text()
            time.sleep(0.05)
        address = re.search(r"running at (\S+)", out.read_text())
        link = re.search(r"http\S+/setup/\S+", out.read_text())
        assert address is not None
        yield address[1], link[0] if link else None
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stage]:
    """A hub that nobody has ever logged in to."""
    with ExitStack() as stack:
        parts = stack.enter_context(vendors(orders=8))
        url, link = stack.enter_context(hub_running(tmp_path / "home", tmp_path))
        yield Stage(url, link, *parts)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A hub with a live flow that has done, blocked and left out some orders."""
    folder = tmp_path_factory.mktemp("stage")
    with ExitStack() as stack:
        shop, shop_url, erp, erp_url = stack.enter_context(vendors(orders=20))
        _furnish(Config.from_env({"KOPPEL_HOME": str(folder / "home")}), shop, shop_url, erp_url)
        url, link = stack.enter_context(hub_running(folder / "home", folder))
        yield Stage(url, link, shop, shop_url, erp, erp_url)


def _furnish(config: Config, shop: Flask, shop_url: str, erp_url: str) -> None:
    client = shop.test_client()
    for kind in ("unknown_sku", "no_email", "unknown_vat"):
        client.post("/_sandbox/orders", json={"count": 1, "kind": kind})
    hub = Hub.start(config)
    try:
        users.add(hub.database, EMAIL, PASSWORD, name="Anna")
        apply(hub, config_text(shop_url, erp_url))
        with hub.database.session() as session:
            flow = flow_named(session, FLOW)
        for kind, options in (("run", {}), ("plan", {"limit": 5, "full": True})):
            runs.execute(hub, runs.create_run(hub, flow, kind=kind, options=options))
    finally:
        hub.close()


def config_text(shop_url: str, erp_url: str) -> str:
    """Both vendors and a flow, as a config file."""
    rows = [{"country": "NL", "rate": 21, "code": "3"}, {"country": "NL", "rate": 9, "code": "4"}]
    settings = {
        "vat_codes": {"rows": rows},
        "payment_conditions": {"default": "30", "rows": {"Mollie iDEAL": "ID"}},
        "shipping_item": "VERZENDKOSTEN",
        "payment_item": "BETAALKOSTEN",
        "extra_item": "BETAALKOSTEN",
        "rounding_item": "AFRONDING",
    }
    shop = {"system": "ccvshop", "title": "Fietsen van Anna"} | shop_sandbox_demo(shop_url)
    erp = {"system": "exact_globe", "title": "Administratie 100"} | erp_sandbox_demo(erp_url)
    flow = {
        "title": "Orders of the web shop",
        "from": "webshop.orders",
        "to": "erp.orders",
        "schedule": "every 5 minutes",
        "settings": settings,
    }
    return json.dumps(
        {"version": 1, "connections": {"webshop": shop, "erp": erp}, "flows": {FLOW: flow}}
    )


def shop_sandbox_demo(url: str) -> dict[str, Any]:
    """How the plugin says that its sandbox is reached."""
    from koppel_ccvshop import demo

    return {k: v for k, v in demo(url).items() if k in ("credentials", "settings")}


def erp_sandbox_demo(url: str) -> dict[str, Any]:
    """How the plugin says that its sandbox is reached."""
    from koppel_exact_globe import demo

    return {k: v for k, v in demo(url).items() if k in ("credentials", "settings")}


# ---- browsers


@dataclass
class Watched:
    """A page, and everything its console complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Pages of a browser whose console must stay silent: a refused style or script is an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        expected = "the server responded with a status of 4" in message.text
        if message.type in ("error", "warning") and not expected:
            complaints.append(f"{message.text} ({message.location.get('url')})")

    def make(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints == []


def log_in(page: Page, stage: Stage) -> None:
    """Log in as the user of the furnished stage."""
    page.goto(f"{stage.url}/login")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{stage.url}/")


def violations(page: Page, rules: list[str] | None = None) -> list[str]:
    """What axe finds wrong with a page, in short; by some of its rules or by all."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    found = Axe().run(page, options=options).response["violations"]
    return [f"{v['id']}: {n['html'][:120]}" for v in found for n in v["nodes"]]

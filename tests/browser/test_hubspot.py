"""A CRM that gives access on a page of its own: connected, coupled, cut off and connected again."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from koppel_exact_globe import sandbox as erp_sandbox
from koppel_hubspot import sandbox as crm_sandbox
from koppel_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, TOKEN
from playwright.sync_api import Page, expect

from hub.config import Config
from hub.engine import runs
from hub.engine.configfile import apply
from hub.engine.hub import Hub
from hub.engine.naming import flow_named
from hub.sdk.sandbox import running
from hub.store import users

from .conftest import (
    EMAIL,
    PASSWORD,
    PHONE,
    Open,
    erp_sandbox_demo,
    hub_running,
    violations,
)

SHOTS = os.environ.get("KOPPEL_SHOTS", "")
"""A folder to put pictures of these pages in, for whoever looks at them."""
ACCOUNT = "HubSpot account 145893007"
BOOKS = "Administratie 100"
PROMISED = 2.0
"""Seconds from a webhook's arrival to the change over there."""


@dataclass
class Crm:
    """A hub that runs, a CRM that nobody has connected yet, and books that are connected."""

    url: str
    app: Flask
    crm_url: str
    books: Flask
    config: Config

    def do(self, path: str, **about: Any) -> Any:
        """Something happens in the CRM."""
        body = json.dumps(about).encode()
        headers = {"Content-Type": "application/json"}
        wanted = urllib.request.Request(f"{self.crm_url}/_sandbox/{path}", body, headers)
        with urllib.request.urlopen(wanted) as answer:
            return json.load(answer)

    def contact(self, number: int = 0) -> dict[str, Any]:
        """One of the people of the CRM that belong to no company."""
        store = self.app.extensions["store"]
        alone = [
            record
            for key, record in sorted(store.objects["contacts"].items())
            if not store.tied("contacts", key, "companies")
        ]
        return dict(alone[number])

    def debtors(self, name: str) -> list[str]:
        """One value of every debtor in the books."""
        rows = self.books.extensions["world"].tables["Account"]
        return [str(row.get(name) or "") for row in rows]


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    """Both vendors and `koppel up`."""
    folder = tmp_path_factory.mktemp("crm")
    app = crm_sandbox.create_app(contacts=12, companies=3, orders=0, deals=0, invoices=0)
    books = erp_sandbox.create_app()
    with ExitStack() as stack:
        crm_url = stack.enter_context(running(app))
        books_url = stack.enter_context(running(books))
        config = Config.from_env({"KOPPEL_HOME": str(folder / "home")})
        about = {"system": "exact_globe", "title": BOOKS} | erp_sandbox_demo(books_url)
        hub = Hub.start(config)
        try:
            users.add(hub.database, EMAIL, PASSWORD, name="Anna")
            apply(hub, json.dumps({"version": 1, "connections": {"books": about}}))
        finally:
            hub.close()
        url, _ = stack.enter_context(hub_running(folder / "home", folder))
        yield Crm(url, app, crm_url, books, config)


def picture(page: Page, name: str) -> None:
    """Kept where somebody asked for it: wide and narrow, light and dark."""
    if not SHOTS:
        return
    wide = page.viewport_size
    for size, width in (("wide", wide), ("phone", PHONE)):
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(width)
            page.wait_for_timeout(400)  # colours fade
            page.screenshot(path=str(Path(SHOTS) / f"{name}-{size}-{theme}.png"), full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(wide)


def log_in(page: Page, crm: Crm) -> None:
    page.goto(f"{crm.url}/login")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{crm.url}/")


def test_from_connect_to_a_live_flow_and_on_after_access_was_taken_back(
    crm: Crm, open_page: Open
) -> None:
    page = open_page()
    log_in(page, crm)
    connect(page, crm)
    couple(page, crm)
    debtors = len(crm.debtors("ID"))
    take_access_back(page, crm)
    connect_again(page, crm)
    assert "+31 20 700 0001" in crm.debtors("PhoneNumber"), "what happened meanwhile has arrived"
    assert len(crm.debtors("ID")) == debtors, "and nobody was made twice"


def change(crm: Crm, phone: str, number: int = 0) -> str:
    """Somebody changes a telephone number in the CRM; whose."""
    key = str(crm.contact(number)["id"])
    crm.do("change", type="contacts", id=key, properties={"phone": phone})
    return key


def connect(page: Page, crm: Crm) -> None:
    page.goto(f"{crm.url}/connect")
    page.get_by_role("link", name="HubSpot").click()
    page.get_by_label("Access", exact=True).select_option("oauth2")
    page.get_by_label(re.compile("^Client ID")).fill(CLIENT_ID)
    page.get_by_label(re.compile("^Client secret")).fill(CLIENT_SECRET)
    page.get_by_text("More settings").last.click()
    page.get_by_label(re.compile("^Address of the API")).fill(crm.crm_url)
    picture(page, "1-new")
    page.get_by_role("button", name="Save and connect").click()
    expect(page.get_by_role("heading", name="Connect Koppel to account")).to_be_visible()
    picture(page, "2-consent")
    page.get_by_role("button", name="Connect app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(ACCOUNT)
    picture(page, "3-connected")


def couple(page: Page, crm: Crm) -> None:
    page.goto(f"{crm.url}/wizard")
    page.get_by_role("group", name="From").get_by_text(ACCOUNT).click()
    page.get_by_role("group", name="To").get_by_text(BOOKS).click()
    page.get_by_role("button", name="Next").click()
    page.get_by_text(f"Contacts and companies become customers in {BOOKS}").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name=re.compile("Which"))).to_be_visible()
    picture(page, "4-questions")
    page.get_by_role("button", name="Next").last.click()
    expect(page.get_by_text(f"would be created in {BOOKS}").first).to_be_visible()
    picture(page, "5-look")
    page.get_by_role("link", name="Next").click()
    page.get_by_role("button", name=re.compile("^Send")).click()
    expect(page.get_by_text("It arrived.")).to_be_visible()
    picture(page, "6-test")
    page.get_by_role("link", name="Next").click()
    page.get_by_label("Runs").select_option("every 5 minutes")
    picture(page, "7-live")
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_role("status").first).to_contain_text("is live")
    expect(page.get_by_text("on schedule").first).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Succeeded").or_(page.get_by_text("Partly done")).first).to_be_visible()
    assert crm.contact()["properties"]["email"] in crm.debtors("EmailAddress")
    picture(page, "8-flow")


def take_access_back(page: Page, crm: Crm) -> None:
    """One link leads back; the flow stands still and says so."""
    crm.do("access", do="uninstall")
    change(crm, "+31 20 700 0001")
    flow = page.url
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_text("It could not go on")).to_be_visible(timeout=20_000)
    page.goto(flow)
    expect(page.get_by_text("Rests until")).to_be_visible()
    picture(page, "9-resting")
    page.goto(f"{crm.url}/connections/hubspot")
    expect(page.get_by_text("Access was taken back.")).to_be_visible()
    expect(page.get_by_text("Needs attention")).to_be_visible()
    expect(page.get_by_role("button", name="Connect again")).to_have_count(1)
    picture(page, "10-dead")
    assert violations(page) == []
    page.goto(f"{crm.url}/connections")
    picture(page, "11-connections")
    page.goto(crm.url)
    expect(page.get_by_role("button", name="Connect again")).to_have_count(1)
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 thing needs")
    picture(page, "12-dashboard")
    assert "+31 20 700 0001" not in crm.debtors("PhoneNumber")


def connect_again(page: Page, crm: Crm) -> None:
    """What happened meanwhile arrives by itself, at once."""
    page.get_by_role("button", name="Connect again").click()
    page.get_by_role("button", name="Connect app").click()
    expect(page.get_by_role("status").first).to_contain_text(f"Connected to {ACCOUNT}")
    page.get_by_role("link", name=re.compile("^Contacts and companies")).first.click()
    deadline = time.monotonic() + 20
    while "+31 20 700 0001" not in crm.debtors("PhoneNumber"):
        assert time.monotonic() < deadline, "the flow does not go on"
        time.sleep(0.05)


# ---- being told


def test_a_webhook_changes_the_record_in_the_books_within_two_seconds(
    crm: Crm, open_page: Open
) -> None:
    """In the running hub: web, worker and scheduler; what is not genuine is counted and ignored."""
    tell(crm)
    page = open_page()
    log_in(page, crm)
    page.goto(f"{crm.url}/connections/told")
    address = page.locator("#webhook-address").inner_text()
    crm.do("hooks", url=address)
    took = [seconds_to_change(crm, f"+31 20 700 100{n}", n) for n in range(3)]
    assert sorted(took)[1] <= PROMISED, took
    crm.do("hooks", url=None)

    key = change(crm, "+31 20 700 2000")
    about = {"url": address, "events": [["contacts", key]]}
    assert crm.do("send", **about, secret="guessed")["status"] == 401
    assert crm.do("send", **about, version="none")["status"] == 401
    assert crm.do("send", **about, version="v1")["status"] == 401, "a version nobody chose"
    assert crm.do("send", **about, signed_at=time.time() - 600)["status"] == 400
    before = page.locator("#webhook").inner_text()
    assert "+31 20 700 2000" not in crm.debtors("PhoneNumber")
    sent = crm.do("send", **about)
    assert sent["status"] == 200
    assert crm.do("send", url=address, events=sent["events"])["status"] == 200, "a copy of it"
    assert "Forged, refused" in before
    page.reload()
    card = page.locator("#webhook dl")
    expect(card).to_contain_text(re.compile(r"Events taken in\s*4"))
    expect(card).to_contain_text(re.compile(r"Told again, ignored\s*1"))
    expect(card).to_contain_text(re.compile(r"Forged, refused\s*3"))
    expect(card).to_contain_text(re.compile(r"Too old, refused\s*1"))
    expect(page.locator("#budget")).to_contain_text("all but searches")
    expect(page.locator("#budget")).to_contain_text("as HubSpot says")
    picture(page, "14-told")
    assert violations(page) == []
    renew_by_keyboard(page, address)
    assert crm.do("send", **about)["status"] == 404


def tell(crm: Crm) -> None:
    """A second connection to the same account, and a flow that only messages set off."""
    keys = {"access_token": TOKEN, "client_secret": CLIENT_SECRET, "base_url": crm.crm_url}
    about = {
        "version": 1,
        "connections": {"told": {"system": "hubspot", "title": "CRM", "credentials": keys}},
        "flows": {"told": {"from": "told.customers", "to": "books.customers", "schedule": None}},
    }
    hub = Hub.start(crm.config)
    try:
        apply(hub, json.dumps(about))
        with hub.database.session() as session:
            flow = flow_named(session, "told")
        runs.execute(hub, runs.create_run(hub, flow))
    finally:
        hub.close()


def seconds_to_change(crm: Crm, phone: str, number: int) -> float:
    """Somebody changes a contact, the CRM tells of it: seconds until the books have it."""
    change(crm, phone, number)
    began = time.monotonic()
    while phone not in crm.debtors("PhoneNumber"):
        assert time.monotonic() - began < 30, "it does not arrive"
        time.sleep(0.01)
    return time.monotonic() - began


def renew_by_keyboard(page: Page, address: str) -> None:
    """Asked first, then done; no mouse is needed."""
    summary = page.locator("summary", has_text="Make a new address")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("stops working at once")).to_be_visible()
    picture(page, "15-asked")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Make a new address", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("The old one has stopped working")
    expect(page.locator("#webhook-address")).not_to_have_text(address)


def test_disconnecting_needs_neither_a_mouse_nor_scripts(crm: Crm, open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    log_in(page, crm)
    before = set(crm.app.extensions["access"].refresh)
    connect(page, crm)
    summary = page.locator("summary", has_text="Disconnect")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Koppel forgets its access and tells HubSpot")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("is disconnected")
    expect(page.get_by_text("There is no access.")).to_be_visible()
    expect(page.get_by_role("button", name="Connect", exact=True)).to_have_count(1)
    picture(page, "16-disconnected")
    assert crm.app.extensions["access"].refresh == before, "taken back over there too"

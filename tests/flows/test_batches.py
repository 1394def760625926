"""Batches that are cut short: what arrived is known, nothing else is said to have arrived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask, Response, request
from koppel_exact_globe import demo as books_demo
from koppel_exact_globe import sandbox as erp_sandbox
from koppel_hubspot import sandbox as crm_sandbox
from koppel_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from sqlmodel import col, select

from hub.config import Config
from hub.engine import connections as desk
from hub.engine import oauth, runs
from hub.engine.configfile import apply, yamltree
from hub.engine.hub import Hub
from hub.engine.naming import flow_named
from hub.engine.ticker import Ticker
from hub.sdk.http import Client
from hub.sdk.sandbox import running
from hub.store.tables import Connection, Waiting

ITEMS, ACCOUNTS = 260, 102
"""Of the accounts two are suppliers."""
WRITE = "/crm/v3/objects/products/batch/upsert"


@dataclass
class Pair:
    """Books with many items, and a CRM that gave access with OAuth2."""

    hub: Hub
    crm: Flask
    books: Flask

    @property
    def products(self) -> Counter[str]:
        """SKU -> how many products of the CRM have it."""
        found = self.crm.extensions["store"].objects["products"].values()
        return Counter(record["properties"]["hs_sku"] for record in found)

    def connection(self) -> Connection:
        with self.hub.database.session() as session:
            return session.exec(select(Connection).where(col(Connection.name) == "crm")).one()

    def run(self, name: str = "products", **options: Any) -> Any:
        """Run a flow in this process; its summary with every entry."""
        with self.hub.database.session() as session:
            flow = flow_named(session, name)
        run_id = runs.create_run(self.hub, flow, options=options)
        runs.execute(self.hub, run_id)
        return runs.summary(self.hub, run_id, all_entries=True)

    def reconnect(self) -> None:
        """Somebody goes there, says yes, and comes back."""
        row = self.connection()
        address = oauth.begin(self.hub, row, browser="b")
        with Client() as client:
            page, _, asked = address.partition("?")
            form = dict(part.split("=", 1) for part in asked.split("&"))
            sent = "&".join(f"{name}={value}" for name, value in form.items())
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            back = client.post(page, content=f"{sent}&answer=connect", headers=headers)
        code = back.headers["Location"].partition("code=")[2].partition("&")[0]
        told = oauth.finish(self.hub, state=form["state"], browser="b", code=code, refused="")
        assert told.problem == ""
        assert desk.check(self.hub, row.id or 0).ok

    def when_there(self, count: int, act: Callable[[], None]) -> None:
        """Something happens over there, once, before the next write when so many are there."""
        done: list[bool] = []

        def listen() -> Response | None:
            if request.path == WRITE and not done and sum(self.products.values()) >= count:
                done.append(True)
                act()
            return None

        self.crm.before_request_funcs.setdefault(None, []).append(listen)


@pytest.fixture
def pair(config: Config) -> Iterator[Pair]:
    """Coupled, and nothing taken yet."""
    empty = dict.fromkeys(("contacts", "companies", "products", "orders", "deals", "invoices"), 0)
    crm = crm_sandbox.create_app(rate_limits=False, **empty)
    books = erp_sandbox.create_app(items=ITEMS, customers=ACCOUNTS, families=0, past_invoices=0)
    with ExitStack() as stack:
        crm_url = stack.enter_context(running(crm))
        books_url = stack.enter_context(running(books))
        hub = Hub.start(config)
        stack.callback(hub.close)
        about = {
            "version": 1,
            "connections": {
                "crm": {
                    "system": "hubspot",
                    "credentials": {
                        "auth_mode": "oauth2",
                        "client_id": CLIENT_ID,
                        "client_secret": CLIENT_SECRET,
                        "refresh_token": REFRESH_TOKEN,
                        "base_url": crm_url,
                    },
                    "settings": {"requests_per_10s": 100_000, "searches_per_second": 100_000},
                },
                "books": {"system": "exact_globe"}
                | {n: v for n, v in books_demo(books_url).items() if n != "flows"},
            },
            "flows": {
                "products": {
                    "from": "books.products",
                    "to": "crm.products",
                    "schedule": "every hour",
                },
                "customers": {
                    "from": "books.customers",
                    "to": "crm.customers",
                    "schedule": None,
                },
            },
        }
        apply(hub, yamltree.dump(about))
        yield Pair(hub, crm, books)


def said(summary: Any, outcome: str) -> set[str]:
    """The references of the records that ended so."""
    return {e["reference"] for e in summary["entries"] if e["outcome"] == outcome}


def test_access_taken_back_in_the_middle_of_a_run(pair: Pair) -> None:
    """No record is said to be created that is not there; after reconnecting each is there once."""
    usual = set(pair.products)
    pair.when_there(len(usual) + 100, pair.crm.extensions["access"].revoke)
    first = pair.run()
    there = set(pair.products) - usual
    assert len(there) == 100, "one batch went through, the second was refused"
    assert first["status"] == "failed"
    assert "Connect again" in first["message"]
    assert first["error"] == {"kind": "authentication", "connection": "crm"}
    assert said(first, "created") == there
    stopped = [e for e in first["entries"] if e["outcome"] == "failed"]
    assert {e["reference"] for e in stopped}.isdisjoint(there)
    assert all("does not accept the access it once gave" in e["reason"] for e in stopped)
    row = pair.connection()
    assert row.status == "needs_attention"
    assert f"/connections/{row.name}" in row.message
    ticker = Ticker(pair.hub, lambda *_: None)
    assert ticker.tick() == [], "its flow rests"
    asked = len(pair.crm.extensions["sandbox"].requests)
    assert pair.run()["status"] == "failed", "and a run by hand says the same"
    assert len(pair.crm.extensions["sandbox"].requests) == asked, "without asking anybody"
    assert set(pair.products) - usual == there

    pair.reconnect()
    (run_id,) = ticker.tick()
    runs.execute(pair.hub, run_id)
    second = runs.summary(pair.hub, run_id, all_entries=True)
    assert second["status"] == "succeeded", second
    assert said(second, "created").isdisjoint(there)
    assert len(set(pair.products) - usual) == 251
    assert set(pair.products.values()) == {1}, "each exactly once"
    with pair.hub.database.session() as session:
        assert session.exec(select(Waiting)).all() == []
    third = pair.run()
    assert (third["created"], third["updated"]) == (0, 0)


def test_one_record_of_a_hundred_fails_in_the_vendor_s_own_words(pair: Pair) -> None:
    """99 customers arrive; of one HubSpot does not take the address."""
    accounts = pair.books.extensions["world"].tables["Account"]
    bad = next(row for row in accounts if row.get("EmailAddress"))
    bad["EmailAddress"] = bad["ContactEmail"] = "anna@bakkerij.invalid"
    found = pair.run("customers")
    assert found["status"] == "partial"
    (failed,) = [e for e in found["entries"] if e["outcome"] == "failed"]
    assert "Email address anna@bakkerij.invalid is invalid" in failed["reason"]
    assert failed["target"] is None
    assert failed["field"] == "contacts[].properties.email"
    assert (found["read"], found["created"]) == (100, 99)
    people = pair.crm.extensions["store"].objects
    companies, contacts = people["companies"].values(), people["contacts"].values()
    assert len(companies) + len(contacts) >= 99
    assert "anna@bakkerij.invalid" not in {r["properties"].get("email") for r in contacts}
    again = pair.run("customers")
    assert (again["created"], again["updated"], again["failed"]) == (0, 0, 1)

"""What must never reach a browser: secrets, and what others wrote as if it were our own markup."""

from __future__ import annotations

import re

from flask import Flask
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET
from sqlmodel import select

from hub.engine.hub import Hub
from hub.store import payloads
from hub.store.tables import Connection, Entry, Flow, Run, User

from .conftest import PASSWORD, Furnish, Visitor

GLOBE_SECRET = "Gl0be!sim"
HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{77*1313}}"
PAGES = (
    "/",
    "/connections",
    "/connections/webshop",
    "/connections/erp",
    "/flows",
    "/flows/shop-orders",
    "/flows/shop-orders/settings",
    "/flows/shop-orders/plan",
    "/runs",
    "/runs/1",
    "/log",
    "/plugins",
    "/settings",
    "/settings/users",
    "/wizard",
)


def everything(anna: Visitor, hub: Hub) -> dict[str, str]:
    """The text of every page, and of every record's."""
    with hub.database.session() as session:
        records = [f"/log/{number}" for number in session.exec(select(Entry.id))]
    assert records
    seen = {}
    for path in (*PAGES, *records):
        answer = anna.get(path)
        assert answer.status_code == 200, path
        seen[path] = answer.text
    return seen


def secrets(hub: Hub) -> list[str]:
    """Everything that no page may show."""
    with hub.database.session() as session:
        hashes = [user.password_hash for user in session.exec(select(User))]
        sealed = [row.credentials or "" for row in session.exec(select(Connection))]
    key = hub.config.secret_key_file.read_text().strip()
    return [API_SECRET, GLOBE_SECRET, PASSWORD, key, *hashes, *sealed]


def test_no_page_shows_a_secret(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish(run=True)
    for path, text in everything(anna, hub).items():
        for secret in secrets(hub):
            assert secret not in text, path


def test_a_secret_that_was_just_typed_is_not_sent_back(
    anna: Visitor, vendors: tuple[Flask, str, Flask, str]
) -> None:
    typed = "a-secret-with-a-mistake-in-it"
    for does in ("test", "save"):
        answer = anna.post(
            "/connect/ccvshop",
            {
                "do": does,
                "connection-title": "My shop",
                "credentials-shop_url": vendors[1],
                "credentials-api_public": API_PUBLIC,
                "credentials-api_secret": typed,
            },
        )
        assert answer.status_code == 422
        assert typed not in answer.text
        assert "My shop" in answer.text, "everything else that was typed is kept"
        assert vendors[1] in answer.text


def test_a_refused_form_does_not_show_the_stored_secret(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish()
    answer = anna.post(
        "/connections/erp",
        {"do": "save", "credentials-base_url": "no address", "credentials-username": "x"},
    )
    assert answer.status_code == 422
    assert GLOBE_SECRET not in answer.text


def test_an_empty_secret_keeps_the_stored_one(anna: Visitor, hub: Hub, furnish: Furnish) -> None:
    furnish()
    page = anna.get("/connections/webshop").text
    address = re.search(r'name="credentials-shop_url" value="|value="(http://127[^"]+)"', page)
    assert address is not None
    answer = anna.post(
        "/connections/webshop",
        {
            "do": "save",
            "connection-title": "Another name",
            "credentials-shop_url": address[1],
            "credentials-api_public": API_PUBLIC,
            "credentials-api_secret": "",
            "settings-sku_field": "best",
            "settings-reads_per_minute": "140",
            "settings-writes_per_minute": "90",
        },
    )
    assert answer.status_code == 303, answer.text
    with hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "webshop")).one()
    assert row.title == "Another name"
    assert hub.credentials(row).api_secret.get_secret_value() == API_SECRET  # type: ignore[attr-defined]


def test_what_others_wrote_is_shown_and_never_run(
    anna: Visitor, hub: Hub, furnish: Furnish
) -> None:
    furnish(run=True)
    with hub.database.session() as session:
        for connection in session.exec(select(Connection)):
            connection.title = connection.account = HOSTILE
            connection.status, connection.message = "needs_attention", HOSTILE
            session.add(connection)
        flow = session.exec(select(Flow)).one()
        flow.title = HOSTILE
        flow.settings = {**flow.settings, "reference_prefix": HOSTILE[:10]}
        run = session.exec(select(Run)).one()
        run.state, run.message = "failed", HOSTILE
        session.add_all([flow, run])
        entry = Entry(
            id=900,
            run_id=run.id or 0,
            flow_id=flow.id or 0,
            key=HOSTILE,
            outcome="blocked",
            reference=HOSTILE,
            reason=HOSTILE,
            field=HOSTILE,
            target_number=HOSTILE,
        )
        session.add(entry)
        session.flush()
        record = {HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}
        order = {"number": HOSTILE, "lines": [{"name": HOSTILE, "sku": HOSTILE}]}
        call = dict.fromkeys(("method", "url", "answer", "body"), HOSTILE) | {"status": 500}
        parts = {
            "received": record,
            "understood": order | {"customer": {"name": HOSTILE, "email": HOSTILE}},
            "pushed": record,
            "answered": [call | {"error": HOSTILE, "seconds": 0.1}],
            "trace": {"notes": [HOSTILE]},
        }
        triples = [(900, name, value) for name, value in parts.items()]
        payloads.write_many(session.connection(), hub.vault, flow.id or 0, triples)
    seen = everything(anna, hub)
    assert "&lt;script&gt;" in seen["/log/900"]
    for path, text in seen.items():
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "101101" not in text, "nothing is rendered twice"


def test_what_is_typed_into_an_address_is_escaped(anna: Visitor) -> None:
    for path in (
        f"/log?text={HOSTILE}&flow={HOSTILE}&since={HOSTILE}",
        f"/runs?flow={HOSTILE}",
        f"/flows/{HOSTILE}",
        f"/connections/{HOSTILE}",
        f"/connect/{HOSTILE}",
        f"/manual/{HOSTILE}",
        f"/connect?next={HOSTILE}",
        f"/login?next=/{HOSTILE}",
    ):
        assert "<script>alert" not in anna.get(path).text, path

"""Connect: to the vendor's page and back, once, in the browser it was begun in."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from koppel_gate.sandbox import CLIENT, SECRET
from sqlmodel import select
from werkzeug.test import TestResponse

from hub.app import create_app
from hub.sdk.http import Client
from hub.store import users
from hub.store.tables import OAuthAttempt
from tests.gate.bench import CONNECTION, Bench

HOST = "http://127.0.0.1:8420"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_LEAVING = re.compile(r'http-equiv="refresh" content="0; url=([^"]+)"')


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, app: Any) -> None:
        self.client = app.test_client()
        self.csrf = ""
        self.get("/login")
        self.post("/login", {"email": "anna@example.com", "password": "a sentence nobody guesses"})
        self.get("/connections")

    def get(self, path: str) -> TestResponse:
        """Look at a page."""
        return self._seen(self.client.get(path, base_url=HOST))

    def post(self, path: str, data: dict[str, str] | None = None, host: str = HOST) -> TestResponse:
        """Press a button."""
        form = {"csrf_token": self.csrf, **(data or {})}
        return self._seen(self.client.post(path, data=form, base_url=host))

    def connect(self, name: str = CONNECTION, **data: str) -> str:
        """Press Connect; the address at the vendor that the page goes on to."""
        return leaving(self.post(f"/oauth/connect/{name}", data))

    def _seen(self, answer: TestResponse) -> TestResponse:
        found = _TOKEN.search(answer.text)
        self.csrf = found[1] if found else self.csrf
        return answer


def leaving(answer: TestResponse) -> str:
    """Where a page goes on to."""
    assert answer.status_code == 200
    found = _LEAVING.search(answer.text)
    assert found is not None
    return html.unescape(found[1])


def allow(address: str, answer: str = "yes") -> str:
    """Say yes (or no) over there; the path that the browser is sent back to."""
    with Client() as client:
        page = client.get(address)
        assert page.status_code == 200
        given = dict(re.findall(r'name="(\w+)" value="([^"]+)"', page.text))
        back = client.post(address.partition("?")[0], data={**given, "answer": answer})
    assert back.headers["Location"].startswith(f"{HOST}/oauth/callback?")
    return back.headers["Location"].removeprefix(HOST)


@pytest.fixture
def app(gate: Bench) -> Any:
    """The hub's pages."""
    users.add(gate.hub.database, "anna@example.com", "a sentence nobody guesses", name="Anna")
    return create_app(hub=gate.hub)


@pytest.fixture
def anna(gate: Bench, app: Any) -> Person:
    """The user, logged in."""
    gate.apply()
    return Person(app)


# ---- failures


def test_whoever_says_no_over_there_is_told_and_has_no_access(gate: Bench, anna: Person) -> None:
    answer = anna.get(allow(anna.connect(), "no"))
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/connections/{CONNECTION}"
    assert "is not connected: The owner said no" in anna.get(f"/connections/{CONNECTION}").text
    assert gate.token is None


def test_a_way_back_is_good_once(gate: Bench, anna: Person) -> None:
    back = allow(anna.connect())
    assert anna.get(back).headers["Location"] == f"/connections/{CONNECTION}"
    before = gate.token
    assert anna.get(back).headers["Location"] == "/connections"
    assert "used before" in anna.get("/connections").text
    assert gate.token == before


def test_a_way_back_in_another_browser_is_refused(gate: Bench, app: Any, anna: Person) -> None:
    back = allow(anna.connect())
    other = Person(app)
    other.connect()
    assert other.get(back).headers["Location"] == "/connections"
    assert "another browser" in other.get("/connections").text
    assert anna.get(back).headers["Location"] == "/connections", "and nobody can use it any more"
    assert gate.token is None


def test_a_made_up_state_is_refused(gate: Bench, anna: Person) -> None:
    for path in ("/oauth/callback", "/oauth/callback?state=guess&code=guess"):
        assert anna.get(path).headers["Location"] == "/connections"
    assert gate.token is None


def test_a_code_that_was_stolen_is_worth_nothing_without_the_proof_key(
    gate: Bench, anna: Person
) -> None:
    stolen = parse_qs(urlsplit(allow(anna.connect())).query)["code"][0]
    state = parse_qs(urlsplit(anna.connect()).query)["state"][0]
    anna.get(f"/oauth/callback?state={state}&code={stolen}")
    assert "Wrong code" in anna.get(f"/connections/{CONNECTION}").text
    assert gate.token is None


def test_whoever_is_not_logged_in_logs_in_first(app: Any, anna: Person) -> None:
    back = allow(anna.connect())
    stranger = app.test_client().get(back, base_url=HOST)
    assert stranger.status_code == 303
    assert stranger.headers["Location"].startswith("/login")


def test_a_hub_opened_under_another_name_says_so_before_anybody_leaves(anna: Person) -> None:
    answer = anna.post(f"/oauth/connect/{CONNECTION}", host="http://localhost:8420")
    assert answer.status_code in (303, 400)
    assert "oauth/authorize" not in answer.text


def test_without_a_client_id_nobody_leaves(gate: Bench, anna: Person) -> None:
    gate.apply(client_id="")
    answer = anna.post(f"/oauth/connect/{CONNECTION}")
    assert answer.status_code == 303
    assert "client id" in anna.get(f"/connections/{CONNECTION}").text


# ---- what works


def test_connect_asks_with_state_and_proof_key_and_keeps_the_tokens(
    gate: Bench, anna: Person
) -> None:
    shown = anna.get(f"/connections/{CONNECTION}").text
    assert "There is no access" in shown
    assert f"{HOST}/oauth/callback" in shown
    address = anna.connect(next="/wizard?source=door")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert asked["client_id"] == CLIENT
    assert asked["scope"] == "people.read people.write"
    assert asked["code_challenge_method"] == "S256"
    assert asked["prompt"] == "consent"
    assert len(asked["state"]) >= 40
    with gate.hub.database.session() as session:
        kept = session.exec(select(OAuthAttempt)).one()
    assert asked["state"] not in (kept.state, kept.verifier, kept.browser)
    answer = anna.get(allow(address))
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/wizard?source=door"
    assert gate.row.status == "ok"
    assert gate.row.account == "Gate of Anna"
    shown = anna.get(f"/connections/{CONNECTION}").text
    assert "Connect again" in shown
    assert "people.read" in shown
    with gate.hub.database.session() as session:
        assert session.exec(select(OAuthAttempt)).all() == []


def test_connecting_again_mends_a_dead_grant(gate: Bench, anna: Person) -> None:
    anna.get(allow(anna.connect()))
    gate.world.revoke()
    anna.post(f"/connections/{CONNECTION}/check")
    assert gate.row.status == "needs_attention"
    assert "Access was taken back" in anna.get(f"/connections/{CONNECTION}").text
    anna.get(allow(anna.connect()))
    assert gate.row.status == "ok"


def test_what_a_browser_gave_beats_what_the_file_brought_before(gate: Bench, anna: Person) -> None:
    gate.apply(refresh_token="of-long-ago")
    anna.get(allow(anna.connect()))
    assert gate.me() == "Gate of Anna"
    assert gate.world.refused == 0


def test_a_new_connection_is_saved_and_then_connected_on_the_way_to_the_wizard(
    gate: Bench, app: Any
) -> None:
    anna = Person(app)
    page = anna.get("/connect/gate?next=/wizard").text
    assert "Save and connect" in page
    form = {
        "credentials-base_url": gate.url,
        "credentials-mode": "oauth",
        "credentials-client_id": CLIENT,
        "credentials-client_secret": SECRET,
        "settings-requests": "1000",
        "settings-seconds": "10",
        "next": "/wizard",
    }
    tested = anna.post("/connect/gate", {**form, "do": "test"})
    assert "Save it first" in tested.text
    answer = anna.post("/connect/gate", {**form, "do": "save"})
    back = anna.get(allow(leaving(answer)))
    assert back.headers["Location"] == "/wizard"
    row = gate.connection("gate")
    assert (row.status, row.title) == ("ok", "Gate of Anna")
    again = anna.get("/connections/gate").text
    assert "Test and save" in again, "there is access now"
    assert SECRET not in again


def test_the_page_shows_the_webhook_s_address_and_the_budget(gate: Bench, anna: Person) -> None:
    anna.get(allow(anna.connect()))
    shown = anna.get(f"/connections/{CONNECTION}").text
    found = re.search(rf"{HOST}/hooks/{CONNECTION}/[\w-]+", shown)
    assert found is not None
    assert "<strong>Settings &gt; Webhooks</strong>" in shown
    assert found[0] in anna.get(f"/connections/{CONNECTION}").text, "it stays the same"
    budget = shown[shown.index('id="budget"') :]
    assert "1,000" in budget
    assert "999" in budget

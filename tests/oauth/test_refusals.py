"""What a token address refuses: only a dead grant is dead; what can be mended is kept and named."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from koppel_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, create_app
from sqlmodel import col, select

from hub.app import create_app as pages
from hub.config import Config
from hub.engine import connections as desk
from hub.engine import oauth
from hub.engine.configfile import apply, yamltree
from hub.engine.hub import Hub
from hub.sdk import AuthenticationError, ConfigurationError, KoppelError, NotConnected
from hub.sdk.sandbox import Sandbox, running
from hub.store import users
from hub.store.tables import Connection, OAuthToken, utc_now
from tests.oauth.test_connect import Person

KEYS = ("contacts", "companies", "products", "orders", "deals", "invoices")
TOKEN_PATH = "/oauth/v3/token"


@dataclass
class Crm:
    """A hub, and an account over there that gave it access."""

    hub: Hub
    app: Flask
    url: str

    @property
    def sandbox(self) -> Sandbox:
        found: Sandbox = self.app.extensions["sandbox"]
        return found

    @property
    def row(self) -> Connection:
        with self.hub.database.session() as session:
            return session.exec(select(Connection).where(col(Connection.name) == "crm")).one()

    @property
    def token(self) -> OAuthToken:
        with self.hub.database.session() as session:
            return session.get_one(OAuthToken, self.row.id)

    def apply(self, **credentials: Any) -> None:
        """Connect it, or change its credentials."""
        keys = {
            "auth_mode": "oauth2",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": REFRESH_TOKEN,
            "base_url": self.url,
        }
        crm = {"system": "hubspot", "credentials": keys | credentials}
        apply(self.hub, yamltree.dump({"version": 1, "connections": {"crm": crm}}))

    def age(self) -> None:
        """The access token has come to its end."""
        with self.hub.database.session() as session:
            row = session.get_one(OAuthToken, self.row.id)
            row.expires_at = utc_now() - dt.timedelta(seconds=1)
            session.add(row)

    def account(self) -> str:
        """One call, as any worker makes it."""
        with self.hub.open(self.row) as api:
            api.sleep = lambda seconds: None
            return str(api.get("/account-info/v3/details")["portalId"])

    def refuses(self, status: int, body: Any) -> None:
        """The token address answers this from now on."""
        text = body if isinstance(body, str) else json.dumps(body)
        self.sandbox.fault("status", path=TOKEN_PATH, status=status, body=text)


@pytest.fixture
def crm(config: Config) -> Iterator[Crm]:
    """Connected, its access token at its end."""
    app = create_app(**dict.fromkeys(KEYS, 0))
    hub = Hub.start(config)
    with running(app) as url:
        made = Crm(hub, app, url)
        made.apply()
        assert made.account() == "145893007"
        made.age()
        yield made
    hub.close()


# ---- what is final


def test_a_refresh_token_that_hubspot_does_not_know_is_dead(crm: Crm) -> None:
    crm.app.extensions["access"].revoke()
    with pytest.raises(NotConnected, match="missing or invalid refresh token"):
        crm.account()
    assert crm.token.dead
    assert crm.row.status == "needs_attention"
    assert "Connect again" in crm.row.message
    found = oauth.access(crm.hub, crm.row)
    assert found is not None
    assert found.state == "dead"


# ---- what is not


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"client_secret": "of-another-app"}, "client_secret", "not the client secret of the app"),
        ({"client_id": "another-app"}, "client_id", "does not know this client ID"),
    ],
)
def test_a_wrong_client_is_a_setting_to_mend_and_costs_no_grant(
    crm: Crm, wrong: dict[str, str], field: str, words: str
) -> None:
    crm.apply(**wrong)
    with pytest.raises(ConfigurationError, match=words) as caught:
        crm.account()
    assert caught.value.setting == field
    assert crm.token.dead == ""
    assert crm.row.status == "needs_attention", "its flows rest"
    assert words in crm.row.message
    assert wrong.get("client_secret", "nothing") not in crm.row.message
    found = desk.check(crm.hub, crm.row.id or 0)
    assert (found.status, found.field) == ("needs_attention", field)
    crm.apply()
    assert crm.account() == "145893007", "nobody had to connect again"


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, {"status": "BAD_REDIRECT_URI", "message": "x"}, ConfigurationError, "redirect addr"),
        (400, {"status": "BAD_GRANT_TYPE", "message": "x"}, ConfigurationError, "address of the"),
        (400, {"status": "SOMETHING_NEW", "message": "odd"}, AuthenticationError, "odd"),
        (400, {"message": "Invalid input"}, AuthenticationError, "Invalid input"),
        (403, "<html>proxy</html>", AuthenticationError, "403"),
        (404, {"status": "BAD_REFRESH_TOKEN", "message": "elsewhere"}, AuthenticationError, "404"),
        (401, {"error": "invalid_client"}, ConfigurationError, "client id and secret"),
    ],
)
def test_any_other_refusal_keeps_the_grant_and_says_what_hubspot_said(
    crm: Crm, status: int, body: Any, error: type[KoppelError], words: str
) -> None:
    crm.refuses(status, body)
    with pytest.raises(error, match=words) as caught:
        crm.account()
    assert not isinstance(caught.value, NotConnected)
    assert crm.token.dead == ""
    assert crm.token.refresh
    crm.sandbox.faults.clear()
    assert crm.account() == "145893007"


def test_a_code_that_is_not_taken_is_no_dead_grant(crm: Crm) -> None:
    address = oauth.begin(crm.hub, crm.row, browser="b")
    state = address.partition("state=")[2].partition("&")[0]
    back = oauth.finish(crm.hub, state=state, browser="b", code="of-yesterday", refused="")
    assert "does not take the code that came back" in back.problem
    assert "unknown auth code" in back.problem
    assert crm.token.dead == ""
    assert crm.account() == "145893007", "what was given before is still good"


def test_what_has_to_be_mended_stands_on_the_page_of_the_connection(
    crm: Crm,
) -> None:
    users.add(crm.hub.database, "anna@example.com", "a sentence nobody guesses", name="Anna")
    crm.apply(client_secret="of-another-app")
    assert not desk.check(crm.hub, crm.row.id or 0).ok
    anna = Person(pages(hub=crm.hub))
    shown = anna.get("/connections/crm").text
    assert "This is not the client secret of the app" in shown
    assert "Access was taken back" not in shown, "it was not"
    assert "Mend the connection" in anna.get("/").text


# ---- taken back on purpose


def test_disconnecting_has_hubspot_take_the_access_back(crm: Crm) -> None:
    assert oauth.revokes(crm.hub, crm.row)
    assert oauth.disconnect(crm.hub, crm.row) is None
    assert REFRESH_TOKEN not in crm.app.extensions["access"].refresh
    assert len(crm.sandbox.asked("POST", "/oauth/v3/token/revoke")) == 1
    with pytest.raises(NotConnected):
        crm.account()


def test_an_outage_while_disconnecting_is_told_and_the_tokens_are_gone_here(crm: Crm) -> None:
    crm.sandbox.fault("status", path="/oauth/v3/token/revoke", status=503)
    problem = oauth.disconnect(crm.hub, crm.row)
    assert problem is not None
    assert "could not be told" in problem
    assert "503" in problem
    assert REFRESH_TOKEN not in problem
    assert crm.token.refresh is None


def test_a_grant_that_is_dead_already_is_not_taken_back_again(crm: Crm) -> None:
    crm.app.extensions["access"].revoke()
    with pytest.raises(NotConnected):
        crm.account()
    assert oauth.disconnect(crm.hub, crm.row) is None
    assert crm.sandbox.asked(path="/oauth/v3/token/revoke") == []
    found = oauth.access(crm.hub, crm.row)
    assert found is not None
    assert found.state == "none"

"""Tokens, OAuth2, limits and what HubSpot's headers and refusals mean."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.api import check, limits, oauth2, observed, until_midnight
from koppel_hubspot.forms import BASE_URL, Credentials, Settings
from koppel_hubspot.refusals import Refusal, problems_of
from koppel_hubspot.sandbox import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, TOKEN
from koppel_hubspot.searching import changed
from pydantic import ValidationError

from hub.sdk import Answer, Api, AuthenticationError, NotConnected, TemporaryError, Throttled
from hub.sdk.http import Response
from hub.sdk.limits import LocalPacer
from hub.sdk.oauth import FixedToken

from .conftest import Account, Open

APP = {"auth_mode": "oauth2", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
BACK = "https://hub.example.nl/oauth/back"


# -- the form --------------------------------------------------------------------------------------


def test_each_kind_of_access_asks_for_what_it_needs() -> None:
    with pytest.raises(ValidationError, match="Access token is needed"):
        Credentials()
    with pytest.raises(ValidationError, match="Client secret is needed"):
        Credentials(auth_mode="oauth2", client_id="x")
    assert Credentials(access_token=f" {TOKEN} ").base_url == BASE_URL  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match="https"):
        Credentials(access_token="x", base_url="http://api.example.com")  # type: ignore[arg-type]


def test_secrets_are_in_no_repr() -> None:
    shown = repr(Credentials(access_token=TOKEN, client_secret="geheim", refresh_token="ook"))  # type: ignore[arg-type]
    assert TOKEN not in shown
    assert "geheim" not in shown


def test_check_names_the_account(opened: Open) -> None:
    found = check(opened().api)
    assert found.name == "HubSpot account 145893007"
    assert found.facts["Currency"] == "EUR"


# -- OAuth2 ----------------------------------------------------------------------------------------


def connected(account: Account, tokens: Any) -> Api:
    keys = Credentials(**APP, base_url=account.url)  # type: ignore[arg-type]
    return Api(
        system=hubspot,
        connection="crm",
        credentials=keys,
        settings=Settings(),
        tokens=tokens,
        sleep=lambda seconds: None,
    )


def exchanged(account: Account, **form: str) -> Response:
    keys = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    return account.bare.post(
        urlsplit(oauth2.token_at(Credentials(**APP, base_url=account.url))).path,  # type: ignore[arg-type]
        data={**keys, **form},
    )


def authorized(account: Account, verifier: str) -> str:
    """The code that comes back after somebody pressed Connect."""
    digest = hashlib.sha256(verifier.encode()).digest()
    keys = Credentials(**APP, base_url=account.url)  # type: ignore[arg-type]
    asked = {
        "client_id": CLIENT_ID,
        "redirect_uri": BACK,
        "scope": " ".join(oauth2.scopes_for(keys)),
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    path = urlsplit(oauth2.authorize_at(keys)).path
    assert "crm.objects.orders.write" in account.bare.get(path, params=asked).text
    answer = account.bare.post(path, data={**asked, "answer": "connect"})
    assert answer.status_code == 302
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert back["state"] == ["s1"]
    return back["code"][0]


def test_a_code_is_exchanged_once_and_only_with_its_verifier(opened: Open) -> None:
    account = opened(contacts=1)
    form = {"grant_type": "authorization_code", "redirect_uri": BACK}
    code = authorized(account, "verifier-1")
    assert exchanged(account, **form, code=code, code_verifier="another").status_code == 400
    code = authorized(account, "verifier-1")
    granted = exchanged(account, **form, code=code, code_verifier="verifier-1").json()
    assert granted["expires_in"] == 1800
    assert "crm.objects.orders.write" in granted["scopes"]
    again = exchanged(account, **form, code=code, code_verifier="verifier-1")
    assert again.json()["status"] == "BAD_AUTH_CODE"
    with connected(account, FixedToken(granted["access_token"])) as api:
        assert check(api).name


def test_the_authorize_page_is_hubspots_own_unless_the_address_is_another() -> None:
    keys = Credentials(**APP)  # type: ignore[arg-type]
    assert oauth2.authorize_at(keys) == "https://app.hubspot.com/oauth/authorize"
    assert oauth2.token_at(keys) == "https://api.hubapi.com/oauth/v3/token"
    assert hubspot.oauth2_for(keys) is oauth2
    assert hubspot.oauth2_for(Credentials(access_token=TOKEN)) is None  # type: ignore[arg-type]


def test_a_refresh_token_that_is_gone_is_told_from_an_outage(opened: Open) -> None:
    account = opened()
    ok = exchanged(account, grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    assert ok.json()["refresh_token"] == REFRESH_TOKEN  # HubSpot's do not rotate
    account.bare.post("/_sandbox/access", json={"do": "revoke"})
    gone = exchanged(account, grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    assert oauth2.dead is not None
    assert oauth2.dead(gone.status_code, gone.json())
    assert not oauth2.dead(503, None)


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"client_id": "another"}, "client_id", "does not know this client ID"),
        ({"client_secret": "another"}, "client_secret", "not the client secret of the app"),
        ({"grant_type": "authorization_code", "code": "x"}, None, "good once"),
        ({"grant_type": "password"}, "base_url", "address of the API"),
    ],
)
def test_what_is_wrong_with_the_app_is_no_dead_grant(
    opened: Open, form: dict[str, str], field: str | None, words: str
) -> None:
    account = opened()
    asked = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN, **form}
    refused = exchanged(account, **asked)
    assert oauth2.dead is not None
    assert oauth2.wrong is not None
    assert not oauth2.dead(refused.status_code, refused.json())
    found = oauth2.wrong(refused.status_code, refused.json())
    assert found is not None
    assert words in str(found)
    assert found.setting == field


def test_a_redirect_address_that_the_app_does_not_know_is_named(opened: Open) -> None:
    account = opened()
    code = authorized(account, "v")
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": "v"}
    refused = exchanged(account, **form, redirect_uri="https://elsewhere.example.nl/")
    assert oauth2.wrong is not None
    found = oauth2.wrong(refused.status_code, refused.json())
    assert found is not None
    assert "redirect address" in str(found)
    assert oauth2.wrong(400, {"status": "BAD_REFRESH_TOKEN"}) is None
    assert oauth2.wrong(503, {"status": "BAD_CLIENT_ID"}) is None
    assert oauth2.wrong(400, "text") is None


def test_what_was_given_back_is_good_for_nothing_any_more(opened: Open) -> None:
    account = opened()
    keys = Credentials(**APP, base_url=account.url)  # type: ignore[arg-type]
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    path = urlsplit(oauth2.revoke_at(keys) or "").path
    assert account.bare.post(path, data={**app, "token": REFRESH_TOKEN}).status_code == 200
    gone = exchanged(account, grant_type="refresh_token", refresh_token=REFRESH_TOKEN)
    assert gone.json()["status"] == "BAD_REFRESH_TOKEN"


def test_a_rotating_refresh_token_is_good_for_one_refresh(opened: Open) -> None:
    account = opened(rotates=True)
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    assert exchanged(account, **form).json()["refresh_token"] != REFRESH_TOKEN
    assert exchanged(account, **form).status_code == 400


def test_an_expired_access_token_is_renewed_and_the_call_repeated(opened: Open) -> None:
    account = opened(contacts=2)
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}

    class Renewing:
        token = exchanged(account, **form).json()["access_token"]

        def current(self) -> str:
            return self.token

        def renewed(self, refused: str) -> str:
            self.token = exchanged(account, **form).json()["access_token"]
            return self.token

    with connected(account, Renewing()) as api:
        check(api)
        account.bare.post("/_sandbox/access", json={"do": "expire"})
        check(api)
    with connected(account, FixedToken("CKgarbage")) as api, pytest.raises(NotConnected):
        check(api)


# -- limits ----------------------------------------------------------------------------------------


def test_the_headers_feed_the_budget(opened: Open) -> None:
    account = opened(ten_seconds=110, daily=250_000)
    check(account.api)
    ten, day = account.pacer.said
    assert (ten.seconds, ten.limit, ten.left, ten.bucket) == (10.0, 110, 109, "all but searches")
    assert (day.seconds, day.limit, day.left) == (86_400.0, 250_000, 249_999)


def test_an_app_gets_less_than_the_account_and_is_told_nothing_of_the_day(opened: Open) -> None:
    account = opened(ten_seconds=190)
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    token = exchanged(account, **form).json()["access_token"]
    with connected(account, FixedToken(token)) as api:
        api.pacer = account.pacer
        check(api)
    (ten,) = account.pacer.said
    assert (ten.limit, ten.left) == (110, 109), "what the headers say lowers what was declared"


def test_an_answer_without_such_headers_says_nothing() -> None:
    assert observed(Answer("POST", "/crm/v3/objects/orders/search", 200, {}, b"{}")) == []


def test_search_has_a_budget_of_its_own() -> None:
    calls, searches = limits(Settings())
    assert (calls.count, calls.seconds) == (190, 10)
    assert (searches.count, searches.seconds) == (5, 1.1)
    path = "/crm/v3/objects/orders/search"
    assert calls.bucket_of("POST", path) is None
    assert searches.bucket_of("POST", path) == "searches"
    assert searches.bucket_of("GET", "/crm/v3/objects/orders") is None


def test_within_its_budget_the_plugin_meets_no_429(opened: Open) -> None:
    """Twelve searches take at least two seconds at five a second."""
    account = opened(contacts=2400, rate_limits=True, ties=1)
    account.api.pacer = LocalPacer()
    assert sum(map(len, changed(account.api, "contacts", ["email"]))) == 2400
    assert account.app.extensions["limits"].refused == 0


@pytest.mark.parametrize(
    ("policy", "message", "pause"),
    [
        ("SECONDLY", "You have reached your secondly limit.", 1.0),
        ("TEN_SECONDLY_ROLLING", "You have reached your ten_secondly_rolling limit.", 10.0),
        ("", "You have reached your ten_secondly_rolling limit.", 10.0),
        ("", "", 10.0),
    ],
)
def test_without_retry_after_the_policy_says_how_long(
    opened: Open, policy: str, message: str, pause: float
) -> None:
    account = opened()
    body = json.dumps({"status": "error", "message": message, "policyName": policy})
    account.sandbox.fault("status", status=429, times=1, body=body)
    check(account.api)
    assert account.slept == [pause]


def test_a_day_that_is_used_up_is_not_sat_out(opened: Open) -> None:
    account = opened(rate_limits=True, daily=0)
    with pytest.raises(Throttled, match="daily limit") as caught:
        check(account.api)
    assert (caught.value.retry_after or 0) > 0
    now = dt.datetime(2026, 11, 21, 22, 30, tzinfo=dt.UTC)  # half past eleven in Amsterdam
    assert until_midnight("Europe/Amsterdam", now) == 1800
    assert until_midnight("Nowhere/Land", now) == 5400


@pytest.mark.parametrize(("status", "pause"), [(423, 2.0), (477, 3600.0)])
def test_locks_and_moves_are_waited_out(opened: Open, status: int, pause: float) -> None:
    account = opened()
    account.sandbox.fault("status", status=status, times=1)
    if status == 423:
        check(account.api)
        assert account.slept == [pause]
    else:
        with pytest.raises(TemporaryError, match="another data centre") as caught:
            check(account.api)
        assert caught.value.retry_after == pause


# -- refusals --------------------------------------------------------------------------------------


def test_errors_are_read_out_of_the_message_too() -> None:
    told = (
        'Property values were not valid: [{"isValid":false,"message":"Property \\"kleur\\" does '
        'not exist","error":"PROPERTY_DOESNT_EXIST","name":"kleur"}]'
    )
    error = Refusal({"message": told, "category": "VALIDATION_ERROR"})
    assert 'HubSpot refused it: Property "kleur" does not exist' in str(error)
    assert error.field == "properties.kleur"
    assert error.about("PROPERTY_DOESNT_EXIST") == ["kleur"]


@pytest.mark.parametrize("body", [None, [], "text", {"message": None}, {"message": "x: [1"}])
def test_an_error_that_is_none_is_told_all_the_same(body: Any) -> None:
    assert problems_of(body) == ()
    assert str(Refusal(body, 400))


@pytest.mark.parametrize(
    "said",
    [
        "Contact already exists. Existing ID: 37765128953",
        "Cannot set PropertyValueCoordinates{portalId=1, propertyName=hs_sku, value=A} on 5. "
        "37765128953 already has that value.",
    ],
)
def test_a_refusal_names_the_record_that_is_there(said: str) -> None:
    assert Refusal({"message": said}, 409).existing == "37765128953"


def test_a_401_asks_for_another_token(opened: Open) -> None:
    account = opened(credentials={"access_token": "pat-eu1-wrong"})
    with pytest.raises(AuthenticationError, match="does not accept the token"):
        check(account.api)

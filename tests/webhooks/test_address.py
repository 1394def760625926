"""The secret address: made anew, the old one is worth nothing; wrong ones are told, not served."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from koppel_gate.sandbox import SECRET, signed

from hub.app import create_app
from hub.engine import webhooks
from hub.sdk import ConfigurationError
from hub.store import users
from tests.gate.bench import CONNECTION, HERE, Bench, message
from tests.oauth.test_connect import HOST, Person

ROOT = Path(__file__).parents[2]
BODY = message({"key": "1", "id": "x"})


@pytest.fixture
def app(gate: Bench) -> Flask:
    """The hub's pages."""
    gate.apply(flow={}, refresh_token=gate.brought())
    users.add(gate.hub.database, "anna@example.com", "a sentence nobody guesses", name="Anna")
    return create_app(hub=gate.hub)


def _address(gate: Bench) -> str:
    found = webhooks.listening(gate.hub, gate.row)
    assert found is not None
    return found.address


def _send(app: Flask, address: str, body: bytes = BODY) -> int:
    answer = app.test_client().post(
        urlsplit(address).path, data=body, headers=signed(address, body)
    )
    return answer.status_code


def test_a_connection_that_hears_nothing_gets_no_address(gate: Bench) -> None:
    gate.apply(client_secret="")
    with pytest.raises(ConfigurationError, match="cannot be told of changes"):
        webhooks.renew_address(gate.hub, gate.row)


def test_the_old_address_stops_at_once_and_the_new_one_works(gate: Bench, app: Flask) -> None:
    old = _address(gate)
    assert _send(app, old) == 200
    new = webhooks.renew_address(gate.hub, gate.row)
    assert new != old
    assert _send(app, old) == 404
    assert _send(app, new, message({"key": "2", "id": "y"})) == 200
    found = webhooks.listening(gate.hub, gate.row)
    assert found is not None
    assert (found.address, found.received, found.repeated) == (new, 2, 0)
    assert "an address that is not this one" in found.problem, "whoever forgot it over there sees"


def test_an_event_that_was_told_at_the_old_address_is_known_at_the_new_one(
    gate: Bench, app: Flask
) -> None:
    _send(app, _address(gate))
    assert _send(app, webhooks.renew_address(gate.hub, gate.row)) == 200
    found = webhooks.listening(gate.hub, gate.row)
    assert found is not None
    assert (found.received, found.repeated) == (1, 1)


def test_the_page_says_so_plainly_and_needs_no_scripts(gate: Bench, app: Flask) -> None:
    anna = Person(app)
    shown = anna.get(f"/connections/{CONNECTION}").text
    assert "The address above stops working at once" in shown
    form = re.search(
        r'<details class="k-confirm"><summary[^>]*>(?:(?!</details>).)*'
        r'action="(/connections/door/webhook-address)"',
        shown,
        re.S,
    )
    assert form is not None, "asked first, by what browsers can do themselves"
    old = _address(gate)
    refused = anna.client.post(form[1], base_url=HOST)
    assert refused.status_code == 400, "no form token"
    assert _address(gate) == old
    answer = anna.post(form[1])
    assert answer.headers["Location"] == f"/connections/{CONNECTION}#webhook"
    shown = anna.get(f"/connections/{CONNECTION}").text
    assert "The old one has stopped working" in shown
    assert _address(gate) in shown
    assert old not in shown


def test_forged_late_and_repeated_messages_are_told_apart_on_the_page(
    gate: Bench, app: Flask
) -> None:
    address = _address(gate)
    path, client = urlsplit(address).path, app.test_client()
    genuine = signed(address, BODY)
    assert client.post(path, data=BODY, headers=genuine).status_code == 200
    assert client.post(path, data=BODY, headers=genuine).status_code == 200
    forged = signed(address, BODY, secret="guessed")
    assert client.post(path, data=BODY, headers=forged).status_code == 401
    late = signed(address, BODY, at=1_000_000_000)
    assert client.post(path, data=BODY, headers=late).status_code == 400
    shown = Person(app).get(f"/connections/{CONNECTION}").text
    card = re.sub(r"<[^>]+>", " ", shown[shown.index('id="webhook"') :])
    words = " ".join(card.split())
    for said in (
        "Events taken in 1",
        "Told again, ignored 1",
        "Forged, refused 1",
        "Too old, refused 1",
    ):
        assert said in words, words
    assert "It was signed" in words, "why the last one was refused"


def test_the_command_line_makes_a_new_address_too(gate: Bench) -> None:
    gate.apply(mode="token", token="gate-token-for-tests-only", client_secret=SECRET)
    old = _address(gate)
    told = subprocess.run(
        [sys.executable, "-m", "hub", "connect", CONNECTION, "--new-webhook-address", "--json"],
        env={**gate.hub.config.environ({}), "PYTHONPATH": f"{ROOT}:{HERE}"},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout)["webhook"] == _address(gate) != old
    assert "old webhook address has stopped working" in told.stderr


def test_without_a_secret_to_check_signatures_the_page_says_what_is_needed(
    gate: Bench, app: Flask
) -> None:
    gate.apply(client_secret="", mode="token", token="gate-token-for-tests-only")
    shown = Person(app).get(f"/connections/{CONNECTION}").text
    assert "Fill in above what it signs its messages with" in shown
    assert "Copy the address" not in shown[shown.index('id="webhook"') : shown.index("budget")]

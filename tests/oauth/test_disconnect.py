"""Disconnect: the tokens are forgotten, what stops is said, and connecting again goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from koppel_gate.sandbox import CLIENT, SECRET
from sqlmodel import col, select

from hub.app import create_app
from hub.engine import connections as desk
from hub.engine import oauth, runs
from hub.engine import tokens as engine_tokens
from hub.engine.configfile import apply, export
from hub.engine.ticker import Ticker
from hub.sdk import ConfigurationError, NotConnected
from hub.store import users
from hub.store.tables import Flow, OAuthToken
from tests.gate.bench import CONNECTION, HERE, Bench
from tests.oauth.test_connect import HOST, Person, allow

ROOT = Path(__file__).parents[2]


@pytest.fixture
def anna(gate: Bench) -> Person:
    """The user, logged in."""
    users.add(gate.hub.database, "anna@example.com", "a sentence nobody guesses", name="Anna")
    return Person(create_app(hub=gate.hub))


def _tick(gate: Bench) -> list[int]:
    return Ticker(gate.hub, lambda *_: None).tick()


# ---- failures


def test_what_is_not_connected_cannot_be_disconnected(gate: Bench) -> None:
    gate.apply()
    with pytest.raises(ConfigurationError, match="no access to forget"):
        oauth.disconnect(gate.hub, gate.row)
    gate.apply(mode="token", token="gate-token-for-tests-only")
    with pytest.raises(ConfigurationError, match="does not use OAuth2"):
        oauth.disconnect(gate.hub, gate.row)


def test_after_disconnecting_nothing_is_asked_with_the_old_access(gate: Bench) -> None:
    gate.apply(flow={"schedule": "every 1 minutes"}, refresh_token=gate.brought())
    assert gate.me() == "Gate of Anna"
    assert oauth.disconnect(gate.hub, gate.row) is None
    row = gate.token
    assert row is not None
    assert (row.access, row.refresh, row.dead) == (None, None, "")
    kept = gate.hub.credentials(gate.row)
    assert kept.refresh_token is None, "what the file brought along is forgotten too"
    before = len(gate.sandbox.requests)
    with pytest.raises(NotConnected, match="Nobody has given access yet"):
        gate.me()
    assert len(gate.sandbox.requests) == before
    assert gate.row.status == "needs_attention"
    assert "It was disconnected" in gate.row.message
    assert _tick(gate) == [], "its flows rest"


def test_the_file_that_once_brought_access_does_not_bring_it_back(gate: Bench) -> None:
    token = gate.brought()
    gate.apply(refresh_token=token)
    gate.me()
    oauth.disconnect(gate.hub, gate.row)
    gate.apply(refresh_token=token)
    with pytest.raises(NotConnected):
        gate.me()
    found = oauth.access(gate.hub, gate.row)
    assert found is not None
    assert found.state == "none"
    gate.apply(refresh_token=gate.brought())
    assert gate.me() == "Gate of Anna", "another one counts"
    assert apply(gate.hub, export(gate.hub)) == []


def test_what_is_open_meanwhile_stops_soon(gate: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_tokens, "RECHECK", 0.0)
    gate.apply(refresh_token=gate.brought())
    with gate.hub.open(gate.row) as api:
        assert api.get("/api/me")["name"] == "Gate of Anna"
        oauth.disconnect(gate.hub, gate.row)
        with pytest.raises(NotConnected):
            api.get("/api/me")


def test_a_token_that_was_being_renewed_is_not_kept_after_disconnecting(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    before = gate.token
    assert before is not None
    oauth.disconnect(gate.hub, gate.row)
    grant = engine_tokens.Grant(access="late-access", refresh="late-refresh", lasts=1800)
    with gate.hub.database.immediate() as session:
        engine_tokens.store(
            session, gate.hub.vault, gate.row.id or 0, grant, mark="", generation=before.generation
        )
    with gate.hub.database.session() as session:
        assert session.get_one(OAuthToken, gate.row.id).access is None


# ---- what works


def test_the_page_says_what_stops_before_it_disconnects(gate: Bench, anna: Person) -> None:
    gate.apply(flow={"title": "People of the gate", "schedule": "every 5 minutes"})
    anna.get(allow(anna.connect()))
    shown = anna.get(f"/connections/{CONNECTION}").text
    asked = shown[shown.index("Disconnect …") : shown.index("/oauth/disconnect/")]
    assert "these flows stand still: People of the gate." in asked
    assert "Gate is not told" in asked, "it documents no way to"
    answer = anna.post(f"/oauth/disconnect/{CONNECTION}")
    assert answer.headers["Location"] == f"/connections/{CONNECTION}"
    shown = anna.get(f"/connections/{CONNECTION}").text
    assert "is disconnected: the hub has forgotten its access" in shown
    assert "There is no access" in shown
    assert "People of the gate</a> rests until you connect" in shown
    assert "Disconnect …" not in shown
    listed = anna.get("/connections").text
    assert "Needs attention" in listed
    assert f'action="/oauth/connect/{CONNECTION}"' in listed
    flow = anna.get("/flows/people").text
    assert "Rests until" in flow
    dashboard = anna.get("/").text
    assert f'action="/oauth/connect/{CONNECTION}"' in dashboard


def test_nobody_disconnects_by_a_link_from_elsewhere(gate: Bench, anna: Person) -> None:
    gate.apply()
    anna.get(allow(anna.connect()))
    assert anna.get(f"/oauth/disconnect/{CONNECTION}").status_code == 405
    refused = anna.client.post(f"/oauth/disconnect/{CONNECTION}", base_url=HOST)
    assert refused.status_code == 400, "no form token"
    assert gate.me() == "Gate of Anna"


def test_a_flow_that_was_stopped_goes_on_as_soon_as_somebody_connects_again(
    gate: Bench, anna: Person
) -> None:
    gate.apply(flow={"schedule": "every 60 minutes"})
    anna.get(allow(anna.connect()))
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow(), trigger="schedule"))
    _tick(gate)
    for run in gate.runs()[1:]:
        runs.execute(gate.hub, run.id or 0)
    before = len(gate.runs())
    assert _tick(gate) == [], "its next time is in an hour"
    gate.world.change({**gate.world.people["2"], "name": "Meanwhile"})
    gate.world.revoke()
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow(), trigger="schedule"))
    assert gate.runs()[-1].state == "failed"
    assert _tick(gate) == []
    anna.get(allow(anna.connect()))
    (run_id,) = _tick(gate)
    runs.execute(gate.hub, run_id)
    assert len(gate.runs()) == before + 2
    assert "Meanwhile" in {person["name"] for person in gate.other.people.values()}
    assert len(gate.other.people) == len(gate.world.people), "each once"


def test_a_flow_that_did_not_fail_keeps_its_own_time(gate: Bench, anna: Person) -> None:
    gate.apply(flow={"schedule": "every 60 minutes"})
    anna.get(allow(anna.connect()))
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow(), trigger="schedule"))
    _tick(gate)
    for run in gate.runs()[1:]:
        runs.execute(gate.hub, run.id or 0)
    with gate.hub.database.session() as session:
        due = session.exec(select(Flow.next_run_at).where(col(Flow.name) == "people")).one()
    anna.get(allow(anna.connect()))
    assert gate.flow().next_run_at == due
    assert _tick(gate) == []


def test_a_key_that_was_mended_lets_the_flows_go_on_as_well(gate: Bench) -> None:
    keys = {"mode": "token", "client_secret": ""}
    gate.apply(flow={"schedule": "every 60 minutes"}, **keys, token="gate-token-for-tests-only")
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow(), trigger="schedule"))
    _tick(gate)
    for run in gate.runs()[1:]:
        runs.execute(gate.hub, run.id or 0)
    gate.apply(flow={"schedule": "every 60 minutes"}, **keys, token="of-yesterday")
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow(), trigger="schedule"))
    assert gate.runs()[-1].options["error"]["connection"] == CONNECTION
    assert _tick(gate) == []
    gate.apply(flow={"schedule": "every 60 minutes"}, **keys, token="gate-token-for-tests-only")
    assert desk.check(gate.hub, gate.row.id or 0).ok
    assert len(_tick(gate)) == 1, "not only in an hour"


# ---- the command line


def _koppel(gate: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env={**gate.hub.config.environ({}), "PYTHONPATH": f"{ROOT}:{HERE}"},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )


def test_the_command_line_disconnects_and_says_what_rests(gate: Bench) -> None:
    gate.apply(flow={}, refresh_token=gate.brought(), client_id=CLIENT, client_secret=SECRET)
    gate.me()
    told = _koppel(gate, "connect", CONNECTION, "--disconnect", "--json")
    assert told.returncode == 0, told.stderr
    about: dict[str, Any] = json.loads(told.stdout)
    assert about["access"] == "none"
    assert "these flows rest: people" in told.stderr
    again = _koppel(gate, "connect", CONNECTION, "--disconnect")
    assert again.returncode == 2
    assert "no access to forget" in again.stderr
    assert _koppel(gate, "connect", CONNECTION).returncode == 3

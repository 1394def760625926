"""The command line says where to connect, and what is wrong with access."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hub.engine import oauth, webhooks
from hub.engine.configfile import apply, export
from tests.gate.bench import CONNECTION, HERE, Bench

ROOT = Path(__file__).parents[2]


def _koppel(gate: Bench, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env={**gate.hub.config.environ({}), "PYTHONPATH": f"{ROOT}:{HERE}"},
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
    )


def _json(gate: Bench, *arguments: str) -> Any:
    return json.loads(_koppel(gate, *arguments, "--json").stdout)


def test_without_access_check_and_connect_say_where_to_give_it(gate: Bench) -> None:
    gate.apply()
    page = f"{gate.hub.config.base_url}/connections/{CONNECTION}"
    checked = _koppel(gate, "check", CONNECTION)
    assert checked.returncode == 3
    assert "needs_attention" in checked.stdout
    assert page in checked.stderr
    told = _koppel(gate, "connect", CONNECTION)
    assert told.returncode == 3
    assert f"Open {page} and press Connect" in told.stdout


def test_with_access_connect_says_so_and_tells_the_addresses(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    told = _json(gate, "connect", CONNECTION)
    listening = webhooks.listening(gate.hub, gate.row)
    assert listening is not None
    assert told == {
        "connection": CONNECTION,
        "access": "good",
        "why": None,
        "page": f"{gate.hub.config.base_url}/connections/{CONNECTION}",
        "redirect": oauth.redirect_address(gate.hub),
        "webhook": listening.address,
    }


def test_a_connection_with_keys_of_its_own_needs_no_connecting(gate: Bench) -> None:
    gate.apply(mode="token", token="gate-token-for-tests-only", client_secret="")
    told = _koppel(gate, "connect", CONNECTION)
    assert told.returncode == 0
    assert "does not use OAuth2" in told.stderr
    assert _json(gate, "connect", CONNECTION)["webhook"] is None


def test_an_export_makes_the_same_connection_and_brings_no_access_along(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    assert apply(gate.hub, export(gate.hub)) == []
    assert gate.me() == "Gate of Anna"

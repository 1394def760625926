"""The real thing: Connect in a browser through the vendor's page, then a webhook that changes."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from koppel_gate.sandbox import CLIENT, SECRET, TOKEN, signed
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from hub.config import Config
from hub.engine import webhooks
from hub.engine.configfile import apply, yamltree
from hub.sdk.http import Client
from hub.store import users
from tests.gate.bench import HERE, Bench, bench, message

ROOT = Path(__file__).parents[2]
EMAIL, PASSWORD = "anna@example.com", "een lange zin als wachtwoord"
PROMISED = 2.0
"""Seconds from a webhook's arrival to the change over here."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def served(home: Path) -> Iterator[tuple[Bench, str]]:
    """A hub in its own processes, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = Config.from_env({"KOPPEL_HOME": str(home), "KOPPEL_PORT": str(port)})
    with bench(config) as made:
        users.add(made.hub.database, EMAIL, PASSWORD, name="Anna")
        with _up(home, port):
            yield made, f"http://127.0.0.1:{port}"


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page in a browser of its own."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@contextmanager
def _up(home: Path, port: int) -> Iterator[None]:
    log = home / "out.txt"
    env = os.environ | {"KOPPEL_HOME": str(home), "PYTHONPATH": f"{ROOT}:{HERE}"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "up", "--port", str(port), "--workers", "1"],
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 90
        while "Ctrl-C" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_connect_in_the_browser_and_a_webhook_that_changes_a_record_in_two_seconds(
    served: tuple[Bench, str], tab: Page
) -> None:
    (gate, url), page = served, tab
    complaints: list[str] = []

    def listen(said: ConsoleMessage) -> None:
        if said.type == "error" and str(said.location.get("url", "")).startswith(url):
            complaints.append(said.text)

    page.on("console", listen)
    page.goto(f"{url}/login")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{url}/connect/gate?next=/wizard")
    page.get_by_label("Address").fill(gate.url)
    page.get_by_label("Client id").fill(CLIENT)
    page.get_by_label("Client secret").fill(SECRET)
    page.get_by_role("button", name="Save and connect").click()
    expect(page.get_by_role("heading", name="Let Koppel in?")).to_be_visible()
    expect(page.get_by_text("people.read people.write")).to_be_visible()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(f"{url}/wizard")
    expect(page.get_by_text("Connected to Gate of Anna")).to_be_visible()
    row = gate.connection("gate")
    page.goto(f"{url}/connections/gate")
    expect(page.get_by_role("heading", name="Access")).to_be_visible()
    expect(page.get_by_role("button", name="Connect again")).to_be_visible()
    address = page.locator("#webhook-address").inner_text()
    assert re.fullmatch(rf"{url}/hooks/gate/[\w-]+", address)
    assert complaints == []
    if os.environ.get("KOPPEL_SHOT"):
        page.screenshot(path=os.environ["KOPPEL_SHOT"], full_page=True)
    _couple(gate)
    assert webhooks.listening(gate.hub, row) is not None
    took = [_told(gate, address, str(number)) for number in (1, 2, 3)]
    assert min(took) <= PROMISED, took
    page.reload()
    expect(page.locator("#webhook")).to_contain_text("Events taken in3")


def _couple(gate: Bench) -> None:
    """A flow that only webhooks set off, to a second gate."""
    about = {
        "version": 1,
        "connections": {
            "other": {
                "system": "gate",
                "credentials": {"base_url": gate.other_url, "mode": "token", "token": TOKEN},
            }
        },
        "flows": {"people": {"from": "gate.people", "to": "other.people", "schedule": None}},
    }
    text = yamltree.dump(about)
    apply(gate.hub, text)


def _told(gate: Bench, address: str, key: str) -> float:
    """Change a record over there and tell of it; seconds until it is changed here."""
    name = f"Renamed {key}"
    gate.world.change({**gate.world.people[key], "name": name})
    body = message({"key": key, "id": f"event-{key}"})
    with Client() as client:
        answer = client.post(address, content=body, headers=signed(address, body))
    assert (answer.status_code, answer.text) == (200, "OK")
    began = time.monotonic()
    while name not in {person["name"] for person in gate.other.people.values()}:
        assert time.monotonic() - began < 60, [vars(run) for run in gate.runs()]
        time.sleep(0.02)
    return time.monotonic() - began

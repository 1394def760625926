"""Alerts: told once, with the cause and the page to mend it, to channels and to plugins (G26)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from hub.config import Config
from hub.engine import alerts, channels
from hub.engine.channels import Message
from hub.engine.hub import Hub
from hub.sdk import ConfigurationError, hookimpl
from hub.store.tables import Connection, Flow, Run, Waiting, utc_now


class Inbox:
    """A web hook of somebody who wants to be told."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.status = 200
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.messages.append(json.loads(body))
                self.send_response(inbox.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"json://hook:s3cretword@127.0.0.1:{self.server.server_port}/in"


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    made = Inbox()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def hub(config: Config) -> Iterator[Hub]:
    made = Hub.start(config)
    yield made
    made.close()


@pytest.fixture
def flow(hub: Hub) -> int:
    with hub.database.session() as session:
        ends = [
            Connection(name=name, system="toy", status="ok", title="") for name in ("shop", "erp")
        ]
        for end in ends:
            session.add(end)
        session.flush()
        row = Flow(
            name="shop-orders",
            title="Orders of the shop",
            source_id=ends[0].id or 0,
            source_entity="orders",
            target_id=ends[1].id or 0,
            target_entity="orders",
        )
        session.add(row)
        session.flush()
        return row.id or 0


def ended(hub: Hub, flow: int, state: str, message: str = "", **more: Any) -> int:
    """A run that has just come to its end."""
    now = utc_now()
    with hub.database.session() as session:
        row = Run(
            flow_id=flow,
            trigger=more.pop("trigger", "schedule"),
            state=state,
            message=message,
            started_at=now,
            finished_at=now,
            **more,
        )
        session.add(row)
        session.flush()
        return row.id or 0


def waits(hub: Hub, flow: int, entry: int, reference: str, reason: str) -> None:
    with hub.database.session() as session:
        session.add(
            Waiting(
                flow_id=flow,
                key=reference,
                reference=reference,
                entry_id=entry,
                outcome="blocked",
                reason=reason,
            )
        )


def subscribe(hub: Hub, inbox: Inbox) -> None:
    with hub.database.session() as session:
        channels.add(hub, session, "bookkeeper", inbox.url)


def test_an_address_that_cannot_be_used_is_refused_with_an_example(hub: Hub) -> None:
    with hub.database.session() as session:
        with pytest.raises(ConfigurationError, match="mailto://"):
            channels.add(hub, session, "x", "carrier-pigeon://roof")
        with pytest.raises(ConfigurationError, match="no name for a channel"):
            channels.add(hub, session, "Not A Name", "json://localhost")


def test_a_channel_that_is_down_is_noted_without_its_password_and_stops_nothing(
    hub: Hub, flow: int, inbox: Inbox
) -> None:
    subscribe(hub, inbox)
    inbox.status = 500
    told = channels.send(hub, Message(title="t", text="x", link="http://127.0.0.1"))
    assert told["bookkeeper"]
    assert "s3cretword" not in told["bookkeeper"]
    with hub.database.session() as session:
        (row,) = channels.listed(session)
        assert row.error == told["bookkeeper"]
        assert "s3cretword" not in row.url
        assert "s3cretword" not in channels.shown(hub, row)


def test_a_record_that_waits_is_told_with_its_cause_and_the_page_to_mend_it(
    hub: Hub, flow: int, inbox: Inbox
) -> None:
    subscribe(hub, inbox)
    run = ended(hub, flow, "partial")
    waits(hub, flow, 901, "10001", "No product with SKU 'AB-1' in erp")
    assert alerts.after_run(hub, run) is not None
    (message,) = inbox.messages
    assert message["title"] == "Orders of the shop: 1 record waits for you"
    assert "10001: No product with SKU 'AB-1' in erp" in message["message"]
    assert f"{hub.config.base_url}/log/901" in message["message"]


def test_many_records_with_one_cause_are_one_line(hub: Hub, flow: int) -> None:
    run = ended(hub, flow, "partial")
    for number in range(7):
        waits(hub, flow, number + 1, f"1000{number}", "No VAT code for 13%")
    message = alerts.after_run(hub, run)
    assert message is not None
    assert message.text == "10000, 10001, 10002 and 4 more: No VAT code for 13%"


def test_a_flow_that_cannot_go_on_is_told_once_and_again_when_it_works(
    hub: Hub, flow: int, inbox: Inbox
) -> None:
    subscribe(hub, inbox)
    for _ in range(3):
        alerts.after_run(hub, ended(hub, flow, "failed", "shop does not answer"))
    assert [m["title"] for m in inbox.messages] == ["Orders of the shop could not go on"]
    alerts.after_run(hub, ended(hub, flow, "succeeded"))
    alerts.after_run(hub, ended(hub, flow, "succeeded"))
    assert [m["title"] for m in inbox.messages][1:] == ["Orders of the shop works again"]


@pytest.mark.parametrize(
    ("state", "more"),
    [("failed", {"trigger": "user"}), ("failed", {"kind": "plan"}), ("succeeded", {})],
)
def test_nothing_is_told_of_runs_that_somebody_watches_or_that_went_well(
    hub: Hub, flow: int, inbox: Inbox, state: str, more: dict[str, Any]
) -> None:
    subscribe(hub, inbox)
    assert alerts.after_run(hub, ended(hub, flow, state, "x", **more)) is None
    assert inbox.messages == []


def test_plugins_hear_of_it_through_the_hook_notify(hub: Hub, flow: int) -> None:
    heard = []

    class Pager:
        @hookimpl
        def notify(self, title: str, text: str, link: str) -> None:
            heard.append((title, text, link))

    hub.registry.manager.register(Pager())
    alerts.after_run(hub, ended(hub, flow, "failed", "shop does not answer"))
    assert [title for title, _, _ in heard] == ["Orders of the shop could not go on"]


def test_addresses_are_sealed_anew_with_a_new_key(hub: Hub, inbox: Inbox) -> None:
    from hub.store import rotation

    subscribe(hub, inbox)
    vault, rotated = rotation.change_key(hub.config, hub.database)
    assert rotated.others >= 3
    hub.vault = vault
    with hub.database.session() as session:
        (row,) = channels.listed(session)
        assert channels.shown(hub, row).startswith("json://127.0.0.1")

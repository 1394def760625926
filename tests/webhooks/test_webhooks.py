"""Webhooks: genuine ones are stored and become runs; forged, late and repeated ones are counted."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from koppel_gate.sandbox import SECRET, signed
from sqlmodel import col, delete, func, select

from hub.app import create_app
from hub.engine import connections as desk
from hub.engine import flows, runs, webhooks
from hub.engine.ticker import Ticker
from hub.engine.webhooks import KEYS
from hub.store import purge, rotation
from hub.store.tables import (
    Connection,
    Entry,
    HookEvent,
    HookMessage,
    Run,
    Told,
    utc_now,
)
from hub.web.webhooks import BURST, WRONG_BURST, HookLimiter
from tests.gate.bench import Bench, message

DAY = 86_400


@pytest.fixture
def app(gate: Bench) -> Flask:
    """The hub's pages."""
    gate.apply(flow={"filter": {"group": "a"}}, refresh_token=gate.brought())
    return create_app(hub=gate.hub)


class Sender:
    """The system over there, that tells of changes."""

    def __init__(self, gate: Bench, app: Flask) -> None:
        self.gate, self.client = gate, app.test_client()
        listening = webhooks.listening(gate.hub, gate.row)
        assert listening is not None
        self.address = listening.address
        self.path = urlsplit(self.address).path

    def send(self, body: bytes, headers: dict[str, str] | None = None, path: str = "") -> int:
        """One message; genuine unless other headers are given."""
        headers = signed(self.address, body) if headers is None else headers
        answer = self.client.post(path or self.path, data=body, headers=headers)
        return answer.status_code

    def tell(self, *keys: Any, **more: Any) -> int:
        """One event each, all in one message."""
        told = [{"key": key, "id": f"e{time.monotonic_ns()}-{key}", **more} for key in keys]
        return self.send(message(*told))

    @property
    def counts(self) -> dict[str, int]:
        """What the connection's page says."""
        found = webhooks.listening(self.gate.hub, self.gate.row)
        assert found is not None
        names = ("received", "repeated", "refused", "late", "unclear", "waiting")
        return {name: getattr(found, name) for name in names if getattr(found, name)}


@pytest.fixture
def sender(gate: Bench, app: Flask) -> Sender:
    """Somebody who may send."""
    return Sender(gate, app)


def _tick(gate: Bench, now: Any = None) -> list[int]:
    return Ticker(gate.hub, lambda *_: None).tick(now)


def _work(gate: Bench) -> None:
    """What workers do with the queue."""
    for run in gate.runs():
        if run.state == "queued":
            runs.execute(gate.hub, run.id or 0)


def _stored(gate: Bench, table: Any) -> int:
    with gate.hub.database.session() as session:
        return session.exec(select(func.count()).select_from(table)).one()


# ---- what is not genuine


def test_a_forged_message_is_counted_and_changes_nothing(gate: Bench, sender: Sender) -> None:
    body = message({"key": "1", "id": "x"})
    assert sender.send(body, signed(sender.address, body, secret="guessed")) == 401
    assert sender.send(body, {}) == 401
    assert sender.send(body + b" ", signed(sender.address, body)) == 401, "another body"
    elsewhere = sender.address.replace("door", "window")
    assert sender.send(body, signed(elsewhere, body)) == 401, "signed for another address"
    assert sender.counts == {"refused": 4}
    assert _stored(gate, HookEvent) == _stored(gate, HookMessage) == 0
    assert _tick(gate) == []


def test_a_message_that_is_too_old_is_refused(gate: Bench, sender: Sender) -> None:
    body = message({"key": "1", "id": "x"})
    assert sender.send(body, signed(sender.address, body, at=time.time() - 400)) == 400
    assert sender.send(body, signed(sender.address, body, at=time.time() + 400)) == 400
    assert sender.counts == {"late": 2}
    assert _stored(gate, HookEvent) == 0


def test_a_message_sent_again_is_counted_and_stored_once(gate: Bench, sender: Sender) -> None:
    body = message({"key": "1", "id": "x"})
    headers = signed(sender.address, body)
    assert [sender.send(body, headers) for _ in range(3)] == [200, 200, 200]
    assert sender.counts == {"received": 1, "repeated": 2}
    assert _stored(gate, HookMessage) == 1


def test_events_without_an_id_are_known_by_their_message(gate: Bench, sender: Sender) -> None:
    body = message({"key": "1"}, {"key": "2"})
    assert sender.send(body) == 200
    assert sender.send(body) == 200
    assert sender.counts == {"received": 2, "repeated": 2}


def test_a_wrong_address_says_nothing(gate: Bench, sender: Sender) -> None:
    body = message({"key": "1"})
    for path in ("/hooks/door/guess", "/hooks/nobody/guess", "/hooks/other/guess"):
        assert sender.send(body, path=path) == 404
    assert sender.counts == {}
    assert sender.client.get(sender.path).status_code == 405


def test_a_message_that_is_too_large_is_refused(sender: Sender) -> None:
    assert sender.send(b"[" + b" " * 1_100_000 + b"]") == 413


def test_a_genuine_message_that_cannot_be_understood_is_kept_and_counted(
    gate: Bench, sender: Sender
) -> None:
    body = b'{"another": "shape"}'
    assert sender.send(body) == 200, "sending it again would not help"
    assert sender.counts == {"unclear": 1}
    assert _stored(gate, HookMessage) == 1


def test_whoever_sends_forged_messages_all_the_time_is_not_listened_to() -> None:
    now = [0.0]
    limiter = HookLimiter(lambda: now[0])
    for _ in range(int(WRONG_BURST)):
        assert limiter.admits("door", "10.0.0.1")
        limiter.wrong("10.0.0.1")
    assert not limiter.admits("door", "10.0.0.1")
    assert limiter.admits("door", "10.0.0.2"), "others are"
    now[0] += 3
    assert limiter.admits("door", "10.0.0.1")


def test_a_flood_is_told_to_come_back_later() -> None:
    now = [0.0]
    limiter = HookLimiter(lambda: now[0])
    assert all(limiter.admits("door", "10.0.0.1") for _ in range(int(BURST)))
    assert not limiter.admits("door", "10.0.0.2")
    assert limiter.admits("window", "10.0.0.2")


# ---- what is


def test_a_change_over_there_is_a_change_here_at_the_next_tick(gate: Bench, sender: Sender) -> None:
    gate.world.change({**gate.world.people["2"], "name": "Renamed"})
    assert sender.tell("2") == 200
    (run_id,) = _tick(gate)
    (run,) = gate.runs()
    assert run.id == run_id
    assert run.trigger == "webhook"
    assert run.options == {"keys": ["2"]}
    _work(gate)
    (run,) = gate.runs()
    assert (run.state, run.read, run.created) == ("succeeded", 1, 1)
    assert [person["name"] for person in gate.other.people.values()] == ["Renamed"]
    _tick(gate)
    assert _stored(gate, Told) == 0


def test_many_events_become_one_run_with_each_record_once(gate: Bench, sender: Sender) -> None:
    for _ in range(3):
        assert sender.tell("3", "1", "2", "3") == 200
    _tick(gate)
    (run,) = gate.runs()
    assert sorted(run.options["keys"]) == ["1", "2", "3"]


def test_events_in_the_wrong_order_end_with_what_is_true_now(gate: Bench, sender: Sender) -> None:
    newer = message({"key": "1", "id": "2"})
    older = message({"key": "1", "id": "1"})
    gate.world.change({**gate.world.people["1"], "name": "Newest"})
    assert sender.send(newer) == sender.send(older) == 200
    _tick(gate)
    _work(gate)
    assert [person["name"] for person in gate.other.people.values()] == ["Newest"]
    assert len(gate.runs()) == 1


def test_what_happens_while_a_run_is_at_work_waits_for_the_next(
    gate: Bench, sender: Sender
) -> None:
    sender.tell("1")
    _tick(gate)
    sender.tell("1", "2")
    _tick(gate)
    assert len(gate.runs()) == 1
    assert sender.counts["waiting"] == 2
    _work(gate)
    _tick(gate)
    assert [sorted(run.options["keys"]) for run in gate.runs()] == [["1"], ["1", "2"]]
    _work(gate)
    _tick(gate)
    assert "waiting" not in sender.counts


def test_a_run_that_failed_is_made_again_later(gate: Bench, sender: Sender) -> None:
    sender.tell("1")
    _tick(gate)
    gate.sandbox.fault("status", path="/api/people/batch", status=403)
    _work(gate)
    assert gate.runs()[0].state == "failed"
    gate.sandbox.faults.clear()
    desk.check(gate.hub, gate.row.id or 0)
    now = utc_now()
    _tick(gate, now)
    assert len(gate.runs()) == 1, "not at once"
    _tick(gate, now + dt.timedelta(minutes=3))
    assert [run.options["keys"] for run in gate.runs()] == [["1"], ["1"]]


def test_a_record_that_is_gone_over_there_is_told_once(gate: Bench, sender: Sender) -> None:
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow()))
    del gate.world.people["4"]
    for _ in range(2):
        sender.tell("4", deleted=True)
        _tick(gate)
        _work(gate)
        _tick(gate)
    with gate.hub.database.session() as session:
        told = session.exec(select(Entry).where(col(Entry.code) == "gone_in_source")).all()
    assert [entry.key for entry in told] == ["4"]
    assert all(run.failed == 0 for run in gate.runs())


def test_what_the_filter_leaves_out_is_left_out_here_too(gate: Bench, sender: Sender) -> None:
    other = gate.world.add({"group": "b"})
    sender.tell(other["id"])
    _tick(gate)
    _work(gate)
    (run,) = gate.runs()
    assert (run.state, run.read) == ("succeeded", 0)


def test_events_of_what_no_flow_reads_are_dropped(gate: Bench, sender: Sender) -> None:
    assert sender.tell("1", entity="tags") == 200
    assert _tick(gate) == []
    assert _stored(gate, Told) == 0


def test_what_cannot_be_read_by_key_is_read_as_a_whole(gate: Bench, app: Flask) -> None:
    gate.apply(flow={"from": "door.tags"}, refresh_token=gate.brought())
    sender = Sender(gate, app)
    sender.tell("1", "2", entity="tags")
    _tick(gate)
    (run,) = gate.runs()
    assert (run.trigger, run.options) == ("webhook", {})
    _work(gate)
    assert gate.runs()[0].read == 5
    _tick(gate)
    assert _stored(gate, Told) == 0


def test_a_paused_flow_is_not_told(gate: Bench, sender: Sender) -> None:
    with gate.hub.database.session() as session:
        flow = session.merge(gate.flow())
        flow.enabled = False
        session.add(flow)
    sender.tell("1")
    assert _tick(gate) == []


def test_a_flow_whose_connection_needs_a_person_waits_and_loses_nothing(
    gate: Bench, sender: Sender
) -> None:
    def status(value: str) -> None:
        with gate.hub.database.session() as session:
            row = session.get_one(Connection, gate.row.id)
            row.status = value
            session.add(row)

    status("needs_attention")
    sender.tell("1")
    assert _tick(gate) == []
    status("ok")
    assert len(_tick(gate)) == 1


def test_polling_catches_what_no_webhook_told(gate: Bench, app: Flask) -> None:
    gate.apply(flow={"schedule": "every 1 minutes"}, refresh_token="")
    sender = Sender(gate, app)
    sender.tell("1")
    _tick(gate)
    triggers = [run.trigger for run in gate.runs()]
    assert triggers == ["schedule"], "reading what is new goes first"
    with gate.hub.database.session() as session:
        session.exec(delete(Run))
    sender.tell("1")
    _tick(gate)
    (run,) = gate.runs()
    assert run.trigger == "webhook"
    later = utc_now() + dt.timedelta(minutes=5)
    _tick(gate, later)
    assert len(gate.runs()) == 1, "its time has come, and it waits for the webhook's run"
    with gate.hub.database.session() as session:
        row = session.exec(select(Run)).one()
        row.state = "succeeded"
        session.add(row)
    sender.tell("2")
    _tick(gate, later)
    assert [run.trigger for run in gate.runs()] == ["webhook", "schedule"]


def test_a_burst_of_5000_events_is_absorbed_and_becomes_one_run(
    gate: Bench, app: Flask, sender: Sender
) -> None:
    began = time.perf_counter()

    def send(part: int) -> list[int]:
        own = Sender(gate, app)
        statuses = []
        for number in range(part * 500, part * 500 + 500, 4):  # a few in each message
            told = [{"key": str(k % 1000), "id": f"b{k}"} for k in range(number, number + 4)]
            statuses.append(own.send(message(*told)))
        return statuses

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for part in pool.map(send, range(10)) for status in part]
    took = time.perf_counter() - began
    assert set(statuses) == {200}
    assert len(statuses) == 1250
    assert sender.counts["received"] == 5000
    assert took < 60, f"{took:.1f} s"
    began = time.perf_counter()
    _tick(gate)
    assert time.perf_counter() - began < 5
    (run,) = gate.runs()
    assert len(run.options["keys"]) == 1000 <= KEYS


# ---- keeping


def test_messages_are_sealed_and_get_the_new_key(gate: Bench, sender: Sender) -> None:
    sender.send(message({"key": "1", "id": "z", "email": "jan@example.com"}))
    with gate.hub.database.session() as session:
        kept = session.exec(select(HookMessage)).one()
    assert b"jan@example.com" not in kept.data
    vault, _ = rotation.change_key(gate.hub.config, gate.hub.database)
    assert rotation.count_stale(gate.hub.database, vault) == 0
    assert Sender(gate, create_app(hub=gate.hub)).address == sender.address


def test_a_person_is_forgotten_in_messages_too(gate: Bench, sender: Sender) -> None:
    sender.send(message({"key": "1", "id": "1", "email": "Jan@Example.com"}))
    sender.send(message({"key": "2", "id": "2", "email": "els@example.com"}))
    purge.forget(gate.hub.database, gate.hub.vault, "jan@example.com")
    assert _stored(gate, HookMessage) == 1


def test_what_flows_have_taken_up_is_deleted_after_a_week(gate: Bench, sender: Sender) -> None:
    sender.tell("1")
    purge.nightly(gate.hub.database, now=utc_now() + dt.timedelta(days=8), pause=0)
    assert _stored(gate, HookEvent) == 1, "nobody has taken it up"
    _tick(gate)
    purge.nightly(gate.hub.database, now=utc_now() + dt.timedelta(days=6), pause=0)
    assert _stored(gate, HookEvent) == 1
    purge.nightly(gate.hub.database, now=utc_now() + dt.timedelta(days=8), pause=0)
    assert _stored(gate, HookEvent) == _stored(gate, HookMessage) == 0


def test_a_flow_that_is_removed_leaves_nothing_of_what_it_was_told(
    gate: Bench, sender: Sender
) -> None:
    sender.tell("1", "2")
    _tick(gate)
    sender.tell("3")
    _tick(gate)
    _work(gate)
    with gate.hub.database.session() as session:
        flows.remove(session, session.merge(gate.flow()))
    assert _stored(gate, Told) == 0


def test_a_connection_that_is_removed_takes_its_hook_along(gate: Bench, app: Flask) -> None:
    gate.apply(client_secret=SECRET)
    sender = Sender(gate, app)
    with gate.hub.database.session() as session:
        flows.remove(session, session.merge(gate.flow()))
    sender.tell("1")
    with gate.hub.database.session() as session:
        desk.remove(session, session.get_one(Connection, gate.row.id))
    assert sender.tell("1") == 404

"""Tokens: one refresh whoever asks, stored before use, never thrown away, dead ones told once."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import col, select

from hub.config import sqlite_url
from hub.engine import connections as desk
from hub.engine import runs
from hub.engine.configfile import export
from hub.engine.hub import Hub
from hub.engine.ticker import Ticker
from hub.sdk import ConnectError, NotConnected
from hub.store import Database, rotation
from hub.store.backup import backup, restore
from hub.store.tables import Connection, Lease, OAuthToken, Run, utc_now
from hub.store.vault import token_place
from tests.gate.bench import CONNECTION, HERE, Bench

ROOT = Path(__file__).parents[2]
CALLERS = f"""
import os, sys, time, traceback
sys.path.insert(0, {HERE!r})
from sqlmodel import select
from hub.config import Config
from hub.engine.hub import Hub
from hub.registry import Registry
from hub.store.tables import Connection
registry = Registry.load()
def call():
    hub = Hub.start(Config.from_env(os.environ), registry=registry)
    with hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "{CONNECTION}")).one()
    start, done = time.time(), 0
    with hub.open(row) as api:
        while time.time() < start + 4:
            api.get("/api/me")
            done += 1
            time.sleep(0.02)
    os.write(1, f"{{done}}\\n".encode())
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        try:
            call()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] != 0 for child in children))
"""


def _age(gate: Bench, seconds: float = 10) -> None:
    """Let the stored access token be about to end."""
    with gate.hub.database.session() as session:
        row = session.get_one(OAuthToken, gate.row.id)
        row.expires_at = utc_now() + dt.timedelta(seconds=seconds)
        row.updated_at = row.expires_at - dt.timedelta(seconds=1800)
        session.add(row)


def _kept(gate: Bench, part: str = "refresh") -> str:
    row = gate.token
    assert row is not None
    return gate.hub.vault.open(getattr(row, part), token_place(row.connection_id, part))


# ---- failures


def test_without_access_the_connection_says_where_to_connect(gate: Bench) -> None:
    gate.apply()
    found = desk.check(gate.hub, gate.row.id or 0)
    assert not found.ok
    assert found.status == "needs_attention"
    assert "Nobody has given access yet" in found.message
    assert f"/connections/{CONNECTION}" in found.message
    assert gate.sandbox.asked(path="/oauth/token") == []


def test_a_grant_taken_back_stops_the_run_once_and_rests_the_flow(gate: Bench) -> None:
    gate.apply(flow={"schedule": "every 1 minutes"}, refresh_token=gate.brought())
    assert gate.me() == "Gate of Anna"
    gate.world.revoke()
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow()))
    (run,) = gate.runs()
    assert run.state == "failed"
    assert run.read == 0, "no record is to blame"
    assert run.options["error"] == {"kind": "authentication", "connection": CONNECTION}
    assert gate.row.status == "needs_attention"
    assert f"/connections/{CONNECTION}" in gate.row.message
    assert "Connect again" in gate.row.message
    refused = gate.world.refused
    Ticker(gate.hub, lambda *_: None).tick(utc_now() + dt.timedelta(hours=1))
    Ticker(gate.hub, lambda *_: None).tick(utc_now() + dt.timedelta(hours=2))
    assert len(gate.runs()) == 1, "its flows rest"
    with pytest.raises(NotConnected):
        gate.me()
    assert gate.world.refused == refused, "a dead grant is not asked for again and again"


def test_a_network_that_fails_costs_no_token(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    before = _kept(gate)
    _age(gate, -5)
    fault = gate.sandbox.fault("status", path="/oauth/token", status=503)
    with gate.hub.open(gate.row) as api:
        api.sleep = lambda seconds: None
        with pytest.raises(ConnectError, match="503"):
            api.get("/api/me")
    assert fault.hits == 4, "tried as often as any call"
    assert _kept(gate) == before
    assert gate.row.status != "needs_attention"
    gate.sandbox.faults.clear()
    assert gate.me() == "Gate of Anna"
    assert _kept(gate) != before


def test_while_the_old_token_lasts_a_failed_refresh_disturbs_nobody(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    _age(gate, 60)
    gate.sandbox.fault("drop_before", path="/oauth/token")
    assert gate.me() == "Gate of Anna"
    assert gate.world.refreshes == 1


def test_an_answer_lost_after_the_work_is_asked_for_again_within_the_grace(gate: Bench) -> None:
    gate.world.grace = 30
    gate.apply(refresh_token=gate.brought())
    gate.me()
    _age(gate, -5)
    gate.sandbox.fault("drop_after", path="/oauth/token", times=1)
    with gate.hub.open(gate.row) as api:
        api.sleep = lambda seconds: None
        assert api.get("/api/me")["name"] == "Gate of Anna"
    assert gate.world.refreshes == 2, "the first by the brought token, the second not repeated"
    assert gate.row.status != "needs_attention"


def test_an_answer_lost_after_the_work_without_grace_needs_a_person(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    _age(gate, -5)
    gate.sandbox.fault("drop_after", path="/oauth/token", times=1)
    with gate.hub.open(gate.row) as api:
        api.sleep = lambda seconds: None
        with pytest.raises(NotConnected, match="spent or revoked"):
            api.get("/api/me")
    assert gate.row.status == "needs_attention"


def test_a_wrong_client_secret_is_told_as_such_and_kills_nothing(gate: Bench) -> None:
    brought = gate.brought()
    gate.apply(refresh_token=brought, client_secret="not the right one")
    found = desk.check(gate.hub, gate.row.id or 0)
    assert "client id and secret" in found.message
    assert gate.token is None
    gate.apply(refresh_token=brought)
    assert desk.check(gate.hub, gate.row.id or 0).ok


def test_a_process_that_died_while_refreshing_keeps_nobody_waiting(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    code = (
        "import os\nfrom hub.config import Config\nfrom hub.store import Database, leases\n"
        "from hub.engine.claims import new_owner\n"
        "database = Database(Config.from_env(os.environ).database_url)\n"
        f"assert leases.claim(database, 'tokens:{gate.row.id}', new_owner(), 600)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code], env=_environ(gate), check=True, timeout=60, cwd=ROOT
    )
    began = time.monotonic()
    assert gate.me() == "Gate of Anna"
    assert time.monotonic() - began < 5


# ---- what works


def _environ(gate: Bench) -> dict[str, str]:
    return {**gate.hub.config.environ({}), "PYTHONPATH": f"{ROOT}:{HERE}"}


def test_of_eight_processes_one_refreshes_and_no_call_fails(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    assert gate.world.refreshes == 1
    gate.world.slow = 1.0  # long enough for all others to need it meanwhile
    _age(gate, -1)
    told = subprocess.run(
        [sys.executable, "-c", CALLERS],
        env=_environ(gate),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    counts = [int(line) for line in told.stdout.split()]
    assert len(counts) == 8
    assert all(count > 3 for count in counts), counts
    assert gate.world.refreshes == 2, "the brought one, and one for all eight"
    assert gate.world.refused == 0
    assert [r for r in gate.sandbox.asked(path="^/api/") if r["status"] != 200] == []


def test_a_token_refused_in_the_middle_is_replaced_and_the_call_repeated(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    with gate.hub.open(gate.row) as api:
        api.get("/api/me")
        gate.world.access.clear()  # the vendor ends the access token before its time
        made = api.post("/api/people", {"name": "New", "email": "new@example.com"})
    assert made["name"] == "New"
    assert [r["status"] for r in gate.sandbox.asked("POST", "^/api/people$")] == [401, 200]
    assert gate.world.refreshes == 2


def test_another_process_new_token_is_taken_instead_of_asking_again(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    with gate.hub.open(gate.row) as one, gate.hub.open(gate.row) as other:
        one.get("/api/me")
        other.get("/api/me")
        gate.world.access.clear()
        one.get("/api/me")
        other.get("/api/me")
    assert gate.world.refreshes == 2


def test_the_new_token_is_stored_before_it_is_used(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    with gate.hub.open(gate.row) as api:
        assert api.tokens is not None
        token = api.tokens.current()
        assert gate.sandbox.asked(path="^/api/") == []
        assert _kept(gate, "access") == token


def test_a_refresh_token_of_the_config_file_is_used_once_and_a_changed_one_wins(
    gate: Bench,
) -> None:
    first = gate.brought()
    gate.apply(refresh_token=first)
    gate.me()
    _age(gate, -5)
    gate.me()  # with what the gate gave, not with the file's, which is spent
    gate.apply(refresh_token=first)
    gate.me()
    gate.world.revoke()
    gate.apply(refresh_token=gate.brought())
    assert gate.me() == "Gate of Anna"
    assert gate.world.refused == 0


def test_a_changed_refresh_token_that_is_dead_leaves_the_good_one_in_use(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    gate.apply(refresh_token="refresh-of-yesterday")
    assert gate.me() == "Gate of Anna"


def test_a_fixed_token_is_used_where_the_account_chose_one(gate: Bench) -> None:
    gate.apply(mode="token", token="gate-token-for-tests-only")
    assert gate.me() == "Gate of Anna"
    assert gate.token is None


# ---- keeping


def test_tokens_are_sealed_for_their_own_place_and_in_no_export(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    row, access, refresh = gate.token, _kept(gate, "access"), _kept(gate)
    assert row is not None
    assert access not in str(row.access)
    with pytest.raises(Exception, match="another place"):
        gate.hub.vault.open(row.access or "", token_place(row.connection_id, "refresh"))
    with pytest.raises(Exception, match="another place"):
        gate.hub.vault.open(row.access or "", token_place(row.connection_id + 1, "access"))
    text = export(gate.hub)
    assert access not in text
    assert refresh not in text


def test_tokens_are_in_no_recorded_call(gate: Bench) -> None:
    gate.apply(flow={}, refresh_token=gate.brought())
    runs.execute(gate.hub, runs.create_run(gate.hub, gate.flow()))
    assert gate.runs()[0].state == "succeeded"
    access, refresh = _kept(gate, "access").encode(), _kept(gate).encode()
    files = [p for p in gate.hub.config.home.rglob("*") if p.is_file()]
    assert files
    for path in files:
        kept = path.read_bytes()
        assert access not in kept, path
        assert refresh not in kept, path


def test_tokens_get_the_new_key_when_keys_are_changed(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    before = gate.token
    vault, _ = rotation.change_key(gate.hub.config, gate.hub.database)
    after = gate.token
    assert before is not None
    assert after is not None
    assert before.access != after.access
    assert rotation.count_stale(gate.hub.database, vault) == 0
    rotation.drop_old_keys(gate.hub.config, gate.hub.database)
    assert gate.me() == "Gate of Anna"


def test_tokens_come_back_with_a_backup_and_go_with_the_connection(
    gate: Bench, tmp_path: Path
) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    file, kept = tmp_path / "backup.tar.gz", _kept(gate)
    backup(gate.hub.config, gate.hub.database, file)
    with gate.hub.database.session() as session:
        desk.remove(session, session.get_one(Connection, gate.row.id))
    with gate.hub.database.session() as session:
        assert session.exec(select(OAuthToken)).all() == []
    elsewhere = replace(
        gate.hub.config,
        home=tmp_path / "elsewhere",
        database_url=sqlite_url(tmp_path / "elsewhere" / "koppel.sqlite3"),
    )
    elsewhere.make_home()
    empty = Database(elsewhere.database_url)
    restore(elsewhere, empty, file)
    empty.dispose()
    other = replace(gate, hub=Hub.start(elsewhere))
    assert _kept(other) == kept
    assert other.me() == "Gate of Anna"
    other.hub.close()


def test_no_lease_is_left_behind(gate: Bench) -> None:
    gate.apply(refresh_token=gate.brought())
    gate.me()
    with gate.hub.database.session() as session:
        assert session.exec(select(Lease).where(col(Lease.name).startswith("tokens"))).all() == []
        assert session.exec(select(Run)).all() == []

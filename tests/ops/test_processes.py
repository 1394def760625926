"""The parts of the supervisor: locks, sockets, children that are started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hub.config import ConfigError
from hub.ops import children
from hub.ops.children import Child, describe
from hub.ops.lock import Held, Lock
from hub.ops.sockets import listen, wait_for_http

# ---- locks


def test_a_second_lock_learns_who_holds_the_first(tmp_path: Path) -> None:
    first = Lock(tmp_path / "lock")
    first.write("process 7")
    with pytest.raises(Held, match="process 7"):
        Lock(tmp_path / "lock", wait=0.1)
    first.release()
    Lock(tmp_path / "lock").release()


def test_a_killed_process_holds_no_lock(tmp_path: Path) -> None:
    code = "import sys, hub.ops.lock as l, pathlib; l.Lock(pathlib.Path(sys.argv[1])); print('!')"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{code}; sys.stdout.flush(); input()", str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout
        assert process.stdout.readline()
        with pytest.raises(Held):
            Lock(tmp_path / "lock")
        process.kill()
    Lock(tmp_path / "lock").release()


# ---- sockets


def test_a_taken_port_is_named_with_another_to_try() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} .* is taken .*--port {port + 1}"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match=f"KOPPEL_HOST: .*{host}.* is no address of this machine"):
        listen(host, 0)


def test_a_web_server_that_never_answers_is_not_waited_for_longer_than_asked() -> None:
    with listen("127.0.0.1", 0) as silent:
        assert not wait_for_http(silent.getsockname(), lambda: True, 0.3)


def test_the_wait_for_the_web_server_ends_when_it_makes_no_sense() -> None:
    with listen("127.0.0.1", 0) as silent:
        assert not wait_for_http(silent.getsockname(), lambda: False, 60)


def test_any_answer_says_that_the_web_server_is_there() -> None:
    with listen("127.0.0.1", 0) as server:

        def answer() -> None:
            hung_up, _ = server.accept()  # the first caller is let down
            hung_up.close()
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 302 Found\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        assert wait_for_http(server.getsockname(), lambda: True, 10)
        thread.join()


# ---- children


class Clock:
    """A clock that a test winds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _python(code: str) -> children.Process:
    return subprocess.Popen([sys.executable, "-c", code])


def test_a_child_that_keeps_dying_is_started_again_ever_more_slowly() -> None:
    clock = Clock()
    said: list[str] = []
    starts: list[float] = []

    def spawn() -> children.Process:
        starts.append(clock.now)
        return _python("raise SystemExit(3)")

    child = Child("worker 1", spawn, said.append, clock=clock)
    for _ in range(4):
        child.tend()
        assert child.process
        child.process.wait()
        child.tend()
        clock.now = child._start_at - 0.01
        child.tend()
        assert child.process is None, "not before it is due"
        clock.now = child._start_at
    assert starts == [0.0, 0.5, 1.5, 3.5]
    assert said[0] == "worker 1 stopped (exit code 3); starting it again in 0.5 s"
    assert child.returncode == 3


def test_a_child_that_ran_for_long_is_started_again_at_once() -> None:
    clock = Clock()
    said: list[str] = []
    child = Child("web", lambda: _python("input()"), said.append, clock=clock)
    child.failures = 6
    child.tend()
    assert child.process
    clock.now = children.STEADY_AFTER + 1
    child.process.wait()
    child.tend()
    assert child.failures == 1
    assert "again in 0.5 s" in said[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (-9, "killed by SIGKILL"), (-99, "killed by signal 99")],
)
def test_an_end_is_described_in_words(code: int, words: str) -> None:
    assert describe(code) == words


def test_a_child_can_be_stopped_and_ended() -> None:
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{stubborn}; time.sleep(60)"], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout
        process.stdout.readline()
        child = Child("stubborn", lambda: process, lambda text: None)
        child.tend()
        child.terminate()
        assert not child.gone()
        child.kill()
        assert child.gone()
    assert process.returncode == -signal.SIGKILL


def test_the_socket_of_the_web_server_survives_the_web_server() -> None:
    with listen("127.0.0.1", 0) as sock:
        code = f"import socket; socket.socket(fileno={sock.fileno()}).close()"
        subprocess.run([sys.executable, "-c", code], pass_fds=(sock.fileno(),), check=True)
        with socket.create_connection(sock.getsockname(), timeout=5):
            assert os.get_inheritable(sock.fileno()) is False

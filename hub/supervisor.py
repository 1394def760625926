"""`koppel up`: Redis, web, workers and scheduler, started, watched, and stopped in order."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import FrameType

from hub.config import Config, ConfigError, sqlite_url
from hub.embedded_redis import EmbeddedRedis, RedisUnavailable
from hub.ops import lifeline
from hub.ops.children import Child, Process, describe, role
from hub.ops.lock import Held, Lock
from hub.ops.sockets import GO_FD, LISTEN_FD, listen, wait_for_http

STOP_WITH_PARENT = "KOPPEL_STOP_WITH_PARENT"
"""Set by `make up`: killing make is meant for the hub too. Internal, not a setting."""

START_SECONDS = 120.0
STOP_SECONDS = 10.0
"""A little longer than a worker gives the run that it interrupts."""
WEB_ATTEMPTS = 3

OK, WRONG_CONFIGURATION, OUR_FAULT = 0, 2, 70


def say(text: str) -> None:
    """A line for the person who watches."""
    with suppress(OSError):  # the terminal may be gone
        print(f"koppel: {text}", file=sys.stderr, flush=True)


def up(
    config: Config,
    host: str | None = None,
    port: int | None = None,
    workers: int = 2,
    demo: bool = False,
) -> int:
    """Run the whole hub until it is told to stop; the exit code."""
    config = config.listening_on(
        config.host if host is None else host, config.port if port is None else port
    )
    with ExitStack() as stack:
        if demo:
            config = stack.enter_context(_throwaway(config))
        try:
            return Supervisor(config, workers, demo=demo).run()
        except (ConfigError, RedisUnavailable) as error:
            say(str(error))
            return WRONG_CONFIGURATION


@contextmanager
def _throwaway(config: Config) -> Iterator[Config]:
    """The same hub in a home of its own, with nothing of the real one, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="koppel-demo-"))
    try:
        yield replace(
            config,
            home=home,
            database_url=sqlite_url(home / "koppel.sqlite3"),
            redis_url=None,
            secret_key=(),
        )
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Supervisor:
    """The processes of one hub, and the order in which they come and go."""

    def __init__(self, config: Config, workers: int, *, demo: bool = False) -> None:
        if workers < 0:
            raise ConfigError("--workers: there cannot be fewer than 0 workers.")
        self.config = config
        self.workers = workers
        self.demo = demo
        self.children: list[Child] = []
        """In the order in which they are stopped."""
        self.redis: Child | None = None
        self._stopping_since: float | None = None
        self._in_a_hurry = False
        self._parent = os.getppid() if os.environ.get(STOP_WITH_PARENT) else None

    # ---- from start to end

    def run(self) -> int:
        """Start everything, say where it is, watch it, stop it."""
        with ExitStack() as stack:
            self.config.make_home()
            lock = self._only_one_on_this_home()
            stack.callback(lock.release)
            sock = stack.enter_context(listen(self.config.host, self.config.port))
            self.config = self.config.listening_on(self.config.host, sock.getsockname()[1])
            lock.write(f"process {os.getpid()}, {self.config.base_url}")
            stack.enter_context(self._signals())
            return self._start_and_watch(stack, sock)

    def _start_and_watch(self, stack: ExitStack, sock: socket.socket) -> int:
        environ = self.config.environ(os.environ) | {lifeline.SUPERVISOR: str(os.getpid())}
        if self.config.redis_url is None:
            server = EmbeddedRedis(self.config.home)
            stack.callback(server.stop)
            server.start()
            self.redis = Child("Redis", server.spawn, say, process=server.process)
        stack.callback(self._stop_children)
        web, go = self._start_web(environ, sock)
        stack.callback(go.close)
        code, setup_link = self._prepare(environ)
        if code != OK or self._stopping_since:
            return code
        go.send(b"go")
        go.close()
        if not wait_for_http(_reachable(sock), lambda: self._starting(web), START_SECONDS):
            if self._stopping_since:
                return OK
            say("the web server does not come up; what it wrote above says why")
            return WRONG_CONFIGURATION if web.returncode == 2 else OUR_FAULT
        self._announce(setup_link)
        # Last, because nobody waits for them: they would only slow the web server's start down.
        self._add("the scheduler", lambda: role(["scheduler"], environ))
        for number in range(1, self.workers + 1):
            self._add(f"worker {number}", lambda: role(["worker"], environ))
        if self.demo:
            self._add("the sandboxes", lambda: role([], environ, module="hub.demo"))
        while not self._stopping_since:
            self._tend()
            self._sleep(1.0)
        return OK

    def _prepare(self, environ: dict[str, str]) -> tuple[int, str | None]:
        """Migrations and the like; the exit code, and the link for the first user if needed."""
        process = role([], environ, module="hub.ops.prepare", stdout=subprocess.PIPE)
        # Not interrupted when the hub is told to stop: half a migration helps nobody.
        answer, _ = process.communicate()
        if process.returncode < 0:
            say(f"the preparation was {describe(process.returncode)}")
        if process.returncode != OK:
            return WRONG_CONFIGURATION if process.returncode == 2 else OUR_FAULT, None
        return OK, json.loads(answer)["setup_link"]

    def _start_web(
        self, environ: dict[str, str], sock: socket.socket
    ) -> tuple[Child, socket.socket]:
        """Let the web server load its modules already; it serves when it is told that it may."""
        signpost, go = socket.socketpair()

        def web() -> Process:
            fds = {LISTEN_FD: sock.fileno()}
            if signpost.fileno() >= 0:
                fds[GO_FD] = signpost.fileno()
            return role(
                ["web"],
                environ | {name: str(fd) for name, fd in fds.items()},
                death_signal=signal.SIGTERM,
                pass_fds=tuple(fds.values()),
            )

        child = self._add("the web server", web)
        child.tend()
        signpost.close()  # it will not have to wait again when it is started again
        return child, go

    def _add(self, name: str, spawn: Callable[[], Process]) -> Child:
        child = Child(name, spawn, say)
        self.children.append(child)
        return child

    # ---- while it runs

    def _tend(self) -> None:
        for child in (self.redis, *self.children):
            # A signal to the whole group ends children before this process hears of it.
            if child is not None and not self._stopping_since:
                child.tend()

    def _starting(self, web: Child) -> bool:
        """Whether it is still worth waiting for the web server."""
        self._tend()
        given_up = web.returncode == 2 or web.failures >= WEB_ATTEMPTS
        return not (self._stopping_since or given_up)

    def _sleep(self, seconds: float) -> None:
        """Wait, but no longer than until a signal, such as that of a child's death."""
        select.select([self._wakeup], [], [], seconds)
        with suppress(BlockingIOError):
            self._wakeup.recv(1024)
        if self._parent is not None and os.getppid() != self._parent:
            self._stopping_since = self._stopping_since or time.monotonic()

    def _announce(self, setup_link: str | None) -> None:
        lines = [f"Koppel is running at {self.config.base_url}"]
        if setup_link:
            lines.append(f"Make the first user here (the link works once): {setup_link}")
        lines.append("Stop it with Ctrl-C.")
        with suppress(OSError):
            print("\n".join(lines), flush=True)

    # ---- the end

    def _stop_children(self) -> None:
        """Everything but Redis, all at once; who does not listen is ended."""
        for child in self.children:
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while not all(child.gone() for child in self.children):
            if time.monotonic() > deadline or self._in_a_hurry:
                for child in self.children:
                    child.kill()
            self._sleep(0.1)

    # ---- the frame around it

    def _only_one_on_this_home(self) -> Lock:
        try:
            return Lock(self.config.home / "up.lock")
        except Held as error:
            raise ConfigError(
                f"KOPPEL_HOME: Koppel already runs on {self.config.home} ({error}). "
                "Stop it first, or give this one another home."
            ) from None

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Note the requests to stop, and let every signal end a wait."""

        def stop(signum: int, frame: FrameType | None) -> None:
            now = time.monotonic()
            self._stopping_since = self._stopping_since or now
            # The same request may come twice, from the terminal and passed on by make.
            self._in_a_hurry = now - self._stopping_since > 1.0

        self._wakeup, waker = socket.socketpair()
        self._wakeup.setblocking(False)
        waker.setblocking(False)
        stopping = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # ignored under nohup
            stopping.append(signal.SIGHUP)
        before = {number: signal.signal(number, stop) for number in stopping}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        old_waker = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old_waker)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._wakeup.close()
            waker.close()


def _reachable(sock: socket.socket) -> tuple[str, int]:
    """Where to reach a socket from this machine."""
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port

"""`koppel up`: Redis, web, workers and scheduler, started, watched, and stopped in order."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from hub.config import Config, ConfigError, address, sqlite_url
from hub.embedded_redis import EmbeddedRedis, RedisUnavailable
from hub.ops import lifeline
from hub.ops.children import Child, Process, describe, role
from hub.ops.lock import Held, Lock
from hub.ops.sockets import GO_FD, LISTEN_FD, listen, wait_for_http
from hub.ops.watch import Watch, say

STOP_WITH_PARENT = "KOPPEL_STOP_WITH_PARENT"
"""Set by `make up`: killing make is meant for the hub too. Internal, not a setting."""

START_SECONDS = 120.0
STOP_SECONDS = 10.0
"""A little longer than the workers get."""
WEB_ATTEMPTS = 3

OK, WRONG_CONFIGURATION, OUR_FAULT = 0, 2, 70


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
        self.watch = Watch(follow_parent=bool(os.environ.get(STOP_WITH_PARENT)))

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
            stack.enter_context(self.watch.signals())
            return self._start_and_watch(stack, sock)

    def _start_and_watch(self, stack: ExitStack, sock: socket.socket) -> int:
        environ = self.config.environ(os.environ) | {lifeline.SUPERVISOR: str(os.getpid())}
        if self.config.redis_url is None:
            server = EmbeddedRedis(self.config.home)
            stack.callback(server.stop)
            server.start()
            assert server.process
            self.watch.also(Child("Redis", server.spawn, say, process=server.process))
        signpost, go = socket.socketpair()
        stack.enter_context(go)  # open until the web server has ended, which takes it for a no
        stack.callback(self.watch.stop, STOP_SECONDS)
        web = self._start_web(environ, sock, signpost)
        code, setup_link = self._prepare(environ)
        if code != OK or self.watch.told_to_stop:
            return code
        with suppress(BrokenPipeError):  # it died while loading; the watch says so
            go.send(b"go")
        if not wait_for_http(_reachable(sock), lambda: self._starting(web), START_SECONDS):
            if self.watch.told_to_stop:
                return OK
            say("the web server does not come up; what it wrote above says why")
            return WRONG_CONFIGURATION if web.returncode == 2 else OUR_FAULT
        self._announce(setup_link)
        # Last, because nobody waits for them: they would only slow the web server's start down.
        crew = [str(self.workers)]
        self.watch.add("the crew", lambda: role(crew, environ, module="hub.ops.crew"))
        if self.demo:
            self.watch.add("the sandboxes", lambda: role([], environ, module="hub.demo"))
        self.watch.until_told_to_stop()
        return OK

    def _prepare(self, environ: dict[str, str]) -> tuple[int, str | None]:
        """Migrations and the like; the exit code, and the link for the first user if needed."""
        process = role([], environ, module="hub.ops.prepare", stdout=subprocess.PIPE)
        # Not ended with the first request to stop: half a migration helps nobody.
        while process.poll() is None:
            self.watch.sleep(0.5)
            if self.watch.in_a_hurry:
                process.kill()
        answer = process.communicate()[0]
        if process.returncode < 0:
            say(f"the preparation was {describe(process.returncode)}")
        if process.returncode != OK:
            return WRONG_CONFIGURATION if process.returncode == 2 else OUR_FAULT, None
        return OK, json.loads(answer)["setup_link"]

    def _start_web(
        self, environ: dict[str, str], sock: socket.socket, signpost: socket.socket
    ) -> Child:
        """Let the web server load its modules already; it serves when it is told that it may."""

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

        child = self.watch.add("the web server", web)
        child.tend()
        signpost.close()  # it will not have to wait again when it is started again
        return child

    def _starting(self, web: Child) -> bool:
        """Whether it is still worth waiting for the web server."""
        self.watch.tend()
        given_up = web.returncode == 2 or web.failures >= WEB_ATTEMPTS
        return not (self.watch.told_to_stop or given_up)

    def _announce(self, setup_link: str | None) -> None:
        here, public = address(self.config.host, self.config.port), self.config.base_url
        lines = [f"Koppel is running at {here}"]
        if public != here:
            lines.append(f"Its public address is {public}")
        if setup_link:
            lines.append(f"Make the first user here (the link works once): {setup_link}")
        lines.append("Stop it with Ctrl-C.")
        with suppress(OSError):
            print("\n".join(lines), flush=True)

    def _only_one_on_this_home(self) -> Lock:
        try:
            return Lock(self.config.home / "up.lock")
        except Held as error:
            raise ConfigError(
                f"KOPPEL_HOME: Koppel already runs on {self.config.home} ({error}). "
                "Stop it first, or give this one another home."
            ) from None


def _reachable(sock: socket.socket) -> tuple[str, int]:
    """Where to reach a socket from this machine."""
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port

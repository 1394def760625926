"""The web role: gunicorn, one process with eight threads, on the hub's Flask application."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from hub.config import Config
from hub.ops import lifeline
from hub.ops.sockets import GO_FD, LISTEN_FD, listen

if TYPE_CHECKING:
    from flask import Flask


class WebServer(BaseApplication):  # type: ignore[misc]  # gunicorn declares no types
    """Gunicorn, told everything from here: it reads neither arguments nor a file of its own."""

    def __init__(self, config: Config, sock: socket.socket) -> None:
        self.config = config
        self.sock = sock
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn asks for its settings."""
        settings = {
            "bind": f"fd://{self.sock.detach()}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": 8,
            "timeout": 120,
            "graceful_timeout": 3,
            "keepalive": 15,
            "loglevel": "warning",
            "proc_name": "koppel",
            "control_socket_disable": True,
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,
            "when_ready": lambda arbiter: lifeline.leave_the_terminal_to_the_supervisor(),
            "post_fork": _post_fork,
            "post_worker_init": lambda worker: lifeline.leave_the_terminal_to_the_supervisor(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; in the worker process, so that nothing it holds is held twice."""
        from hub.app import create_app
        from hub.registry import Registry

        Registry.load()  # takes a while, and does not need the database
        if not _may_serve():
            raise SystemExit(Arbiter.WORKER_BOOT_ERROR)
        return create_app(self.config)


def _post_fork(arbiter: Any, worker: Any) -> None:
    lifeline.follow_forking_parent(arbiter.pid)


def main(config: Config) -> None:
    """Serve the hub until the process is told to stop. Raises `ConfigError` for a taken port."""
    handed_over = os.environ.pop(LISTEN_FD, "")
    if handed_over:
        sock = socket.socket(fileno=int(handed_over))
    else:
        sock = listen(config.host, config.port)
    WebServer(config, sock).run()


def _may_serve() -> bool:
    """Wait until the database is ready; False when that will not happen."""
    signpost = os.environ.get(GO_FD)
    if signpost is None:
        return True
    # Gunicorn's own handler only takes note of the signal, which does not end a wait.
    handler = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with socket.socket(fileno=os.dup(int(signpost))) as go:
            # Only looked at: a worker that takes the place of this one must find it there too.
            return bool(go.recv(2, socket.MSG_PEEK))
    finally:
        signal.signal(signal.SIGTERM, handler)

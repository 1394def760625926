"""The web role: gunicorn, one process with eight threads, on the hub's Flask application."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

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
        self.worker: Any = None
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
            "post_fork": self._post_fork,
            "post_worker_init": lambda worker: lifeline.leave_the_terminal_to_the_supervisor(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; in the worker process, so that nothing it holds is held twice."""
        from hub.app import create_app
        from hub.registry import Registry

        Registry.load()  # takes a while, and does not need the database
        if not self._may_serve():
            raise SystemExit(os.EX_OK)
        return create_app(self.config)

    def _post_fork(self, arbiter: Any, worker: Any) -> None:
        lifeline.follow_forking_parent(arbiter.pid)
        self.worker = worker

    def _may_serve(self) -> bool:
        """Wait until the database is ready; False when told to end before that."""
        signpost = os.environ.get(GO_FD)
        if signpost is None:
            return True
        with socket.socket(fileno=os.dup(int(signpost))) as go:
            go.settimeout(0.1)
            while self.worker.alive:  # which is all that a signal changes
                # Only looked at: a worker that takes the place of this one must find it there too.
                with suppress(TimeoutError):
                    return bool(go.recv(2, socket.MSG_PEEK))
        return False


def main(config: Config) -> None:
    """Serve the hub until the process is told to stop. Raises `ConfigError` for a taken port."""
    handed_over = os.environ.pop(LISTEN_FD, "")
    if handed_over:
        sock = socket.socket(fileno=int(handed_over))
    else:
        sock = listen(config.host, config.port)
    WebServer(config, sock).run()

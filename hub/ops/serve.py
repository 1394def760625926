"""The web role: gunicorn, one process with eight threads, on the hub's Flask application."""

from __future__ import annotations

import gc
import os
import signal
import socket
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
            "when_ready": lambda arbiter: _leave_ctrl_c_to_the_supervisor(),
            "post_fork": _post_fork,
            "post_worker_init": lambda worker: _leave_ctrl_c_to_the_supervisor(),
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """The application; made in the worker process, so that what it opens is not shared."""
        from hub.app import create_app

        return create_app(self.config)


def _leave_ctrl_c_to_the_supervisor() -> None:
    if lifeline.supervised():
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _post_fork(arbiter: Any, worker: Any) -> None:
    lifeline.follow_forking_parent(arbiter.pid)


def main(config: Config) -> None:
    """Serve the hub until the process is told to stop. Raises `ConfigError` for a taken port."""
    handed_over = os.environ.pop(LISTEN_FD, "")
    if handed_over:
        sock = socket.socket(fileno=int(handed_over))
    else:
        sock = listen(config.host, config.port)
    # The modules only, before the fork: the worker shares them, and a new one starts at once.
    import hub.app  # noqa: F401
    from hub.registry import Registry

    Registry.load()
    gc.collect()
    gc.freeze()
    if _may_serve():
        WebServer(config, sock).run()


def _may_serve() -> bool:
    """Wait until the database is ready; False when that will not happen."""
    signpost = os.environ.pop(GO_FD, "")
    if not signpost:
        return True
    with socket.socket(fileno=int(signpost)) as go:
        return bool(go.recv(2))

"""The kit that every plugin's pretend vendor is built from: request log, faults, a server."""

from __future__ import annotations

import io
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary, WeakSet

from flask import Flask, Response, g, jsonify, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.test import run_wsgi_app

FaultKind = Literal["status", "delay", "drop_before", "drop_after", "truncate", "html"]


@dataclass
class Fault:
    """One way to misbehave, and when.

    kind: status (answer with it), delay, drop_before (close the connection before the work is
    done), drop_after (when it is done but not yet answered), truncate (send half of the body) or
    html (a proxy's error page). method, path: regular expressions; method as a whole, path
    anywhere in it. status: of kinds status and html. seconds: of a delay. every: 10 hits each
    tenth matching request. times: so many hits and no more; None: no end. skip: leave so many
    matching requests alone first. body, headers: of the answer.
    """

    kind: FaultKind
    method: str = ".*"
    path: str = ".*"
    status: int = 503
    seconds: float = 0.0
    every: int = 1
    times: int | None = None
    skip: int = 0
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    hits: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is to be disturbed; counts it."""
        if not (re.fullmatch(self.method, method) and re.search(self.path, path)):
            return False
        if self.times is not None and self.hits >= self.times:
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.seen - self.skip) % self.every:
            return False
        self.hits += 1
        return True


class Sandbox:
    """What every pretend vendor shares: `/_sandbox/...` to look inside and to make it misbehave.

    GET, DELETE `/_sandbox/requests`: what was asked and its status, newest last.
    GET, POST, DELETE `/_sandbox/faults`: see `Fault`.
    GET `/_sandbox/state`: what the vendor holds, from `state()`.
    Requests under `/_sandbox/` need no credentials and are never logged or disturbed.
    """

    def __init__(
        self,
        app: Flask,
        *,
        state: Callable[[], dict[str, Any]],
        latency: float = 0.0,
        keep: int = 100_000,
    ) -> None:
        self.requests: deque[dict[str, Any]] = deque(maxlen=keep)
        self.faults: list[Fault] = []
        self.latency = latency
        self.state = state
        self.lock = threading.RLock()
        app.extensions["sandbox"] = self
        app.before_request(self._before)
        app.after_request(self._after)
        app.add_url_rule("/_sandbox/requests", view_func=self._requests, methods=["GET", "DELETE"])
        app.add_url_rule(
            "/_sandbox/faults", view_func=self._faults, methods=["GET", "POST", "DELETE"]
        )
        app.add_url_rule("/_sandbox/state", view_func=lambda: jsonify(self.state()))

    def fault(self, kind: FaultKind, **options: Any) -> Fault:
        """Add a fault from Python; over HTTP the same is a POST to `/_sandbox/faults`."""
        fault = Fault(kind, **options)
        self.faults.append(fault)
        return fault

    def asked(self, method: str = ".*", path: str = ".*") -> list[dict[str, Any]]:
        """The logged requests whose method and path match."""
        return [
            r
            for r in list(self.requests)
            if re.fullmatch(method, r["method"]) and re.search(path, r["path"])
        ]

    def _requests(self) -> Response:
        if request.method == "DELETE":
            self.requests.clear()
        return jsonify(list(self.requests))

    def _faults(self) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
        elif request.method == "POST":
            self.faults.append(Fault(**request.get_json()))
        return jsonify([asdict(f) for f in self.faults])

    def _before(self) -> Response | None:
        if request.path.startswith("/_sandbox/"):
            return None
        if self.latency:
            time.sleep(self.latency)
        with self.lock:
            g.faults = [f for f in self.faults if f.strikes(request.method, request.path)]
        for fault in g.faults:
            if fault.kind == "delay":
                time.sleep(fault.seconds)
            elif fault.kind == "drop_before":
                _hang_up()
                return Response(status=500)
            elif fault.kind == "status":
                return Response(fault.body or "", fault.status, fault.headers)
            elif fault.kind == "html":
                page = fault.body or "<html><body><h1>502 Bad Gateway</h1></body></html>"
                return Response(page, fault.status, content_type="text/html")
        return None

    def _after(self, response: Response) -> Response:
        if request.path.startswith("/_sandbox/"):
            return response
        self.requests.append(
            {
                "method": request.method,
                "path": request.path,
                "query": request.query_string.decode(),
                "body": request.get_data(as_text=True),
                "status": response.status_code,
            }
        )
        for fault in getattr(g, "faults", ()):
            if fault.kind == "drop_after":
                _hang_up()
            elif fault.kind == "truncate":
                whole = response.get_data()
                response.set_data(whole[: len(whole) // 2])
        return response


def _hang_up() -> None:
    """Close the connection under the server's feet, as a network does."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


class _KeepAlive(WSGIRequestHandler):
    """Answers many requests over one connection, as real vendors do.

    Werkzeug's own handler closes the connection after each answer, because it cannot be sure that
    the application has read the whole body; here the body is read before the application is asked.
    """

    protocol_version = "HTTP/1.1"

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = self.rfile.read(length)
            if len(body) < length:  # the caller died while it was asking
                self.close_connection = True
                return
        environ["wsgi.input"] = io.BytesIO(body)
        chunks, status, headers = run_wsgi_app(self.server.app, environ, buffered=True)
        answer = b"".join(chunks)
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        if "Content-Length" not in headers and int(code) not in (204, 304):
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def log_request(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: the request log is at `/_sandbox/requests`."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing: dropped connections are this server's trade."""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _connections.setdefault(self.server, WeakSet()).add(self.connection)


_connections: WeakKeyDictionary[BaseWSGIServer, WeakSet[socket.socket]] = WeakKeyDictionary()


def server(app: Flask, port: int = 0) -> BaseWSGIServer:
    """A loopback HTTP/1.1 keep-alive server for a sandbox; call `serve_forever()`."""
    return make_server("127.0.0.1", port, app, threaded=True, request_handler=_KeepAlive)


@contextmanager
def running(app: Flask, port: int = 0) -> Iterator[str]:
    """Serve a sandbox in a thread; yields its address without a trailing slash."""
    httpd = server(app, port)
    thread = threading.Thread(
        target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()
        for connection in list(_connections.get(httpd, ())):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=5)

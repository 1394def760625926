"""The web server's socket: opened before anything else, so that a taken port is known at once."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

from hub.config import ConfigError

LISTEN_FD = "KOPPEL_LISTEN_FD"
"""How the supervisor hands the open socket to the web server; internal, not a setting."""
GO_FD = "KOPPEL_GO_FD"
"""Where the web server is told that the database is ready; internal, not a setting."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; why it cannot be had is said in one sentence."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigError(
            f"KOPPEL_HOST: '{host}' is no address of this machine ({error.strerror}). "
            "Use 127.0.0.1, or 0.0.0.0 for every address."
        ) from error
    sock = socket.socket(family, kind, protocol)
    # Lets a restart have the port back while old connections are still being forgotten.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(where)
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise ConfigError(_why(host, port, error)) from error
    return sock


def _why(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"KOPPEL_PORT: port {port} on {host} is taken by another program. Stop that program, "
            f"or choose another port: koppel up --port {port + 1 if port < 65535 else port - 1}"
        )
    if error.errno == errno.EACCES:
        return (
            f"KOPPEL_PORT: this user may not listen on port {port}. Choose a port above 1023, "
            "and let a proxy have the low one."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return (
            f"KOPPEL_HOST: {host} is no address of this machine. "
            "Use 127.0.0.1, or 0.0.0.0 for every address."
        )
    return f"KOPPEL_HOST, KOPPEL_PORT: cannot listen on {host}:{port} ({error.strerror})."


def wait_for_http(address: tuple[str, int], go_on: Callable[[], bool], timeout: float) -> bool:
    """Wait until a web server answers anything at all; *go_on* is asked several times a second."""
    # A socket and not an HTTP client: the supervisor stays small, and a status line will do.
    deadline = time.monotonic() + timeout
    question = f"GET / HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nConnection: close\r\n\r\n"
    while time.monotonic() < deadline and go_on():
        try:
            with socket.create_connection(address, timeout=2.0) as client:
                client.sendall(question.encode())
                client.settimeout(0.1)
                while time.monotonic() < deadline and go_on():
                    try:
                        answer = client.recv(16)
                    except TimeoutError:
                        continue
                    if answer.startswith(b"HTTP/"):
                        return True
                    break
        except OSError:
            pass
        time.sleep(0.05)
    return False

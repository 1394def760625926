"""The only door to the HTTP library: what plugins need of it, under our own import."""

from __future__ import annotations

from httpx import (
    Auth,
    BaseTransport,
    BasicAuth,
    Client,
    ConnectTimeout,
    HTTPError,
    InvalidURL,
    Limits,
    Request,
    Response,
    Timeout,
    TimeoutException,
    TransportError,
    UnsupportedProtocol,
)
from httpx import ConnectError as HttpConnectError
from httpx import PoolTimeout as HttpPoolTimeout

__all__ = [
    "Auth",
    "BaseTransport",
    "BasicAuth",
    "Bearer",
    "Client",
    "ConnectTimeout",
    "HTTPError",
    "HttpConnectError",
    "HttpPoolTimeout",
    "InvalidURL",
    "Limits",
    "Request",
    "Response",
    "Timeout",
    "TimeoutException",
    "TransportError",
    "UnsupportedProtocol",
]


class Bearer(Auth):
    """`Authorization: Bearer TOKEN` on every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: Request):  # type: ignore[no-untyped-def]  # httpx's own shape
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

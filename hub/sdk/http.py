"""The only door to the HTTP library: what plugins need of it, under our own import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from httpx import (
    URL,
    Auth,
    BaseTransport,
    BasicAuth,
    ConnectTimeout,
    Cookies,
    Headers,
    HTTPError,
    InvalidURL,
    Limits,
    QueryParams,
    Request,
    Response,
    Timeout,
    TimeoutException,
    TransportError,
    UnsupportedProtocol,
)
from httpx import Client as HttpxClient
from httpx import ConnectError as HttpConnectError
from httpx import PoolTimeout as HttpPoolTimeout

__all__ = [
    "URL",
    "Auth",
    "BaseTransport",
    "BasicAuth",
    "Bearer",
    "Client",
    "ConnectTimeout",
    "HTTPError",
    "Headers",
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
    "query",
]


def query(params: Mapping[str, Any]) -> str:
    """Parameters as part of an address, as RFC 3986 has it: a blank is %20 and never a plus."""
    return urlencode(QueryParams(params).multi_items(), quote_via=quote, safe="")


class _NoCookies(Cookies):
    """Forgets what it is given. Every call carries its credentials: none needs a session."""

    def extract_cookies(self, response: Response) -> None:
        """Forget them."""

    def set_cookie_header(self, request: Request) -> None:
        """Send none."""


class Client(HttpxClient):
    """A client without cookies."""

    @property
    def cookies(self) -> Cookies:
        """None, ever."""
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        """Forget them."""


_NO_COOKIES = _NoCookies()


class Bearer(Auth):
    """`Authorization: Bearer TOKEN` on every request."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: Request):  # type: ignore[no-untyped-def]  # httpx's own shape
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

"""Guards around every request: known hosts, logged-in people, headers that browsers obey."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, redirect, request, url_for

from hub.config import Config, address
from hub.web.page import wants_part
from hub.web.people import somebody

PUBLIC = frozenset({"static", "auth.login", "setup.first_user", "health.healthz", "hooks.receive"})
"""Endpoints that need no login."""

_CONTENT = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_YEAR = 31_536_000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def guard(app: Flask, config: Config) -> None:
    """Register the guards. Before the CSRF check, so that an expired login says so."""
    secure = config.base_url.startswith("https:")
    app.before_request(_known_host(config))
    app.before_request(require_login)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if secure:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
        if request.endpoint == "static" and "v" in request.args and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
        elif request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def behind_proxy(config: Config) -> bool:
    """Whether a public address was set: then a proxy stands in front and says who asks."""
    return config.base_url != address(config.host, config.port)


def _known_host(config: Config) -> Callable[[], None]:
    """Refuse requests for other host names, which a foreign site may point at this machine."""
    public = urlsplit(config.base_url).hostname or ""
    known = {*_LOOPBACK, config.host, public}
    closed = behind_proxy(config) or config.host in _LOOPBACK

    def check() -> None:
        if closed and urlsplit(f"//{request.host}").hostname not in known:
            abort(
                400,
                f"This hub does not go by the name {request.host[:80]}. If that is its address, "
                "set KOPPEL_BASE_URL to it and start the hub again.",
            )

    return check


def require_login() -> Any:
    """Send whoever is not logged in to the login page, and back afterwards."""
    if request.endpoint in PUBLIC or request.endpoint is None or somebody():
        return None
    if wants_part():
        abort(401)  # the page then loads itself again, and with it the login page
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("auth.login", next=wanted if wanted != "/" else None), 303)

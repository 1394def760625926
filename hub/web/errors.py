"""Error pages: a sentence for the person, an incident number for the log, never a traceback."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from hub.store.errors import StoreError

log = logging.getLogger("koppel.web")
PAGES = {400, 401, 403, 404, 405, 413, 500, 503}
_DRAINED = 32 * 1024 * 1024


def register(app: Flask) -> None:
    """Let every error end in a page."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(CSRFError, _stale)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(StoreError, _store)
    app.register_error_handler(Exception, _broken)


def _page(status: int, message: str | None = None, reference: str | None = None) -> Response:
    # Nothing of this page may ask the database: it may be what failed.
    g.bare = True
    g._login_user = AnonymousUserMixin()
    known = status if status in PAGES else 500 if status >= 500 else 400
    html = render_template(f"errors/{known}.html", message=message, reference=reference)
    return make_response(html, status)


def _refused(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error.get_response())
    own = error.description if error.description != type(error).description else None
    answer = _page(error.code, own)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            answer.headers[name] = value
    return answer


def _stale(error: CSRFError) -> Response:
    return _page(
        400,
        "For safety the hub only takes what comes from a page it has just shown. Reload the page "
        "and try again; if that does not help, allow cookies for this address.",
    )


def _too_large(error: RequestEntityTooLarge) -> Response:
    # A browser that is still sending would see a broken connection instead of this page.
    left = _DRAINED
    stream: Any = request.environ["wsgi.input"]
    length = request.content_length
    left = min(left, length) if length is not None else 0
    while left > 0 and (chunk := stream.read(min(left, 65536))):
        left -= len(chunk)
    return _page(413)


def _store(error: StoreError) -> Response:
    return _page(503, str(error), _incident(error))


def _broken(error: Exception) -> Response:
    return _page(500, None, _incident(error))


def _incident(error: Exception) -> str:
    """Log what happened under a short number that the page shows."""
    number = secrets.token_hex(4)
    log.error("incident %s: %s %s", number, request.method, request.path, exc_info=error)
    return number

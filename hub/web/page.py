"""What every view needs: the hub, a page or just the part that htmx asked for, a way onwards."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlsplit

from flask import Response, current_app, flash, make_response, redirect, render_template, request
from flask_htmx import HTMX

from hub.engine.hub import Hub

STOP_POLLING = 286
"""The status by which htmx stops asking."""
EXTENSION = "koppel"
htmx = HTMX()


def hub() -> Hub:
    """The hub that this application shows."""
    return cast(Hub, current_app.extensions[EXTENSION])


def wants_part() -> bool:
    """Whether htmx will put the answer into a page that is there already."""
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def page(template: str, part: str | None = None, *, status: int = 200, **context: Any) -> Response:
    """Render *template*; an htmx request gets just *part*, which the page includes as well."""
    chosen = part if part and wants_part() else template
    response = make_response(render_template(chosen, **context))
    response.status_code = status
    response.vary.add("HX-Request")
    return response


def go(address: str, message: str = "", tone: str = "good") -> Response:
    """On to another page, with a message that is shown there."""
    if message:
        flash(message, tone)
    return cast(Response, redirect(address, 303))


def safe_next(address: str | None) -> str | None:
    """An address to go to afterwards, if it is a path of this hub; never another site's."""
    if not address or not address.startswith("/") or not address.isprintable():
        return None
    if address.startswith("//") or "\\" in address:  # browsers read both as another host
        return None
    parts = urlsplit(address)
    return None if parts.scheme or parts.netloc else address


def posted() -> dict[str, list[str]]:
    """What the browser posted: every name with all of its values."""
    return request.form.to_dict(flat=False)


def number_in(name: str) -> int | None:
    """A whole number in the address, such as where a page of a list goes on."""
    value = request.args.get(name, "")
    return int(value) if value.isdecimal() and len(value) <= 18 else None

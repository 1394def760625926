"""Logging in and out."""

from __future__ import annotations

import math
from typing import cast

from flask import Blueprint, Response, current_app, request, url_for
from pydantic import SecretStr

from hub.engine.forms import Filled, fill
from hub.sdk.forms import Form, secret, text
from hub.store import users
from hub.store.tables import User
from hub.web import fields
from hub.web.limiter import LoginLimiter
from hub.web.page import go, hub, page, posted, safe_next
from hub.web.people import log_in, log_out, somebody

bp = Blueprint("auth", __name__)


class Login(Form):
    """Who comes in."""

    email: str = text("E-mail address")
    password: SecretStr = secret("Password")


@bp.route("/login", methods=["GET", "POST"])
def login() -> Response:
    """Let somebody in, and go on to where they were going."""
    wanted = safe_next(request.values.get("next")) or url_for("dashboard.index")
    if somebody():
        return go(wanted)
    if request.method == "GET":
        return _form(wanted)
    filled = fill(Login, fields.answers(Login, posted()))
    if filled.value is None:
        return _form(wanted, filled, status=422)
    user, problem, status = _admitted(filled.value)
    if user is None:
        return _form(wanted, filled, problem, status)
    log_in(user)
    return go(wanted)


@bp.post("/logout")
def logout() -> Response:
    """Forget the session."""
    log_out()
    return go(url_for("auth.login"), "You are logged out.", "info")


def _admitted(form: Login) -> tuple[User | None, str, int]:
    """The user, or why not and with which status."""
    limiter = cast(LoginLimiter, current_app.extensions["koppel_limiter"])
    address = request.remote_addr or ""
    wait = limiter.wait(address, form.email)
    if wait > 0:
        return None, f"Too many attempts. Try again in {_words(wait)}.", 429
    user = users.verify(hub().database, form.email, form.password.get_secret_value())
    if user is None:
        limiter.failed(address, form.email)
        return None, "This e-mail address and password do not belong together.", 422
    limiter.succeeded(address, form.email)
    return user, "", 200


def _words(seconds: float) -> str:
    if seconds <= 90:
        return f"{math.ceil(seconds)} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def _form(
    wanted: str, filled: Filled[Login] | None = None, problem: str = "", status: int = 200
) -> Response:
    shown = fields.simple(Login, posted() if filled else None, filled)
    shown[0] |= {"autocomplete": "username", "type": "email", "inputmode": "email"}
    shown[1] |= {"autocomplete": "current-password"}
    return page(
        "auth/login.html",
        status=status,
        fields=shown,
        form_errors=[problem] if problem else [],
        next=wanted,
        no_users=not users.any_user(hub().database),
    )

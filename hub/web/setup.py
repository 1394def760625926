"""Setup: the first user, made through the one-time link that `koppel up` prints."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from pydantic import SecretStr

from hub.engine.forms import Filled, fill
from hub.sdk.forms import Form, secret, text
from hub.store import users
from hub.web import fields, forget_setup_link, setup_token_fits
from hub.web.page import go, hub, page, posted
from hub.web.people import log_in

bp = Blueprint("setup", __name__)


class FirstUser(Form):
    """Who sets the hub up."""

    name: str = text("Your name", default="", max_length=200)
    email: str = text("E-mail address", help="You log in with it.")
    password: SecretStr = secret(
        "Password", help=f"At least {users.SHORTEST_PASSWORD} characters; a sentence is fine."
    )


@bp.route("/setup/<token>", methods=["GET", "POST"])
def first_user(token: str) -> Response:
    """Welcome whoever started the hub."""
    database = hub().database
    if not setup_token_fits(database, token) or users.any_user(database):
        return page("setup/first_user.html", status=404, token_ok=False, fields=[], form_errors=[])
    if request.method == "GET":
        return _form()
    filled = fill(FirstUser, fields.answers(FirstUser, posted()))
    if filled.value is None:
        return _form(filled)
    form = filled.value
    try:
        user = users.add_first(
            database, form.email, form.password.get_secret_value(), name=form.name
        )
    except users.UserError as error:
        return _form(fields.complaint(str(error), error.field))
    forget_setup_link(database)
    log_in(user)
    return go(url_for("dashboard.index"), f"Welcome, {user.name or user.email}.")


def _form(filled: Filled[FirstUser] | None = None) -> Response:
    shown = fields.simple(FirstUser, posted() if filled else None, filled)
    shown[0]["autocomplete"] = "name"
    shown[1] |= {"autocomplete": "username", "type": "email", "inputmode": "email"}
    return page(
        "setup/first_user.html",
        status=422 if filled else 200,
        token_ok=True,
        fields=shown,
        form_errors=fields.general(filled, shown),
    )

"""Alerts: where the hub sends word when something needs a person."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from pydantic import SecretStr

from hub.engine import channels, forms
from hub.engine.channels import Message
from hub.engine.forms import Filled
from hub.sdk import ConfigurationError
from hub.sdk.forms import Form, secret, text
from hub.web import fields
from hub.web.page import go, hub, page, posted

bp = Blueprint("alerting", __name__)


class NewChannel(Form):
    """Where alerts go."""

    name: str = text(
        "Name",
        help="Lower-case letters, digits and dashes. An existing name gets the new address.",
        example="bookkeeper",
        max_length=40,
    )
    url: SecretStr = secret(
        "Address",
        help="As Apprise spells it: mailto://user:password@mail.example.com?to=you@example.com, "
        "ntfys://ntfy.sh/topic, slack://..., jsons://hooks.example.com/path and many more.",
    )


@bp.route("/settings/alerts", methods=["GET", "POST"])
def index() -> Response:
    """All channels; add one."""
    if request.method == "GET":
        return _page()
    filled = forms.fill(NewChannel, fields.answers(NewChannel, posted()))
    if filled.value is None:
        return _page(filled)
    try:
        with hub().database.session() as session:
            row = channels.add(
                hub(), session, filled.value.name, filled.value.url.get_secret_value()
            )
    except ConfigurationError as error:
        return _page(fields.complaint(str(error), error.setting))
    return go(url_for("alerting.index"), f"{row.name} is added. Send it a test.")


@bp.post("/settings/alerts/<name>/test")
def test(name: str) -> Response:
    """Send one message, and say how that went."""
    message = Message(
        title="Koppel can reach you",
        text="This is a test. Alerts about records that wait for you arrive here.",
        link=hub().config.base_url,
    )
    told = channels.send(hub(), message, only=name)
    if name not in told:
        return go(url_for("alerting.index"), "This channel is not here (any more).", "bad")
    if told[name]:
        return go(url_for("alerting.index"), f"{name}: {told[name]}", "bad")
    return go(url_for("alerting.index"), f"A test is on its way to {name}.")


@bp.post("/settings/alerts/<name>/remove")
def remove(name: str) -> Response:
    """No more alerts there."""
    try:
        with hub().database.session() as session:
            channels.remove(session, name)
    except ConfigurationError as error:
        return go(url_for("alerting.index"), str(error), "bad")
    return go(url_for("alerting.index"), f"{name} gets no more alerts.")


def _page(adding: Filled[Any] | None = None) -> Response:
    new = fields.simple(NewChannel, posted() if adding else None, adding)
    with hub().database.session() as session:
        rows = [
            {
                "name": row.name,
                "address": channels.shown(hub(), row),
                "told_at": row.told_at,
                "error": row.error,
            }
            for row in channels.listed(session)
        ]
    return page(
        "settings/alerts.html",
        status=422 if adding else 200,
        channels=rows,
        fields=new,
        form_errors=fields.general(adding, new),
    )

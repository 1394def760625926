"""Connect: to the vendor's page where access is given, and back; and disconnect again."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from flask import Blueprint, Response, request, session, url_for
from sqlmodel import col, select

from hub.engine import connections as desk
from hub.engine import oauth
from hub.sdk import ConfigurationError
from hub.store.tables import Connection
from hub.web import shapes
from hub.web.page import go, hub, page, safe_next
from hub.web.rows import connection_row

bp = Blueprint("oauth", __name__)
_BROWSER = "oauth_browser"


@bp.post("/oauth/connect/<name>")
def connect(name: str) -> Response:
    """Leave for the vendor's page."""
    return leave(connection_row(name), safe_next(request.form.get("next")))


@bp.post("/oauth/disconnect/<name>")
def disconnect(name: str) -> Response:
    """Forget the access; the page that asks says what stops."""
    row = connection_row(name)
    title, system = shapes.title_of(row), shapes.system(hub().registry, row.system)["title"]
    here = url_for("connections.edit", name=name)
    try:
        problem = oauth.disconnect(hub(), row)
    except ConfigurationError as error:
        return go(here, f"{error}", "bad")
    if problem:
        return go(
            here,
            f"{title} is disconnected: the hub has forgotten its access. {system} was not told, so "
            f"take it back over there as well. {problem}",
            "warn",
        )
    return go(here, f"{title} is disconnected: the hub has forgotten its access.")


def leave(row: Connection, following: str | None = None) -> Response:
    """A page that goes on to the vendor. A form may not lead to another site by itself."""
    here = url_for("connections.edit", name=row.name, next=following)
    public = hub().config.base_url
    if urlsplit(public).netloc != request.host:
        return go(
            here,
            f"Open the hub at {public} to connect: the other side sends you back there. If that is "
            "not its address, set KOPPEL_BASE_URL.",
            "bad",
        )
    browser = session.setdefault(_BROWSER, secrets.token_urlsafe(24))
    try:
        address = oauth.begin(hub(), row, browser=browser, following=following or "")
    except ConfigurationError as error:
        return go(here, f"{error}", "bad")
    return page(
        "oauth/leaving.html",
        title=shapes.title_of(row),
        system=shapes.system(hub().registry, row.system),
        address=address,
    )


@bp.get(urlsplit(oauth.PATH).path)
def callback() -> Response:
    """Somebody comes back from the vendor, with a code or with its reasons."""
    given = request.args.get
    refused = given("error_description") or given("error") or ""
    try:
        back = oauth.finish(
            hub(),
            state=given("state", ""),
            browser=session.get(_BROWSER, ""),
            code=given("code", ""),
            refused=refused[:300],
        )
    except oauth.NotExpected as error:
        return go(url_for("connections.index"), f"{error} Press Connect again.", "bad")
    row = connection_row(back.connection)
    title = shapes.title_of(row)
    here = url_for("connections.edit", name=row.name, next=back.next or None)
    if back.problem:
        return go(here, f"{title} is not connected: {back.problem}", "bad")
    assert row.id is not None
    found = desk.check(hub(), row.id)
    if not found.ok:
        return go(here, f"{title}: {found.message}", "bad")
    _name_it(row, found.account)
    title = "" if row.title == found.account else f"{shapes.title_of(row)}: "
    told = " ".join((f"{title}{found.message}", *found.warnings))
    return go(safe_next(back.next) or here, told, "warn" if found.warnings else "good")


def _name_it(row: Connection, account: str) -> None:
    """What was saved before anybody knew whose account it is gets the account's name."""
    system = hub().registry.system(row.system)
    if account and row.title == system.title:
        with hub().database.session() as store:
            kept = store.exec(select(Connection).where(col(Connection.id) == row.id)).one()
            kept.title = row.title = account
            store.add(kept)

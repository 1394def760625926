"""Connections: listed, added, tested before they are saved, changed, checked and removed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from sqlmodel import Session, select

from hub.engine import connections as desk
from hub.engine import forms, oauth, webhooks
from hub.engine.connections import Checked
from hub.engine.forms import Filled
from hub.engine.naming import free_name, name_problem
from hub.model import Json
from hub.sdk import ConfigurationError, Form, System
from hub.sdk.forms import text
from hub.store import queries
from hub.store.tables import Connection
from hub.web import fields, shapes
from hub.web.markdown import rendered
from hub.web.oauth import leave
from hub.web.page import go, htmx, hub, page, posted, safe_next
from hub.web.rows import connection_row as _row
from hub.web.standing import address_of, lacks_access, standing

bp = Blueprint("connections", __name__)
_TITLES = {"unreachable": "The system could not be reached.", "new": "Not connected yet."}
CREDENTIALS, SETTINGS, OWN = "credentials-", "settings-", "connection-"


class New(Form):
    """What the hub itself asks about a connection."""

    title: str = text(
        "Name",
        default="",
        max_length=80,
        help="What you call it. Empty: the name that the account has over there.",
    )
    name: str = text(
        "Short name",
        default="",
        max_length=60,
        help="For files and the command line; it stays the same. Empty: made from the name.",
        example="webshop",
        advanced=True,
    )


class Change(Form):
    """What the hub asks when it is changed."""

    title: str = text("Name", default="", max_length=80, help="What you call it.")


@bp.get("/connections")
def index() -> Response:
    """All of them."""
    with hub().database.session() as session:
        shown = all_connections(session)
    return page("connections/index.html", connections=shown)


@bp.get("/connect")
def new() -> Response:
    """Which system?"""
    registry = hub().registry
    systems = [
        shapes.system_of(s) | {"entities": [e.title for e in s.entities]}
        for s in sorted(registry.systems.values(), key=lambda s: s.title.casefold())
    ]
    return page(
        "connections/new.html",
        systems=systems,
        broken=len(registry.failures),
        next=safe_next(request.args.get("next")),
    )


@bp.route("/connect/<system>", methods=["GET", "POST"])
def add(system: str) -> Response:
    """Ask how to reach an account; test it; keep it."""
    draft = _Draft(_system(system))
    if request.method == "GET":
        return draft.page()
    return _work(draft)


@bp.route("/connections/<name>", methods=["GET", "POST"])
def edit(name: str) -> Response:
    """Change a connection. What is stored of its secrets never leaves the hub."""
    row = _row(name)
    draft = _Draft(_system(row.system), row)
    if request.method == "GET":
        return draft.page()
    return _work(draft)


@bp.post("/connections/<name>/check")
def check(name: str) -> Response:
    """Call the system now, and remember how it went."""
    row = _row(name)
    assert row.id is not None
    try:
        found = desk.check(hub(), row.id)
    except ConfigurationError as error:  # the plugin is gone
        return go(url_for("connections.index"), f"{shapes.title_of(row)}: {error}", "bad")
    tone = "good" if found.ok else "bad"
    return go(url_for("connections.index"), f"{shapes.title_of(row)}: {found.message}", tone)


@bp.post("/connections/<name>/webhook-address")
def new_address(name: str) -> Response:
    """Another secret address for webhooks; the one before is worth nothing any more."""
    row = _row(name)
    here = url_for("connections.edit", name=name, _anchor="webhook")
    try:
        webhooks.renew_address(hub(), row)
    except ConfigurationError as error:
        return go(here, f"{error}", "bad")
    where = shapes.system(hub().registry, row.system)["title"]
    return go(
        here,
        f"There is a new webhook address. The old one has stopped working: enter the new one in "
        f"{where} now.",
        "warn",
    )


@bp.post("/connections/<name>/remove")
def remove(name: str) -> Response:
    """Delete it, unless a flow needs it."""
    row = _row(name)
    try:
        with hub().database.session() as session:
            desk.remove(session, session.get_one(Connection, row.id))
    except ConfigurationError as error:
        return go(url_for("connections.edit", name=name), f"{error}.", "bad")
    return go(url_for("connections.index"), f"{shapes.title_of(row)} is removed.")


def all_connections(session: Session) -> list[Json]:
    """Every connection as templates show it, by title."""
    shown = [
        shapes.connection(hub().registry, view)
        | {"address": address_of(view.connection), "lacks_access": lacks_access(view.connection)}
        for view in queries.connections(session)
    ]
    return sorted(shown, key=lambda c: str(c["title"]).casefold())


# ---- adding and changing


def _work(draft: _Draft) -> Response:
    """What the form's buttons say: test, save when it works, or save although nobody answers."""
    does = request.form.get("do", "save")
    if not draft.complete:
        return draft.page(status=422)
    if draft.oauth and does != "test":
        return draft.save_and_connect()
    if does == "save_anyway":
        return draft.save(None)
    checked = draft.test()
    if does == "save" and checked.ok:
        return draft.save(checked)
    return draft.page(status=200 if checked.ok else 422)


class _Draft:
    """A connection while its form is being filled in: what is stored, posted, wrong and found."""

    def __init__(self, system: System, row: Connection | None = None) -> None:
        self.system, self.row = system, row
        self.about = Change if row else New
        self.kept = desk.stored_credentials(hub(), row) if row else {}
        self.checked: Checked | None = None
        self.seconds = 0.0
        self.own: Filled[Any] | None = None
        if request.method == "POST":
            given = posted()
            self.own = self._named(forms.fill(self.about, fields.answers(self.about, given, OWN)))
            self.credentials = forms.fill(
                system.credentials,
                fields.answers(system.credentials, given, CREDENTIALS),
                kept=self.kept,
            )
            self.settings = forms.fill(
                system.settings, fields.answers(system.settings, given, SETTINGS)
            )

    @property
    def complete(self) -> bool:
        """Whether all of the form is in order."""
        own = self.own and self.own.value
        return None not in (own, self.credentials.value, self.settings.value)

    @property
    def oauth(self) -> bool:
        """Whether access is given over there, as the form says now or by default."""
        declared = self.system.oauth2
        if declared is None:
            return False
        form = self.credentials.value if request.method == "POST" else None
        if form is None and self.kept:
            form = forms.fill(self.system.credentials, self.kept).value
        form = form or self.system.credentials.model_construct()
        try:
            return bool(declared.when(form))
        except (AttributeError, TypeError, ValueError):  # required answers that are not there yet
            return False

    def _named(self, own: Filled[Any]) -> Filled[Any]:
        """A short name that was typed must be usable and free."""
        name = getattr(own.value, "name", "")
        if not name:
            return own
        with hub().database.session() as session:
            taken = session.exec(select(Connection.id).where(Connection.name == name)).first()
        problem = name_problem(name) or (f"there is a connection {name!r} already" if taken else "")
        return fields.complaint(problem, "name") if problem else own

    def test(self) -> Checked:
        """Call the system with what was typed."""
        assert self.credentials.value is not None
        assert self.settings.value is not None
        began = time.perf_counter()
        if self.oauth and (self.row is None or not _connected(self.row)):
            self.checked = Checked(
                status="new",
                message="Save it first: then somebody gives access over there, and it is tested.",
            )
            return self.checked
        self.checked = desk.try_out(
            hub(),
            self.system,
            self.credentials.value,
            self.settings.value,
            tokens=hub().tokens(self.row, self.credentials.value) if self.row else None,
        )
        self.seconds = time.perf_counter() - began
        if self.checked.field:
            errors = {self.checked.field: self.checked.message}
            self.credentials = Filled(self.credentials.value, errors)
        return self.checked

    def save(self, checked: Checked | None) -> Response:
        """Keep it, with what the test found."""
        with hub().database.session() as session:
            row = self._stored(session, checked)
            assert row.id is not None
            if checked is not None:
                desk.remember(session, row.id, checked)
            title = shapes.title_of(row)
        found = f", connected to {checked.account}" if checked and checked.account else ""
        warnings = " ".join(checked.warnings) if checked else ""
        address = safe_next(request.form.get("next")) or url_for("connections.index")
        message = f"{title} is saved{found}. {warnings}".strip()
        return go(address, message, "warn" if warnings else "good")

    def save_and_connect(self) -> Response:
        """Keep it, then test it; without access that was given, go and have it given first."""
        with hub().database.session() as session:
            row = self._stored(session, None)
        following = safe_next(request.form.get("next"))
        if not _connected(row):
            return leave(row, following)
        found = desk.check(hub(), row.id or 0)
        here = url_for("connections.edit", name=row.name, next=following)
        onwards = (following or url_for("connections.index")) if found.ok else here
        return go(
            onwards, f"{shapes.title_of(row)}: {found.message}", "good" if found.ok else "bad"
        )

    def _stored(self, session: Session, checked: Checked | None) -> Connection:
        assert self.own is not None
        assert self.own.value is not None
        assert self.credentials.value is not None
        title = self.own.value.title or (checked.account if checked else "")
        if self.row is not None:
            row = session.get_one(Connection, self.row.id)
            desk.update(
                hub(),
                session,
                row,
                title=title,
                credentials=self.credentials.value,
                settings=self.settings.value,
            )
            return row
        taken = session.exec(select(Connection.name)).all()
        assert self.settings.value is not None
        return desk.create(
            hub(),
            session,
            name=self.own.value.name or free_name(title or self.system.name, taken),
            system=self.system.name,
            title=title or self.system.title,
            credentials=self.credentials.value,
            settings=self.settings.value,
        )

    # ---- showing

    def page(self, status: int = 200) -> Response:
        """The form, and beside it how to find what it asks."""
        shown = self._fields()
        return page(
            "connections/edit.html",
            "connections/_check.html" if request.form.get("do") == "test" else None,
            status=status,
            connection=self._connection(),
            system=shapes.system_of(self.system) | {"setup": rendered(self.system.setup)},
            fields=shown,
            form_errors=self._general(shown),
            check=self._check(),
            oauth=self.oauth,
            redirect=oauth.redirect_address(hub()) if self.system.oauth2 else None,
            **(standing(self.row) if self.row else {}),
            next=safe_next(request.values.get("next")),
            htmx=htmx,
        )

    def _connection(self) -> Json | None:
        if self.row is None:
            return None
        with hub().database.session() as session:
            view = queries.connection(session, self.row.name)
        return shapes.connection(hub().registry, view) if view else None

    def _fields(self) -> list[Json]:
        row, given = self.row, posted() if request.method == "POST" else None
        bad: Mapping[str, Any] = {}
        if given is not None:
            bad = {"own": self.own, "credentials": self.credentials, "settings": self.settings}
        live = fields.Live(hub(), own=row)
        own = fields.shown(
            self.about,
            prefix=OWN,
            values={"title": row.title} if row else {},
            posted=given,
            filled=bad.get("own"),
        )
        secret = set(forms.secret_names(self.system.credentials))
        credentials = fields.shown(
            self.system.credentials,
            prefix=CREDENTIALS,
            values={k: v for k, v in self.kept.items() if k not in secret},
            posted=given,
            filled=bad.get("credentials"),
            kept={name for name in secret if self.kept.get(name)},
            live=live,
        )
        settings = fields.shown(
            self.system.settings,
            prefix=SETTINGS,
            values=row.settings if row else {},
            posted=given,
            filled=bad.get("settings"),
            live=live,
        )
        return own + credentials + settings

    def _general(self, shown: list[Json]) -> list[str]:
        if request.method != "POST":
            return []
        return [
            message
            for filled, prefix in (
                (self.own, OWN),
                (self.credentials, CREDENTIALS),
                (self.settings, SETTINGS),
            )
            for message in fields.general(filled, shown, prefix=prefix)
        ]

    def _check(self) -> Json | None:
        found = self.checked
        if found is None:
            return None
        return {
            "ok": found.ok,
            "account": found.account,
            "facts": found.facts,
            "title": _TITLES.get(found.status),
            "message": found.message,
            "field": CREDENTIALS + found.field if found.field else None,
            "can_save": found.status == "unreachable",
            "seconds": self.seconds,
        }


def _connected(row: Connection) -> bool:
    """Whether there is access that was given, and not taken back."""
    access = oauth.access(hub(), row)
    return access is not None and access.state == "good"


def _system(name: str) -> System:
    try:
        return hub().registry.system(name)
    except ConfigurationError as error:
        abort(404, f"{error}.")

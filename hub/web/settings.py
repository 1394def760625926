"""Settings: how long logs are kept, deleting them now, who may log in, colours."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from pydantic import SecretStr
from sqlmodel import Session, func, select

from hub.engine import forms
from hub.engine.forms import Filled
from hub.model import Json
from hub.sdk.forms import Form, choice, flag, number, secret, text
from hub.store import purge as cleaning
from hub.store import settings as overall
from hub.store import users as people
from hub.store.disk import log_size
from hub.store.settings import LONGEST_RETENTION, SettingError
from hub.store.tables import Entry, Flow, Payload
from hub.store.users import UserError
from hub.web import fields, shapes
from hub.web.jinja import THEME_COOKIE, THEMES
from hub.web.page import go, hub, page, posted, safe_next
from hub.web.people import Person, log_in, somebody

bp = Blueprint("settings", __name__)
_YEAR = 31_536_000
_DECLARED = {setting.name: setting for setting in overall.SETTINGS}


class Overall(Form):
    """The overall settings; what they mean is declared in the store."""

    retention_days: int = number(
        _DECLARED["retention_days"].title,
        help=_DECLARED["retention_days"].help,
        ge=1,
        le=LONGEST_RETENTION,
    )
    keep_payloads: bool = flag(
        _DECLARED["keep_payloads"].title, help=_DECLARED["keep_payloads"].help
    )
    time_zone: str = text(
        _DECLARED["time_zone"].title,
        default="",
        help=_DECLARED["time_zone"].help,
        max_length=60,
    )


class Purge(Form):
    """What to delete now."""

    older_than: int = number("Older than (days)", default=30, ge=0, le=LONGEST_RETENTION)
    flow: str = choice("Of", default="", options=(("", "All flows"),))


class NewUser(Form):
    """Who else may log in."""

    name: str = text("Name", default="", max_length=200)
    email: str = text("E-mail address")
    password: SecretStr = secret(
        "Password", help=f"At least {people.SHORTEST_PASSWORD} characters. Tell it to them safely."
    )


class OwnPassword(Form):
    """A change of one's own password."""

    current: SecretStr = secret("Password until now")
    new: SecretStr = secret("New password", help=f"At least {people.SHORTEST_PASSWORD} characters.")


# ---- general


@bp.route("/settings", methods=["GET", "POST"])
def index() -> Response:
    """How long logs are kept, and facts about the hub."""
    filled: Filled[Any] | None = None
    if request.method == "POST":
        filled = forms.fill(Overall, fields.answers(Overall, posted()))
        if filled.value is not None:
            try:
                overall.set_all(hub().database, forms.plain(filled.value))
                return go(url_for("settings.index"), "The settings are saved.")
            except SettingError as error:
                filled = fields.complaint(str(error), error.setting)
    return _general(filled)


@bp.post("/settings/purge")
def purge() -> Response:
    """Delete logs now; says how many rows and bytes."""
    filled = forms.fill(Purge, fields.answers(Purge, posted()))
    if filled.value is None:
        return _general(None, filled)
    with hub().database.session() as session:
        row = session.exec(select(Flow).where(Flow.name == filled.value.flow)).first()
    if filled.value.flow and row is None:
        return _general(None, fields.complaint("There is no such flow (any more).", "flow"))
    age = dt.timedelta(days=filled.value.older_than)
    done = cleaning.purge(hub().database, age, flow_id=row.id if row else None, pause=0.0)
    return go(url_for("settings.index"), _purged(done))


def _purged(done: cleaning.Purged) -> str:
    if not done.rows:
        return "There was nothing that old."
    freed = f", and {_size(done.bytes)} on the disk became free" if done.bytes else ""
    return (
        f"Deleted {done.entries:,} entries with {done.payloads:,} contents and {done.runs:,} runs"
        f"{freed}."
    )


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB" if count >= 100_000 else f"{count / 1000:,.0f} kB"


@bp.post("/settings/theme")
def theme() -> Response:
    """Remember the colours, for a browser without JavaScript."""
    wanted = request.form.get("theme")
    if wanted not in THEMES:
        abort(400, "There are light, dark and auto.")
    came_from = request.referrer or ""
    inside = came_from.startswith(request.host_url)
    path = safe_next("/" + came_from.removeprefix(request.host_url)) if inside else None
    answer = go(path or url_for("dashboard.index"))
    secure = hub().config.base_url.startswith("https:")
    answer.set_cookie(THEME_COOKIE, wanted, max_age=_YEAR, samesite="Lax", secure=secure)
    return answer


def _general(filled: Filled[Any] | None, purging: Filled[Any] | None = None) -> Response:
    kept = overall.all_settings(hub().database)
    shown = fields.shown(Overall, values=kept, posted=posted() if filled else None, filled=filled)
    with hub().database.session() as session:
        flows = _flows(session)
        storage = _storage(session)
    deleting = fields.simple(Purge, posted() if purging else None, purging)
    deleting[1]["choices"] = [
        {"value": "", "label": "All flows"},
        *({"value": f["name"], "label": f["title"]} for f in flows),
    ]
    return page(
        "settings/index.html",
        status=422 if filled or purging else 200,
        fields=shown,
        form_errors=fields.general(filled, shown),
        storage=storage,
        flows=flows,
        purge={"fields": deleting, "form_errors": []},
        key=_key(),
        zone=str(overall.time_zone(hub().database)),
        home=str(hub().config.home),
        database="SQLite" if hub().database.is_sqlite else "PostgreSQL",
    )


def _flows(session: Session) -> list[Json]:
    entries: dict[int, int] = dict(
        session.exec(select(Entry.flow_id, func.count()).group_by(Entry.flow_id)).all()  # type: ignore[arg-type]
    )
    sizes: dict[int, int] = dict(
        session.exec(
            select(Payload.flow_id, func.sum(func.length(Payload.data))).group_by(Payload.flow_id)  # type: ignore[arg-type]
        ).all()
    )
    return [
        shapes.brief(row)
        | {
            "retention_days": row.retention_days,
            "entries": entries.get(row.id or 0, 0),
            "contents_bytes": int(sizes.get(row.id or 0) or 0),
        }
        for row in session.exec(select(Flow).where(Flow.draft == False).order_by(Flow.name))  # noqa: E712
    ]


def _storage(session: Session) -> Json:
    return {
        "entries": session.exec(select(func.count()).select_from(Entry)).one(),
        "contents_bytes": int(
            session.exec(select(func.coalesce(func.sum(func.length(Payload.data)), 0))).one()
        ),
        "database_bytes": log_size(hub().database),
        "oldest": session.exec(select(func.min(Entry.at))).one(),
        "next_purge_at": None,
        "last_purge": None,
    }


def _key() -> Json:
    given = bool(hub().config.secret_key)
    return {
        "fingerprint": hub().vault.kid,
        "created_at": None,
        "place": "KOPPEL_SECRET_KEY" if given else str(hub().config.secret_key_file),
        "rotated": len(hub().vault.kids) - 1,
    }


# ---- users


@bp.route("/settings/users", methods=["GET", "POST"])
def users() -> Response:
    """Who may log in; add somebody."""
    if request.method == "GET":
        return _people()
    filled = forms.fill(NewUser, fields.answers(NewUser, posted()))
    if filled.value is None:
        return _people(filled)
    form = filled.value
    try:
        made = people.add(
            hub().database, form.email, form.password.get_secret_value(), name=form.name
        )
    except UserError as error:
        return _people(fields.complaint(str(error), error.field))
    return go(url_for("settings.users"), f"{made.email} can log in now.")


@bp.post("/settings/users/<int:user_id>/remove")
def remove_user(user_id: int) -> Response:
    """Somebody may no longer log in."""
    user = people.get(hub().database, user_id)
    if user is None:
        abort(404, "This user is not here (any more).")
    try:
        people.remove(hub().database, user.email)
    except UserError as error:
        return go(url_for("settings.users"), str(error), "bad")
    return go(url_for("settings.users"), f"{user.email} can no longer log in.")


@bp.route("/settings/password", methods=["POST"])
def password() -> Response:
    """Change one's own password; every other session of it ends."""
    filled = forms.fill(OwnPassword, fields.answers(OwnPassword, posted()))
    if filled.value is None:
        return _people(None, filled)
    database, email = hub().database, _me().email
    if people.verify(database, email, filled.value.current.get_secret_value()) is None:
        return _people(None, fields.complaint("This is not your password.", "current"))
    try:
        people.change_password(database, email, filled.value.new.get_secret_value())
    except UserError as error:
        return _people(None, fields.complaint(str(error), "new" if error.field else None))
    changed = people.get(database, _me().user_id or 0)
    assert changed is not None
    log_in(changed)
    return go(url_for("settings.users"), "Your password is changed.")


def _me() -> Person:
    person = somebody()
    assert person is not None  # every page of this module needs a login
    return person


def _people(adding: Filled[Any] | None = None, changing: Filled[Any] | None = None) -> Response:
    new = fields.simple(NewUser, posted() if adding else None, adding)
    new[1] |= {"type": "email", "autocomplete": "off", "inputmode": "email"}
    own = fields.simple(OwnPassword, posted() if changing else None, changing)
    own[0]["autocomplete"] = "current-password"
    return page(
        "settings/users.html",
        status=422 if adding or changing else 200,
        users=[
            {
                "id": user.id,
                "name": user.name or user.email,
                "email": user.email if user.name else None,
                "last_login": user.last_login_at,
                "created_at": user.created_at,
                "you": user.id == _me().user_id,
            }
            for user in people.list_all(hub().database)
        ],
        fields=new,
        form_errors=fields.general(adding, new),
        password={"fields": own, "form_errors": fields.general(changing, own)},
    )

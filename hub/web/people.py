"""People: who is logged in, told from the session and looked up again for every request."""

from __future__ import annotations

import hashlib
import hmac

from flask import current_app, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from hub.store import users
from hub.store.tables import User
from hub.web.page import hub


class Person(UserMixin):
    """A user of the hub. What the session holds ends with a change of the password."""

    def __init__(self, user: User) -> None:
        self.user_id = user.id
        self.email = user.email
        self.name = user.name or user.email
        self._mark = _mark(user)

    def get_id(self) -> str:
        """What the session keeps."""
        return f"{self.user_id}.{self._mark}"


def manager() -> LoginManager:
    """Flask-Login, told how a session becomes a person."""
    made = LoginManager()  # type: ignore[no-untyped-call]
    made.session_protection = "basic"
    made.user_loader(_load)  # type: ignore[no-untyped-call]
    return made


def somebody() -> Person | None:
    """Who is logged in."""
    person = current_user._get_current_object()
    return person if isinstance(person, Person) else None


def log_in(user: User) -> None:
    """Begin a fresh session for this user."""
    session.clear()
    session.permanent = True
    login_user(Person(user))  # type: ignore[no-untyped-call]


def log_out() -> None:
    """Forget the session."""
    logout_user()  # type: ignore[no-untyped-call]
    session.clear()


def _load(kept: str) -> Person | None:
    number, _, mark = kept.partition(".")
    if not number.isdecimal():
        return None
    user = users.get(hub().database, int(number))
    if user is None or not hmac.compare_digest(mark, _mark(user)):
        return None
    return Person(user)


def _mark(user: User) -> str:
    """Changes with the password; says nothing about it."""
    key = current_app.secret_key
    assert isinstance(key, bytes)
    return hmac.new(key, user.password_hash.encode(), hashlib.sha256).hexdigest()[:20]

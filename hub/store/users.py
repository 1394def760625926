"""Users: who may log in. Passwords are kept as Argon2 hashes only."""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, func, select

from hub.store.database import Database
from hub.store.errors import StoreError
from hub.store.tables import User, utc_now

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 1000
LONGEST_EMAIL = 254

# A hash takes 64 MiB and a third of a second on purpose: many logins at once must queue.
_HASHING = threading.BoundedSemaphore(2)


class UserError(StoreError):
    """A user cannot be added or changed like that. `field`: email or password, where it is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


def any_user(database: Database) -> bool:
    """Whether anybody can log in yet."""
    with database.session() as session:
        return session.exec(select(User.id).limit(1)).first() is not None


def list_all(database: Database) -> list[User]:
    """All users, by e-mail address."""
    with database.session() as session:
        return list(session.exec(select(User).order_by(col(User.email))))


def get(database: Database, user_id: int) -> User | None:
    """One user."""
    with database.session() as session:
        return session.get(User, user_id)


def add(database: Database, email: str, password: str, *, name: str = "") -> User:
    """Add a user. Raises UserError."""
    address = _address(email)
    user = User(email=address, name=name.strip()[:200], password_hash=_hashed(password, address))
    try:
        with database.session() as session:
            session.add(user)
    except IntegrityError:
        raise UserError(f"There is a user {address} already.", field="email") from None
    return user


def add_first(database: Database, email: str, password: str, *, name: str = "") -> User:
    """Add the user who sets the hub up. Raises UserError once there is one."""
    address = _address(email)
    hashed = _hashed(password, address)
    with database.immediate() as session:
        if not database.is_sqlite:  # of two that come at the same moment, one must wait
            session.connection().exec_driver_sql("LOCK TABLE user_account IN EXCLUSIVE MODE")
        if session.exec(select(User.id).limit(1)).first() is not None:
            raise UserError("The first user was made already: log in, or ask that user to add you.")
        user = User(email=address, name=name.strip()[:200], password_hash=hashed)
        session.add(user)
    return user


def remove(database: Database, email: str) -> None:
    """Remove a user. The last one stays, or anybody could become the first one again."""
    with database.immediate() as session:
        if not database.is_sqlite:
            session.connection().exec_driver_sql("LOCK TABLE user_account IN EXCLUSIVE MODE")
        user = _existing(session, email)
        if session.exec(select(func.count()).select_from(User)).one() == 1:
            raise UserError(f"{user.email} is the only user: add another one first.")
        session.delete(user)


def change_password(database: Database, email: str, password: str) -> None:
    """Give a user another password. Raises UserError."""
    hashed = _hashed(password, email.strip().casefold())
    with database.session() as session:
        user = _existing(session, email)
        user.password_hash = hashed
        session.add(user)


def verify(database: Database, email: str, password: str) -> User | None:
    """The user with this address and password, else None; it takes as long either way."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with database.session() as session:
        user = session.exec(select(User).where(User.email == email.strip().casefold())).first()
    known = user.password_hash if user else _decoy()
    if len(password) > LONGEST_PASSWORD:
        return None
    try:
        with _HASHING:
            _hasher().verify(known, password)
    except (VerificationError, InvalidHashError):
        return None
    if user is None:
        return None
    with database.session() as session:
        row = session.get(User, user.id)
        if row is None:
            return None
        row.last_login_at = utc_now()
        if _hasher().check_needs_rehash(known):
            with _HASHING:
                row.password_hash = _hasher().hash(password)
        session.add(row)
    return row


def _existing(session: Session, email: str) -> User:
    address = email.strip().casefold()
    user = session.exec(select(User).where(User.email == address)).first()
    if user is None:
        shown = address if len(address) <= LONGEST_EMAIL else f"{address[:40]}…"
        raise UserError(f"There is no user {shown}.", field="email")
    return user


def _address(email: str) -> str:
    address = email.strip().casefold()
    local, at, domain = address.rpartition("@")
    fits = at and local and "." in domain.strip(".") and address.isprintable()
    if not fits or " " in address or len(address) > LONGEST_EMAIL:
        raise UserError("Give an e-mail address, such as anna@example.com.", field="email")
    return address


def _hashed(password: str, address: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise UserError(
            f"The password is too short: it takes at least {SHORTEST_PASSWORD} characters.",
            field="password",
        )
    if len(password) > LONGEST_PASSWORD:
        raise UserError(
            f"The password is too long: it takes at most {LONGEST_PASSWORD} characters.",
            field="password",
        )
    if password.casefold() == address or len(set(password)) < 4:
        raise UserError("That password is too easy to guess. Take another one.", field="password")
    with _HASHING:
        return _hasher().hash(password)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher()


@cache
def _decoy() -> str:
    """A hash that no password fits, for addresses that are not known."""
    with _HASHING:
        return _hasher().hash("nobody's password")

"""Finds connections and flows by the names people give them, and says what they may be called."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from sqlmodel import Session, col, select

from hub.sdk import ConfigurationError
from hub.store.tables import Connection, Flow

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")


def name_problem(name: str) -> str | None:
    """Why a connection or flow cannot be called that; None when it can."""
    if _NAME.fullmatch(name):
        return None
    return (
        f"{name[:80]!r} cannot be a name: use letters, digits, - and _, starting with a letter or "
        "digit, at most 60 characters"
    )


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """A usable name that is like *wanted* and not taken yet: `webshop`, `webshop-2`."""
    base = re.sub(r"[^a-z0-9_]+", "-", wanted.lower()).strip("-_")[:50] or "new"
    used = set(taken)
    if base not in used:
        return base
    number = 2
    while f"{base}-{number}" in used:
        number += 1
    return f"{base}-{number}"


def nearest(name: str, known: Iterable[str], *, what: str) -> str:
    """ "did you mean ...?", or what there is, or that there is nothing yet."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, 1, 0.5)
    if near:
        return f"did you mean {near[0]!r}?"
    if not names:
        return f"there is no {what} yet"
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"there are: {', '.join(names[:12])}{more}"


def connection_named(session: Session, name: str) -> Connection:
    """The connection of that name. Raises ConfigurationError with the nearest known name."""
    found = session.exec(select(Connection).where(col(Connection.name) == name)).first()
    if found is None:
        names = session.exec(select(Connection.name)).all()
        raise ConfigurationError(
            f"There is no connection {name!r}; {nearest(name, names, what='connection')}"
        )
    return found


def flow_named(session: Session, name: str) -> Flow:
    """The flow of that name. Raises ConfigurationError with the nearest known name."""
    found = session.exec(select(Flow).where(col(Flow.name) == name)).first()
    if found is None:
        names = session.exec(select(Flow.name)).all()
        raise ConfigurationError(f"There is no flow {name!r}; {nearest(name, names, what='flow')}")
    return found

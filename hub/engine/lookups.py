"""Lookups: live choices from a connection, kept for ten minutes, shown stale when it is down."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from hub.engine.diagnosis import diagnose
from hub.engine.forms import plain
from hub.engine.hub import Hub
from hub.engine.naming import nearest
from hub.sdk import Api, ConfigurationError, KoppelError, Option
from hub.store.tables import Connection, LookupCache, utc_now

log = logging.getLogger(__name__)
FRESH = dt.timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True)
class Choices:
    """The choices, and how good they are.

    stale: older than ten minutes, because the system did not answer; `error` says why. Without
    any choice at all there is only the error.
    """

    name: str
    title: str
    options: Sequence[Option] = ()
    fetched_at: dt.datetime | None = None
    stale: bool = False
    message: str = ""
    error: Exception | None = None


def choices(
    hub: Hub, connection_id: int, name: str, *, refresh: bool = False, api: Api | None = None
) -> Choices:
    """The live choices of one lookup. A system that is down is reported, never raised.

    api: the connection, when it is open already. Raises ConfigurationError when the system has no
    such lookup.
    """
    with hub.database.session() as session:
        row = session.get_one(Connection, connection_id)
        cached = session.get(LookupCache, (connection_id, name))
    system = hub.registry.system(row.system)
    lookup = system.lookup(name)
    if lookup is None:
        hint = nearest(name, (known.name for known in system.lookups), what="lookup")
        raise ConfigurationError(f"{system.title} has no lookup {name!r}; {hint}")
    if cached is not None and not refresh and utc_now() - cached.fetched_at < FRESH:
        return Choices(
            name=name,
            title=lookup.title,
            options=[Option(**option) for option in cached.options],
            fetched_at=cached.fetched_at,
        )
    try:
        with nullcontext(api) if api else hub.open(row) as opened:
            found = [_kept(option) for option in lookup.fetch(opened)]
    except Exception as error:  # a plugin's mistake is reported like everything else
        return _failed(hub, row, name, lookup.title, cached, error)
    now = utc_now()
    with hub.database.session() as session:
        if session.get(Connection, connection_id) is not None:
            session.merge(
                LookupCache(connection_id=connection_id, name=name, options=found, fetched_at=now)
            )
    return Choices(
        name=name,
        title=lookup.title,
        options=[Option(**option) for option in found],
        fetched_at=now,
    )


def _kept(option: Option) -> dict[str, Any]:
    return {"value": option.value, "label": option.label, "data": plain(option.data)}


def _failed(
    hub: Hub,
    row: Connection,
    name: str,
    title: str,
    cached: LookupCache | None,
    error: Exception,
) -> Choices:
    if not isinstance(error, KoppelError):
        log.exception("lookup %s of %s went wrong", name, row.name)
    try:
        system = hub.registry.system(row.system)
        message = diagnose(system, hub.credentials(row), hub.settings(row), error).message
    except KoppelError:
        message = str(error)
    return Choices(
        name=name,
        title=title,
        options=[Option(**option) for option in cached.options] if cached else (),
        fetched_at=cached.fetched_at if cached else None,
        stale=cached is not None,
        message=f"{row.name}: {message}",
        error=error,
    )


def options(
    hub: Hub, connection: Connection, name: str, *, api: Api | None = None
) -> Sequence[Option]:
    """The choices for the engine's own use: none when the system has no such lookup.

    Raises what went wrong when there is nothing to go by, not even something older.
    """
    assert connection.id is not None
    if hub.registry.system(connection.system).lookup(name) is None:
        return ()
    found = choices(hub, connection.id, name, api=api)
    if found.error is not None and not found.stale:
        raise found.error
    return found.options

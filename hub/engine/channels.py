"""Channels: where alerts go; their addresses are sealed, because they hold passwords."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from hub.engine.hub import Hub
from hub.sdk import ConfigurationError
from hub.store.tables import Channel, utc_now
from hub.store.vault import channel_place

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
log = logging.getLogger("koppel.alerts")


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a person is told. link: the page where it can be mended."""

    title: str
    text: str
    link: str


def listed(session: Session) -> Sequence[Channel]:
    """All channels by name."""
    return session.exec(select(Channel).order_by(Channel.name)).all()


def shown(hub: Hub, row: Channel) -> str:
    """The kind of a channel and its host, without anything secret."""
    parts = urlsplit(_url(hub, row))
    return f"{parts.scheme}://{parts.hostname or ''}/…"


def _url(hub: Hub, row: Channel) -> str:
    return hub.vault.open(row.url, channel_place(row.id or 0))


def add(hub: Hub, session: Session, name: str, url: str) -> Channel:
    """Add a channel, or give one another address. Raises ConfigurationError saying what is wrong.

    url: as Apprise spells it (mailto://, slack://, json://, ntfy:// and many more).
    """
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} is no name for a channel: lower-case letters, digits and dashes, up to 40",
            setting="name",
        )
    _check(url)
    row = session.exec(select(Channel).where(col(Channel.name) == name)).first()
    if row is None:
        row = Channel(name=name, url="")
        session.add(row)
        session.flush()
    row.url, row.error = hub.vault.seal(url.strip(), channel_place(row.id or 0)), ""
    session.add(row)
    session.flush()
    return row


@contextmanager
def _library() -> Iterator[Any]:
    """The library that knows the services. It takes most of a second: only where it is needed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # its own, of imghdr
        import apprise

        yield apprise


def _check(url: str) -> None:
    noise = StringIO()
    with _library() as apprise, redirect_stdout(noise), redirect_stderr(noise):
        usable = apprise.Apprise().add(url.strip())
    if not usable:
        scheme = url.split(":")[0][:20]
        raise ConfigurationError(
            f"This address cannot be used ({scheme}://...). Write it as in "
            "mailto://user:password@mail.example.com?to=you@example.com, "
            "jsons://hooks.example.com/path or ntfys://ntfy.sh/topic",
            setting="url",
        )


def remove(session: Session, name: str) -> None:
    """Delete a channel. Raises ConfigurationError when there is none of that name."""
    row = session.exec(select(Channel).where(col(Channel.name) == name)).first()
    if row is None:
        raise ConfigurationError(f"There is no channel {name!r} (any more)", setting="name")
    session.delete(row)
    session.flush()


def send(hub: Hub, message: Message, *, only: str | None = None) -> dict[str, str]:
    """Tell every channel, and the plugins; channel name -> what went wrong, "" where it arrived.

    Never raises because of a channel: an alert that cannot be sent must not stop a run.
    """
    if only is None:
        hub.registry.hooks.notify(title=message.title, text=message.text, link=message.link)
    with hub.database.session() as session:
        rows = [row for row in listed(session) if only in (None, row.name)]
    told = {row.name: _tell(hub, row, message) for row in rows}
    with hub.database.session() as session:
        for row in rows:
            kept = session.get(Channel, row.id)
            if kept is not None:
                kept.told_at, kept.error = utc_now(), told[row.name]
                session.add(kept)
    return told


def _tell(hub: Hub, row: Channel, message: Message) -> str:
    body = f"{message.text}\n\n{message.link}"
    try:
        with _library() as apprise:
            sender = apprise.Apprise()
            sender.add(_url(hub, row))
            with apprise.LogCapture(level=logging.WARNING) as said:
                done = sender.notify(title=message.title, body=body)
                lines = [line for line in said.getvalue().splitlines() if line.strip()]
        if done:
            return ""
        return _without_secrets(lines[-1] if lines else "it was not taken", _url(hub, row))[:300]
    except Exception as error:  # somebody else's code, on the way to somebody else's server
        log.warning("alert to %s: %s", row.name, type(error).__name__)
        return f"it could not be sent ({type(error).__name__})"


def _without_secrets(text: str, url: str) -> str:
    parts = urlsplit(url)
    for secret in {parts.password, parts.username, *parts.path.split("/"), parts.query}:
        if secret and len(secret) >= 4:
            text = text.replace(secret, "•••")
    return text

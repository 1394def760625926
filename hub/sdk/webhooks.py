"""Webhooks: what a plugin declares; the hub owns the address, storage, duplicates and the runs."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hub.sdk.errors import KoppelError
from hub.sdk.http import Headers
from hub.sdk.oauth import always

WINDOW = 300.0
"""Seconds that a signed message may be old (or ahead of our clock) before it is refused."""


class Forged(KoppelError):
    """The message is not the vendor's own: its signature is missing or wrong."""


class TooOld(Forged):
    """The message was signed too long ago: somebody may be sending an old one again."""


@dataclass(frozen=True, kw_only=True)
class WebhookRequest:
    """What arrived. url: the public address, as the vendor called it. headers: case ignored."""

    method: str
    url: str
    headers: Headers
    body: bytes
    received_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """One thing that happened over there.

    entity: name of the entity. key: of the record, as `Entity.key_of` gives it. action: what
    happened. id: the same when the vendor tells again; "" when the vendor gives none (then the
    content of the whole message is what tells). at: when it happened.
    """

    entity: str
    key: str
    action: Literal["changed", "deleted"] = "changed"
    id: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """How a vendor tells the hub that something changed.

    An event says which record to read again, never what is in it: the record is fetched by its key
    through `Entity.get`, so events may come twice and in any order.
    verify(credentials, settings, request): raise Forged unless the vendor sent it; see `check_mac`
    and `check_age`. events(request): what happened. setup: Markdown, where to enter the address
    over there. when(credentials): whether this account can send any at all.
    """

    verify: Callable[[Any, Any, WebhookRequest], None]
    events: Callable[[WebhookRequest], Sequence[WebhookEvent]]
    setup: str = ""
    when: Callable[[Any], bool] = always


def check_mac(
    given: str | None,
    key: str,
    message: bytes,
    *,
    encoding: Literal["base64", "hex"] = "base64",
    algorithm: str = "sha256",
) -> None:
    """Compare a keyed signature (HMAC) with the right one, in constant time. Raises Forged."""
    if not given:
        raise Forged("It has no signature")
    made = hmac.new(key.encode(), message, getattr(hashlib, algorithm)).digest()
    right = base64.b64encode(made).decode() if encoding == "base64" else made.hex()
    wanted = given.strip() if encoding == "base64" else given.strip().lower()
    if not hmac.compare_digest(wanted.encode(), right.encode()):
        raise Forged("Its signature is wrong")


def check_age(signed_at: dt.datetime, request: WebhookRequest, seconds: float = WINDOW) -> None:
    """Raise TooOld unless it was signed within so many seconds of its arrival."""
    age = (request.received_at - signed_at).total_seconds()
    if abs(age) > seconds:
        when = f"{age:.0f} seconds before" if age > 0 else f"{-age:.0f} seconds after"
        raise TooOld(f"It was signed {when} it arrived; at most {seconds:.0f} are accepted")

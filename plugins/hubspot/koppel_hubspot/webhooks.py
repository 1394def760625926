"""Webhooks: messages that HubSpot signs, and what they say has changed."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from typing import Any

from hub.sdk import Forged, Webhook, WebhookEvent, WebhookRequest
from hub.sdk.webhooks import check_age, check_mac

from .forms import Credentials, Settings
from .searching import moment_of

SETUP = """
In HubSpot, where the app was made (**Settings > Integrations > Private Apps**, or your developer
account), open **Webhooks** and

1. enter the address below as **target URL**;
2. subscribe to creation, change and deletion of contacts, companies, products, orders, deals and
   invoices, as far as your flows read them.

The **client secret** of that app has to be among the credentials of this connection: HubSpot signs
its messages with it. A legacy private app signs with version 1; choose that in the settings then.
A service key cannot send any.
"""
#: Number and name of a type -> entities, and how their keys begin.
_ENTITIES = {
    "0-1": (("customers", "contact-"),),
    "0-2": (("customers", "company-"),),
    "0-3": (("deals", ""),),
    "0-7": (("products", ""), ("stock", "")),
    "0-53": (("invoices", ""),),
    "0-123": (("orders", ""),),
}
_NUMBERS = {
    "contact": "0-1",
    "company": "0-2",
    "deal": "0-3",
    "product": "0-7",
    "invoice": "0-53",
    "order": "0-123",
}
_DECODED = dict(
    zip(
        ("3A", "2F", "3F", "40", "21", "24", "27", "28", "29", "2A", "2C", "3B"),
        ":/?@!$'()*,;",
        strict=True,
    )
)


def verify(credentials: Credentials, settings: Settings, request: WebhookRequest) -> None:
    """Raises Forged unless it is signed with the app's secret in the version that was chosen."""
    secret = credentials.client_secret
    if secret is None:
        raise Forged("No client secret is kept for this connection, so nothing can be checked")
    key, version = secret.get_secret_value(), settings.webhook_signature
    if version == "v3":
        _verify_v3(key, request)
        return
    said = str(request.headers.get("x-hubspot-signature-version") or "v1").strip().lower()
    given = str(request.headers.get("x-hubspot-signature") or "").strip().lower()
    if not given or said != version:
        raise Forged(f"It has no signature of version {version[1:]}")
    where = f"{request.method}{request.url}".encode() if version == "v2" else b""
    right = hashlib.sha256(key.encode() + where + request.body).hexdigest()
    if not hmac.compare_digest(given.encode(), right.encode()):
        raise Forged("Its signature is wrong")


def _verify_v3(key: str, request: WebhookRequest) -> None:
    stamp = str(request.headers.get("x-hubspot-request-timestamp") or "").strip()
    if not re.fullmatch(r"\d{10,16}", stamp):
        raise Forged("It has no signature of version 3")
    url = decoded(request.url)
    message = f"{request.method}{url}".encode() + request.body + stamp.encode()
    check_mac(request.headers.get("x-hubspot-signature-v3"), key, message)
    signed_at = moment_of(stamp)
    assert signed_at is not None
    check_age(signed_at, request)


def decoded(url: str) -> str:
    """The address as it is signed: only these of its escapes are undone."""
    return re.sub(
        "%(" + "|".join(_DECODED) + ")",
        lambda found: _DECODED[found[1].upper()],
        url,
        flags=re.IGNORECASE,
    )


def events(request: WebhookRequest) -> list[WebhookEvent]:
    """What happened; types of record that no flow reads are left out."""
    try:
        told = json.loads(request.body)
    except ValueError:
        return []
    return [
        event
        for one in (told if isinstance(told, list) else [told])
        if isinstance(one, dict)
        for event in _of(one)
    ]


def _of(one: dict[str, Any]) -> Iterator[WebhookEvent]:
    said = str(one.get("subscriptionType") or one.get("eventType") or "")
    kind, _, what = said.partition(".")
    number = str(one.get("objectTypeId") or "")
    if what == "associationChange":
        # Which record: the one that the link goes out from, and its type; of a type that no flow
        # reads (a line), the other one.
        own, _, other = str(one.get("associationType") or "").lower().partition("_to_")
        if own and own not in _NUMBERS:
            number, key = _NUMBERS.get(other, ""), one.get("toObjectId")
        else:
            number, key = _NUMBERS.get(own, number), one.get("fromObjectId")
    else:
        number = _NUMBERS.get(kind, number)
        key = one.get("objectId") or one.get("newObjectId") or one.get("primaryObjectId")
    if key is None or not str(key).isdigit():
        return
    moment: dt.datetime | None = moment_of(one.get("occurredAt"))
    # Numbers of events are not certain to be unique: with the subscription and the time.
    marks = [one.get(name) for name in ("eventId", "subscriptionId", "occurredAt")]
    for entity, prefix in _ENTITIES.get(number, ()):
        yield WebhookEvent(
            entity=entity,
            key=f"{prefix}{key}",
            action="deleted" if what in ("deletion", "privacyDeletion") else "changed",
            id="-".join(str(mark) for mark in marks) if marks[0] is not None else "",
            at=moment,
        )


webhook = Webhook(
    verify=verify,
    events=events,
    setup=SETUP,
    when=lambda credentials: credentials.client_secret is not None,
)

"""The pretend HubSpot tells of changes: webhook messages, signed as the vendor signs them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import threading
import time
from typing import Any

from hub.sdk.http import Client, HTTPError

from .access import CLIENT_SECRET
from .errors import PORTAL
from .world import TYPES

_CLASSIC = {"contacts", "companies", "deals", "products", "line_items"}


class Hooks:
    """Sends events to one address, once it has been subscribed or when it is asked to."""

    def __init__(self) -> None:
        self.url: str | None = None
        self.secret = CLIENT_SECRET
        self.sent: list[dict[str, Any]] = []
        self._ids = itertools.count(3_816_279_340)

    def event(self, kind: str, key: str, what: str, **more: Any) -> dict[str, Any]:
        """One event as the vendor makes it."""
        own, number = TYPES[kind]
        return {
            "eventId": next(self._ids),
            "subscriptionId": 25,
            "portalId": PORTAL,
            "appId": 1160452,
            "occurredAt": int(time.time() * 1000),
            "subscriptionType": f"{own if kind in _CLASSIC else 'object'}.{what}",
            "attemptNumber": 0,
            "objectId": int(key),
            "objectTypeId": number,
            "changeSource": "CRM_UI",
            **more,
        }

    def changed(self, kind: str, key: str, what: str, changed: dict[str, Any]) -> None:
        """Tell the subscriber, soon, as the vendor does."""
        if self.url is None:
            return
        if what == "propertyChange":
            events = [
                self.event(kind, key, what, propertyName=name, propertyValue=value)
                for name, value in changed.items()
            ]
        else:
            flag = "NEW" if what == "creation" else "DELETED"
            events = [self.event(kind, key, what, changeFlag=flag)]
        threading.Thread(target=self.send, args=(events, self.url), daemon=True).start()

    def send(
        self,
        events: list[dict[str, Any]],
        url: str,
        *,
        version: str = "v3",
        secret: str | None = None,
        signed_at: float | None = None,
    ) -> int:
        """POST the events; gives the status of the answer, 0 when there was none."""
        body = json.dumps(events, separators=(",", ":")).encode()
        secret = self.secret if secret is None else secret
        headers = {
            "Content-Type": "application/json",
            **signature(version, secret, "POST", url, body, signed_at or time.time()),
        }
        try:
            with Client(timeout=5) as client:
                status = client.post(url, content=body, headers=headers).status_code
        except HTTPError:
            status = 0
        self.sent.append({"url": url, "events": events, "status": status})
        return status


def signature(
    version: str, secret: str, method: str, url: str, body: bytes, signed_at: float
) -> dict[str, str]:
    """The headers of a signature of that version; none for any other word."""
    if version == "v3":
        stamp = str(int(signed_at * 1000))
        source = f"{method}{url}".encode() + body + stamp.encode()
        made = hmac.new(secret.encode(), source, hashlib.sha256).digest()
        return {
            "X-HubSpot-Signature-v3": base64.b64encode(made).decode(),
            "X-HubSpot-Request-Timestamp": stamp,
        }
    if version in ("v1", "v2"):
        source = secret.encode() + (f"{method}{url}".encode() if version == "v2" else b"") + body
        digest = hashlib.sha256(source).hexdigest()
        return {"X-HubSpot-Signature": digest, "X-HubSpot-Signature-Version": version}
    return {}

"""The door for webhooks: no login and no form token, but a secret address and a signature."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

from flask import Blueprint, Response, current_app, request

from hub.engine import webhooks as desk
from hub.sdk import Forged, TooOld, WebhookRequest
from hub.sdk.http import Headers
from hub.store.tables import utc_now
from hub.web.page import hub

bp = Blueprint("hooks", __name__)
LIMITER = "koppel_hook_limiter"
BURST, PER_SECOND = 10_000.0, 200.0
"""Messages to one connection at once, and how fast that room comes back."""
WRONG_BURST, WRONG_PER_SECOND = 40.0, 0.5
"""The same for messages from one address that are not genuine."""
_REMEMBERED = 10_000


class HookLimiter:
    """Counts messages in memory, so that a flood costs neither the database nor a signature."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._room: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def admits(self, connection: str, address: str) -> bool:
        """Whether a message may be looked at; counts it for the connection."""
        with self._lock:
            if self._left(f"wrong {address}", WRONG_BURST, WRONG_PER_SECOND) < 1:
                return False
            return self._take(f"all {connection[:60]}", BURST, PER_SECOND)

    def wrong(self, address: str) -> None:
        """One from this address was not genuine."""
        with self._lock:
            self._take(f"wrong {address}", WRONG_BURST, WRONG_PER_SECOND)

    def _left(self, name: str, burst: float, per_second: float) -> float:
        room, at = self._room.get(name, (burst, 0.0))
        return min(burst, room + (self._clock() - at) * per_second)

    def _take(self, name: str, burst: float, per_second: float) -> bool:
        left = self._left(name, burst, per_second)
        self._room[name] = (max(0.0, left - 1), self._clock())
        self._room.move_to_end(name)
        while len(self._room) > _REMEMBERED:
            self._room.popitem(last=False)
        return left >= 1


@bp.post(f"{desk.PATH}/<name>/<secret>")
def receive(name: str, secret: str) -> Response:
    """Store what a system tells, then say so: what it means is for the workers."""
    limiter = cast(HookLimiter, current_app.extensions[LIMITER])
    address = request.remote_addr or ""
    if not limiter.admits(name, address):
        return _answer(429, "Too many messages; send it again later.", {"Retry-After": "30"})
    query = request.query_string.decode("latin-1")
    message = WebhookRequest(
        method=request.method,
        url=f"{hub().config.base_url}{request.path}{'?' if query else ''}{query}",
        headers=Headers(list(request.headers.items())),
        body=request.get_data(),
        received_at=utc_now(),
    )
    try:
        desk.receive(hub(), name, secret, message)
    except desk.NoSuchHook:
        limiter.wrong(address)
        return _answer(404, "Nobody listens here.")
    except Forged as error:
        limiter.wrong(address)
        return _answer(400 if isinstance(error, TooOld) else 401, f"{error}.")
    return _answer(200, "OK")


def _answer(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers, content_type="text/plain; charset=utf-8")

"""Budgets as people see them: who goes first when they are short, and what is used and left."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from hub.sdk.limits import RateLimit

RANKS = {"order": 0, "invoice": 1, "journal": 1, "customer": 1, "stock": 2, "product": 3}
"""Who goes first when a budget is short, by the kind of document: orders before stock before
products. What a person waits for (a test, a list of choices) goes first as well."""
KEPT_FREE = (0.0, 0.02, 0.05, 0.1)
"""Of a long budget (a day), by rank: the share that is left to whoever goes before."""
LONG = 600.0
"""Seconds from which a budget counts as long: it is counted in slices, and kept free in part."""
SLICES = 60
OLDER = 15_000
"""Milliseconds of waiting after which a call goes one rank up, so that nobody waits for ever."""
BACK = 500
"""Milliseconds that room is left for the next call of somebody who had to wait for the last."""
UNSURE = 900.0
"""Seconds that a vendor's word on a long budget is believed when it does not say until when."""


def rank_of(kind: str) -> int:
    """Who goes first: 0 before 1 before 2."""
    return RANKS.get(kind, 1)


def prefix_of(connection_id: int) -> str:
    """What the keys of a connection's budgets begin with."""
    return f"koppel:pace:{connection_id}"


def field_of(seconds: float, bucket: str) -> str:
    """The name of one budget of a connection."""
    return f"{seconds:g}|{bucket}"


@dataclass(frozen=True, kw_only=True)
class Usage:
    """One budget now. limit: None when the vendor did not say. told: by the vendor itself."""

    bucket: str
    seconds: float
    limit: int | None
    used: int | None
    left: int | None
    told: bool = False
    resets_at: dt.datetime | None = None

    @property
    def share(self) -> float:
        """How much of it is used, from 0 to 1."""
        if not self.limit or self.left is None:
            return 0.0
        return min(1.0, max(0.0, 1 - self.left / self.limit))


def usage(redis: Redis | None, connection_id: int, limits: Sequence[RateLimit]) -> list[Usage]:
    """Every budget of a connection, shortest window first; empty when nobody can tell."""
    if redis is None:
        return []
    prefix = prefix_of(connection_id)
    try:
        seconds, micros = redis.time()  # type: ignore[misc]
        now = int(seconds) * 1000 + int(micros) // 1000
        known: dict[bytes, bytes] = redis.hgetall(f"{prefix}:budgets")  # type: ignore[assignment]
        found = {
            _text(name): _usage(redis, prefix, _text(name), json.loads(value), now)
            for name, value in known.items()
        }
    except RedisError:
        return []
    for limit in limits:
        if limit.bucket is None:
            name = field_of(limit.seconds, "all")
            unused = Usage(
                bucket="all", seconds=limit.seconds, limit=limit.count, used=0, left=limit.count
            )
            found.setdefault(name, unused)
    shown = [one for one in found.values() if one is not None]
    return sorted(shown, key=lambda one: (one.seconds, one.bucket))


def _usage(redis: Redis, prefix: str, name: str, known: dict[str, Any], now: int) -> Usage | None:
    length, _, bucket = name.partition("|")
    seconds = float(length)
    limit, told = known.get("d"), False
    if known.get("l") and now < known.get("lu", 0):
        limit = min(limit, known["l"]) if limit else known["l"]
    used: int | None = None
    if known.get("d"):
        used = counted(redis, prefix, name, seconds, now)
        left = None if limit is None else max(0, limit - used - _others(known, now))
    elif known.get("r") is not None and now < known.get("u", 0):
        left, told = max(0, int(known["r"])), True
    else:
        return None
    resets = known.get("u") if told and not known.get("g") else None
    return Usage(
        bucket=bucket,
        seconds=seconds,
        limit=None if limit is None else int(limit),
        used=(int(limit) - left) if limit is not None and left is not None else used,
        left=left,
        told=told,
        resets_at=None if resets is None else dt.datetime.fromtimestamp(resets / 1000, dt.UTC),
    )


def _others(known: dict[str, Any], now: int) -> int:
    return int(known.get("o", 0)) if now < known.get("ou", 0) else 0


def counted(redis: Redis, prefix: str, name: str, seconds: float, now: int) -> int:
    """How many of our own requests count in this budget at this moment."""
    window = int(seconds * 1000)
    if seconds < LONG:
        return int(redis.zcount(f"{prefix}:log:{name}", f"({now - window}", "+inf"))  # type: ignore[arg-type]
    oldest = now // (window // SLICES) - SLICES
    slices: dict[bytes, bytes] = redis.hgetall(f"{prefix}:log:{name}")  # type: ignore[assignment]
    return sum(int(count) for slot, count in slices.items() if int(slot) > oldest)


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value

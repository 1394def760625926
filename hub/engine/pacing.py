"""Pacing: one budget per connection, shared by all processes through Redis."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from hub.sdk.limits import LocalPacer, Pacer, RateLimit

# One sliding log per bucket (sorted sets by the server's clock). Either all buckets take the
# request or none does; the answer is the wait in milliseconds, 0 when it may go.
_SCRIPT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local wait = 0
local held = redis.call('PTTL', KEYS[1])
if held > 0 then wait = held end
for i = 2, #KEYS do
  local count, window = tonumber(ARGV[2 * i - 2]), tonumber(ARGV[2 * i - 1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - window)
  local used = redis.call('ZCARD', KEYS[i])
  if used >= count then
    local oldest = redis.call('ZRANGE', KEYS[i], used - count, used - count, 'WITHSCORES')
    wait = math.max(wait, tonumber(oldest[2]) + window - now + 1)
  end
end
if wait > 0 then return wait end
for i = 2, #KEYS do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], tonumber(ARGV[2 * i - 1]) + 1000)
end
return 0
"""


class RedisPacer:
    """Keeps the budgets of one connection in Redis; without Redis, in this process."""

    def __init__(self, redis: Redis, connection_id: int) -> None:
        self._redis = redis
        self._prefix = f"koppel:pace:{connection_id}"
        self._script = redis.register_script(_SCRIPT)
        self._local = LocalPacer()

    def wait(self, limits: Sequence[RateLimit], method: str, path: str) -> None:
        """Block until the request fits every budget, and count it."""
        keys = [f"{self._prefix}:hold"]
        args: list[Any] = [uuid.uuid4().hex]
        for limit in limits:
            bucket = limit.bucket_of(method, path)
            if bucket is not None:
                keys.append(f"{self._prefix}:{limit.count}/{limit.seconds:g}:{bucket}")
                args += [limit.count, int(limit.seconds * 1000)]
        if len(keys) == 1 and not limits:
            return
        while True:
            try:
                pause = int(self._script(keys=keys, args=args))
            except RedisError:
                self._local.wait(limits, method, path)
                return
            if pause <= 0:
                return
            time.sleep(pause / 1000)

    def hold(self, seconds: float) -> None:
        """Nobody may call this connection for that long."""
        try:
            self._redis.set(f"{self._prefix}:hold", 1, px=max(1, int(seconds * 1000)))
        except RedisError:
            self._local.hold(seconds)


def pacer_for(redis: Redis | None, connection_id: int) -> Pacer:
    """The pacer of a connection: shared when there is a Redis that answers, else local."""
    if redis is not None:
        try:
            redis.ping()
        except RedisError:
            return LocalPacer()
        return RedisPacer(redis, connection_id)
    return LocalPacer()

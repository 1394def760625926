"""Pacing: one budget per connection, shared by all processes through Redis."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from hub.engine.budget import BACK, KEPT_FREE, LONG, OLDER, SLICES, UNSURE, field_of, prefix_of
from hub.sdk.limits import (
    LONGEST_PAUSE,
    Allowance,
    BudgetSpent,
    LocalPacer,
    Pacer,
    RateLimit,
    Ticket,
)

# What Redis knows of each budget of a connection, as JSON in the hash `budgets` under
# "seconds|bucket": d declared limit; l the vendor's limit, believed until lu; o what others use of
# the same budget, believed until ou; r left according to the vendor, until u (g: u is a guess).
# Short budgets are sliding logs (sorted sets by the server's clock); long ones are counted in
# slices. Either all budgets take the request or none does. `waiting` holds who waits, by rank, so
# that those who go later leave room; who waited and went stays in it for a moment, for a worker
# that makes one call after the other is back at once and would find its place taken. The answer
# is the wait in milliseconds (0: go) and the name of the budget that is short.
_WAIT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local id, rank, waited, n = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local older, slices, longest = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local free, back = tonumber(ARGV[8]), tonumber(ARGV[9])
rank = math.max(0, rank - math.floor(waited / older))
local wait, short, room = 0, '', 1e9
local function longer(ms, name) if ms > wait then wait = ms short = name end end
local held = redis.call('PTTL', KEYS[1])
if held > 0 then longer(held, 'hold') end
local known, changed = {}, {}
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do known[all[i]] = cjson.decode(all[i + 1]) end
local mine, others = {}, {}
for name, b in pairs(known) do
  if b.d then others[string.match(name, '|(.*)$')] = true end
end
-- What the vendor alone keeps holds for every request, unless it goes by the name of a bucket that
-- was declared and this request is not in it.
local function holds(name, b)
  local bucket = string.match(name, '|(.*)$')
  if b.d or b.r == nil or not b.u or now >= b.u then return false end
  return bucket == 'all' or mine[bucket] or not others[bucket]
end
for i = 1, n do
  local base = 9 + (i - 1) * 3
  local name, count, window = ARGV[base + 1], tonumber(ARGV[base + 2]), tonumber(ARGV[base + 3])
  local key = KEYS[3 + i]
  local b = known[name] or {}
  if b.d ~= count then b.d = count known[name] = b changed[name] = true end
  mine[string.match(name, '|(.*)$')] = true
  if b.l and now < (b.lu or 0) then count = math.min(count, b.l) end
  if b.o and now < (b.ou or 0) then count = math.max(0, count - b.o) end
  local used, again = 0, 0
  if window < longest then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    used = redis.call('ZCARD', key)
    if used >= count then
      local oldest = redis.call('ZRANGE', key, math.max(0, used - count),
        math.max(0, used - count), 'WITHSCORES')
      again = oldest[2] and (tonumber(oldest[2]) + window - now + 1) or 1000
      if b.o and now < (b.ou or 0) then again = math.min(again, b.ou - now + 1) end
    end
  else
    local size = window / slices
    local slot = math.floor(now / size)
    local first = nil
    local parts = redis.call('HGETALL', key)
    for j = 1, #parts, 2 do
      local s = tonumber(parts[j])
      if s <= slot - slices then redis.call('HDEL', key, parts[j])
      else
        used = used + tonumber(parts[j + 1])
        if first == nil or s < first then first = s end
      end
    end
    count = count - math.floor(count * free)
    if used >= count then again = ((first or slot) + slices) * size - now + 1 end
  end
  if again > 0 then longer(again, name) end
  room = math.min(room, count - used)
end
for name, b in pairs(known) do
  if holds(name, b) then
    local left = b.r - math.floor((b.l or 0) * free)
    if left <= 0 then longer(b.u - now + 1, name) end
    room = math.min(room, left)
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
if wait == 0 and rank > 0 then
  local before = 0
  for _, who in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
    if tonumber(string.match(who, '^(%d+)')) < rank then before = before + 1 end
  end
  if before > 0 and room <= before then longer(40, 'rank') end
end
for name, _ in pairs(changed) do redis.call('HSET', KEYS[2], name, cjson.encode(known[name])) end
if wait > 0 then
  for r = 0, 9 do redis.call('ZREM', KEYS[3], r .. ':' .. id) end
  redis.call('ZADD', KEYS[3], now + math.min(wait, 95000) + 300, rank .. ':' .. id)
  redis.call('PEXPIRE', KEYS[3], 120000)
  return {wait, short}
end
for r = 0, 9 do redis.call('ZREM', KEYS[3], r .. ':' .. id) end
if waited > 0 then redis.call('ZADD', KEYS[3], now + back, rank .. ':' .. id) end
for i = 1, n do
  local window, key = tonumber(ARGV[9 + (i - 1) * 3 + 3]), KEYS[3 + i]
  if window < longest then
    redis.call('ZADD', key, now, id)
    redis.call('PEXPIRE', key, window + 2000)
  else
    redis.call('HINCRBY', key, math.floor(now / (window / slices)), 1)
    redis.call('PEXPIRE', key, window + 60000)
  end
end
for name, b in pairs(known) do
  if holds(name, b) then
    b.r = b.r - 1
    redis.call('HSET', KEYS[2], name, cjson.encode(b))
  end
end
return {0, ''}
"""
# A request counts from when it was answered, which is when the vendor has certainly counted it;
# but not from much later than it was sent, or a slow vendor would get less than it allows.
_DONE = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local id, n, said = ARGV[1], tonumber(ARGV[2]), cjson.decode(ARGV[3])
for i = 1, n do
  local sent = redis.call('ZSCORE', KEYS[1 + i], id)
  if sent then redis.call('ZADD', KEYS[1 + i], 'XX', math.min(now, tonumber(sent) + 1000), id) end
end
for _, a in ipairs(said) do
  local b = redis.call('HGET', KEYS[1], a.name)
  b = b and cjson.decode(b) or {}
  local window = a.window
  if a.limit then b.l = a.limit b.lu = now + 3600000 end
  if a.left then
    if b.d then
      local count = b.d
      if a.limit then count = math.min(count, a.limit) end
      local used = 0
      if a.key > 0 then used = redis.call('ZCOUNT', KEYS[a.key], '(' .. (now - window), '+inf') end
      local others = count - used - a.left
      if a.key > 0 and others > 0 then
        b.o = others b.ou = now + (a.resets or window)
      else b.o = 0 b.ou = 0 end
    else
      b.r = a.left
      if a.resets then b.u = now + a.resets b.g = nil
      else b.u = now + math.min(window, a.unsure) b.g = 1 end
    end
  end
  redis.call('HSET', KEYS[1], a.name, cjson.encode(b))
end
return 0
"""


class RedisPacer:
    """Keeps the budgets of one connection in Redis; without Redis, in this process.

    rank: who goes first when a budget is short, see `hub.engine.budget`.
    """

    def __init__(
        self,
        redis: Redis,
        connection_id: int,
        rank: int = 0,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._redis = redis
        self._prefix = prefix_of(connection_id)
        self._rank = min(rank, len(KEPT_FREE) - 1)
        self._wait = redis.register_script(_WAIT)
        self._done = redis.register_script(_DONE)
        self._local = LocalPacer()
        self._sleep = sleep

    def wait(self, limits: Sequence[RateLimit], method: str, path: str) -> Ticket | None:
        """Block until the request fits every budget, and count it. Raises BudgetSpent."""
        id = secrets.token_hex(6)
        buckets: dict[str, tuple[int, float]] = {}
        for limit in limits:
            bucket = limit.bucket_of(method, path)
            if bucket is not None:
                name = field_of(limit.seconds, bucket)
                least = min(limit.count, buckets.get(name, (limit.count, 0))[0])
                buckets[name] = (least, limit.seconds)
        began = time.monotonic()
        while True:
            waited = time.monotonic() - began
            try:
                pause, short = self._ask(id, buckets, waited)
            except RedisError:
                return self._local.wait(limits, method, path)
            if pause <= 0:
                return Ticket(id, tuple((n, s) for n, (_, s) in buckets.items() if s < LONG))
            if waited + pause > LONGEST_PAUSE:
                raise self._spent(short, pause)
            self._sleep(pause)

    def _ask(
        self, id: str, buckets: dict[str, tuple[int, float]], waited: float
    ) -> tuple[float, str]:
        keys = [f"{self._prefix}:{name}" for name in ("hold", "budgets", "waiting")]
        args: list[Any] = [id, self._rank, int(waited * 1000), len(buckets), OLDER, SLICES]
        args += [int(LONG * 1000), KEPT_FREE[self._rank], BACK]
        for name, (count, seconds) in buckets.items():
            keys.append(f"{self._prefix}:log:{name}")
            args += [name, count, int(seconds * 1000)]
        pause, short = self._wait(keys=keys, args=args)
        return float(pause) / 1000, short.decode() if isinstance(short, bytes) else str(short)

    def _spent(self, short: str, pause: float) -> BudgetSpent:
        seconds, _, bucket = short.partition("|")
        what = "It asked us to wait"
        if bucket:
            of = "" if bucket == "all" else f" of {bucket}"
            what = f"The budget{of} for {_words(float(seconds))} is used up"
            if KEPT_FREE[self._rank] and float(seconds) >= LONG:
                what += " but for what is kept for orders and other urgent records"
        return BudgetSpent(f"{what}; it goes on in {_words(pause)}.", retry_after=pause)

    def done(self, ticket: Ticket | None, said: Sequence[Allowance] = ()) -> None:
        """It was answered, and this is what the vendor said about its budgets."""
        if ticket is None:
            self._local.done(ticket, said)
            return
        logs = [f"{self._prefix}:log:{name}" for name, _ in ticket.buckets]
        names = [name for name, _ in ticket.buckets]
        told = []
        for allowance in said:
            name = field_of(allowance.seconds, allowance.bucket)
            one: dict[str, Any] = {
                "name": name,
                "window": int(allowance.seconds * 1000),
                "unsure": int(UNSURE * 1000),
                "key": names.index(name) + 2 if name in names else 0,
            }
            if allowance.limit is not None:
                one["limit"] = allowance.limit
            if allowance.left is not None:
                one["left"] = allowance.left
            if allowance.resets_in is not None:
                one["resets"] = max(0, int(allowance.resets_in * 1000))
            told.append(one)
        if not logs and not told:
            return
        try:
            self._done(
                keys=[f"{self._prefix}:budgets", *logs],
                args=[ticket.id, len(logs), json.dumps(told) if told else "[]"],
            )
        except RedisError:
            self._local.done(None, said)

    def hold(self, seconds: float) -> None:
        """Nobody may call this connection for that long."""
        try:
            self._redis.set(f"{self._prefix}:hold", 1, px=max(1, int(seconds * 1000)))
        except RedisError:
            self._local.hold(seconds)


def _words(seconds: float) -> str:
    for size, one in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {one}{'' if count == 1 else 's'}"
    return f"{max(1, round(seconds))} seconds"


def pacer_for(redis: Redis | None, connection_id: int, rank: int = 0) -> Pacer:
    """The pacer of a connection: shared when there is a Redis that answers, else local."""
    if redis is not None:
        try:
            redis.ping()
        except RedisError:
            return LocalPacer()
        return RedisPacer(redis, connection_id, rank)
    return LocalPacer()

"""Budgets: how often a vendor may be called, declared by the plugin, kept by the hub."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.sdk.errors import TemporaryError

LONGEST_PAUSE = 90.0
"""Seconds that a call waits for its budget; a longer wait is told instead of sat out."""


@dataclass(frozen=True)
class RateLimit:
    """At most so many requests in so many seconds.

    count: how many. seconds: in which time, whenever it begins. bucket(method, path): names what
    is counted together ("GET orders"); None leaves a request out. Without it all requests of the
    connection are counted together.
    """

    count: int
    seconds: float
    bucket: Callable[[str, str], str | None] | None = None

    def bucket_of(self, method: str, path: str) -> str | None:
        """The name of the bucket this request falls into."""
        return "all" if self.bucket is None else self.bucket(method, path)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a vendor says about a budget, in the headers of an answer.

    seconds: of the window. limit: how many requests it takes; it lowers (never raises) what was
    declared for the same window and bucket. left: how many are left of it now. resets_in: seconds
    until it is full again. bucket: what is counted together, as in `RateLimit`. A window that was
    not declared, such as a day, is kept by what the vendor says alone.
    """

    seconds: float
    limit: int | None = None
    left: int | None = None
    resets_in: float | None = None
    bucket: str = "all"


@dataclass(frozen=True)
class Ticket:
    """A request that was let through: `Pacer.done` is to be told when it was answered."""

    id: str
    buckets: tuple[tuple[str, float], ...] = ()


class BudgetSpent(TemporaryError):
    """A budget is used up for longer than a call should wait. Nothing was sent."""


class Pacer(Protocol):
    """Keeps the budgets of one connection, for all processes that use it."""

    def wait(self, limits: Sequence[RateLimit], method: str, path: str) -> Ticket | None:
        """Block until the request fits every budget, and count it. Raises BudgetSpent."""

    def done(self, ticket: Ticket | None, said: Sequence[Allowance] = ()) -> None:
        """It was answered, and this is what the vendor said about its budgets."""

    def hold(self, seconds: float) -> None:
        """Nobody may call this connection for that long: the vendor said so."""


class LocalPacer:
    """Keeps budgets within one process: a sliding log per bucket."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._logs: dict[tuple[int, float, str], deque[float]] = {}
        self._until = 0.0
        self._lock = threading.Lock()

    def wait(self, limits: Sequence[RateLimit], method: str, path: str) -> Ticket | None:
        """Block until the request fits every budget, and count it. Raises BudgetSpent."""
        waited = 0.0
        while (pause := self._pause(limits, method, path)) > 0:
            waited += pause
            if waited > LONGEST_PAUSE:
                raise BudgetSpent(
                    f"The budget of requests is used up for {pause:.0f} seconds.", retry_after=pause
                )
            self._sleep(pause)
        return None

    def done(self, ticket: Ticket | None, said: Sequence[Allowance] = ()) -> None:
        """A vendor that says nothing is left is obeyed, for as long as a call may wait."""
        for allowance in said:
            if allowance.left is not None and allowance.left <= 0:
                resets = allowance.resets_in
                self.hold(min(LONGEST_PAUSE, allowance.seconds if resets is None else resets))

    def hold(self, seconds: float) -> None:
        """Nobody in this process may call for that long."""
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)

    def _pause(self, limits: Sequence[RateLimit], method: str, path: str) -> float:
        with self._lock:
            now = self._clock()
            pause = self._until - now
            logs = []
            for limit in limits:
                bucket = limit.bucket_of(method, path)
                if bucket is None:
                    continue
                log = self._logs.setdefault((limit.count, limit.seconds, bucket), deque())
                while log and log[0] <= now - limit.seconds:
                    log.popleft()
                if len(log) >= limit.count:
                    pause = max(pause, log[0] + limit.seconds - now)
                logs.append(log)
            if pause <= 0:
                for log in logs:
                    log.append(now)
            return pause

"""Login attempts: after some failures in a row, an address has to wait before it may go on."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FREE = 5
"""Failures in a row for one e-mail address from one network address that cost nothing."""
FREE_PER_ADDRESS = 30
"""The same over all e-mail addresses: somebody who tries many of them."""
FIRST_WAIT, LONGEST_WAIT = 15.0, 900.0
_REMEMBERED = 10_000


@dataclass
class _Tries:
    failures: int = 0
    until: float = 0.0
    last: float = 0.0


class LoginLimiter:
    """Counts failures in memory; a success forgets them, and so does a quarter of an hour."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[tuple[str, str], _Tries] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, address: str, email: str) -> float:
        """Seconds until this may be tried again; 0.0: now."""
        now = self._clock()
        with self._lock:
            found = [self._tries.get(key) for key in _keys(address, email)]
        return max([0.0, *(tries.until - now for tries in found if tries)])

    def failed(self, address: str, email: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._lock:
            for key in _keys(address, email):
                tries = self._tries.pop(key, None) or _Tries()
                if now - max(tries.last, tries.until) > LONGEST_WAIT:
                    tries = _Tries()
                tries.failures, tries.last = tries.failures + 1, now
                over = tries.failures - (FREE if key[1] else FREE_PER_ADDRESS)
                if over >= 0:
                    tries.until = now + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(over, 10))
                self._tries[key] = tries
            while len(self._tries) > _REMEMBERED:
                self._tries.popitem(last=False)

    def succeeded(self, address: str, email: str) -> None:
        """Forget the failures of this pair; those of the address as a whole stay counted."""
        with self._lock:
            self._tries.pop((address, email.strip().casefold()), None)


def _keys(address: str, email: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (address, email.strip().casefold()[:254]), (address, "")

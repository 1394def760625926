"""Exchanges: what was asked and answered, redacted before anybody keeps it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

BODY_LIMIT = 64 * 1024
"""Characters of a body that the log copy keeps; the rest is cut and its length noted."""
HIDDEN = "•••"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """One request with its answer, without secrets and without headers, which hold most of them.

    status None: no answer came; see `error`.
    """

    method: str
    url: str
    body: str | None
    status: int | None
    answer: str | None
    seconds: float
    at: dt.datetime
    error: str | None = None


class Recorder(Protocol):
    """Takes exchanges, for the record that is being worked on."""

    def record(self, exchange: Exchange) -> None:
        """Keep it."""


class NoRecorder:
    """Keeps nothing."""

    def record(self, exchange: Exchange) -> None:
        """Drop it."""


class Redactor:
    """Hides known secret values."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.hide(*secrets)

    def hide(self, *secrets: str) -> None:
        """Hide these as well."""
        self._secrets |= {s for s in secrets if len(s) >= 4}
        values = sorted(self._secrets, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, values))) if values else None

    def text(self, text: str | None) -> str | None:
        """The text without secret values, cut to BODY_LIMIT."""
        if text is None:
            return None
        if len(text) > BODY_LIMIT:
            text = f"{text[:BODY_LIMIT]}… ({len(text):,} characters in all)"
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

"""Answers: what a vendor said, and what it means where its plugin does not know better."""

from __future__ import annotations

import datetime as dt
import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Literal

from hub.sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    KoppelError,
    NotFound,
    RejectedError,
    TemporaryError,
    UnknownOutcome,
)


@dataclass(frozen=True)
class Answer:
    """A vendor's answer. `json` decodes numbers as Decimal and raises ValueError when it is not."""

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as data; None when it is empty."""
        return jsonlib.loads(self.content, parse_float=Decimal) if self.content.strip() else None

    def json_or_none(self) -> Any:
        """The body as data, None when it is not JSON: for reading errors."""
        try:
            return self.json
        except ValueError:
            return None


class Throttled(TemporaryError):
    """The vendor counted too many requests; this one was not carried out."""


OK: Literal["ok"] = "ok"
"""What `System.judge` returns for an answer that is a success whatever its status says."""


def judge_status(title: str, answer: Answer, safe: bool) -> KoppelError | None:
    """The error that an HTTP status means by default; None for a success."""
    status = answer.status
    if status < 300:
        return None
    said = " ".join(answer.text.split())[:300]
    where = f"{title} answered {answer.method} {answer.path} with {status}"
    if status < 400:
        to = answer.headers.get("location", "elsewhere")
        return ConfigurationError(f"{where}: redirected to {to}. Use the final address.")
    if status == 401:
        return AuthenticationError(f"{where}: the credentials were not accepted")
    if status == 403:
        return AuthenticationError(f"{where}: the account has no right to do this. {said}".strip())
    if status in (404, 410):
        return NotFound(f"{where}: {said or 'not found'}", code="not_found")
    if status == 429:
        pause = retry_after(answer.headers)
        return Throttled(
            f"{where}: too many requests", retry_after=60.0 if pause is None else pause
        )
    if status in (408, 425) or status >= 500:
        pause = retry_after(answer.headers)
        kind = TemporaryError if safe or status in (408, 425, 503) else UnknownOutcome
        return kind(f"{where}: {said}", retry_after=pause)
    return RejectedError(f"{where}: {said}")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds the Retry-After header asks for (a number or a date), None without one."""
    value = headers.get("retry-after")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())

"""JSON for log data: decimals keep their text, times become ISO text, long values are cut."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import enum
import json
import re
import secrets
import uuid
from decimal import Decimal
from typing import Any

from hub.model.base import Part

# The encoder can write a Decimal only as a string. Behind this mark, which no text from outside
# can contain, it is found again and its quotes are taken off.
_MARK = f"decimal:{secrets.token_hex(12)}:"
_MARKED = re.compile(f'"{_MARK}([^"]*)"')

CUT_TEXT = 500
CUT_LIST = 20
CUT_KEYS = 200
CUT_DEPTH = 12


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8. What JSON does not know becomes text rather than an error."""
    text = json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False)
    if _MARK in text:
        text = _MARKED.sub(r"\1", text)
    return text.encode("utf-8", "backslashreplace")


def loads(raw: bytes) -> Any:
    """The value; numbers with a point or an exponent are Decimals, with the text they had."""
    return json.loads(raw, parse_float=Decimal)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{_MARK}{value}" if value.is_finite() else str(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, Part):
        return value.to_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value) if f.repr}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "base64:" + base64.b64encode(bytes(value)).decode()
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    return str(value)


def shortened(value: Any, text: bytes, limit: int) -> Any:
    """A copy of *value*, whose JSON is *text*, that takes at most *limit* bytes as JSON.

    Long texts and long lists are cut and say how long they were; when that is not enough, the
    beginning of the JSON is all that is left.
    """
    for size in (CUT_TEXT * 8, CUT_TEXT, CUT_TEXT // 5):
        copy = _cut(loads(text), size, max(5, size * CUT_LIST // CUT_TEXT), 0)
        if len(dumps(copy)) <= limit:
            return copy
    # Every character may take six bytes once it is quoted again.
    return f"{text[: limit // 8].decode(errors='ignore')}… ({len(text):,} bytes in all)"


def _cut(value: Any, size: int, items: int, depth: int) -> Any:
    if isinstance(value, str) and len(value) > size:
        return f"{value[:size]}… ({len(value):,} characters in all)"
    if depth > CUT_DEPTH and isinstance(value, (list, dict)):
        return f"… ({len(value):,} values)"
    if isinstance(value, list):
        kept = [_cut(item, size, items, depth + 1) for item in value[:items]]
        return kept + ([f"… ({len(value):,} items in all)"] if len(value) > items else [])
    if isinstance(value, dict):
        names = list(value)[:CUT_KEYS]
        copy = {name[:size]: _cut(value[name], size, items, depth + 1) for name in names}
        if len(value) > CUT_KEYS:
            copy["…"] = f"({len(value):,} keys in all)"
        return copy
    return value

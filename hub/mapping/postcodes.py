"""Postal codes as their country writes them; a code of an unknown shape is only tidied."""

from __future__ import annotations

import re
from typing import Final

# Country -> what the bare code looks like, and how to write its parts.
_SHAPES: Final[dict[str, tuple[re.Pattern[str], str]]] = {
    country: (re.compile(pattern), written)
    for country, pattern, written in (
        ("NL", r"([1-9]\d{3})([A-Z]{2})", "{0} {1}"),
        ("BE", r"([1-9]\d{3})", "{0}"),
        ("LU", r"(\d{4})", "{0}"),
        ("DE", r"(\d{5})", "{0}"),
        ("AT", r"([1-9]\d{3})", "{0}"),
        ("CH", r"([1-9]\d{3})", "{0}"),
        ("FR", r"(\d{5})", "{0}"),
        ("IT", r"(\d{5})", "{0}"),
        ("ES", r"(\d{5})", "{0}"),
        ("PT", r"(\d{4})(\d{3})", "{0}-{1}"),
        ("PL", r"(\d{2})(\d{3})", "{0}-{1}"),
        ("SE", r"(\d{3})(\d{2})", "{0} {1}"),
        ("DK", r"(\d{4})", "{0}"),
        ("NO", r"(\d{4})", "{0}"),
        ("FI", r"(\d{5})", "{0}"),
        ("CZ", r"(\d{3})(\d{2})", "{0} {1}"),
        ("SK", r"(\d{3})(\d{2})", "{0} {1}"),
        ("GR", r"(\d{3})(\d{2})", "{0} {1}"),
        ("IE", r"([A-Z]\d[\dW])([\dA-Z]{4})", "{0} {1}"),
        ("GB", r"([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})", "{0} {1}"),
        ("CA", r"([A-Z]\d[A-Z])(\d[A-Z]\d)", "{0} {1}"),
    )
}


def tidy_postcode(text: str, country: str | None = None) -> str:
    """A postal code as its country writes it: "1234ab" is "1234 AB" in NL, "D-10115" is "10115"."""
    tidy = " ".join(text.upper().split())
    land = (country or "").strip().upper()
    shape = _SHAPES.get(land)
    if shape is None:
        return tidy
    bare = tidy.replace(" ", "").replace("-", "").replace(".", "")
    for prefix in (land, _CAR_SIGNS.get(land, land)):
        found = shape[0].fullmatch(bare.removeprefix(prefix))
        if found:
            return shape[1].format(*found.groups())
    return tidy


_CAR_SIGNS: Final = {"DE": "D", "BE": "B", "AT": "A", "FR": "F", "IT": "I", "LU": "L", "SE": "S"}

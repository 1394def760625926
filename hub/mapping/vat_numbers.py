"""VAT numbers: whether one has the form and the check digits of its country; nothing is asked."""

from __future__ import annotations

from functools import lru_cache

import stdnum
from stdnum.exceptions import ValidationError

_PREFIXES = {"EL": "gr", "XI": "gb"}
"""Prefixes that are not the country's own two letters."""


def valid_vat_number(number: str | None, country: str | None = None) -> str | None:
    """The number with its prefix and without ornaments, when it is one; else None.

    country: where the company is, for a number without a prefix.
    """
    bare = "".join(char for char in (number or "").upper() if char.isalnum())
    if len(bare) < 4 or len(bare) > 20:
        return None
    return _checked(bare, (country or "").strip().upper())


@lru_cache(maxsize=4096)
def _checked(bare: str, country: str) -> str | None:
    if bare[:2].isalpha() and (valid := _compact(bare[:2], bare)) is not None:
        return valid
    return _compact("EL" if country == "GR" else country, bare) if country else None


def _compact(prefix: str, bare: str) -> str | None:
    """By the rules of the prefix's country, which may have none that we know."""
    module = stdnum.get_cc_module(_PREFIXES.get(prefix, prefix.lower()), "vat")
    if module is None:
        return None
    own = bare.removeprefix(prefix)
    for spelling in dict.fromkeys((own, bare)):
        try:
            compact = str(module.validate(spelling))
        except ValidationError:
            continue
        return compact if compact.startswith(prefix) else prefix + compact
    return None

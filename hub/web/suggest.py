"""Answers that suggest themselves: rows of mapping tables of which there is only one sensible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.engine import forms
from hub.model import Json
from hub.sdk import Form, Option
from hub.web.fields import Live

_COUNTRY = re.compile(r"\s*[\d.,]+\s*%?\s*$")
"""The rate at the end of "Belgium 21%"."""


def suggestions(form: type[Form], live: Live) -> Json:
    """Answers to tables that nobody has filled in yet; people see them before they count."""
    found: Json = {}
    defaults = {about["name"]: about["default"] for about in forms.fields(form)}
    home = defaults.get("home_country") or defaults.get("product_country")
    abroad = "home_country" in defaults  # a product has the rate of one country
    for about in forms.fields(form):
        if about["widget"] not in ("table", "vat_table"):
            continue
        keys = live.find(about["keys_side"], about["keys"])
        values = live.find(about["side"], about["lookup"])
        if keys is None or values is None:
            continue
        if about["widget"] == "vat_table":
            rows: Any = vat_rows(keys.options, values.options, home, abroad=abroad)
        else:
            rows = same_names(keys.options, values.options)
        if rows:
            found[about["name"]] = {"rows": rows}
    return found


def vat_rows(
    rates: Sequence[Option], codes: Sequence[Option], home: str | None, *, abroad: bool = True
) -> list[Json]:
    """The rates the source charges that just one code of the target fits. abroad: there as well.

    At home every code counts that is not for sales abroad (OSS); abroad only a code that names
    the country. Of two codes alike, the one whose prices include VAT: that is how shops sell.
    """
    rows = []
    for option in rates:
        rate, country = _number(option.data.get("rate")), str(option.data.get("country") or "")
        if rate is None or not country or not (abroad or country == home):
            continue
        fitting = [code for code in codes if _number(code.data.get("rate")) == rate]
        if country == home:
            fitting = [code for code in fitting if "oss" not in _plain(code.label).split()]
        else:
            name = _plain(_COUNTRY.sub("", option.label))
            fitting = [code for code in fitting if name and name in _plain(code.label)]
        if len(fitting) > 1:
            fitting = [code for code in fitting if code.data.get("prices") == "gross"]
        if len(fitting) == 1:
            rows.append({"country": country, "rate": f"{rate:f}", "code": fitting[0].value})
    return rows


def same_names(keys: Sequence[Option], values: Sequence[Option]) -> dict[str, str]:
    """Keys that are called the same as just one value."""
    by_name: dict[str, list[str]] = {}
    for value in values:
        for name in {_plain(value.label), _plain(value.label.removeprefix(value.value))}:
            by_name.setdefault(name, []).append(value.value)
    rows = {}
    for key in keys:
        fitting = {v for name in (key.value, key.label) for v in by_name.get(_plain(name), ())}
        if len(fitting) == 1:
            rows[key.value] = fitting.pop()
    return rows


def _plain(text: str) -> str:
    """For comparing: without capitals, accents and signs."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare.casefold()))


def _number(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value)).normalize()
    except InvalidOperation:
        return None

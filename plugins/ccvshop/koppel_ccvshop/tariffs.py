"""VAT: the shop knows tariffs by name, other systems know percentages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hub.model import Json
from hub.sdk import Api, RecordError

from .api import everything, webshop
from .understanding import number

TARIFFS = ("normal", "low a", "low b", "extra low", "zero")


def countries(api: Api) -> list[Json]:
    """The countries the shop sells to, with their tariffs; asked once."""
    if "countries" not in api.memo:
        path = f"/webshops/{webshop(api)['id']}/geozonecountries/"
        api.memo["countries"] = everything(api, path)
    found: list[Json] = api.memo["countries"]
    return found


def home(api: Api) -> str | None:
    """The country the shop is in; asked once."""
    if "home" not in api.memo:
        merchant = api.get(f"/webshops/{webshop(api)['id']}/merchant/")
        code = merchant.get("country_code") if isinstance(merchant, dict) else None
        api.memo["home"] = str(code).strip().upper() if code else None
    found: str | None = api.memo["home"]
    return found


def rates(api: Api) -> dict[str, Decimal]:
    """The tariffs of the shop's own country, with their percentages."""
    listed = countries(api)
    own = home(api)
    country = next((c for c in listed if str(c.get("code") or "").upper() == own), None)
    if country is None and listed:
        country = listed[0]
    found: dict[str, Decimal] = {}
    for tariff in (country or {}).get("tariffs") or ():
        rate = number(tariff.get("percentage"))
        if rate is not None and tariff.get("type"):
            found.setdefault(str(tariff["type"]), rate)
    return found


def tariff_for(api: Api, rate: Any) -> str:
    """The tariff with this percentage. Raises RecordError naming those there are."""
    wanted, known = number(rate), rates(api)
    for name, percentage in known.items():
        if percentage == wanted:
            return name
    there = ", ".join(f"{p.normalize():f}% ({name})" for name, p in known.items()) or "none"
    raise RecordError(
        f"CCV Shop has no VAT tariff of {rate}%; in its own country it has {there}",
        field="tax_rate",
        code="missing_vat_code",
        fix="product_vat_codes",
    )

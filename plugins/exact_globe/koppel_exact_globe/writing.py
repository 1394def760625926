"""What the targets share when they write: which values differ from what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hub.model import Json
from hub.sdk import Api

from . import api as globe
from . import odata

# Globe keeps these in capitals: no difference worth a call.
_CAPITALS = frozenset(
    {"CustomerStatus", "PaymentCondition", "CurrencyCode", "VatCode", "PriceList", "CompanySize"}
    | {"SalesVATCode", "SalesCurrency", "CostPriceCurrency", "ContactLanguage", "DeliveryMethod"}
    | {f"{place}Country" for place in ("Mailing", "Invoice", "Delivery", "Postal")}
)
_PADDED = re.compile(r"GLAccount\w+|OffsetLedgerAccount|InvoiceDebtor|DebtorNumber|AccountCode")
_OFF = frozenset("BDE")
"""Conditions of an item that is not for sale any more: one is as good as the other."""


def same(name: str, there: Any, ours: Any) -> bool:
    """Whether Globe would keep the value just as it has it."""
    if isinstance(ours, bool) or isinstance(there, bool):
        return bool(there) is ours if there is None else ours is there
    if isinstance(ours, int | Decimal | float):
        return bool(odata.number(there) == odata.number(ours))
    if not isinstance(ours, str) or not isinstance(there, str):
        return bool(ours == there)
    if ours.startswith("/Date("):
        return odata.wall_clock_ms(there) == odata.wall_clock_ms(ours)
    if name in _CAPITALS:
        there, ours = there.upper(), ours.upper()
    if _PADDED.fullmatch(name):
        there, ours = there.strip(), ours.strip()
    if name == "Condition" and ours == "E":
        return there in _OFF
    if name == "CustomerStatus" and ours == "E":
        return there in ("B", "E")
    return bool(there.rstrip() == ours.rstrip())


def changes(api: Api, there: Mapping[str, Any], ours: Json) -> Json:
    """What of ours differs from what is there, as it goes on the wire."""
    wired: Json = odata.wire(ours, globe.zone_of(api))
    return {name: value for name, value in wired.items() if not same(name, there.get(name), value)}

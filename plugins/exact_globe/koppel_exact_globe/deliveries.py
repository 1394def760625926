"""How far an order has come: its delivery notes, its status and the parcels on their way."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from hub.model import Json
from hub.sdk import Api, Context, Raw

from . import odata
from .forms_sales import OrdersFilter
from .histories import NOTES
from .reading import code, gathered

LINE = "SalesOrderLine"


def notes_of(api: Api, numbers: Sequence[str]) -> dict[str, list[Json]]:
    """Delivery notes by order; there the number is a number."""
    if not numbers:
        return {}
    select = ("ID", "SalesOrderNumber", "DeliveryNoteNumber", "DeliveryDate")
    return gathered(
        api,
        NOTES,
        "SalesOrderNumber",
        numbers,
        lambda number: str(int(number)),
        select=select,
        order="ID",
        sure=True,
    )


def _delivered(record: Raw) -> list[tuple[Decimal, Decimal]]:
    """Ordered and delivered, for each line that goods are to leave for."""
    pairs = []
    for line in record.get(LINE) or ():
        ordered = odata.number(line.get("Quantity")) or Decimal(0)
        if ordered > 0:
            pairs.append((ordered, odata.number(line.get("QuantityDelivered")) or Decimal(0)))
    return pairs


def sent(record: Raw) -> bool:
    return bool(record.get("Completed")) or any(done for _, done in _delivered(record))


def status_of(record: Raw) -> str:
    pairs = _delivered(record)
    whole = bool(record.get("Completed")) or (
        bool(pairs) and all(done >= ordered for ordered, done in pairs)
    )
    if any(done for _, done in pairs) and not whole:
        return "partial"
    if record.get("InvoiceNumber"):
        return "invoiced"
    return "delivered" if whole else "open"


def parcels(document: Json, record: Raw, context: Context) -> list[Json]:
    """A parcel per delivery note; the tracking code is of the last one."""
    wanted = context.filter if isinstance(context.filter, OrdersFilter) else OrdersFilter()
    parcels: list[Json] = [
        {"carrier": document.get("shipping_via"), "shipped_at": odata.wall_clock(n["DeliveryDate"])}
        for n in record.get(NOTES) or ()
    ]
    tracking = code(record.get(str(wanted.tracking_field)))
    if tracking is None:
        return parcels
    if not parcels:
        parcels.append({"carrier": document.get("shipping_via")})
    parcels[-1]["tracking_code"] = tracking
    if wanted.tracking_url:
        postcode = (document.get("delivery") or {}).get("postal_code") or ""
        url = wanted.tracking_url.replace("{code}", tracking)
        parcels[-1]["tracking_url"] = url.replace("{postcode}", str(postcode).replace(" ", ""))
    return parcels

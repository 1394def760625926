"""What orders and invoices have in common: rows, costs, VAT and the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.model import Json
from hub.sdk import Api, Context, Raw

from .api import walk
from .forms import Settings
from .understanding import ZERO, costs_of, line_understood, number, person_understood


def with_rows(api: Api, record: Raw, kind: str, rows: str) -> Raw:
    """The record with its rows, which the shop gives apart: one request."""
    path = f"/{kind}/{record['id']}/{rows}/"
    found = [row for page in walk(api, path) for row in page]
    link = record.get(rows)
    return {**record, rows: {**(link if isinstance(link, dict) else {}), "items": found}}


def rows_of(record: Raw, name: str) -> list[Any]:
    """The rows that were added to a record."""
    rows = record.get(name)
    found = rows.get("items") if isinstance(rows, Mapping) else None
    return [r for r in found if isinstance(r, Mapping)] if isinstance(found, list) else []


def sale_understood(
    document: Json, record: Raw, rows: list[Any], included: bool | None, context: Context
) -> None:
    """Lines, basis of prices, costs, discount, VAT that was not charged, customer and addresses.

    included: whether the prices of rows include VAT, as far as the record says.
    """
    settings = context.connection
    sku_field = settings.sku_field if isinstance(settings, Settings) else "best"
    lines: list[Json] = document.get("lines") or []
    lines += [{} for _ in range(len(rows) - len(lines))]
    for line, row in zip(lines, rows, strict=False):
        line_understood(line, row, sku_field)
    document["lines"] = lines
    if included is None:
        included = record.get("taxes_included", True)
    document["prices"] = "gross" if included else "net"
    document["costs"] = costs_of(record)
    document["discount"] = (
        (number(record.get("total_discounts")) or ZERO)
        + (number(record.get("credit_point_discount")) or ZERO)
    ) or None
    _tax_understood(document, record)
    _customer_understood(document, record)


def _tax_understood(document: Json, record: Raw) -> None:
    untaxed = number(record.get("total_tax")) == 0
    document["tax_exempt"] = exempt = bool(
        record.get("is_intra_community_order")
        or record.get("is_platform_sale")
        or (record.get("taxes_included") is False and untaxed)
    )
    if exempt and untaxed:
        # The rate that counts is the one that was charged, not the one the goods have.
        for charged in (*document["lines"], *document["costs"]):
            charged["tax_rate"] = ZERO


def _customer_understood(document: Json, record: Raw) -> None:
    info = record.get("customer")
    customer = document.setdefault("customer", {})
    person_understood(customer, info if isinstance(info, Mapping) else {})
    customer["currency"] = document.get("currency")
    # One reading of both addresses serves the order and its customer.
    document["billing"] = dict(customer["billing"])
    document["delivery"] = dict(customer["delivery"])

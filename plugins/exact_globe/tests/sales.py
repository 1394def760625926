"""Orders to write, and what Globe was asked and holds."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from koppel_exact_globe import api as globe_api
from koppel_exact_globe.entities import Orders

from hub.model import Address, Customer, Json, Line, Order
from hub.sdk import (
    Api,
)

from .conftest import Globe


def a_line(item: str = "KET-8V", **values: Any) -> Line:
    given = {
        "item": item,
        "name": "Ketting",
        "quantity": Decimal(2),
        "unit_price": Decimal("18.95"),
        "tax_rate": Decimal(21),
        "vat_code": "3",
        "prices": "gross",
    }
    return Line(**{**given, **values})


def an_order(**values: Any) -> Order:
    address = Address(line1="Kade 5", postal_code="3511 AB", city="Utrecht", country="NL")
    given: dict[str, Any] = {
        "reference": "WEB-1",
        "debtor": "1001",
        "currency": "EUR",
        "prices": "gross",
        "ordered_at": dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC),
        "customer": Customer(name="Noor Visser"),
        "billing": address,
        "delivery": address,
        "lines": [a_line(), a_line("ZADEL-GEL", name="Zadel", unit_price=Decimal("39.95"))],
    }
    return Order(**{**given, **values})


def payload_of(globe: Globe, **values: Any) -> Json:
    return globe.rendered(Orders(), an_order(**values))


def bodies_of(globe: Globe, entity: str) -> list[dict[str, Any]]:
    return [
        json.loads(asked["body"])
        for asked in globe.service.sandbox.asked("POST", f"{entity}$")
        if asked["status"] != 401
    ]


def headers_in(globe: Globe) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = globe.service.state()["orders"]
    return found


def lines_in(api: Api) -> list[dict[str, Any]]:
    return [row for rows in globe_api.batches(api, "SalesOrderLine") for row in rows]

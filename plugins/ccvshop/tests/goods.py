"""Products to write, and what became of them in the shop."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from koppel_ccvshop.products import Products
from koppel_ccvshop.sandbox.extras import picture

from hub.model import Attribute, Product, Variant
from hub.sdk import RecordError

from .conftest import Shop, understood

D = Decimal
RED = base64.b64encode(picture(255, 0, 0)).decode()
BLUE = base64.b64encode(picture(0, 0, 255)).decode()


def tea(**more: Any) -> Product:
    """A simple product."""
    values: dict[str, Any] = {
        "sku": "THEE",
        "ean": "8719000000017",
        "name": "Theepot Zoë",
        "short_description": "Gietijzer",
        "description": "<p>Gietijzeren theepot.</p>",
        "price": D("34.95"),
        "tax_rate": D(21),
        "cost_price": D("14.5"),
        "brand": "Ångström",
        "weight": D("0.8"),
        "stock": D(12),
        "stock_managed": True,
        "active": True,
    }
    return Product(**{**values, **more})


def shirt(*variants: tuple[str, str, str], **more: Any) -> Product:
    """A product in sizes and colours: SKU, size and price of each; colour from the SKU."""
    made = [
        Variant(
            sku=sku,
            ean=f"87190000001{n:02}",
            price=D(price),
            stock=D(5),
            attributes=[
                Attribute(name="Maat", value=size),
                Attribute(name="Kleur", value=sku.rpartition("-")[2]),
            ],
        )
        for n, (sku, size, price) in enumerate(variants)
    ]
    return tea(sku="HEMD", name="Hemd", price=D(20), stock=None, variants=made, **more)


def got(shop: Shop, key: str) -> Product:
    found = Products().get(shop.api, [key])[key]
    assert not isinstance(found, RecordError)
    document = understood(Products(), found)
    assert isinstance(document, Product)
    return document

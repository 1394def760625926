"""Stock: one level for every product and variant that can be sold, read and written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.model import Json, StockLevel
from hub.sdk import (
    Api,
    Blocked,
    Effect,
    Entity,
    Field,
    NotFound,
    Page,
    Query,
    Raw,
    RecordError,
    Written,
)

from . import numbers
from .api import walk
from .forms import StockFilter
from .numbers import combinations_of, on_product, sku_of
from .reading import FEW, one_by_one
from .understanding import code, number, text

EXPAND = {"expand": "attributecombinations"}
KEPT_FOR = 300.0
"""Seconds that a walk over all levels serves requests by key, so that a plan costs one walk."""


class Stock(Entity):
    """Stock of products, and of variants where a product has them. The shop has no warehouses.

    The shop has one figure, which orders lower at once: it stands for physical and available
    stock alike. Nobody can tell the shop's products whose stock has changed, so all are read.
    """

    name = "stock"
    title = "Stock"
    document = StockLevel
    key = "key"
    number = "product_number"
    match = ("sku", "ean")
    filter = StockFilter
    all_fields = True
    fields = (
        Field("key", "key", only="read", label="Id"),
        Field("product_number", "sku", read=text, only="read", label="Product number"),
        Field("ean_number", "ean", read=text, only="read", label="EAN"),
        Field("stock", "quantity", label="Stock"),
        Field("stock", "available", only="read", label="Stock, as what can be sold"),
        Field("stock", "physical", only="read", label="Stock, as what is on the shelf"),
        Field("stockenabled", "managed", label="Stock is kept"),
        Field("product_id", only="read", label="Product id"),
        Field("name", only="read", label="Name"),
        Field("is_active", only="read", label="Switched on"),
        Field("stocktype", only="read", label="Where stock is kept"),
        Field("stocklocation", only="read", label="Stock location"),
        Field("ordering_without_stock", only="read", label="Ordering without stock"),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """All products with their variants, 250 a request."""
        wanted = query.filter
        assert isinstance(wanted, StockFilter)
        params: Json = {**EXPAND, "orderby": "id"}
        if wanted.active_only:
            params["active"] = "true"
        for records in walk(api, "/products/", params):
            found = [level for record in records for level in _levels(record)]
            if wanted.managed_only:
                found = [level for level in found if level.get("stockenabled") is not False]
            yield Page([level for level in found if level["product_number"]])

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """One request a product, or for many one walk over all of them."""
        products = list(dict.fromkeys(key.partition("/")[0] for key in keys))
        kept = _kept(api)
        if kept is None and len(products) > FEW:
            kept = {}
            for records in walk(api, "/products/", {**EXPAND, "orderby": "id"}):
                kept |= {level["key"]: level for r in records for level in _levels(r)}
                for r in records:
                    _note_place(api, r["id"], r)
            api.memo["levels"] = (time.monotonic(), kept)
        if kept is not None:
            return {key: kept[key] for key in keys if key in kept}
        found: dict[str, Raw | RecordError] = {}
        for product, record in one_by_one(api, "products", products, EXPAND).items():
            if isinstance(record, RecordError):
                found |= {key: record for key in keys if key.partition("/")[0] == product}
            else:
                _note_place(api, record["id"], record)
                found |= {level["key"]: level for level in _levels(record)}
        return {key: found[key] for key in keys if key in found}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Products and variants by product number or EAN (`sku`, `ean`)."""
        found: dict[str, Raw] = {}
        for value, (known, variant) in numbers.find(api, by, values).items():
            own = next((v for v in known["variants"] if v[0] == variant), None)
            _note_place(api, known["id"], known)
            if on_product(known) and _is(known, by, value):
                own = variant = None
            elif own is None and known["variants"] and not on_product(known):
                continue  # the stock of such a product is that of its variants
            found[value] = {
                "key": _key(known["id"], variant),
                "product_id": known["id"],
                "product_number": own[1] if own else known["productnumber"],
                "ean_number": own[2] if own else known["eannumber"],
            }
        return found

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One request; one more for a product whose keeping of stock changes with a variant."""
        product, _, variant = key.partition("/")
        if not product.isdigit() or (variant and not variant.isdigit()):
            raise NotFound(f"{key} is not an id of CCV Shop", code="not_found")
        quantity, managed = payload.get("stock"), payload.get("stockenabled")
        stock = None if quantity is None else _quantity(quantity)
        if variant and stock is not None:
            if product in _on_products(api):
                raise Blocked(
                    "CCV Shop keeps the stock of this product on the product, so that its variants "
                    "have none of their own. Let the shop keep the stock per variant, or leave the "
                    "product out of this flow.",
                    field="quantity",
                    code="stock_on_product",
                )
            api.patch(f"/attributecombinations/{variant}/", {"stock": stock}, safe=True)
        body: Json = {} if variant or stock is None else {"stock": stock}
        if isinstance(managed, bool) and not (variant and _told(api, product, managed)):
            body["stockenabled"] = managed
        if body:
            api.patch(f"/products/{product}/", body, safe=True)
            if variant:
                api.memo.setdefault("stock is kept", {})[product] = managed
        kept = _kept(api)
        if kept is not None and key in kept:
            kept[key] |= {k: v for k, v in payload.items() if v is not None}
        return Written(key)


def _quantity(value: Any) -> Any:
    amount = number(value)
    if amount is None or not amount.is_finite() or abs(amount) >= 10**9:
        raise RecordError(
            f"The stock must be a number, not {str(value)[:40]}", field="quantity", code="bad_value"
        )
    return amount


def _on_products(api: Api) -> set[str]:
    """The products known to have variants, and their stock on the product all the same."""
    found: set[str] = api.memo.setdefault("stock is on the product", set())
    return found


def _note_place(api: Api, product: Any, record: Mapping[str, Any]) -> None:
    if on_product(record) and (record.get("variants") or combinations_of(record)):
        _on_products(api).add(str(product))
    else:
        _on_products(api).discard(str(product))


def _is(known: Json, by: str, value: str) -> bool:
    own = known["productnumber" if by == "sku" else "eannumber"] or ""
    return str(own).strip().casefold() == value.strip().casefold()


def _told(api: Api, product: str, managed: bool) -> bool:
    """Whether another variant of the product has said the same already."""
    return api.memo.get("stock is kept", {}).get(product) is managed


def _kept(api: Api) -> dict[str, Raw] | None:
    made, levels = api.memo.get("levels", (0.0, None))
    return levels if levels is not None and time.monotonic() - made < KEPT_FOR else None


def _key(product: Any, variant: Any) -> str:
    return f"{product}/{variant}" if variant is not None else str(product)


def _levels(record: Mapping[str, Any]) -> Iterator[Raw]:
    """What of a product has a stock of its own: the product, or each of its variants."""
    same = {
        "product_id": record["id"],
        "name": record.get("name"),
        **{
            name: record.get(name)
            for name in ("stockenabled", "stocktype", "stocklocation", "ordering_without_stock")
        },
    }
    variants = [c for c in combinations_of(record) if sku_of(c) or c.get("active") is not False]
    if not variants or on_product(record):
        yield {
            "key": str(record["id"]),
            "product_number": text(record.get("productnumber") or ""),
            "ean_number": text(record.get("eannumber") or ""),
            "stock": record.get("stock"),
            "is_active": record.get("is_active"),
            **same,
        }
        return
    for variant in variants:
        yield {
            "key": _key(record["id"], code(variant["id"])),
            "product_number": sku_of(variant),
            "ean_number": text(variant.get("ean_number") or ""),
            "stock": variant.get("stock"),
            "is_active": bool(record.get("is_active")) and variant.get("active") is not False,
            **same,
        }

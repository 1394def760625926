"""Products are read complete, with their variants, and after the first time only what changed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.forms import ProductsFilter
from koppel_ccvshop.products import Products
from koppel_ccvshop.sandbox import CATALOGUE

from hub.model import Product
from hub.sdk import Query

from .conftest import Open, Shop, records, understood

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
D = Decimal


def products(shop: Shop) -> dict[str, Product]:
    found: dict[str, Product] = {}
    for record in records(shop, "products"):
        document = understood(Products(), record)
        assert isinstance(document, Product)
        found[document.sku or ""] = document
    return found


def test_the_whole_catalogue_is_one_request_and_the_shops_settings_two(opened: Open) -> None:
    shop = opened(orders=0)

    found = products(shop)

    skus = {variant.sku for product in found.values() for variant in product.variants}
    skus |= {sku for sku, product in found.items() if not product.variants}
    assert skus == {article.sku for article in CATALOGUE}
    assert shop.asked("/products/") == 1
    assert shop.api.requests == 3


def test_a_simple_product_means_what_it_says(opened: Open) -> None:
    product = products(opened(orders=0))["KAART-FIETS"]

    assert (product.name, product.ean) == ("Fietskaart Nederland", "8719000011825")
    assert (product.price, product.tax_rate) == (D("11.95"), D(9))
    assert product.prices == "gross"
    assert (product.cost_price, product.currency, product.weight) == (D("6.1"), "EUR", D("0.1"))
    assert (product.active, product.sellable, product.stock_managed) == (True, True, True)
    assert product.modified_at is not None
    assert product.variants == []


def test_variants_have_their_own_sku_price_and_attributes(opened: Open) -> None:
    helmet = products(opened(orders=0))["HELM"]

    assert [(v.sku, v.ean, v.price) for v in helmet.variants] == [
        ("HELM-M", "8719000011054", D("59.95")),
        ("HELM-L", "8719000011122", D("64.95")),
    ]
    assert [(a.name, a.value) for a in helmet.variants[1].attributes] == [("Maat", "L")]
    assert helmet.brand == "Kopzorg"


def test_a_shop_whose_prices_are_without_vat_says_so(opened: Open) -> None:
    product = products(opened(orders=0, vat_included=False))["KET-8V"]

    assert (product.prices, product.price) == ("net", D("14.83"))


def test_the_next_time_only_what_has_changed_is_read(opened: Open) -> None:
    shop = opened(orders=0, until=NOON)
    first = list(Products().read(shop.api, Query(now=NOON, filter=ProductsFilter())))
    assert first[-1].cursor == {"changed": "2026-01-05T11:50:00Z"}

    since = {"changed": "2026-01-04T12:00:00Z"}
    changed = records(shop, "products", since=since, now=NOON)

    assert 0 < len(changed) < len(first[0].records)
    assert all(record["modifydate"] >= "2026-01-04T12:00:00Z" for record in changed)
    assert "orderby=modifydate_desc" in shop.sandbox.requests[-1]["query"]


def test_reading_stops_at_the_first_product_that_is_older_than_the_mark(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("koppel_ccvshop.api.PAGE", 5)
    shop = opened(orders=0, until=NOON)

    records(shop, "products", since={"changed": "2026-01-05T11:00:00Z"}, now=NOON)

    assert shop.asked("/products/") == 1


def test_only_products_that_are_switched_on_are_asked_for(opened: Open) -> None:
    shop = opened(orders=0)

    records(shop, "products", filter=ProductsFilter(active_only=True))

    assert any("active=true" in asked["query"] for asked in shop.sandbox.asked("GET", "/products/"))


def test_a_product_by_key_is_as_complete_as_one_from_the_list(opened: Open) -> None:
    shop = opened(orders=0)
    helmet: dict[str, Any] = next(
        r for r in records(shop, "products") if r["productnumber"] == "HELM"
    )
    key = str(helmet["id"])

    (one,) = Products().get(shop.api, [key, "1"]).values()

    assert understood(Products(), one) == understood(Products(), helmet)

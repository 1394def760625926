"""Stock of products and variants: read in one walk, written one request each, found by SKU."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.stock import Stock

from hub.model import StockLevel
from hub.sdk import Effect, NotFound, RecordError

from .conftest import Open, Shop, records, rendered, understood, written

D = Decimal


def levels(shop: Shop, **query: Any) -> dict[str, StockLevel]:
    found = {}
    for record in records(shop, "stock", **query):
        level = understood(Stock(), record)
        assert isinstance(level, StockLevel)
        found[level.sku or ""] = level
    return found


def key_of(shop: Shop, sku: str) -> str:
    return Stock().key_of(Stock().find(shop.api, "sku", [sku])[sku])


def test_every_product_and_variant_has_its_level_in_one_request(opened: Open) -> None:
    """K01: out of the shop."""
    shop = opened(orders=0)

    found = levels(shop)

    assert len(shop.sandbox.requests) == 1
    assert "HELM" not in found
    helmet, map_ = found["HELM-L"], found["KAART-FIETS"]
    assert (helmet.ean, helmet.available, helmet.physical) == ("8719000011122", D(54), D(54))
    assert (map_.quantity, map_.managed, map_.levels) == (D(55), True, [])
    assert found["MAND-RIET"].available == D(0)


def test_only_products_whose_stock_is_kept_are_taken_when_asked_for(opened: Open) -> None:
    shop = opened(orders=0)
    shop.api.patch(f"/products/{key_of(shop, 'KET-8V')}/", {"stockenabled": False})

    found = levels(shop, filter=Stock.filter(managed_only=True))

    assert "KET-8V" not in found
    assert "KET-11V" in found


def test_the_stock_of_a_product_is_one_request(opened: Open) -> None:
    """K04: the quantity, and the keeping of stock as a three-way setting."""
    shop = opened(orders=0)
    key = key_of(shop, "KET-8V")
    shop.reset()

    written(shop, Stock(), StockLevel(sku="KET-8V", quantity=D("7.5")), key=key)
    written(shop, Stock(), StockLevel(sku="KET-8V", quantity=D(7), managed=False), key=key)
    written(shop, Stock(), StockLevel(sku="KET-8V", managed=True), key=key)

    assert [r["body"] for r in shop.sandbox.requests] == [
        '{"stock":7.5}',
        '{"stock":7,"stockenabled":false}',
        '{"stockenabled":true}',
    ]


def test_the_stock_of_variants_is_one_request_each_and_keeping_it_one_for_all(
    opened: Open,
) -> None:
    shop = opened(orders=0)
    keys = [key_of(shop, sku) for sku in ("HELM-M", "HELM-L")]
    shop.reset()

    for key in keys:
        written(shop, Stock(), StockLevel(quantity=D(3), managed=False), key=key)

    assert shop.writes() == [
        "PATCH attributecombinations/#",
        "PATCH products/#",
        "PATCH attributecombinations/#",
    ]
    found = levels(shop)
    assert [(found[s].quantity, found[s].managed) for s in ("HELM-M", "HELM-L")] == [
        (D(3), False)
    ] * 2


def test_what_is_read_renders_to_what_would_be_written(opened: Open) -> None:
    shop = opened(orders=0)
    level = levels(shop)["HELM-M"]

    assert rendered(Stock(), level, creating=False) == {"stock": D(58), "stockenabled": True}


def test_the_same_stock_again_is_no_error(opened: Open) -> None:
    shop = opened(orders=0)
    key = key_of(shop, "KET-8V")

    for _ in range(2):
        written(shop, Stock(), StockLevel(quantity=D(7)), key=key)

    assert shop.sandbox.requests[-1]["status"] == 500  # 500.50: nothing to do


def test_ten_thousand_articles_with_three_hundred_changes_take_the_minimum(opened: Open) -> None:
    """The sheet: ceil(N/250) with combinations for the index, and one PATCH for each change."""
    shop = opened(orders=0, products=10_000)
    changed = [f"P{n:05}" for n in range(1, 301)]
    shop.reset()

    found = Stock().find(shop.api, "sku", changed)
    for record in found.values():
        written(shop, Stock(), StockLevel(quantity=D(99)), key=Stock().key_of(record))

    assert len(found) == 300
    assert len(shop.sandbox.requests) == 41 + 300


def test_a_plan_of_many_levels_costs_one_walk(opened: Open) -> None:
    shop = opened(orders=0, products=1_000)
    keys = [Stock().key_of(r) for r in records(shop, "stock")]
    shop.reset()

    for start in range(0, len(keys), 100):
        assert list(Stock().get(shop.api, keys[start : start + 100])) == keys[start : start + 100]

    assert len(shop.sandbox.requests) == 5


def test_a_level_that_is_gone_is_left_out_and_refused_when_written(opened: Open) -> None:
    shop = opened(orders=0)

    assert Stock().get(shop.api, ["1", "830456101/1", "x"]) == {}
    for key in ("1", "830456101/1", "x"):
        with pytest.raises(NotFound):
            Stock().update(shop.api, key, {"stock": D(1)}, Effect("token"))


def test_a_stock_that_is_no_number_names_the_field(opened: Open) -> None:
    with pytest.raises(RecordError, match="must be a number") as error:
        Stock().update(opened(orders=0).api, "830456101", {"stock": D("1e400")}, Effect("token"))

    assert error.value.field == "quantity"


def test_a_product_with_variants_has_no_stock_of_its_own_to_write(opened: Open) -> None:
    shop = opened(orders=0)

    found = Stock().find(shop.api, "sku", ["HELM", "HELM-L"])
    by_ean = Stock().find(shop.api, "ean", ["8719000011122", "8719000010071"])

    assert list(found) == ["HELM-L"]
    assert {r["product_number"] for r in by_ean.values()} == {"HELM-L", "KET-8V"}

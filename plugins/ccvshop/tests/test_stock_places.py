"""Stock is written where the shop keeps it: on the product, or on each of its variants."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.stock import Stock

from hub.model import StockLevel
from hub.sdk import Blocked

from .altered import altered, each
from .conftest import Open, Shop, records, written

D = Decimal


def kept_on_product(shop: Shop, sku: str = "HELM") -> str:
    """The shop keeps the stock of this product with variants on the product; gives its id."""
    (product,) = shop.api.get("/products/", {"productnumber": sku, "size": 9})["items"]
    shop.api.patch(f"/products/{product['id']}/", {"stocktype": "Product", "stock": 40})
    return str(product["id"])


def test_the_stock_of_a_product_with_variants_is_found_on_the_product(opened: Open) -> None:
    shop = opened(orders=0)
    product = kept_on_product(shop)

    found = Stock().find(shop.api, "sku", ["HELM"])
    (level,) = Stock().get(shop.api, [Stock().key_of(found["HELM"])]).values()
    written(shop, Stock(), StockLevel(quantity=D(7)), key=product)

    assert Stock().key_of(found["HELM"]) == product
    assert isinstance(level, dict)
    assert level["stock"] == 40
    assert shop.api.get(f"/products/{product}/")["stock"] == 7


@pytest.mark.parametrize("known", ["found", "read"])
def test_a_variant_without_a_stock_of_its_own_is_held_back_and_says_why(
    opened: Open, known: str
) -> None:
    """What is written to the combination would change nothing in the shop."""
    shop = opened(orders=0)
    variant = Stock().key_of(Stock().find(shop.api, "sku", ["HELM-L"])["HELM-L"])
    kept_on_product(shop)
    if known == "found":
        with shop.api.doubting():
            assert Stock().find(shop.api, "sku", ["HELM-L"])
    else:
        assert Stock().get(shop.api, [variant]) == {}
    shop.reset()

    with pytest.raises(Blocked, match=r"keeps the stock of this product on the product") as error:
        written(shop, Stock(), StockLevel(quantity=D(7)), key=variant)

    assert (error.value.field, shop.writes()) == ("quantity", [])


def test_a_product_whose_stock_went_back_to_its_variants_is_written_again(opened: Open) -> None:
    shop = opened(orders=0)
    product = kept_on_product(shop)
    variant = Stock().key_of(Stock().find(shop.api, "sku", ["HELM-L"])["HELM-L"])
    shop.api.patch(f"/products/{product}/", {"stocktype": "Attribute"})
    assert list(Stock().get(shop.api, [variant])) == [variant]

    written(shop, Stock(), StockLevel(quantity=D(7)), key=variant)

    assert shop.writes()[-1] == "PATCH attributecombinations/#"


def test_the_place_may_be_spelled_small(opened: Open) -> None:
    def small(record: dict[str, Any]) -> None:
        record["stocktype"] = record["stocktype"].lower()

    shop = opened(orders=0, middleware=altered("/products/$", each(small)))
    product = kept_on_product(shop)

    keys = [r["key"] for r in records(shop, "stock") if str(r["product_id"]) == product]

    assert keys == [product]

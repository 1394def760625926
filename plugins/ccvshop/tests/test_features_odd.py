"""Options of a property that do not come with it are asked for, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from koppel_ccvshop.products import Products

from hub.model import Attribute, Product
from hub.sdk import RecordError

from .altered import altered, each
from .conftest import Open, Shop, understood, written
from .goods import tea

OPTIONS = "/productpropertyoptions/"


def none(record: dict[str, Any]) -> None:
    record["options"] = None


def address_only(record: dict[str, Any]) -> None:
    record["options"].pop("collection")


def origin(shop: Shop, key: str) -> str | None:
    found = Products().get(shop.api, [key])[key]
    assert not isinstance(found, RecordError)
    product = understood(Products(), found)
    assert isinstance(product, Product)
    return next((f.value for f in product.features if f.name == "Land van herkomst"), None)


@pytest.mark.parametrize("change", [none, address_only])
def test_an_option_is_found_where_options_do_not_come_with_the_property(
    opened: Open, change: Callable[[dict[str, Any]], None]
) -> None:
    shop = opened(orders=0, middleware=altered("/productproperties/$", each(change)))
    feature = Attribute(name="Land van herkomst", value="CN")

    keys = [
        written(shop, Products(), tea(sku=f"THEE-{n}", ean=None, features=[feature]))
        for n in range(2)
    ]

    assert [origin(shop, key) for key in keys] == ["CN", "CN"]
    assert shop.asked(OPTIONS, "POST") == 0
    assert shop.asked(OPTIONS) == 1


@pytest.mark.parametrize("change", [none, address_only])
def test_a_new_option_is_made_once(opened: Open, change: Callable[[dict[str, Any]], None]) -> None:
    shop = opened(orders=0, middleware=altered("/productproperties/$", each(change)))
    feature = Attribute(name="Land van herkomst", value="PT")

    keys = [
        written(shop, Products(), tea(sku=f"THEE-{n}", ean=None, features=[feature]))
        for n in range(2)
    ]

    assert [origin(shop, key) for key in keys] == ["PT", "PT"]
    assert shop.asked(OPTIONS, "POST") == 1

"""Variants stay whole in shops that spell ids and attributes otherwise."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.products import Products

from hub.model import Attribute, Product, Variant
from hub.sdk import RecordError

from .altered import altered, each
from .conftest import Open, Shop, understood, written
from .goods import shirt

SHIRT = shirt(("HEMD-S-ROOD", "S", "20"), ("HEMD-M-ROOD", "M", "22"))


def variants(shop: Shop, key: str) -> list[str | None]:
    """The SKUs that are sold of a product."""
    found = Products().get(shop.api, [key])[key]
    assert not isinstance(found, RecordError)
    product = understood(Products(), found)
    assert isinstance(product, Product)
    return [variant.sku for variant in product.variants if variant.active is not False]


def as_text(value: dict[str, Any]) -> None:
    value |= {name: str(value[name]) for name in ("optionid", "optionvalue_id")}


def test_values_whose_ids_come_as_text_are_not_deleted(opened: Open) -> None:
    """Ids have been seen as text."""
    shop = opened(orders=0, middleware=altered("/productattributevalues/", each(as_text)))
    key = written(shop, Products(), SHIRT)
    before = variants(shop, key)
    shop.reset()

    written(shop, Products(), SHIRT, key=key)

    assert shop.writes() == []
    assert variants(shop, key) == before == ["HEMD-S-ROOD", "HEMD-M-ROOD"]


def test_a_value_of_an_attribute_that_nobody_knows_is_left_alone(opened: Open) -> None:
    def hide(said: Any) -> None:
        said["items"] = [a for a in said["items"] if a["name"] != "Kleur"]

    shop = opened(orders=0)
    key = written(shop, Products(), SHIRT)
    shop.app.wsgi_app = altered("/attributes/$", hide)(shop.app.wsgi_app)
    shop.api.memo.clear()
    shop.reset()
    only = shirt(("HEMD-S", "S", "20"), ("HEMD-M", "M", "22"))
    for variant in only.variants:
        del variant.attributes[1]

    with pytest.raises(RecordError) as error:
        written(shop, Products(), only, key=key)

    assert error.value.code == "no_combination"
    assert not [write for write in shop.writes() if write.startswith("DELETE")]


# -- attributes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shown",
    [
        {"type": "Option menu"},
        {"type": "OptionMenu"},
        {"type": "option-menu-required"},
        {"type": None, "attribute_type": 1},
        {"type": "optiemenu", "attribute_type": 1},
    ],
)
def test_an_attribute_is_a_menu_however_its_type_is_spelled(
    opened: Open, shown: dict[str, Any]
) -> None:
    """No second attribute of the same name is made."""

    def change(attribute: dict[str, Any]) -> None:
        attribute |= shown

    shop = opened(orders=0)
    written(shop, Products(), SHIRT)
    shop.app.wsgi_app = altered("/attributes/$", each(change))(shop.app.wsgi_app)
    shop.api.memo.clear()
    shop.reset()
    other = shirt(("POLO-S-ROOD", "S", "20"), ("POLO-M-ROOD", "M", "22"))

    key = written(shop, Products(), replace(other, sku="POLO"))

    assert "POST attributes" not in shop.writes()
    assert variants(shop, key) == ["POLO-S-ROOD", "POLO-M-ROOD"]


@pytest.mark.parametrize("shown", [{"type": "Additional menu"}, {"type": "text_required"}])
def test_an_attribute_that_makes_no_combinations_is_not_taken_for_a_menu(
    opened: Open, shown: dict[str, Any]
) -> None:
    def change(attribute: dict[str, Any]) -> None:
        attribute |= shown

    shop = opened(orders=0, middleware=altered("/attributes/$", each(change)))
    before = shop.api.get("/attributes/")["items"]
    names = [Attribute(name=before[0]["name"], value="Zwart")]
    one = Variant(sku="POLO-Z", price=Decimal(20), attributes=names)

    written(shop, Products(), replace(SHIRT, sku="POLO", variants=[one]))

    assert shop.writes().count("POST attributes") == 1

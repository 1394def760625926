"""Variants arrive as attributes and combinations, and what cannot be told apart is refused."""

from __future__ import annotations

import pytest
from koppel_ccvshop.products import Products

from hub.sdk import RecordError

from .conftest import Open, written
from .goods import D, got, shirt

# -- variants --------------------------------------------------------------------------------------


def test_variants_are_made_of_attributes_and_those_not_sold_are_switched_off(opened: Open) -> None:
    """P14, P17."""
    shop = opened(orders=0)
    product = shirt(
        ("HEMD-M-Rood", "M", "20"), ("HEMD-L-Rood", "L", "22.5"), ("HEMD-L-Blauw", "L", "23")
    )

    key = written(shop, Products(), product)

    assert shop.writes() == [
        "POST products",
        # "Maat" and "M", "L" are known here because the helmets have them.
        "POST attributes",
        *["POST attributes/#/attributevalues"] * 2,
        *["POST products/#/productattributevalues"] * 4,
        *["PATCH attributecombinations/#"] * 4,
    ]
    made = {v.sku: v for v in got(shop, key).variants}
    assert set(made) == {"HEMD-M-Rood", "HEMD-L-Rood", "HEMD-L-Blauw"}
    assert [made[sku].price for sku in sorted(made)] == [D(23), D("22.5"), D(20)]
    assert {v.stock for v in made.values()} == {D(5)}
    assert {(a.name, a.value) for a in made["HEMD-L-Blauw"].attributes} == {
        ("Maat", "L"),
        ("Kleur", "Blauw"),
    }


def test_a_second_product_with_the_same_attributes_makes_no_new_ones(opened: Open) -> None:
    shop = opened(orders=0)
    written(shop, Products(), shirt(("HEMD-M-Rood", "M", "20")))
    shop.reset()

    second = shirt(("BROEK-M-Rood", "m", "20"))
    second.sku = "BROEK"
    written(shop, Products(), second)

    assert not [w for w in shop.writes() if w.startswith("POST attributes")]


def test_a_price_that_is_no_sum_of_surcharges_names_the_variant_and_sends_nothing(
    opened: Open,
) -> None:
    shop = opened(orders=0)
    product = shirt(
        *(("A-Rood", "M", "20"), ("B-Blauw", "M", "21")),
        *(("C-Rood", "L", "25"), ("D-Blauw", "L", "27")),
    )

    with pytest.raises(RecordError, match="Variant D-Blauw costs 27, which CCV Shop cannot") as e:
        written(shop, Products(), product)

    assert (e.value.field, e.value.code) == ("variants[3].price", "variant_price")
    assert shop.writes() == []


@pytest.mark.parametrize(
    ("second", "says", "field"),
    [
        (("HEMD-M-Rood", "L", "20"), "Variants 1 and 2 have the same SKU", "variants[1].sku"),
        (("X-Rood", "M", "20"), "have the same attributes: Maat M", "variants[1].attributes"),
    ],
)
def test_two_variants_that_cannot_be_told_apart_are_refused(
    opened: Open, second: tuple[str, str, str], says: str, field: str
) -> None:
    shop = opened(orders=0)

    with pytest.raises(RecordError, match=says) as error:
        written(shop, Products(), shirt(("HEMD-M-Rood", "M", "20"), second))

    assert error.value.field == field
    assert shop.writes() == []


def test_a_variant_without_attributes_is_refused_by_name(opened: Open) -> None:
    product = shirt(("HEMD-M-Rood", "M", "20"))
    product.variants[0].attributes = []

    with pytest.raises(RecordError, match="Variant HEMD-M-Rood has no attributes"):
        written(opened(orders=0), Products(), product)


def test_variants_that_differ_in_different_things_are_refused(opened: Open) -> None:
    product = shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20"))
    product.variants[1].attributes.pop()

    with pytest.raises(RecordError, match="B-Rood differs in Maat, but A-Rood in Maat and Kleur"):
        written(opened(orders=0), Products(), product)


def test_a_variant_that_is_gone_is_switched_off_and_a_new_one_is_made(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20")))
    shop.reset()

    written(shop, Products(), shirt(("A-Rood", "M", "20"), ("C-Rood", "XL", "21")), key=key)

    made = {v.sku: v for v in got(shop, key).variants}
    assert {sku: v.active for sku, v in made.items()} == {
        "A-Rood": True,
        "B-Rood": False,
        "C-Rood": True,
    }
    assert made["C-Rood"].price == D(21)


def test_an_attribute_that_is_gone_no_longer_multiplies_the_variants(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20")))
    product = shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "20"))
    for variant in product.variants:
        variant.attributes.pop()

    written(shop, Products(), product, key=key)

    assert [len(v.attributes) for v in got(shop, key).variants] == [1, 1]


def test_a_price_that_changed_is_one_patch_of_the_option(opened: Open) -> None:
    shop = opened(orders=0)
    key = written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "22")))
    shop.reset()

    written(shop, Products(), shirt(("A-Rood", "M", "20"), ("B-Rood", "L", "24")), key=key)

    assert shop.writes() == ["PATCH productattributevalues/#"]
    assert sorted(v.price or D(0) for v in got(shop, key).variants) == [D(20), D(24)]

"""Products and stock between the books and the CRM, both ways: P01 to P29 and K01 of the pair."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.flows.hubspot.bench import VAT_IN_BOOKS, VAT_IN_CRM, Trio, flow
from tests.flows.pairs import entry, go, outcomes

Make = Callable[..., Trio]
D = Decimal
FAMILIES = {"family_field": "TextFreeField1", "create_assortments": True}


def to_crm(**settings: Any) -> dict[str, Any]:
    return flow("erp.products", "crm.products", product_vat_codes=VAT_IN_CRM, **settings)


def to_books(**settings: Any) -> dict[str, Any]:
    return flow("crm.products", "erp.products", product_vat_codes=VAT_IN_BOOKS, **settings)


def edit(trio: Trio, sku: str, **values: Any) -> None:
    """Somebody edits an item of the books."""
    (item,) = trio.rows("Item", ItemCode=sku)
    trio.edit("Item", item, **values)


def shown(trio: Trio, sku: str) -> dict[str, Any]:
    return trio.one("products", hs_sku=sku)


# ---- failures


def test_a_refused_product_does_not_stop_the_others(trio: Trio) -> None:
    edit(trio, "KET-8V", SalesPrice=-5.0)
    trio.couple(products=to_crm())
    ran = go(trio, "products")
    failed = entry(ran, "KET-8V")
    assert failed["outcome"] in ("failed", "blocked")
    assert failed["reason"]
    assert entry(ran, "KET-11V")["outcome"] == "created"
    assert trio.of("products", hs_sku="KET-8V") == []


def test_of_a_hundred_products_one_is_poisoned_and_99_arrive(make_trio: Make) -> None:
    trio = make_trio(erp={"items": 110})
    trio.define("products", "aantal", type="number", fieldType="number")
    rules = [{"to": "properties.aantal", "from": "TextFreeField5"}]
    edit(trio, "KET-8V", TextFreeField5="veel")
    trio.couple(products=to_crm(rules=rules))
    ran = go(trio, "products")
    assert entry(ran, "KET-8V")["outcome"] == "failed"
    assert "veel" in entry(ran, "KET-8V")["reason"]
    assert "aantal" in entry(ran, "KET-8V")["reason"]
    counts = outcomes(ran)
    assert counts["failed"] == 1
    assert counts["created"] + counts["updated"] >= 99


@pytest.mark.parametrize("path", ["products/batch/upsert", "products/batch/update"])
def test_a_dropped_answer_makes_no_product_twice(trio: Trio, path: str) -> None:
    trio.couple(products=to_crm())
    trio.sandbox.fault("drop_after", path=path, times=1)
    go(trio, "products")
    go(trio, "products")
    skus = [p["properties"]["hs_sku"] for p in trio.of("products")]
    assert len(skus) == len(set(skus))
    assert "KET-8V" in skus
    since = trio.mark()
    go(trio, "products")
    assert trio.writes(since) == []


# ---- from the books to the CRM


def test_p13_p14_items_become_products_and_families_products_of_a_family(trio: Trio) -> None:
    """Also P01, P09, P10 and P17: what a family differs in is told of each variant."""
    trio.couple(erp=FAMILIES, products=to_crm())
    ran = go(trio, "products")
    assert ran["status"] == "succeeded", ran["entries"]
    assert entry(ran, "KET-8V")["outcome"] == "created"
    assert entry(ran, "TRUI-BL")["outcome"] == "created"
    variants = trio.of("products", hub_parent_sku="TRUI-BL")
    assert {v["properties"]["hs_sku"] for v in variants} == {"TRUI-BL-M", "TRUI-BL-L", "TRUI-BL-XL"}
    told = {v["properties"]["hub_variant_options"] for v in variants}
    assert len(told) == 3
    assert all("Maat=" in options for options in told)
    assert trio.of("products", hs_sku="TRUI-BL") == [], "the family itself cannot be sold"
    product = trio.seen("products", "sku", "TRUI-BL")
    assert [len(product.variants), product.sku] == [3, "TRUI-BL"], "it is read as one product"


def test_p22_p23_p26_p28_name_sku_price_and_ean_are_mapped_by_default(trio: Trio) -> None:
    """Prices are with VAT in the books and without it in the CRM; also P19: the category."""
    edit(
        trio,
        "KET-8V",
        Description0="Ketting 8v nieuw",
        GTIN="8719000000017",
        SalesPrice=24.2,
        SalesVATCode="3",
    )
    trio.couple(products=to_crm())
    go(trio, "products")
    own = shown(trio, "KET-8V")
    assert (own["name"], own["hub_ean"]) == ("Ketting 8v nieuw", "8719000000017")
    assert D(own["price"]) == D("20.00")
    assert own["hs_tax_rate_group_id"] == "15970230"
    assert own["hub_category"] == "Fietsonderdelen"
    assert own["hs_status"] == "active"
    trio.couple(products=to_crm(), settings={"prices": "gross"})
    edit(trio, "KET-8V", SalesPrice=36.3)
    go(trio, "products")
    assert D(shown(trio, "KET-8V")["price"]) == D("36.30")


def test_p12_what_is_enriched_in_the_crm_survives_field_by_field(trio: Trio) -> None:
    """The long description (P24) is given once; the name follows the books."""
    rules = [
        {"to": "properties.hs_rich_text_description", "from": "Description0", "when": "create"}
    ]
    trio.couple(products=to_crm(rules=rules))
    go(trio, "products")
    key = shown(trio, "KET-8V")["hs_object_id"]
    rich = {"hs_rich_text_description": "<p>Loopt als een <b>zonnetje</b></p>"}
    trio.change("products", key, properties=rich)
    edit(trio, "KET-8V", Description0="Ketting 8v nieuw")
    assert entry(go(trio, "products"), "KET-8V")["outcome"] == "updated"
    own = shown(trio, "KET-8V")
    assert own["name"] == "Ketting 8v nieuw"
    assert own["hs_rich_text_description"] == rich["hs_rich_text_description"]


def test_p02_with_the_update_box_off_products_are_made_but_never_changed(trio: Trio) -> None:
    before = dict(shown(trio, "ZADEL-GEL"))
    trio.couple(products=to_crm(update=False))
    ran = go(trio, "products")
    assert entry(ran, "ZADEL-GEL")["outcome"] == "skipped"
    assert entry(ran, "KET-8V")["outcome"] == "created"
    edit(trio, "KET-8V", Description0="Ketting 8v nieuw")
    go(trio, "products")
    assert shown(trio, "ZADEL-GEL") == before
    assert shown(trio, "KET-8V")["name"] == "Ketting 8 versnellingen"


def test_p11_products_are_recognised_by_sku_whatever_its_capitals_and_made_once(
    trio: Trio,
) -> None:
    """Also a second run that writes nothing."""
    key = shown(trio, "ZADEL-GEL")["hs_object_id"]
    trio.change("products", key, properties={"hs_sku": "zadel-gel"})
    count = len(trio.of("products"))
    trio.couple(products=to_crm())
    first = outcomes(go(trio, "products"))
    assert first["updated"] >= 8
    skus = [p["properties"]["hs_sku"].casefold() for p in trio.of("products")]
    assert skus.count("zadel-gel") == 1
    assert len(trio.of("products")) == count + first["created"]
    since = trio.mark()
    assert outcomes(go(trio, "products", full=True))["created"] == 0
    assert trio.writes(since) == []


def test_p04_a_filter_of_ones_own_says_which_items_go(trio: Trio) -> None:
    where = {"field": "name", "is": "contains", "value": "Ketting "}
    trio.couple(products=to_crm(where=where))
    ran = go(trio, "products")
    assert entry(ran, "KET-8V")["outcome"] == "created"
    assert trio.of("products", hs_sku="POMP-MINI") == []


def test_p06_p21_free_fields_of_the_books_reach_custom_properties_by_a_rule(trio: Trio) -> None:
    """Also P15: the property is found live, and may be one that HubSpot itself knows."""
    trio.define("products", "kleur")
    rules = [
        {"to": "properties.kleur", "from": "TextFreeField4"},
        {"to": "properties.hs_url", "template": "https://fietsen.example/{ItemCode}"},
    ]
    edit(trio, "KET-8V", TextFreeField4="zwart")
    trio.couple(products=to_crm(rules=rules))
    go(trio, "products")
    own = shown(trio, "KET-8V")
    assert own["kleur"] == "zwart"
    assert own["hs_url"] == "https://fietsen.example/KET-8V"


def test_p16_p18_attributes_get_their_names_and_features_inform(trio: Trio) -> None:
    edit(trio, "KET-8V", TextFreeField2="Japan")
    settings = {**FAMILIES, "feature_fields": ["TextFreeField2"]}
    names = {"rows": {"Maat": "Size"}}
    trio.couple(erp=settings, products=to_crm(attribute_names=names))
    go(trio, "products")
    assert "Japan" in shown(trio, "KET-8V")["hub_features"]
    assert "Size=" in shown(trio, "TRUI-BL-M")["hub_variant_options"]


def test_p29_a_product_in_another_currency_is_held_back_and_prices_are_never_converted(
    trio: Trio,
) -> None:
    edit(trio, "KET-8V", SalesCurrency="USD")
    trio.couple(products=to_crm(currency="EUR"))
    ran = go(trio, "products")
    assert entry(ran, "KET-8V")["outcome"] == "blocked"
    assert "USD" in entry(ran, "KET-8V")["reason"]
    assert entry(ran, "KET-11V")["outcome"] == "created"
    assert trio.seen("products", "sku", "KET-11V").currency == "EUR", "the account's"


def test_products_that_the_books_have_no_more_become_inactive(trio: Trio) -> None:
    trio.couple(products=to_crm(deactivate_missing=True))
    go(trio, "products")
    trio.world.tables["Item"].delete(trio.world.item("KET-8V"))
    go(trio, "products", full=True)
    assert shown(trio, "KET-8V")["hs_status"] == "inactive"
    assert shown(trio, "KET-11V")["hs_status"] == "active"


# ---- from the CRM to the books


def test_p08_products_of_the_crm_become_items_a_variant_each(make_trio: Make) -> None:
    """Also P26: prices without VAT there, with or without in the books, as the code says."""
    trio = make_trio(crm={"products": 3})
    trio.couple(erp=FAMILIES, products=to_books(filter={"product_types": ["inventory"]}))
    ran = go(trio, "products")
    assert entry(ran, "ART-00001")["outcome"] == "created", ran["entries"]
    (item,) = trio.rows("Item", ItemCode="ART-00001")
    assert item["Description0"] == "Artikel 1"
    assert (item["SalesVATCode"].strip(), D(str(item["SalesPrice"]))) == ("1", D("12.5"))
    assert entry(ran, "TS-RED")["outcome"] in ("created", "updated")
    for sku in ("TS-RED-S", "TS-RED-M", "TS-RED-L"):
        assert len(trio.rows("Item", ItemCode=sku)) == 1
    assert trio.rows("Item", ItemCode="VERZENDKOSTEN")[0]["SalesPrice"] == 4.95, "filtered out"


def test_p12_a_change_in_the_crm_changes_the_item_and_nothing_else(make_trio: Make) -> None:
    trio = make_trio(crm={"products": 3})
    trio.couple(erp=FAMILIES, products=to_books())
    go(trio, "products")
    key = shown(trio, "ART-00001")["hs_object_id"]
    trio.change("products", key, properties={"name": "Artikel een", "price": "13.50"})
    assert outcomes(go(trio, "products"))["updated"] == 1
    (item,) = trio.rows("Item", ItemCode="ART-00001")
    assert (item["Description0"], item["SalesPrice"]) == ("Artikel een", 13.5)
    assert outcomes(go(trio, "products"))["updated"] == 0


def test_products_that_go_both_ways_come_to_rest(make_trio: Make) -> None:
    trio = make_trio(crm={"products": 3})
    trio.couple(erp=FAMILIES, forth=to_crm(), back=to_books())
    for name in ("forth", "back") * 2:
        assert go(trio, name)["status"] == "succeeded"
    since, items = trio.mark(), len(trio.rows("Item"))
    for name in ("forth", "back"):
        ran = outcomes(go(trio, name))
        assert ran["created"] == ran["updated"] == 0, (name, ran)
    assert trio.writes(since) == []
    assert len(trio.rows("Item")) == items


# ---- stock


def test_k01_stock_of_the_books_stands_on_the_product_and_only_changes_are_written(
    trio: Trio,
) -> None:
    """Also O06, P27 and K03: what is reserved by orders is taken off."""
    trio.couple(erp=FAMILIES, products=to_crm(), stock=flow("erp.stock", "crm.stock"))
    go(trio, "products")
    trio.world.stock["ket-8v", "1"] = 40
    ran = go(trio, "stock")
    assert entry(ran, "KET-8V")["outcome"] == "updated"
    reserved = trio.world.open_orders("KET-8V", "1")
    assert D(shown(trio, "KET-8V")["hub_stock"]) == trio.shelf("KET-8V") - D(str(reserved))
    since = trio.mark()
    assert outcomes(go(trio, "stock"))["updated"] == 0
    assert trio.writes(since) == []
    for sku in ("ket-8v", "ket-11v", "trui-bl-m"):
        trio.world.stock[sku, "1"] = 77
    since = trio.mark()
    assert outcomes(go(trio, "stock"))["updated"] == 3
    assert len(trio.writes(since)) == 1, "a hundred a request"
    variant = trio.shelf("TRUI-BL-M")
    assert D(shown(trio, "TRUI-BL-M")["hub_stock"]) == variant, "a variant has stock of its own"


def test_k01_stock_that_the_crm_holds_no_product_for_is_left_out_with_a_word(trio: Trio) -> None:
    trio.couple(stock=flow("erp.stock", "crm.stock"))
    ran = go(trio, "stock")
    assert entry(ran, "KET-8V")["outcome"] == "skipped"
    assert entry(ran, "KET-8V")["reason"] == "crm has no product KET-8V."
    assert entry(ran, "ZADEL-GEL")["outcome"] == "updated"

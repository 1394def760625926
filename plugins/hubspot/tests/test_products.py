"""Products and stock: one for every SKU, variants as a family, properties of our own (P rows)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from koppel_hubspot import hubspot
from koppel_hubspot.forms import ProductsSettings

from hub.mapping.difference import differences
from hub.mapping.fieldtable import FieldTable
from hub.model import Attribute, Product, StockLevel
from hub.sdk import RecordError, Written

from .conftest import Open, context, created, effects, records, rendered, understood, updated
from .samples import product, shirt

PRODUCTS, STOCK = hubspot.entity("products"), hubspot.entity("stock")


def test_pictures_cannot_be_written() -> None:
    """P20: images are not supported."""
    assert PRODUCTS.max_images == 0
    assert "Pictures" in PRODUCTS.cannot["images"]


def test_a_product_means_the_same_when_it_is_read_back(opened: Open) -> None:
    account = opened()
    document = product(1, description="<p>Een <b>bel</b> &amp; meer</p>", cost_price=Decimal("4.5"))
    document.features = [Attribute(name="Materiaal", value="Messing")]
    (result,) = created(account, "products", [document])
    assert isinstance(result, Written)
    record = PRODUCTS.get(account.api, [result.key])[result.key]
    back = understood(PRODUCTS, record)
    assert (back.sku, back.ean, back.name) == ("NEW-00001", "8720000000001", "Fietsbel 1")
    assert (back.price, back.cost_price, back.prices) == (Decimal("12.10"), Decimal("4.5"), "net")
    assert (back.stock, back.active) == (Decimal(5), True)
    assert [(f.name, f.value) for f in back.features] == [("Materiaal", "Messing")]
    assert back.description == "<p>Een <b>bel</b> &amp; meer</p>"
    (kept,) = account.of("products", hs_sku="NEW-00001")
    assert kept["properties"]["description"] == "Een bel & meer"
    assert kept["properties"]["hs_product_type"] == "inventory"


def test_the_type_is_only_given_to_new_products() -> None:
    settings = ProductsSettings(product_type="service")
    fresh = rendered(PRODUCTS, product(1), settings=settings)
    assert fresh["properties"]["hs_product_type"] == "service"
    later = rendered(PRODUCTS, product(1), creating=False, settings=settings)
    assert "hs_product_type" not in later["properties"]


def test_variants_are_products_of_a_family(opened: Open) -> None:
    account = opened()
    (result,) = created(account, "products", [shirt("S-1", "S-2", "S-3")])
    assert isinstance(result, Written)
    assert result.key == "family-shirt"
    (small,) = account.of("products", hs_sku="S-1")
    own = small["properties"]
    assert (own["name"], own["price"]) == ("T-shirt – S", "20.62")
    assert (own["hub_parent_sku"], own["hub_variant_options"]) == ("SHIRT", "Maat=S")
    assert (own["hub_category"], own["description"]) == ("Kleding > Shirts", "Van katoen")
    assert not account.of("products", hs_sku="SHIRT")


def test_a_family_is_read_as_one_product(opened: Open) -> None:
    account = opened()
    created(account, "products", [shirt("S-1", "S-2")])
    found = {record["id"]: understood(PRODUCTS, record) for record in records(account, "products")}
    document = found["family-shirt"]
    assert (document.name, document.sku) == ("T-shirt", "SHIRT")
    assert [variant.sku for variant in document.variants] == ["S-1", "S-2"]
    assert [v.attributes[0].value for v in document.variants] == ["S", "M"]
    assert document.categories[0].path == ["Kleding", "Shirts"]
    assert len([d for d in found.values() if d.variants]) == 2  # and the one of the catalogue


@pytest.mark.parametrize("document", [product(1), shirt("S-1", "S-2")], ids=["simple", "family"])
def test_a_plan_sees_no_difference_in_what_was_just_written(
    opened: Open, document: Product
) -> None:
    account = opened()
    (result,) = created(account, "products", [document])
    assert isinstance(result, Written)
    present = PRODUCTS.get(account.api, [result.key])[result.key]
    assert not isinstance(present, RecordError)
    payload = rendered(PRODUCTS, document, creating=False)
    table = FieldTable(PRODUCTS)
    assert differences(PRODUCTS, table, payload, present, context(PRODUCTS)) == []


def test_products_and_variants_are_found_by_sku_and_ean(opened: Open) -> None:
    account = opened()
    created(account, "products", [shirt("S-1", "S-2"), product(1)])
    found = PRODUCTS.find(account.api, "sku", ["s-2", "NEW-00001", "SHIRT", "NIETS"])
    assert found["s-2"]["id"] == found["SHIRT"]["id"] == "family-shirt"
    assert PRODUCTS.known_as_of(found["s-2"]) == account.of("products", hs_sku="S-2")[0]["id"]
    assert "NIETS" not in found
    by_ean = PRODUCTS.find(account.api, "ean", ["8720000000001", "0"])
    assert list(by_ean) == ["8720000000001"]
    assert by_ean["8720000000001"]["properties"]["hs_sku"] == "NEW-00001"


def test_a_variant_that_is_no_more_becomes_inactive(opened: Open) -> None:
    account = opened()
    created(account, "products", [shirt("S-1", "S-2")])
    updated(account, "products", [("family-shirt", shirt("S-1", "S-9"))])
    states = {
        record["properties"]["hs_sku"]: record["properties"]["hs_status"]
        for record in account.of("products", hub_parent_sku="SHIRT")
    }
    assert states == {"S-1": "active", "S-2": "inactive", "S-9": "active"}


def test_a_family_that_is_gone_is_switched_off_whole(opened: Open) -> None:
    account = opened()
    created(account, "products", [shirt("S-1", "S-2")])
    payload = {"properties": {"hs_status": "inactive"}}
    made = PRODUCTS.update(account.api, "family-shirt", payload, effects(1)[0])
    assert made.key == "family-shirt"
    assert len(account.of("products", hub_parent_sku="SHIRT", hs_status="inactive")) == 2


def test_products_that_are_there_are_updated_and_never_doubled(opened: Open) -> None:
    account = opened()
    created(account, "products", [product(1)])
    (again,) = created(account, "products", [product(1, name="Toeter")])
    assert isinstance(again, Written)
    (kept,) = account.of("products", hs_sku="NEW-00001")
    assert kept["properties"]["name"] == "Toeter"
    assert kept["id"] == again.key


def test_in_an_account_whose_skus_are_not_unique_products_are_found_all_the_same(
    opened: Open,
) -> None:
    account = opened(unique_sku=False)
    documents = [product(n) for n in range(5)]
    created(account, "products", documents)
    account.api.memo.clear()
    found = PRODUCTS.find(account.api, "sku", [d.sku or "" for d in documents])
    assert len(found) == 5
    (again,) = created(account, "products", [product(1, name="Toeter")])
    assert isinstance(again, Written)
    assert len(account.of("products", hs_sku="NEW-00001")) == 1


def test_a_sku_that_search_did_not_know_yet_is_a_match(opened: Open) -> None:
    account = opened(unique_sku=False, lag=60)
    there = account.store.create("products", {"name": "Oud", "hs_sku": "NEW-00001"})
    (result,) = created(account, "products", [product(1)])
    assert isinstance(result, Written)
    assert result.key == there["id"]
    assert account.of("products", hs_sku="NEW-00001")[0]["properties"]["name"] == "Fietsbel 1"


def test_the_tax_rate_is_told_as_a_percentage(opened: Open) -> None:
    account = opened()
    found = [understood(PRODUCTS, record) for record in records(account, "products")]
    assert {(d.vat_code, d.tax_rate) for d in found} == {("15970230", Decimal(21))}


def test_gross_prices_are_told_as_such(opened: Open) -> None:
    account = opened(settings={"prices": "gross"})
    assert PRODUCTS.prices(account.api) == "gross"


# -- stock -----------------------------------------------------------------------------------------


def test_stock_is_a_property_of_products(opened: Open) -> None:
    account = opened()
    found = STOCK.find(account.api, "sku", ["SLOT-KETTING", "NIETS"])
    assert list(found) == ["SLOT-KETTING"]
    key = found["SLOT-KETTING"]["id"]
    level = StockLevel(sku="SLOT-KETTING", quantity=Decimal("17"))
    assert isinstance(updated(account, "stock", [(key, level)])[0], Written)
    record = STOCK.get(account.api, [key])[key]
    back = understood(STOCK, record)
    assert (back.sku, back.available, back.quantity) == ("SLOT-KETTING", 17, 17)


def test_a_product_that_is_gone_fails_and_the_other_levels_arrive(opened: Open) -> None:
    account = opened(products=3)
    found = STOCK.find(account.api, "sku", ["ART-00001", "ART-00002"])
    account.store.archive("products", found["ART-00001"]["id"])
    level = StockLevel(quantity=Decimal(3))
    pairs = [(record["id"], level) for record in found.values()]
    gone, there = updated(account, "stock", pairs)
    assert isinstance(gone, RecordError)
    assert "does not have it any more" in str(gone)
    assert isinstance(there, Written)


def test_stock_is_read_of_products_that_have_any(opened: Open) -> None:
    account = opened()
    skus = {record["properties"]["hs_sku"] for record in records(account, "stock")}
    assert "POMP-VLOER" in skus
    assert "KORTING" not in skus
    account.bare.delete("/_sandbox/properties/products/hub_stock")
    account.api.memo.clear()
    assert records(account, "stock") == []

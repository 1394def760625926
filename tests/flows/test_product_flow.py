"""Products between the books and the shop: made, changed, left alone, and switched off."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.products import Products as ShopProducts
from koppel_exact_globe.products import Products as Items

from tests.flows.conftest import Bench
from tests.flows.pairs import couple, entry, go, mark, outcomes, there, writes

D = Decimal
FAMILIES = {
    "erp": {
        "family_field": "TextFreeField1",
        "create_assortments": True,
        "create_properties": True,
    }
}


RATES = [{"rate": 21, "code": "3"}, {"rate": 9, "code": "4"}]


def to_shop(rules: list[Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {
        "from": "erp.products",
        "to": "webshop.products",
        "settings": {"package": "12002", **settings},
        "rules": rules or [],
    }


def to_books(**settings: Any) -> dict[str, Any]:
    return {
        "from": "webshop.products",
        "to": "erp.products",
        "settings": {
            "product_vat_codes": {
                "rows": [{"rate": 21, "code": "3"}, {"rate": 9, "code": "4"}],
                "default": "3",
            },
            **settings,
        },
    }


def in_shop(bench: Bench, sku: str) -> Any:
    return there(bench, "webshop", ShopProducts(), "sku", sku)


def in_books(bench: Bench, sku: str) -> Any:
    return there(bench, "erp", Items(), "sku", sku)


def change(bench: Bench, sku: str, **values: Any) -> None:
    """Somebody edits an item in the books."""
    world = bench.erp.extensions["world"]
    item = world.item(sku)
    world.tables["Item"].change(item, {**values, "ModifiedDate": world.now() + 60_000})


# ---- failures


def test_a_simple_item_that_is_a_variant_in_the_shop_overwrites_nothing(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, products=to_shop())
    before = in_shop(bench, "HELM-M")
    ran = go(bench, "products")
    held = entry(ran, "HELM-M")
    assert held["outcome"] == "blocked"
    assert "HELM-M is a variant of the product HELM in webshop" in held["reason"]
    assert in_shop(bench, "HELM-M").name == before.name


def test_a_refused_product_does_not_stop_the_others(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    couple(bench, FAMILIES, products=to_shop())
    change(bench, "KET-8V", SalesPrice=1e400)
    change(bench, "KET-11V", Description0="مضخة دراجة 🚲 ‎")
    ran = go(bench, "products")
    assert entry(ran, "KET-8V")["outcome"] in ("blocked", "failed")
    assert entry(ran, "KET-8V")["reason"]
    assert entry(ran, "KET-11V")["outcome"] == "updated"
    assert in_shop(bench, "KET-11V").name.startswith("مضخة دراجة 🚲")
    assert outcomes(ran)["created"] > 0


# ---- towards the shop


def test_p13_p14_simple_products_and_such_with_variants_are_made_in_the_shop(
    make_bench: Callable[..., Bench],
) -> None:
    """Also P17: classes of the books become the attributes that make the variants."""
    bench = make_bench()
    couple(bench, FAMILIES, products=to_shop())
    ran = go(bench, "products")
    assert entry(ran, "TS-RED")["outcome"] == "created"
    shirt = in_shop(bench, "TS-RED-M")
    assert {v.sku for v in shirt.variants} >= {"TS-RED-S", "TS-RED-M", "TS-RED-L"}
    sizes = {a.value for v in shirt.variants for a in v.attributes}
    assert len(sizes) >= 3


def test_p22_to_p29_the_default_mapping_carries_name_sku_texts_price_stock_ean_and_currency(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, products=to_shop())
    change(bench, "KET-8V", Description0="Ketting 8v nieuw", GTIN="8719000000017", SalesPrice=17.5)
    go(bench, "products")
    made, source = in_shop(bench, "KET-8V"), in_books(bench, "KET-8V")
    assert (made.name, made.sku, made.ean) == ("Ketting 8v nieuw", "KET-8V", "8719000000017")
    assert (made.price, made.prices) == (source.price, "gross") or made.prices != source.prices
    assert made.currency in (None, "EUR")


def test_a_second_run_writes_nothing_and_reads_by_the_cursor(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, FAMILIES, products=to_shop())
    go(bench, "products")
    before = mark(bench, "shop")
    again = go(bench, "products")
    assert writes(bench, "shop", before) == []
    held = outcomes(again)["blocked"]  # looked at again each time
    assert again["requests"]["erp"] <= 7 + 2 * held
    assert outcomes(again)["updated"] == outcomes(again)["created"] == 0


def test_p11_an_article_that_is_there_is_recognised_by_its_sku_and_changed(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, products=to_shop())
    go(bench, "products")
    change(bench, "KET-8V", Description0="Ketting, anders")
    before = mark(bench, "shop")
    ran = go(bench, "products")
    assert entry(ran, "KET-8V")["outcome"] == "updated"
    assert in_shop(bench, "KET-8V").name == "Ketting, anders"
    assert len(writes(bench, "shop", before)) == 1, "only what changed, in one request"


def test_p02_without_the_update_box_what_is_there_stays_as_it_is(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    name = in_shop_name(bench)
    couple(bench, products=to_shop(update=False))
    ran = go(bench, "products")
    assert entry(ran, "KET-8V")["outcome"] == "skipped"
    assert in_shop(bench, "KET-8V").name == name
    assert outcomes(ran)["created"] > 0


def in_shop_name(bench: Bench) -> Any:
    couple(bench, products=to_shop())
    return in_shop(bench, "KET-8V").name


def test_p12_a_text_that_was_enriched_in_the_shop_survives_when_the_field_is_for_new_ones_only(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, products=to_shop([{"to": "description", "when": "create"}]))
    change(bench, "KET-8V", TextDescription="<p>Uit de boeken</p>")
    enriched = in_shop(bench, "KET-8V").description
    go(bench, "products")
    change(bench, "KET-8V", TextDescription="<p>Weer anders</p>", Description0="Nieuwe naam")
    go(bench, "products")
    after = in_shop(bench, "KET-8V")
    assert after.name == "Nieuwe naam"
    assert after.description == enriched


def test_a_plan_says_field_by_field_what_would_change_and_writes_nothing(
    make_bench: Callable[..., Bench],
) -> None:
    from hub.store import payloads

    bench = make_bench()
    couple(bench, products=to_shop())
    go(bench, "products")
    change(bench, "KET-8V", Description0="Ketting, gepland")
    before = mark(bench, "shop"), mark(bench, "erp")
    planned = go(bench, "products", kind="plan")
    assert writes(bench, "shop", before[0]) == writes(bench, "erp", before[1]) == []
    one = entry(planned, "KET-8V")
    assert one["outcome"] == "updated"
    with bench.hub.database.session() as session:
        parts = payloads.read(session, bench.hub.vault, one["entry"])
    found = {d["path"]: (d["before"], d["after"]) for d in parts["differences"]}
    assert found["name"][1] == "Ketting, gepland"
    assert len(found) == 1, found


def test_products_that_are_gone_from_the_books_are_told_once_and_switched_off_when_asked(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, products=to_shop(deactivate_missing=True))
    go(bench, "products")
    table = bench.erp.extensions["world"].tables["Item"]
    table.delete(bench.erp.extensions["world"].item("KET-8V"))
    ran = go(bench, "products", full=True)
    gone = entry(ran, "KET-8V")
    assert gone["outcome"] == "updated"
    assert "switched off" in gone["reason"]
    assert in_shop(bench, "KET-8V").active is False
    again = go(bench, "products", full=True)
    assert "KET-8V" not in {e["key"] for e in again["entries"]}


# ---- towards the books


def test_p09_products_of_the_shop_become_items_a_variant_each(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, FAMILIES, products=to_books(attribute_names={"rows": {"Breedte": "Maat"}}))
    ran = go(bench, "products")
    assert not [e["reason"] for e in ran["entries"] if e["outcome"] in ("failed", "blocked")]
    helmet = in_books(bench, "HELM")
    assert {v.sku for v in helmet.variants} >= {"HELM-M", "HELM-L"}


def test_own_writes_that_come_back_are_recognised(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    couple(bench, FAMILIES, out=to_shop(), back=to_books())
    go(bench, "out")
    before = mark(bench, "erp")
    back = go(bench, "back")
    assert entry(back, in_shop(bench, "TS-RED-M").key)["outcome"] in ("unchanged", "updated")
    codes = [w["path"] for w in writes(bench, "erp", before) if w["method"] == "POST"]
    assert not [path for path in codes if path.endswith("/Item")], "nothing is made a second time"


@pytest.mark.parametrize("update", [True, False])
def test_p10_each_record_goes_through_gather_apply_and_send(
    make_bench: Callable[..., Bench], update: bool
) -> None:
    from hub.store import payloads

    bench = make_bench()
    couple(bench, FAMILIES, products=to_shop(update=update))
    made = next(e for e in go(bench, "products")["entries"] if e["outcome"] == "created")
    with bench.hub.database.session() as session:
        parts = payloads.read(session, bench.hub.vault, made["entry"])
    assert {"received", "understood", "pushed", "answered"} <= set(parts)

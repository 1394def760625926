"""Products are read complete, with their variants, and after the first time only what changed."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.forms import ProductsFilter
from koppel_ccvshop.products import Products
from koppel_ccvshop.reading import Changes
from koppel_ccvshop.sandbox import CATALOGUE

from hub.model import Product
from hub.sdk import Query
from hub.sdk.index import LiveIndex

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


def test_the_whole_catalogue_is_one_request_and_what_it_refers_to_five(opened: Open) -> None:
    shop = opened(orders=0)

    found = products(shop)

    skus = {variant.sku for product in found.values() for variant in product.variants}
    skus |= {sku for sku, product in found.items() if not product.variants}
    assert skus == {article.sku for article in CATALOGUE}
    assert shop.asked("/products/") == 1
    # The webshop and its settings, the tree of categories, property groups and properties.
    assert shop.api.requests == 1 + 5


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


def test_categories_features_and_the_main_picture_come_with_a_product(opened: Open) -> None:
    found = products(opened(orders=0))

    assert [c.path for c in found["BINNEN-28"].categories] == [
        ["Onderdelen", "Banden", "Binnenbanden"]
    ]
    assert found["BINNEN-28"].categories[0].name == "Binnenbanden"
    assert {f.name: f.value for f in found["JAS-REGEN-M"].features} == {
        "Materiaal": "Polyester",
        "Land van herkomst": "NL",
        "Waterdicht": "yes",
    }
    (image,) = found["HELM"].images
    assert (image.main, image.alt) == (True, "Foto van HELM")


@pytest.mark.parametrize(
    ("chosen", "skus"),
    [
        ({"categories": ["Onderdelen > Banden"]}, {"BINNEN-28", "BAND-28"}),
        (
            {"categories": ["Accessoires", "Kaarten en boeken"]},
            {"LAMP-V-LED", "KAART-FIETS", "BOEK-ROUTES"},
        ),
        ({"brands": ["88001"]}, {"KET-8V", "KET-11V"}),
        ({"brands": ["88001", "88004"]}, {"KET-8V", "KET-11V", "LAMP-V-LED", "LAMP-A-LED"}),
        ({"name_part": "fiets", "max_price": "12"}, {"KAART-FIETS"}),
        ({"min_price": "54"}, {"HELM", "TAS-DUBBEL", "JAS-REGEN-M"}),
        ({"max_stock": "0"}, {"MAND-RIET", "REM-KABEL"}),
    ],
)
def test_a_filter_takes_what_it_says(opened: Open, chosen: dict[str, Any], skus: set[str]) -> None:
    """P04."""
    found = records(opened(orders=0), "products", filter=ProductsFilter(**chosen))

    assert {record["productnumber"] for record in found} == skus


def test_products_and_variants_are_found_by_sku_and_by_ean(opened: Open) -> None:
    shop = opened(orders=0)

    by_sku = Products().find(shop.api, "sku", ["ket-8v", "HELM-L", "HELM", "NOTHING"])
    by_ean = Products().find(shop.api, "ean", ["8719000010071", "8719000011122", "1"])

    assert {v: r["productnumber"] for v, r in by_sku.items()} == {
        "ket-8v": "KET-8V",
        "HELM-L": "HELM",
        "HELM": "HELM",
    }
    assert {r["productnumber"] for r in by_ean.values()} == {"HELM", "KET-8V"}
    assert shop.asked("/products/") == 1


def test_a_few_products_are_found_without_reading_the_whole_list(opened: Open) -> None:
    shop = opened(orders=0, indexes=LiveIndex())

    found = Products().find(shop.api, "sku", ["KET-8V", "HELM-L", "NOTHING"])

    assert set(found) == {"KET-8V", "HELM-L"}
    assert not [r for r in shop.sandbox.requests if "size=250" in r["query"]]


def test_a_number_that_a_variant_no_longer_has_is_not_found(opened: Open) -> None:
    shop = opened(orders=0)
    assert Products().find(shop.api, "sku", ["HELM-L"])
    own = next(
        c["id"]
        for r in records(shop, "products")
        for c in r["attributecombinations"]["collection"]
        if c["sku_number"] == "HELM-L"
    )
    shop.api.patch(f"/attributecombinations/{own}/", {"sku_number": "X", "product_number": "X"})

    with shop.api.doubting():
        found = Products().find(shop.api, "sku", ["HELM-L", "X"])

    assert set(found) == {"X"}


def test_many_products_by_key_cost_no_more_than_the_whole_list(opened: Open) -> None:
    shop = opened(orders=0, products=600, variants=2)
    keys = [str(r["id"]) for r in records(shop, "products")]
    shop.reset()

    got = {**Products().get(shop.api, keys[:300]), **Products().get(shop.api, keys[300:])}

    assert list(got) == keys
    assert shop.asked("/products/") <= 6


def test_two_thousand_products_take_the_minimum_and_the_second_time_next_to_nothing(
    opened: Open,
) -> None:
    shop = opened(orders=0, products=2_000, variants=3)
    first = list(Products().read(shop.api, Query(filter=ProductsFilter())))
    assert sum(len(page.records) for page in first) == 2_028
    assert shop.asked("/products/") == 9
    shop.reset()

    again = records(shop, "products", since=first[-1].cursor)

    assert len(again) <= 2
    assert shop.asked("/products/") == 1


# -- the cursor --------------------------------------------------------------------------------


def at(second: int) -> str:
    return f"2026-01-05T12:00:{second:02}Z"


def changes(mark: int | None, *pages: list[int]) -> tuple[list[int], str]:
    """What is taken of pages of change times (in seconds), and the mark for the next time."""
    known = None if mark is None else NOON + dt.timedelta(seconds=mark)
    found = Changes(known, NOON + dt.timedelta(hours=1))
    taken = [r["s"] for p in pages for r in found.among([{"s": s, "modifydate": at(s)} for s in p])]
    return taken, found.next_mark()


def test_products_changed_in_the_very_second_of_the_mark_are_taken() -> None:
    assert changes(30, [31, 30, 30, 29])[0] == [31, 30, 30]


def test_the_mark_is_the_shops_own_newest_time_less_a_minute_and_never_goes_back() -> None:
    far = NOON + dt.timedelta(hours=2)
    late = Changes(NOON, far)
    late.among([{"modifydate": "2026-01-05T13:00:00Z"}, {"modifydate": at(1)}])

    assert late.next_mark() == "2026-01-05T12:59:00Z"
    assert changes(30, [31, 30])[1] == at(30)
    assert changes(30, [])[1] == at(30)


def test_the_first_mark_is_before_the_walk_began() -> None:
    assert changes(None, [1, 2])[1] == "2026-01-05T12:50:00Z"


def test_a_read_that_broke_off_begins_again_at_its_old_mark(opened: Open) -> None:
    shop = opened(orders=0, products=600)
    pages = Products().read(shop.api, Query(filter=ProductsFilter()))

    assert [next(pages).cursor, next(pages).cursor] == [None, None]


@pytest.mark.parametrize("seed", range(5))
def test_whatever_changes_while_products_are_read_is_read_in_the_end(
    opened: Open, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Products change between any two pages; nothing is lost over several runs."""
    monkeypatch.setattr("koppel_ccvshop.api.PAGE", 7)
    shop, chance = opened(orders=0, products=40), random.Random(seed)
    keys = [str(r["id"]) for r in records(shop, "products")]
    known: dict[str, Any] = {}
    cursor = None
    for run in range(4):
        for page in Products().read(shop.api, Query(since=cursor, filter=ProductsFilter())):
            known |= {str(r["id"]): r["memo"] for r in page.records}
            cursor = page.cursor or cursor
            if run < 3:
                for key in chance.sample(keys, 3):
                    shop.api.patch(f"/products/{key}/", {"memo": str(chance.random())})

    assert known == {str(r["id"]): r["memo"] for r in records(shop, "products")}

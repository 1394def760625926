"""Bad records on a whole way: each is held back with a sentence that names it; the rest goes on."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from koppel_ccvshop.products import Products as ShopProducts
from koppel_ccvshop.sandbox.goods import PRODUCT_ID
from koppel_exact_globe.products import Products as Items

from hub.sdk import Api
from hub.sdk.errors import RecordError
from hub.sdk.pictures import fetch
from hub.store import payloads
from tests.flows.conftest import Bench
from tests.flows.pairs import couple, entry, go, mark, outcomes, there, writes

Make = Callable[..., Bench]
FAMILIES = {
    "erp": {
        "family_field": "TextFreeField1",
        "create_assortments": True,
        "create_properties": True,
        "pictures": True,
    }
}
PNG = b"\x89PNG\r\n\x1a\n"
RED, BLUE = PNG + b"red" * 40, PNG + b"blue" * 40


def to_books(**settings: Any) -> dict[str, Any]:
    return {
        "from": "webshop.products",
        "to": "erp.products",
        "settings": {
            "product_vat_codes": {
                "rows": [{"rate": 21, "code": "3"}, {"rate": 9, "code": "4"}],
                "default": "3",
            },
            "attribute_names": {"rows": {"Breedte": "Maat"}},
            **settings,
        },
    }


def to_shop(rules: list[Any] | None = None, **settings: Any) -> dict[str, Any]:
    return {
        "from": "erp.products",
        "to": "webshop.products",
        "settings": {"package": "12002", **settings},
        "rules": rules or [],
    }


def shop(bench: Bench) -> Any:
    """What the pretend shop keeps."""
    return bench.shop.extensions["resources"]


def photograph(bench: Bench, sku: str, content: bytes, name: str = "") -> None:
    """Somebody uploads a picture in the shop; it gets an address of its own."""
    extras, product = shop(bench).extras, PRODUCT_ID[sku]
    for own in [o for o, p in extras.photos.items() if p["product_id"] == product]:
        del extras.photos[own]
    own = extras._keep_photo(product, content, "png", f"Foto van {sku}", True)
    if name:
        extras.photos[own]["filename"] = name
    shop(bench).goods.touch(product)


def pictured(bench: Bench, sku: str, content: bytes) -> None:
    """Somebody gives an item of the books a picture."""
    world = bench.erp.extensions["world"]
    data = {"Data": base64.b64encode(content).decode(), "Encoded": True}
    key = world.guid()
    world.add("Binary", {"Sequence": 1, "MessageID": key} | data)
    changes = {"MessageID": key, "PictureFilename": "foto.png"}
    changes["ModifiedDate"] = world.now() + 60_000
    world.tables["Item"].change(world.item(sku), changes)


def item(bench: Bench, sku: str) -> dict[str, Any]:
    found = bench.erp.extensions["world"].item(sku)
    assert found is not None, sku
    return dict(found)


def rest_went_on(ran: Any) -> None:
    """Nothing but what was held back stayed behind."""
    ended = outcomes(ran)
    assert ended["created"] + ended["updated"] + ended["unchanged"] >= ran["read"] - 2, ended


# ---- pictures


def test_a_picture_of_40_megabytes_and_a_pdf_are_refused_and_the_rest_goes_on(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    photograph(bench, "KET-8V", PNG + bytes(40 << 20))
    photograph(bench, "KET-11V", b"%PDF-1.7 not a picture", "foto.png")
    couple(bench, FAMILIES, goods=to_books())
    ran = go(bench, "goods")
    big, pdf = entry(ran, str(PRODUCT_ID["KET-8V"])), entry(ran, str(PRODUCT_ID["KET-11V"]))
    assert (big["outcome"], pdf["outcome"]) == ("failed", "failed")
    assert "10 MB large at most, this one is 40 MB large" in big["reason"]
    assert "neither JPEG, PNG, GIF nor WebP" in pdf["reason"]
    assert big["field"] == pdf["field"] == "images[0]"
    rest_went_on(ran)


def test_a_huge_picture_of_the_books_is_refused_by_the_way_to_the_shop(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    couple(bench, FAMILIES, goods=to_shop())
    pictured(bench, "KET-8V", PNG + bytes(40 << 20))
    ran = go(bench, "goods")
    refused = entry(ran, "KET-8V")
    assert (refused["outcome"], refused["field"]) == ("failed", "images[0]")
    assert "40 MB large" in refused["reason"]
    assert outcomes(ran)["created"] > 0


def test_p05_p20_a_picture_of_the_shop_reaches_the_books_once_and_again_when_it_changed(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    photograph(bench, "KET-8V", RED)
    couple(bench, FAMILIES, goods=to_books())
    go(bench, "goods")
    binaries = bench.erp.extensions["world"].tables["Binary"]
    shown = binaries.get(item(bench, "KET-8V")["MessageID"])
    assert base64.b64decode(shown["Data"]) == RED
    assert item(bench, "KET-8V")["PictureFilename"].endswith(".png")
    before = mark(bench, "erp")
    again = go(bench, "goods", full=True)
    assert writes(bench, "erp", before) == []
    assert outcomes(again)["updated"] == 0
    photograph(bench, "KET-8V", BLUE)
    go(bench, "goods")
    sent = [w for w in writes(bench, "erp", before) if w["path"].endswith("/Binary")]
    assert len([w for w in sent if w["status"] < 400]) == 1
    shown = binaries.get(item(bench, "KET-8V")["MessageID"])
    assert base64.b64decode(shown["Data"]) == BLUE


def test_p20_the_shop_gets_one_picture_of_a_product_and_only_when_it_changed(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 0})
    pictured(bench, "KET-8V", RED)
    couple(bench, FAMILIES, goods=to_shop())
    go(bench, "goods")
    (image,) = there(bench, "webshop", ShopProducts(), "sku", "KET-8V").images
    assert bench.shop.test_client().get(urlsplit(image.url).path).data == RED
    before = mark(bench, "shop")
    go(bench, "goods", full=True)
    assert writes(bench, "shop", before) == []
    pictured(bench, "KET-8V", BLUE)
    go(bench, "goods")
    (image,) = there(bench, "webshop", ShopProducts(), "sku", "KET-8V").images
    assert bench.shop.test_client().get(urlsplit(image.url).path).data == BLUE


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://169.254.169.254/latest/meta-data", "within your own network"),
        ("http://10.1.2.3/a.png", "within your own network"),
        ("http://[fe80::1]/a.png", "within your own network"),
        ("http://[::ffff:10.0.0.1]/a.png", "within your own network"),
        ("file:///etc/passwd", "no web address"),
        ("http://no-such-host.invalid/a.png", "not known"),
        ("http://[broken/a.png", "no web address"),
    ],
)
def test_no_picture_is_fetched_from_within_ones_own_network(
    bench: Bench, url: str, says: str
) -> None:
    with opened(bench) as api, pytest.raises(RecordError, match=says) as caught:
        fetch(api, url, "images[0]")
    assert caught.value.field == "images[0]"


def opened(bench: Bench) -> Api:
    from sqlmodel import select

    from hub.store.tables import Connection

    with bench.hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "erp")).one()
    return bench.hub.open(row)


# ---- products


def test_two_variants_with_one_sku_hold_their_product_back(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    goods = shop(bench).goods
    product = PRODUCT_ID["HELM"]
    own = goods.combinations_of[product]
    goods.combinations[own[1]].sku_number = goods.combinations[own[0]].sku_number
    goods.combinations[own[1]].product_number = goods.combinations[own[0]].product_number
    couple(bench, FAMILIES, goods=to_books())
    before = item(bench, "HELM-M")
    ran = go(bench, "goods")
    held = entry(ran, str(product))
    assert held["outcome"] == "blocked"
    assert "HELM" in held["reason"]
    assert "SKU" in held["reason"]
    assert item(bench, "HELM-M") == before
    rest_went_on(ran)


def test_two_products_with_one_sku_do_not_overwrite_each_other(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0, "products": 2})
    goods = shop(bench).goods
    first, second = sorted(goods.products)[-2:]
    goods.products[second]["productnumber"] = goods.products[first]["productnumber"]
    couple(bench, FAMILIES, goods=to_books())
    for _ in range(2):
        ran = go(bench, "goods")
        ended = {e["key"]: e for e in ran["entries"]}
        held = [ended[str(key)] for key in (first, second) if str(key) in ended]
        assert [e["outcome"] for e in held].count("blocked") == 1, held
        assert "they would be one" in next(e for e in held if e["outcome"] == "blocked")["reason"]
    rest_went_on(ran)


def test_categories_in_a_circle_are_said_and_can_be_left_alone(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    extras = shop(bench).extras
    link = next(iter(extras.links.values()))
    inner = link["category_id"]
    outer = extras.categories[inner]["parentcategory_id"] or extras._make_category({"name": "Om"})
    extras.categories[inner]["parentcategory_id"] = outer
    extras.categories[outer]["parentcategory_id"] = inner
    couple(bench, FAMILIES, goods=to_books())
    ran = go(bench, "goods")
    held = entry(ran, str(link["product_id"]))
    assert held["outcome"] == "blocked"
    assert "go round in a circle" in held["reason"]
    assert held["field"].startswith("categories[")
    assert outcomes(ran)["created"] + outcomes(ran)["updated"] + outcomes(ran)["unchanged"] > 0
    couple(bench, FAMILIES, goods=to_books(categories="none"))
    assert entry(go(bench, "goods"), held["key"])["outcome"] in ("created", "updated", "unchanged")


@pytest.mark.parametrize(
    ("check", "ends", "sent"),
    [("note", "updated", "8719000010072"), ("block", "blocked", None), ("drop", "updated", None)],
)
def test_an_ean_with_a_wrong_check_digit_is_noted_dropped_or_held_back(
    make_bench: Make, check: str, ends: str, sent: str | None
) -> None:
    bench = make_bench(shop={"orders": 0})
    product = PRODUCT_ID["KET-8V"]
    shop(bench).goods.products[product]["eannumber"] = "8719000010072"
    before = item(bench, "KET-8V")["GTIN"]
    couple(bench, FAMILIES, goods=to_books(ean_check=check))
    ran = go(bench, "goods")
    told = entry(ran, str(product))
    assert told["outcome"] == ends
    assert item(bench, "KET-8V")["GTIN"] == (sent or before)
    with bench.hub.database.session() as session:
        parts = payloads.read(session, bench.hub.vault, told["entry"])
    said = str(told["reason"]) + str(parts)
    assert "check digit is wrong: it ends in 2 and should end in 1" in said
    rest_went_on(ran)


NAMES = ["مضخة دراجة 🚲", "אופניים ‏מהירים", "👩‍🚒🇳🇱 Bel", "Zoë‮ evil", "Ω≈ç√ 漢字"]


@pytest.mark.parametrize("name", NAMES)
def test_right_to_left_and_emoji_names_arrive_as_they_are(make_bench: Make, name: str) -> None:
    bench = make_bench(shop={"orders": 0})
    product = PRODUCT_ID["KET-8V"]
    shop(bench).goods.products[product]["name"] = name
    couple(bench, FAMILIES, goods=to_books(), back=to_shop())
    assert entry(go(bench, "goods"), str(product))["outcome"] == "updated"
    assert there(bench, "erp", Items(), "sku", "KET-8V").name == name
    before = mark(bench, "shop")
    go(bench, "back")
    assert there(bench, "webshop", ShopProducts(), "sku", "KET-8V").name == name
    named = [w for w in writes(bench, "shop", before) if f"/products/{product}/" in w["path"]]
    assert not any('"name"' in w["body"] for w in named), "it came back as it went"


def test_a_price_of_1e400_is_no_price_and_the_others_go_on(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    world = bench.erp.extensions["world"]
    row = world.item("KET-8V")
    world.tables["Item"].change(row, {"SalesPrice": 1e400, "ModifiedDate": world.now() + 60_000})
    couple(bench, FAMILIES, goods=to_shop())
    ran = go(bench, "goods")
    told = entry(ran, "KET-8V")
    assert told["outcome"] in ("failed", "blocked")
    assert told["field"] == "price"
    assert "price" in told["reason"].casefold() or "number" in told["reason"].casefold()
    assert outcomes(ran)["created"] > 0

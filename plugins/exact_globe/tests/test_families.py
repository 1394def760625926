"""Items of one family are read as one product with variants; a changed one brings the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe import variants
from koppel_exact_globe.entities import Products
from koppel_exact_globe.forms import Settings
from koppel_exact_globe.forms_goods import ProductsFilter
from koppel_exact_globe.sandbox.values import utc_now
from pydantic import ValidationError

from hub.model import Json
from hub.sdk import Api, Query

from .conftest import Globe

FAMILIES = {"settings": {"family_field": "TextFreeField1"}}


def _read(api: Api, since: Json | None = None, **wanted: Any) -> tuple[dict[str, Json], Any]:
    query = Query(since=since, filter=ProductsFilter(**wanted))
    records, cursor = {}, since
    for page in Products().read(api, query):
        records |= {Products().key_of(record): record for record in page.records}
        cursor = page.cursor or cursor
    return records, cursor


@pytest.fixture
def globe(connect: Callable[..., Globe]) -> Globe:
    """The plugin on a service with two families of items."""
    return connect(plugin=FAMILIES)


def _change(api: Api, item: str, **values: Any) -> None:
    globe_api.merge(api, "Item", f"'{item}'", values)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"family_field": "Class01"}, "family_field"),
        ({"attribute_fields": ["Colour"]}, "not one of"),
        ({"attribute_fields": ["Class01"], "feature_fields": ["Class01"]}, "twice"),
        ({"family_field": "TextFreeField1", "feature_fields": ["TextFreeField1"]}, "twice"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(values: Json, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Settings(**values)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"field": "SalesPrice", "value": "much"}, "number"),
        ({"field": "YesNoFreeField1", "value": "perhaps"}, "true or false"),
        ({"field": "SalesPrice", "value": "1", "operator": "contains"}, "no text"),
        ({"field": "IsStockItem", "value": "true", "operator": "gt"}, "ticked or not"),
        ({"field": "Nothing"}, "field"),
    ],
)
def test_filters_that_cannot_be_asked_are_refused_in_the_form(values: Json, text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ProductsFilter(**values)


def test_p14_a_family_is_one_product_with_variants_and_attributes(globe: Globe) -> None:
    records, _ = _read(globe.api())
    assert "TS-RED-M" not in records
    shirt = globe.understood(Products(), records["TS-RED"])
    assert (shirt.sku, shirt.name, shirt.prices) == ("TS-RED", "T-shirt rood", "gross")
    assert (shirt.active, shirt.sellable, shirt.ean) == (True, True, None)
    assert [c.path for c in shirt.categories] == [["Kleding"]]
    assert [(v.sku, v.price, v.name) for v in shirt.variants] == [
        ("TS-RED-L", Decimal("19.95"), "T-shirt rood L"),
        ("TS-RED-M", Decimal("19.95"), "T-shirt rood M"),
        ("TS-RED-S", Decimal("19.95"), "T-shirt rood S"),
    ]
    (large, *_) = shirt.variants
    assert [(a.name, a.value) for a in large.attributes] == [("Maat", "Large"), ("Kleur", "Rood")]


def test_p18_fields_that_only_inform_become_features(connect: Callable[..., Globe]) -> None:
    settings = {"family_field": "TextFreeField1", "feature_fields": ["TextFreeField2"]}
    globe = connect(plugin={"settings": settings})
    records, _ = _read(globe.api())
    shirt = globe.understood(Products(), records["TS-RED"])
    assert [(f.name, f.value) for f in shirt.features] == [("Materiaal", "Katoen")]


def test_without_a_family_field_each_item_is_a_product(connect: Callable[..., Globe]) -> None:
    globe = connect()
    records, _ = _read(globe.api())
    assert "TS-RED-M" in records
    item = globe.understood(Products(), records["TS-RED-M"])
    assert item.variants == []
    assert [(f.name, f.value) for f in item.features] == [("Maat", "Medium"), ("Kleur", "Rood")]


def test_a_changed_item_brings_its_whole_family(globe: Globe) -> None:
    api = globe.api()
    _, cursor = _read(api)
    _change(api, "TS-RED-M", SalesPrice=21.5)
    _change(api, "KET-8V", SalesPrice=20)
    globe.service.sandbox.requests.clear()
    records, after = _read(api, cursor)
    assert {"TS-RED", "KET-8V"} <= set(records)
    assert [i["SalesPrice"] for i in records["TS-RED"]["items"]] == [
        Decimal("19.95"),
        Decimal("21.5"),
        Decimal("19.95"),
    ]
    assert globe.service.calls() == ["GET Item", "GET Item"]
    again, _ = _read(api, after)
    assert "KET-8V" in again  # what bears the very last stamp comes again


def test_many_changed_families_are_fetched_in_one_call(connect: Callable[..., Globe]) -> None:
    globe = connect(plugin=FAMILIES, families=60)
    api = globe.api()
    _, cursor = _read(api)
    for number in range(2, 60, 3):
        _change(api, f"FAM-{number:05}-M", SalesPrice=30)
    globe.service.sandbox.requests.clear()
    records, _ = _read(api, cursor)
    assert len([key for key in records if key.startswith("FAM-")]) >= 20
    assert all(len(r["items"]) == 3 for key, r in records.items() if key.startswith("FAM-"))
    assert globe.service.calls() == ["GET Item", "GET Item"]


def test_two_thousand_families_are_read_in_calls_of_a_thousand_items(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(plugin=FAMILIES, families=2000)
    api = globe.api()
    records, cursor = _read(api)
    assert len([key for key in records if key.startswith("FAM-")]) == 1998
    assert all(len(r["items"]) == 3 for r in records.values() if "items" in r)
    reads = [call for call in globe.service.calls() if call == "GET Item"]
    assert len(reads) <= 1 + 1 + 6  # the newest stamp, those without a family, the families
    globe.service.sandbox.requests.clear()
    again, _ = _read(api, cursor)
    assert len(again) <= 2
    assert len(globe.service.calls()) <= 2


def test_a_first_read_that_was_broken_off_goes_on_where_it_was(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(plugin=FAMILIES, families=700)
    seen: set[str] = set()
    cursor: Any = None
    for _ in range(50):  # a new process after every step forward
        for page in Products().read(globe.api(), Query(since=cursor)):
            seen |= {Products().key_of(record) for record in page.records}
            if page.cursor != cursor:
                cursor = page.cursor
                break
        if "at" not in cursor:
            break
    assert "at" not in cursor
    assert len([key for key in seen if key.startswith("FAM-")]) == 698
    assert {"KET-8V", "TS-RED"} <= seen


def test_what_changes_while_all_is_read_is_read_again(globe: Globe) -> None:
    api = globe.api()
    pages = Products().read(api, Query())
    next(pages)
    _change(api, "KET-8V", SalesPrice=99)  # its page has gone by
    _change(api, "TS-RED-M", SalesPrice=98)
    cursor = list(pages)[-1].cursor
    records, _ = _read(api, cursor)
    assert records["KET-8V"]["SalesPrice"] == 99


def test_a_variant_out_of_use_is_left_out_of_its_family(globe: Globe) -> None:
    api = globe.api()
    _, cursor = _read(api)
    _change(api, "TS-RED-S", Condition="E")
    records, _ = _read(api, cursor)
    assert [i["ItemCode"] for i in records["TS-RED"]["items"]] == ["TS-RED-L", "TS-RED-M"]
    for item in ("TS-RED-L", "TS-RED-M"):
        _change(api, item, Condition="E")
    records, _ = _read(api, cursor)
    shirt = globe.understood(Products(), records["TS-RED"])
    assert (shirt.active, shirt.sellable, len(shirt.variants)) == (False, False, 3)


def test_the_hour_that_comes_twice_is_read_again(connect: Callable[..., Globe]) -> None:
    now = [dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)]  # 02:30 summer time
    globe = connect(plugin=FAMILIES, clock=lambda: now[0])
    api = globe.api()
    _change(api, "TS-RED-M", SalesPrice=21)
    _, cursor = _read(api)
    now[0] += dt.timedelta(minutes=50)  # 02:20, winter time
    _change(api, "TRUI-BL-M", SalesPrice=55)
    records, _ = _read(api, cursor)
    assert "TRUI-BL" in records


@pytest.mark.parametrize(
    ("wanted", "found", "missing"),
    [
        ({"assortment": 1}, "TS-RED", "KET-8V"),
        ({"webshop_field": "YesNoFreeField1"}, "TS-RED", "KET-8V"),
        ({"field": "SalesPrice", "operator": "gt", "value": "45"}, "TRUI-BL", "TS-RED"),
        ({"field": "Description0", "operator": "contains", "value": "TRUI"}, "TRUI-BL", "TS-RED"),
        ({"field": "Description0", "operator": "startswith", "value": "ket"}, "KET-8V", "TS-RED"),
        ({"field": "Class02Code", "value": "rood"}, "TS-RED", "TRUI-BL"),
        ({"field": "YesNoFreeField1", "value": "true"}, "TS-RED", "KET-8V"),
        ({"sales_only": False, "active_only": True}, "INKOOP-DOOS", "OUD-MODEL"),
    ],
)
@pytest.mark.parametrize("families", [True, False])
def test_p04_items_are_filtered_the_same_with_and_without_families(
    connect: Callable[..., Globe], families: bool, wanted: Json, found: str, missing: str
) -> None:
    globe = connect(plugin=FAMILIES if families else None)
    api = globe.api()
    for since in (None, Products().cursor_at(utc_now() - dt.timedelta(days=4000))):
        records, _ = _read(api, since, **wanted)
        keys = {key if families or key.count("-") < 2 else key[:-2] for key in records}
        assert found in keys
        assert missing not in keys


def test_many_products_are_got_in_two_calls(globe: Globe) -> None:
    api = globe.api()
    globe.service.sandbox.requests.clear()
    keys = ["TS-RED", "TRUI-BL", "KET-8V", "HELM-M", "BAND-28-40"]
    got = Products().get(api, keys)
    assert set(got) == set(keys)
    calls = [call for call in globe.service.calls() if call == "GET Item"]
    assert len(calls) <= 5
    read, _ = _read(api)
    assert all(got[key] == read[key] for key in keys)
    assert Products().get(api, ["NIETS", "TS-RED-M"]).keys() == {"TS-RED-M"}


def test_item_codes_that_look_like_numbers_are_got_together(connect: Callable[..., Globe]) -> None:
    codes = ["9", "10", "100", "8001", "81"]
    items = [{"ItemCode": code, "Description0": f"Nummer {code}"} for code in codes]
    globe = connect(items=items)
    assert set(Products().get(globe.api(), codes)) == set(codes)
    assert globe.service.calls().count("GET Item") == 1


def test_p11_families_are_found_by_their_code_and_are_no_item_to_order(globe: Globe) -> None:
    api = globe.api()
    found = Products().find(api, "sku", ["ts-red", "TS-RED-M", "NIETS"])
    assert found["ts-red"]["ItemCode"] == "TS-RED"
    assert found["TS-RED-M"]["ItemCode"] == "TS-RED-M"
    assert set(found) == {"ts-red", "TS-RED-M"}
    assert globe.understood(Products(), found["ts-red"]).sellable is False
    assert globe.understood(Products(), found["TS-RED-M"]).sellable is True


def test_p15_free_fields_are_discovered_under_the_names_globe_gives_them(globe: Globe) -> None:
    found = {field.path: field.label for field in Products().discover(globe.api())}
    assert found["TextFreeField2"] == "Materiaal"
    assert found["items[].NumberFreeField1"] == "Variant: Levertijd in dagen"


def test_p20_pictures_are_read_when_the_connection_wants_them(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(plugin={"settings": {"family_field": "TextFreeField1", "pictures": True}})
    api, entity = globe.api(), Products()
    records, _ = _read(api)
    (whole,) = entity.complete(api, [records["HELM-M"]])
    assert entity.mark_of(whole) == entity.mark_of(records["HELM-M"])
    (image,) = globe.understood(entity, whole).images
    assert (image.filename, image.content[:8], image.main) == ("helm.png", "iVBORw0K", True)
    pictures = globe.service.sandbox.asked("GET", r"Binary\(")
    assert len([asked for asked in pictures if asked["status"] == 200]) == 1


@pytest.mark.parametrize(
    ("names", "values", "shared"),
    [
        (["Shirt S", "Shirt M"], [["S"], ["M"]], "Shirt"),
        (["Shirt rood S", "Shirt blauw S"], [["S"], ["S"]], "Shirt"),
        (["Shirt - S", "Shirt - M"], [["Small"], ["Medium"]], "Shirt"),
        (["Sok", "Schoen"], [[], []], "Sok"),
        (["حذاء رياضي S", "حذاء رياضي M"], [["S"], ["M"]], "حذاء رياضي"),
    ],
)
def test_the_name_of_a_family_is_what_its_items_share(
    names: list[str], values: list[list[str]], shared: str
) -> None:
    assert variants.shared_name(names, values) == shared

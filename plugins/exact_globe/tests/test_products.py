"""Items: found by code and EAN, many at once, and read with price and VAT."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe import odata
from koppel_exact_globe.entities import Products
from koppel_exact_globe.forms_goods import ProductsFilter

from hub.sdk import Query
from hub.sdk.index import LiveIndex

from .conftest import Globe

KET_8V = "2000000000015"


@pytest.mark.parametrize("live", [True, False])
def test_items_are_found_by_code_and_by_ean(globe: Globe, live: bool) -> None:
    if live:
        globe.memory = LiveIndex()
    api, entity = globe.api(), Products()
    by_code = entity.find(api, "sku", ["ket-8v", "HELM-M", "NIETS", "O'Brien/5 %"])
    assert {v: r["ItemCode"] for v, r in by_code.items()} == {
        "ket-8v": "KET-8V",
        "HELM-M": "HELM-M",
    }
    by_ean = entity.find(api, "ean", [KET_8V, "1234567890123"])
    assert {v: r["ItemCode"] for v, r in by_ean.items()} == {KET_8V: "KET-8V"}


def test_a_whole_page_of_codes_takes_one_call(globe: Globe) -> None:
    api = globe.api()
    codes = ["KET-8V", "KET-11V", "HELM-M", "HELM-L", "SLOT-AXA"]
    assert len(Products().find(api, "sku", codes)) == 5
    assert globe.service.calls() == ["GET Item"]


@pytest.mark.parametrize(
    ("values", "sellable"),
    [
        ({}, True),
        ({"Condition": "D"}, True),
        ({"Condition": "B"}, False),
        ({"Condition": "E"}, False),
        ({"IsSalesItem": False}, False),
    ],
)
def test_whether_an_item_can_be_sold(globe: Globe, values: dict[str, Any], sellable: bool) -> None:
    api = globe.api()
    body = {"ItemCode": "X1", "Description0": "X", "IsSalesItem": True} | values
    globe_api.create(api, "Item", body)
    record = Products().find(api, "sku", ["X1"])["X1"]
    assert globe.understood(Products(), record).sellable is sellable


@pytest.mark.parametrize("live", [True, False], ids=["asked live", "kept"])
def test_an_ean_on_two_items_gives_the_one_that_is_sold(globe: Globe, live: bool) -> None:
    if live:
        globe.memory = LiveIndex()
    api = globe.api()
    for code, condition in (("A-OUD", "B"), ("B-NIEUW", "A")):
        body = {"ItemCode": code, "Description0": code, "GTIN": "9999", "IsSalesItem": True}
        globe_api.create(api, "Item", body | {"Condition": condition})
    assert Products().find(api, "ean", ["9999"])["9999"]["ItemCode"] == "B-NIEUW"


def test_an_item_that_was_deleted_is_forgotten_when_the_list_is_walked_again_after_a_day(
    globe: Globe,
) -> None:
    """Deleted records leave no trace among the changes."""
    api, entity = globe.api(), Products()
    for code in ("X1", "X2"):
        globe_api.create(api, "Item", {"ItemCode": code, "Description0": code})
    assert set(entity.find(api, "sku", ["X1", "X2"])) == {"X1", "X2"}
    api.request("DELETE", f"Item({odata.text_key('X1')})")
    assert set(entity.find(api, "sku", ["X1", "X2"])) == {"X1", "X2"}, "within the day: changes"
    [cursor] = [c for c in globe.memory.cursors.values() if c]
    yesterday = dt.datetime.now(dt.UTC) - dt.timedelta(days=1, minutes=1)
    cursor["walked"] = yesterday.isoformat()
    before = len(globe.service.calls())
    assert set(entity.find(api, "sku", ["X1", "X2"])) == {"X2"}
    [cursor] = [c for c in globe.memory.cursors.values() if c]
    assert cursor["walked"] > yesterday.isoformat()
    walk = len(globe.service.calls()) - before
    assert set(entity.find(api, "sku", ["X2"])) == {"X2"}
    assert walk == 1, globe.service.calls()
    assert "ge" in globe.service.sandbox.requests[-1]["query"], "from here on only changes"


def test_an_item_is_read_with_its_price_and_what_the_price_holds(globe: Globe) -> None:
    api = globe.api()
    rows = [row for page in Products().read(api, Query()) for row in page.records]
    read = {row["ItemCode"]: globe.understood(Products(), row) for row in rows}
    assert "INKOOP-DOOS" not in read
    item = read["KAART-FIETS"]
    assert (item.price, item.prices, item.tax_rate) == (Decimal("12.5"), "gross", Decimal(9))
    assert (item.sku, item.ean, item.currency) == ("KAART-FIETS", "2000000000268", "EUR")
    assert (item.active, item.stock_managed, item.assortment) == (True, True, "Boeken en kaarten")
    assert item.modified_at.tzinfo is not None


def test_items_of_one_assortment_can_be_read(globe: Globe) -> None:
    chosen = ProductsFilter(assortment="1")
    pages = list(Products().read(globe.api(), Query(filter=chosen)))
    codes = [row["ItemCode"] for page in pages for row in page.records]
    assert {"HANDSCHOEN-L", "HELM-L", "HELM-M", "JAS-REGEN-M", "TS-RED-M"} <= set(codes)
    assert "KET-8V" not in codes


def test_an_item_is_got_by_its_code(globe: Globe) -> None:
    found = Products().get(globe.api(), ["KET-8V", "NIETS"])
    assert list(found) == ["KET-8V"]
    assert found["KET-8V"]["VAT"] == {"Percentage": Decimal("21.0"), "Prices": "gross"}

"""Stock: a thousand items a call and warehouse, put together by item while it is read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from koppel_exact_globe import api as globe_api
from koppel_exact_globe import exact_globe
from koppel_exact_globe.entities import Stock
from koppel_exact_globe.forms_goods import StockFilter
from koppel_exact_globe.stock import _page

from hub.model import Json
from hub.sdk import Api, Query

from .conftest import Globe


def _read(api: Api, *warehouses: str) -> dict[str, Json]:
    query = Query(filter=StockFilter(warehouses=list(warehouses)))
    return {r["ItemCode"]: r for page in Stock().read(api, query) for r in page.records}


def test_stock_is_never_written_and_says_why() -> None:
    assert not Stock().can("update")
    assert not Stock().can("create")
    assert "no way to write stock" in Stock.cannot["write"]


def test_k02_each_warehouse_has_its_figures(globe: Globe) -> None:
    records = _read(globe.api())
    level = globe.understood(Stock(), records["TRUI-BL-M"])
    assert level.sku == level.key == "TRUI-BL-M"
    first, second = level.levels
    assert (first.warehouse, second.warehouse) == ("1", "WEB")  # the third is blocked
    assert (first.physical, first.reserved, first.available, first.incoming) == (6, 0, 6, 10)
    assert (second.physical, second.incoming) == (1, 0)
    assert level.physical is None


def test_items_whose_stock_is_not_counted_are_left_out(globe: Globe) -> None:
    records = _read(globe.api())
    assert "VERZENDKOSTEN" not in records
    assert "KET-8V" in records


def test_k03_open_orders_are_taken_off_what_is_free(globe: Globe) -> None:
    api = globe.api()
    key = "0d9c4e8e-6f0b-4a5e-9a35-6c3b5c0d1e2f"
    line = {"TransactionKey": key, "Itemcode": "KET-8V", "Quantity": 3}
    globe_api.create(api, "SalesOrderLine", line)
    header = {"TransactionKey": key, "OrderDebtor": "1001", "YourReference": "X"}
    globe_api.create(api, "SalesOrderHeader", header)
    level = globe.understood(Stock(), _read(api, "1")["KET-8V"]).levels[0]
    assert (level.physical, level.reserved, level.available) == (40, 3, 37)


def test_ten_thousand_items_cost_ten_calls_a_warehouse(connect: Callable[..., Globe]) -> None:
    globe = connect(items=10_000)
    api = globe.api()
    seen, highest = 0, 0
    for page in Stock().read(api, Query(filter=StockFilter(warehouses=["1", "WEB"]))):
        seen += len(page.records)
        assert all(len(record["Warehouses"]) == 2 for record in page.records)
        highest = max(highest, len(page.records))
    assert seen == 10_000 - 6  # what is no stock item is not counted
    assert highest <= 1000
    assert globe.service.calls() == ["GET ItemCatalog"] * 20


def test_an_item_that_one_warehouse_does_not_list_is_not_lost() -> None:
    rows = {
        "1": [{"ItemCode": "A", "ShelfStock": 1}],
        "WEB": [{"ItemCode": "B", "ShelfStock": 2}, {"ItemCode": "A", "ShelfStock": 3}],
    }
    records = {r["ItemCode"]: r for r in _page("1", rows["1"], {"WEB": rows["WEB"]}).records}
    assert [w["Warehouse"] for w in records["A"]["Warehouses"]] == ["1", "WEB"]
    assert [w["Warehouse"] for w in records["B"]["Warehouses"]] == ["WEB"]


def test_the_stock_of_some_items_is_got_alone(connect: Callable[..., Globe]) -> None:
    globe = connect(items=3000)
    api = globe.api()
    got = Stock().get(api, ["ket-8v", "ART-00007", "NIETS", "VERZENDKOSTEN"])
    assert set(got) == {"ket-8v", "ART-00007"}
    assert Stock().get(api, []) == {}
    catalog = [call for call in globe.service.calls() if call == "GET ItemCatalog"]
    assert len(catalog) <= 2 * 4 + 2 * 3


def test_the_figures_of_one_item_are_numbers(globe: Globe) -> None:
    (record,) = Stock().get(globe.api(), ["KET-8V"]).values()
    figures = globe.understood(Stock(), record).levels[0]
    assert isinstance(figures.physical, Decimal)
    assert exact_globe.entity_for("stock", "read", "get") is not None

"""Stock from the books to the shop: what counts, what is written, and what is on order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.stock import Stock

from tests.flows.conftest import Bench
from tests.flows.pairs import couple, entry, go, mark, orders_flow, outcomes, there, writes

D = Decimal
SKU = "BAND-28-37"


def stock_flow(**settings: Any) -> dict[str, Any]:
    return {"from": "erp.stock", "to": "webshop.stock", "settings": settings}


def shown(bench: Bench, sku: str = SKU) -> Any:
    """What the shop says of one product now."""
    return there(bench, "webshop", Stock(), "sku", sku)


def set_stock(bench: Bench, sku: str, physical: float) -> None:
    """Count the shelf of the books anew."""
    bench.erp.extensions["world"].stock[sku.casefold(), "1"] = physical


def figures(bench: Bench, sku: str = SKU) -> dict[str, D]:
    world = bench.erp.extensions["world"]
    physical = D(str(world.stock.get((sku.casefold(), "1"), 0)))
    reserved = D(str(world.open_orders(sku, "1")))
    incoming = D(str(world.incoming.get((sku.casefold(), "1"), 0)))
    return {"physical": physical, "free": physical - reserved, "incoming": incoming}


def test_a_product_that_the_shop_lacks_is_left_out_and_looked_for_again(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, stock=stock_flow())
    first = go(bench, "stock")
    assert outcomes(first)["skipped"] > 0
    missing = next(e for e in first["entries"] if e["outcome"] == "skipped")
    assert missing["reason"] == f"webshop has no product {missing['key']}."
    again = go(bench, "stock")
    assert entry(again, missing["key"])["reason"] == missing["reason"], "not: left out before"
    assert go(bench, "stock", trigger="schedule")["entries"] == [], "nobody needs to be told twice"


def test_k01_k03_what_is_available_less_what_is_reserved_reaches_the_shop(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    couple(bench, stock=stock_flow())
    set_stock(bench, SKU, 40)
    ran = go(bench, "stock")
    assert entry(ran, SKU)["outcome"] == "updated"
    assert shown(bench).quantity == max(figures(bench)["free"], D(0))


@pytest.mark.parametrize("calculation", ["physical", "incoming"])
def test_k02_other_calculations_can_be_chosen(
    make_bench: Callable[..., Bench], calculation: str
) -> None:
    bench = make_bench()
    world = bench.erp.extensions["world"]
    set_stock(bench, SKU, 40)
    world.incoming[SKU.casefold(), "1"] = 7
    couple(bench, stock=stock_flow(calculation=calculation, warehouses=["1"]))
    go(bench, "stock")
    known = figures(bench)
    wanted = known["physical"] if calculation == "physical" else known["free"] + D(7)
    assert shown(bench).quantity == wanted


def test_a_safety_margin_is_kept_back_and_nothing_below_zero_is_told(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench()
    set_stock(bench, SKU, 3)
    couple(bench, stock=stock_flow(calculation="physical", warehouses=["1"], safety_margin=2))
    go(bench, "stock")
    assert shown(bench).quantity == D(1)
    set_stock(bench, SKU, 1)
    go(bench, "stock")
    assert shown(bench).quantity == D(0)


@pytest.mark.parametrize(("managed", "wanted"), [("on", True), ("off", False)])
def test_k04_keeping_of_stock_is_switched_as_the_flow_says(
    make_bench: Callable[..., Bench], managed: str, wanted: bool
) -> None:
    bench = make_bench()
    couple(bench, stock=stock_flow(managed=managed))
    go(bench, "stock")
    assert shown(bench).managed is wanted


def test_only_what_changed_is_written(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench()
    couple(bench, stock=stock_flow())
    go(bench, "stock")
    before = mark(bench, "shop")
    again = go(bench, "stock")
    assert writes(bench, "shop", before) == []
    assert outcomes(again)["updated"] == 0
    for sku in (SKU, "KET-8V", "KET-11V"):
        set_stock(bench, sku, 77)
    before = mark(bench, "shop")
    assert outcomes(go(bench, "stock"))["updated"] == 3
    assert len(writes(bench, "shop", before)) == 3


def test_orders_that_are_not_booked_yet_are_taken_off_and_come_back_when_they_are(
    make_bench: Callable[..., Bench],
) -> None:
    bench = make_bench(shop={"orders": 0})
    couple(
        bench, shop_orders=orders_flow(vat_codes={}, use_item_vat_code=False), stock=stock_flow()
    )
    set_stock(bench, "KET-8V", 50)
    go(bench, "stock")
    full = shown(bench, "KET-8V").quantity
    bench.place("plain")
    (waiting,) = go(bench, "shop-orders")["entries"]
    assert waiting["outcome"] == "blocked"
    wanted = {row["product_number"]: row["count"] for row in _rows(bench, waiting["key"])}
    go(bench, "stock")
    for sku, count in wanted.items():
        if sku == "KET-8V":
            assert shown(bench, sku).quantity == full - D(str(count))
    (sku, count), *_ = wanted.items()
    lowered = shown(bench, sku).quantity
    couple(bench, shop_orders=orders_flow(), stock=stock_flow())
    assert outcomes(go(bench, "shop-orders"))["created"] == 1
    go(bench, "stock")
    assert shown(bench, sku).quantity == lowered, "now the books themselves have reserved them"
    assert count


def _rows(bench: Bench, order: str) -> list[dict[str, Any]]:
    from sqlmodel import select

    from hub.store.tables import Connection

    with bench.hub.database.session() as session:
        row = session.exec(select(Connection).where(Connection.name == "webshop")).one()
    with bench.hub.open(row) as api:
        found: list[dict[str, Any]] = api.get(
            f"/orders/{order}/orderrows/", {"start": 0, "size": 250}
        )["items"]
        return found

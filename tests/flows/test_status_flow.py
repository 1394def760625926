"""Status, shipments and invoice numbers of the books on their way back to the shop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from koppel_ccvshop.invoices import Invoices as ShopInvoices
from koppel_ccvshop.orders import Orders as ShopOrders
from koppel_exact_globe.sandbox import movements
from sqlalchemy import text

from tests.flows.conftest import Bench
from tests.flows.pairs import asked, couple, entry, go, mark, orders_flow, outcomes, there, writes

Make = Callable[..., Bench]
STATUSES = {"open": "2", "partial": "3", "delivered": "5", "invoiced": "7"}
SENT, PROCESSED = "5", "2"


def status_flow(**settings: Any) -> dict[str, Any]:
    return {
        "from": "erp.orders",
        "to": "webshop.orders",
        "filter": {
            "tracking_field": "FreeField3",
            "tracking_url": "https://parcels.example/{code}/{postcode}",
        },
        "settings": {
            "new_orders": False,
            "send_status": True,
            "statuses": {"rows": STATUSES},
            **settings,
        },
    }


def booked(make_bench: Make, orders: int = 3, **settings: Any) -> Bench:
    """Orders that were booked and of which the status has gone back once."""
    bench = make_bench(shop={"orders": orders})
    couple(bench, shop_orders=orders_flow(), statuses=status_flow(**settings))
    assert outcomes(go(bench, "shop-orders")) == {"created": orders}
    go(bench, "statuses")
    return bench


def deed(bench: Bench, number: int, what: str, **body: Any) -> None:
    """Somebody does something with an order in the books."""
    answer = bench.erp.test_client().post(f"/_sandbox/orders/{number}/{what}", json=body)
    assert answer.status_code == 200, answer.get_data(as_text=True)


def in_shop(bench: Bench, reference: str) -> Any:
    return there(bench, "webshop", ShopOrders(), "reference", reference)


def reference(bench: Bench, number: int) -> str:
    for row in bench.erp.extensions["world"].tables["SalesOrderHeader"]:
        if int(row["SalesOrderNumber"]) == number:
            return str(row["YourReference"])
    raise AssertionError(f"no order {number}")


# ---- failures


def test_o16_a_status_that_the_table_lacks_asks_and_goes_on_when_it_is_there(
    make_bench: Make,
) -> None:
    bench = booked(make_bench, statuses={"rows": {"open": "2"}})
    name = reference(bench, 1)
    before = in_shop(bench, name).status
    deed(bench, 1, "deliver")
    ran = go(bench, "statuses")
    held = entry(ran, "1")
    assert held["outcome"] == "blocked"
    assert "'delivered'" in held["reason"]
    assert held["field"] == "status"
    assert in_shop(bench, name).status == before
    couple(bench, shop_orders=orders_flow(), statuses=status_flow())
    assert entry(go(bench, "statuses", trigger="schedule"), "1")["outcome"] == "updated"
    assert in_shop(bench, name).status == SENT


def test_o16_or_the_status_is_left_and_the_shipment_sent_all_the_same(make_bench: Make) -> None:
    bench = booked(make_bench, statuses={"rows": {"open": "2"}}, other_statuses="leave")
    name = reference(bench, 1)
    before = in_shop(bench, name).status
    deed(bench, 1, "deliver", tracking="3SKOPP000001")
    go(bench, "statuses")
    after = in_shop(bench, name)
    assert after.status == before
    assert after.shipments[0].tracking_code == "3SKOPP000001"


def test_o16_a_status_that_the_shop_does_not_have_fails_with_a_sentence(make_bench: Make) -> None:
    bench = booked(make_bench)
    couple(
        bench,
        shop_orders=orders_flow(),
        statuses=status_flow(statuses={"rows": STATUSES | {"delivered": "sent"}}),
    )
    deed(bench, 1, "deliver")
    deed(bench, 2, "invoice")
    ran = go(bench, "statuses")
    assert entry(ran, "1")["outcome"] in ("failed", "blocked")
    assert "'sent' is no order status of CCV Shop" in entry(ran, "1")["reason"]
    assert entry(ran, "2")["outcome"] == "updated", "the others go on"


def test_o16_a_lost_answer_is_repeated_and_does_no_harm(make_bench: Make) -> None:
    bench = booked(make_bench)
    name = reference(bench, 1)
    deed(bench, 1, "deliver", tracking="3SKOPP000001")
    bench.shop_sandbox.fault("drop_after", method="PATCH", times=1)
    assert entry(go(bench, "statuses"), "1")["outcome"] == "updated"
    assert in_shop(bench, name).status == SENT


def test_an_order_that_is_deleted_in_the_books_is_told_once(make_bench: Make) -> None:
    bench = booked(make_bench)
    name = reference(bench, 1)
    before = in_shop(bench, name).status
    deed(bench, 1, "delete")
    since = mark(bench, "shop")
    ran = go(bench, "statuses", trigger="schedule")
    (told,) = ran["entries"]
    assert (told["key"], told["outcome"]) == ("1", "skipped")
    assert "deleted or cancelled" in told["reason"]
    assert "erp" in told["reason"]
    assert writes(bench, "shop", since) == []
    assert in_shop(bench, name).status == before
    assert go(bench, "statuses", trigger="schedule")["entries"] == []
    assert go(bench, "statuses")["entries"] == [] or "1" not in {
        e["key"] for e in go(bench, "statuses")["entries"]
    }


def test_an_order_that_is_deleted_gets_the_status_that_the_table_has_for_cancelled(
    make_bench: Make,
) -> None:
    bench = booked(make_bench, statuses={"rows": STATUSES | {"cancelled": "6"}})
    name = reference(bench, 1)
    deed(bench, 1, "delete")
    planned = go(bench, "statuses", kind="plan")
    assert entry(planned, "1")["outcome"] == "updated"
    assert in_shop(bench, name).status != "6", "a plan writes nothing"
    ran = go(bench, "statuses")
    told = entry(ran, "1")
    assert told["outcome"] == "updated"
    assert "deleted or cancelled" in told["reason"]
    assert in_shop(bench, name).status == "6"
    before = mark(bench, "shop")
    again = go(bench, "statuses")
    assert "1" not in {e["key"] for e in again["entries"]}
    assert writes(bench, "shop", before) == []


# ---- what happens in the books arrives


def test_o16_a_delivered_order_gets_its_status_and_its_parcel_once(make_bench: Make) -> None:
    bench = booked(make_bench)
    name = reference(bench, 2)
    deed(bench, 2, "deliver", tracking="3SKOPP000002")
    before = mark(bench, "shop")
    ran = go(bench, "statuses")
    assert entry(ran, "2")["outcome"] == "updated"
    assert [w["method"] for w in writes(bench, "shop", before)] == ["PATCH"]
    after = in_shop(bench, name)
    assert after.status == SENT
    assert after.shipments[0].tracking_code == "3SKOPP000002"
    before = mark(bench, "shop")
    again = go(bench, "statuses")
    assert writes(bench, "shop", before) == []
    assert outcomes(again)["updated"] == 0


def test_o16_partly_delivered_then_delivered_then_invoiced(make_bench: Make) -> None:
    bench = booked(make_bench)
    name = reference(bench, 1)
    told = []
    for what, body in (("deliver", {"share": 0.5}), ("deliver", {}), ("invoice", {})):
        deed(bench, 1, what, **body)
        assert entry(go(bench, "statuses"), "1")["outcome"] == "updated"
        told.append(in_shop(bench, name).status)
    assert told == ["3", "5", "7"]


def test_o16_only_orders_that_the_shop_knows_are_told_of(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 2}, erp={"past_orders": 3})
    couple(bench, shop_orders=orders_flow(), statuses=status_flow())
    go(bench, "shop-orders")
    ran = go(bench, "statuses")
    known = {e["key"] for e in ran["entries"] if e["outcome"] in ("updated", "unchanged")}
    left = [e for e in ran["entries"] if e["outcome"] == "skipped"]
    assert len(known) == 2
    assert len(left) == 3
    assert left[0]["reason"] == "webshop does not know this order."
    before = mark(bench, "shop")
    assert go(bench, "statuses", trigger="schedule")["entries"] == []
    assert asked(bench, "shop", before) == []


def test_o16_without_a_change_in_the_books_the_shop_is_not_asked_anything(
    make_bench: Make,
) -> None:
    bench = booked(make_bench, orders=12)
    before = mark(bench, "shop"), mark(bench, "erp")
    go(bench, "statuses", trigger="schedule")
    assert asked(bench, "shop", before[0]) == []
    calls = [r for r in asked(bench, "erp", before[1]) if r["status"] != 401]
    assert len(calls) <= 12, [c["path"] + "?" + c["query"] for c in calls]


def test_the_number_of_the_printed_invoice_reaches_the_invoice_of_the_shop(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 3})
    couple(
        bench,
        shop_orders=orders_flow(),
        numbers={
            "from": "erp.invoices",
            "to": "webshop.invoices",
            "settings": {"new_orders": False, "send_status": True},
        },
    )
    go(bench, "shop-orders")
    for number in (1, 2, 3):
        deed(bench, number, "invoice")
    wanted = {
        row["YourReference"]: row["InvoiceNumber"]
        for row in bench.erp.extensions["world"].tables["InvoiceHistoryHeader"]
        if row.get("SalesOrderNumber")
    }
    ran = go(bench, "numbers")
    invoiced = {
        name: found
        for name in wanted
        if (found := there(bench, "webshop", ShopInvoices(), "reference", name)) is not None
    }
    assert invoiced, ran["entries"]
    for name, found in invoiced.items():
        assert found.external_reference == wanted[name], ran["entries"]
    before = mark(bench, "shop")
    go(bench, "numbers")
    assert writes(bench, "shop", before) == []


def test_orders_that_are_delivered_and_invoiced_are_not_asked_for_again(make_bench: Make) -> None:
    bench = booked(make_bench)
    for number in (1, 2, 3):
        deed(bench, number, "deliver")
        deed(bench, number, "invoice")
    assert outcomes(go(bench, "statuses"))["updated"] == 3
    before = mark(bench, "erp")
    go(bench, "statuses", trigger="schedule")
    headers = [r for r in asked(bench, "erp", before) if "SalesOrderNumber eq" in r["query"]]
    assert headers == []


def test_an_order_of_the_books_with_the_number_of_another_order_in_the_shop_is_not_its_own(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 2})
    couple(bench, statuses=status_flow())
    world = bench.erp.extensions["world"]
    world.number("SalesOrderHeader", 10000)
    assert movements.book(world, "BALIE-7", {"KET-8V": 1}) == 10001
    assert in_shop(bench, "10001") is not None
    before = mark(bench, "shop")
    ran = go(bench, "statuses")
    assert entry(ran, "10001")["outcome"] == "skipped"
    assert writes(bench, "shop", before) == []


def test_the_prefix_that_orders_were_booked_with_is_taken_off_on_the_way_back(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 2}, erp={"past_orders": 1})
    flows = {"shop_orders": orders_flow(reference_prefix="WEB-")}
    couple(bench, **flows)
    go(bench, "shop-orders")
    with bench.hub.database.begin() as connection:
        connection.execute(text("DELETE FROM link"))
    couple(bench, statuses=status_flow(reference_prefix="WEB-"))
    deed(bench, 2, "deliver")
    ran = go(bench, "statuses")
    assert outcomes(ran) == {"updated": 1, "unchanged": 1, "skipped": 1}
    (name,) = (
        row["YourReference"]
        for row in bench.erp.extensions["world"].tables["SalesOrderHeader"]
        if int(row["SalesOrderNumber"]) == 2
    )
    assert in_shop(bench, name.removeprefix("WEB-")).status == SENT

"""Orders from a shop to an ERP: what is booked, what waits, and what a second run does."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from .conftest import Bench, order_settings

Make = Callable[..., Bench]


def entry(summary: dict[str, Any], key: str) -> dict[str, Any]:
    return next(e for e in summary["entries"] if e["key"] == key)


# -- what must wait ------------------------------------------------------------------------------


def test_o26_an_order_with_an_unknown_product_is_blocked_and_names_the_sku(bench: Bench) -> None:
    (key,) = bench.place("unknown_sku")
    told = bench.run()
    blocked = entry(told, key)
    assert blocked["outcome"] == "blocked"
    assert blocked["reason"] == "No product with SKU 'WIEL-OUD-26' in erp"
    assert blocked["field"].startswith("lines[")
    assert told["status"] == "partial"
    assert blocked["reference"] not in bench.booked()


def test_o17_an_order_without_email_waits_until_there_is_a_default_debtor(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    (key,) = bench.place("no_email")
    assert "e-mail" in entry(bench.run(), key)["reason"]
    debtor = bench.erp.extensions["world"].tables["Account"]
    number = next(a["DebtorNumber"].strip() for a in debtor if a.get("CustomerType") == "C")
    bench.configure(settings=order_settings(default_debtor=number))
    told = bench.run(trigger="schedule")
    assert entry(told, key)["outcome"] == "created", "mended settings release what waited"
    (order,) = bench.booked()[entry(told, key)["reference"]]
    assert order["OrderDebtor"].strip() == number


def test_o07_a_rate_without_vat_code_blocks_the_order_and_names_country_and_rate(
    bench: Bench,
) -> None:
    (key,) = bench.place("unknown_vat")
    reason = entry(bench.run(), key)["reason"]
    assert "NL" in reason
    assert "17" in reason


def test_a_line_without_sku_blocks_its_order_and_the_rest_goes_on(bench: Bench) -> None:
    (key,) = bench.place("row_without_sku")
    told = bench.run()
    assert entry(told, key)["outcome"] == "blocked"
    assert "SKU" in entry(told, key)["reason"]
    assert told["created"] == 12


def test_an_order_whose_parts_do_not_make_its_total_is_blocked_with_the_difference(
    bench: Bench,
) -> None:
    (key,) = bench.place("wrong_total")
    reason = entry(bench.run(), key)["reason"]
    assert "10.00" in reason


# -- what is booked ------------------------------------------------------------------------------


def test_every_ordinary_order_is_booked_once_with_the_shops_total(bench: Bench) -> None:
    told = bench.run()
    assert told["status"] == "succeeded", told["entries"]
    assert told["created"] == told["read"] == 12
    booked = bench.booked()
    assert len(booked) == 12
    for order in shop_orders(bench):
        (there,) = booked[order["ordernumber_full"]]
        assert Decimal(str(there["TotalAmount"])) == Decimal(str(order["total_price"]))


def test_o24_a_second_run_writes_nothing(bench: Bench) -> None:
    bench.run()
    bench.erp_sandbox.requests.clear()
    told = bench.run()
    assert told["unchanged"] == told["read"]
    assert not bench.erp_sandbox.asked("POST|MERGE|PUT|PATCH|DELETE")


def test_o24_an_order_that_somebody_typed_in_already_is_skipped(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 3})
    bench.run()
    with bench.hub.database.begin() as connection:
        for table in ("link", "effect", "waiting", "flow_cursor"):
            connection.exec_driver_sql(f"DELETE FROM {table}")
    told = bench.run()
    assert told["skipped"] == 3
    assert all(len(orders) == 1 for orders in bench.booked().values())


def test_o21_only_orders_of_the_chosen_status_are_taken(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 40}, filter={"statuses": ["2"], "paid": "paid"})
    told = bench.run()
    wanted = [o for o in shop_orders(bench) if o["status"] == 2 and o["paid"]]
    assert 0 < len(wanted) < 40
    assert told["read"] == len(wanted)


def test_o27_o28_a_company_becomes_a_company_with_its_contact_and_a_person_a_person(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 20})
    bench.run()
    accounts = {
        a["EmailAddress"].casefold(): a
        for a in bench.erp.extensions["world"].tables["Account"]
        if a.get("EmailAddress")
    }
    kinds = set()
    for order in shop_orders(bench):
        there = accounts[order["customer"]["email"].casefold()]
        billing = order["customer"]["billingaddress"]
        kinds.add(bool(billing["company"]))
        if billing["company"]:
            assert there["AccountName"] == billing["company"][:50]
        assert billing["last_name"].split()[-1] in there["ContactLastName"]
    assert kinds == {True, False}


def test_o29_a_customer_with_several_orders_is_created_once(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 40})
    bench.run()
    emails = [
        a["EmailAddress"].casefold()
        for a in bench.erp.extensions["world"].tables["Account"]
        if a.get("EmailAddress")
    ]
    assert len(emails) == len(set(emails))


def test_the_calls_stay_within_the_recipe_and_never_overlap(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 40})
    told = bench.run()
    lines = len(bench.erp_sandbox.asked("POST", "SalesOrderLine"))
    headers = len(bench.erp_sandbox.asked("POST", "SalesOrderHeader"))
    customers = len(bench.erp_sandbox.asked("POST|MERGE", "Account")) + len(
        bench.erp_sandbox.asked("GET", "Account\\(")
    )
    assert headers == told["created"]
    assert told["requests"]["erp"] <= lines + headers + customers + 8
    assert told["requests"]["webshop"] <= 1 + told["read"]
    assert bench.erp_sandbox.state()["overlapping_calls"] == 0


# -- what is left out, and what is taken first ---------------------------------------------------


def test_a_cancelled_order_is_left_out_and_mentioned_once(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 40}, settings=order_settings(skip_cancelled=True))
    cancelled = {str(o["id"]) for o in shop_orders(bench) if o["status"] == 8}
    assert cancelled
    told = bench.run(trigger="schedule")
    skipped = {e["key"]: e["reason"] for e in told["entries"] if e["outcome"] == "skipped"}
    assert set(skipped) == cancelled
    assert all("is cancelled in webshop" in reason for reason in skipped.values())
    again = bench.run(trigger="schedule", full=True)
    assert again["entries"] == [], "a scheduled run says nothing that the last one said"
    assert again["skipped"] == len(cancelled)


def test_g14_a_limit_takes_the_first_orders_and_the_next_run_goes_on(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 7})
    assert bench.run(limit=2)["created"] == 2
    assert bench.run(limit=2)["created"] == 2
    assert bench.run()["created"] == 3
    assert all(len(orders) == 1 for orders in bench.booked().values())


def test_a_waiting_order_whose_rows_cannot_be_read_goes_on_waiting(bench: Bench) -> None:
    (key,) = bench.place("unknown_sku")
    assert entry(bench.run(), key)["outcome"] == "blocked"
    fault = bench.shop_sandbox.fault(
        "status",
        path=f"{key}/orderrows",
        status=500,
        body='{"status": 500, "code": "500.70", "developermessage": "Not now."}',
    )
    assert entry(bench.run(), key)["outcome"] == "failed"
    bench.shop_sandbox.faults.remove(fault)
    add_item(bench, "WIEL-OUD-26")
    assert entry(bench.run(), key)["outcome"] == "created"


# -- plan ----------------------------------------------------------------------------------------


def test_a_plan_says_what_would_happen_and_writes_nothing(bench: Bench) -> None:
    (key,) = bench.place("unknown_sku")
    told = bench.run(kind="plan")
    assert told["planned"] is True
    assert told["created"] == 12
    assert entry(told, key)["outcome"] == "blocked"
    assert not bench.erp_sandbox.asked("POST|MERGE|PUT|PATCH|DELETE")
    assert not bench.shop_sandbox.asked("POST|MERGE|PUT|PATCH|DELETE")
    assert bench.run()["created"] == 12


# -- retry ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_then", [False, True])
def test_a_blocked_order_is_booked_by_a_retry_once_its_cause_is_mended(
    bench: Bench, as_then: bool
) -> None:
    from hub.engine import retry, runs

    (key,) = bench.place("unknown_sku")
    blocked = entry(bench.run(), key)
    add_item(bench, "WIEL-OUD-26")
    (run_id,) = retry.retry_entries(bench.hub, [blocked["entry"]], as_then=as_then)
    runs.execute(bench.hub, run_id)
    told = runs.summary(bench.hub, run_id)
    assert told["created"] == 1, told["entries"]
    assert len(bench.booked()[blocked["reference"]]) == 1


def add_item(bench: Bench, code: str) -> None:
    """Somebody adds the missing product in the ERP."""
    world = bench.erp.extensions["world"]
    like = dict(next(iter(world.tables["Item"])))
    like |= {"ItemCode": code, "ModifiedDate": world.now(), "IsSalesItem": True}
    like.pop("GTIN", None)
    world.tables["Item"].add(like)


def shop_orders(bench: Bench) -> list[dict[str, Any]]:
    """What the shop holds, completed orders only, as its API tells it."""
    from koppel_ccvshop import ccvshop

    from hub.sdk import Api

    with Api(
        system=ccvshop,
        connection="webshop",
        credentials=ccvshop.credentials(
            shop_url=bench.shop_url,
            api_public="ccvpub0123456789",
            api_secret="ccvsecret0123456789abcdef0123456789",
        ),
        settings=ccvshop.settings(reads_per_minute=100_000),
    ) as api:
        orders: list[dict[str, Any]] = []
        while page := api.get("/orders/", {"start": len(orders), "size": 250, "orderby": "id"}):
            if not page["items"]:
                break
            orders += page["items"]
        return orders

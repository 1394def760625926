"""A page of orders is written with a few calls: products that are not there, customers, orders."""

from __future__ import annotations

import json
from typing import Any

from tests.flows.conftest import Bench, order_settings
from tests.flows.hubspot.bench import Trio, orders_to_crm
from tests.flows.pairs import go, outcomes

NEW = "WIEL-OUD-26"


def _place(trio: Trio, kind: str = "plain", count: int = 1) -> list[str]:
    answer = trio.shop.test_client().post("/_sandbox/orders", json={"kind": kind, "count": count})
    return [str(key) for key in answer.get_json()]


def _couple(trio: Trio, rules: list[Any] | None = None, **settings: Any) -> None:
    trio.couple(orders={**orders_to_crm("webshop.orders", **settings), "rules": rules or []})


def _reasons(summary: Any) -> list[str]:
    return [entry["reason"] for entry in summary["entries"] if entry["reason"]]


# ---- what goes wrong


def test_o26_without_the_setting_an_order_waits_for_a_product_that_is_not_there(trio: Trio) -> None:
    _couple(trio)
    _place(trio, "unknown_sku")
    before = len(trio.of("products"))
    summary = go(trio, "orders")
    assert outcomes(summary) == {"blocked": 1}
    assert "No product with SKU" in _reasons(summary)[0]
    assert len(trio.of("products")) == before
    assert not trio.of("orders")


def test_o50_a_product_that_is_refused_holds_its_orders_and_no_others(trio: Trio) -> None:
    _couple(trio, missing_products="create")
    _place(trio, "plain", 40)
    go(trio, "orders")  # the products of ordinary orders are there from here on
    keys = {*_place(trio, "unknown_sku", 2)}
    _place(trio, "plain", 1)
    words = {"status": "error", "category": "VALIDATION_ERROR", "message": "no wheels, please"}
    trio.sandbox.fault(
        "status", path=r".*/products/batch/upsert$", status=400, times=50, body=json.dumps(words)
    )
    summary = go(trio, "orders")
    ended = {entry["key"]: entry for entry in summary["entries"]}
    for key in keys:
        assert ended[key]["outcome"] == "blocked"
        assert "could not be made in crm" in ended[key]["reason"]
        assert "no wheels, please" in ended[key]["reason"]
    trio.sandbox.faults.clear()
    go(trio, "orders")
    assert len(trio.of("orders")) == 43


def test_o50_a_dropped_answer_makes_no_product_and_no_customer_twice(trio: Trio) -> None:
    _couple(trio, missing_products="create")
    _place(trio, "unknown_sku", 2)
    _place(trio, "company", 2)
    for what in ("products", "companies", "line_items"):
        trio.sandbox.fault("drop_after", method="POST", path=rf".*/{what}/batch/.*", times=1)
    trio.sandbox.fault("drop_after", method="POST", path=r".*/contacts/batch/create", times=1)
    for _ in range(3):
        go(trio, "orders")
    assert len(trio.of("orders")) == 4
    for kind, mark in (("products", "hs_sku"), ("contacts", "email"), ("companies", "name")):
        values = [r["properties"].get(mark) for r in trio.of(kind)]
        known = [value for value in values if value]
        assert len(known) == len(set(known)), (kind, known)


def test_o27_people_who_order_for_one_company_make_it_once(trio: Trio) -> None:
    rules = [{"to": "customer.email", "template": "inkoop{number}@example.com"}]
    _couple(trio, missing_products="create", rules=rules)
    _place(trio, "company", 3)
    assert outcomes(go(trio, "orders")) == {"created": 3}
    (firm,) = trio.of("companies")
    emails = {r["properties"]["email"] for r in trio.tied("companies", firm["id"], "contacts")}
    assert {f"inkoop{number}@example.com" for number in (10001, 10002, 10003)} <= emails


# ---- what works


def test_o50_a_product_that_is_not_there_is_made_once_with_what_the_order_says(trio: Trio) -> None:
    _couple(trio, missing_products="create")
    _place(trio, "unknown_sku", 3)
    summary = go(trio, "orders")
    assert outcomes(summary) == {"created": 3}, _reasons(summary)
    made = trio.one("products", hs_sku=NEW)
    assert made["name"]
    assert float(made["price"]) > 0
    lines = trio.of("line_items", hs_sku=NEW)
    assert {line["properties"]["hs_product_id"] for line in lines} == {made["hs_object_id"]}
    since = trio.mark()
    assert outcomes(go(trio, "orders"))["created"] == 0
    assert trio.writes(since) == []


def test_o50_a_plan_says_what_would_be_made_and_makes_nothing(trio: Trio) -> None:
    _couple(trio, missing_products="create")
    _place(trio, "unknown_sku")
    summary = go(trio, "orders", kind="plan")
    assert outcomes(summary) == {"created": 1}
    assert trio.writes() == []


def test_o50_the_books_make_an_item_under_the_vat_code_of_its_line(make_bench: Any) -> None:
    bench: Bench = make_bench(
        shop={"orders": 0}, settings=order_settings(missing_products="create")
    )
    bench.place("unknown_sku", 2)
    assert outcomes(bench.run()) == {"created": 2}
    (item,) = [
        row
        for row in bench.erp.extensions["world"].tables["Item"]
        if row["ItemCode"].strip() == NEW
    ]
    assert item["SalesVATCode"].strip() == "3"


def test_o25_100_orders_of_new_customers_are_written_in_10_requests(make_trio: Any) -> None:
    trio: Trio = make_trio()
    _couple(trio, missing_products="create")
    _place(trio, "plain", 60)
    go(trio, "orders")  # the account has our properties and the shop's products from here on
    strangers = [
        {"to": "customer.email", "template": "klant{number}@example.com"},
        {"to": "customer.number", "template": "K{number}"},
        {"to": "customer.reference", "template": "K{number}"},
    ]
    _couple(trio, rules=strangers)
    _place(trio, "plain", 100)
    since, people = trio.mark(), len(trio.of("contacts"))
    summary = go(trio, "orders")
    assert outcomes(summary)["created"] == 100, outcomes(summary)
    assert len(trio.of("orders")) == 160
    assert len(trio.of("contacts")) >= people + 100
    assert len(trio.of("line_items")) > 100
    asked = [f"{r['method']} {r['path']}" for r in trio.asked(since)]
    assert len(asked) <= 10, asked
    for order in trio.of("orders"):
        assert len(trio.tied("orders", order["id"], "contacts")) == 1

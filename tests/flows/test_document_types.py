"""Orders of the shop as sales order, sales invoice, direct invoice and financial mutation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from hub.engine.configfile import ConfigFileError
from tests.flows.conftest import Bench, order_settings
from tests.flows.pairs import couple, go, mark, outcomes, writes
from tests.flows.test_order_flow import shop_orders

Make = Callable[..., Bench]
RATES = [{"rate": 21, "code": "3"}, {"rate": 9, "code": "4"}, {"rate": 0, "code": "5"}]
TABLES = {
    "orders": ("SalesOrderHeader", "SalesOrderLine", "TotalAmount"),
    "invoices": ("InvoiceHeader", "InvoiceLine", "TotalAmount"),
    "direct_invoices": ("InvoiceHeader", "InvoiceLine", "TotalAmount"),
    "sales_entries": ("FinancialHeader", "FinancialLine", "Amount"),
}
"""Kind of document in the books -> its header, its lines, and where its total stands."""
KINDS = list(TABLES)


def booked_as(kind: str, rules: list[Any] | None = None, **changes: Any) -> dict[str, Any]:
    """A flow of orders that become documents of this kind."""
    settings: dict[str, Any] = order_settings()
    if kind == "sales_entries":
        settings = {
            "vat_codes": {"rows": RATES},
            "revenue_accounts": {"default": "8000"},
            "payment_conditions": {"default": "30"},
            "rounding_account": "8950",
            "rounding_vat_code": "0",
            "skip_cancelled": False,
            "journal": "71",
        }
    elif kind != "orders":
        settings["invoice_code"] = "1"
    return {
        "from": "webshop.orders",
        "to": f"erp.{kind}",
        "settings": settings | changes,
        "rules": rules or [],
    }


def rows(bench: Bench, table: str) -> list[dict[str, Any]]:
    return [dict(row) for row in bench.erp.extensions["world"].tables[table]]


def documents(bench: Bench, kind: str) -> dict[str, list[dict[str, Any]]]:
    """Reference -> what the books hold under it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(bench, TABLES[kind][0]):
        found.setdefault(str(row["YourReference"]), []).append(row)
    return found


def total(row: dict[str, Any], kind: str) -> Decimal:
    return Decimal(str(row[TABLES[kind][2]])).quantize(Decimal("0.01"))


# ---- failures


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_lost_after_the_work_never_makes_a_second_document(
    make_bench: Make, kind: str
) -> None:
    bench = make_bench(shop={"orders": 12})
    couple(bench, booked=booked_as(kind))
    bench.erp_sandbox.fault("drop_after", method="POST", every=7)
    first = go(bench, "booked")
    bench.erp_sandbox.faults.clear()
    second = go(bench, "booked")
    wanted = {order["ordernumber_full"] for order in shop_orders(bench)}
    held = documents(bench, kind)
    assert set(held) == wanted, [e["reason"] for e in first["entries"] + second["entries"]]
    assert {name for name, made in held.items() if len(made) != 1} == set()
    assert outcomes(second)["failed"] == outcomes(second)["blocked"] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_header_whose_every_answer_is_lost_is_found_again_by_its_reference(
    make_bench: Make, kind: str
) -> None:
    bench = make_bench(shop={"orders": 3})
    couple(bench, booked=booked_as(kind))
    bench.erp_sandbox.fault("drop_after", method="POST", path=TABLES[kind][0], times=3)
    go(bench, "booked")
    assert Counter(len(made) for made in documents(bench, kind).values()) == {1: 3}


@pytest.mark.parametrize("kind", ["invoices", "direct_invoices", "sales_entries"])
def test_a_refused_document_leaves_the_others_and_says_what_the_books_said(
    make_bench: Make, kind: str
) -> None:
    bench = make_bench(shop={"orders": 4})
    wrong = {"journal": "99"} if kind == "sales_entries" else {"invoice_code": "9"}
    couple(bench, booked=booked_as(kind, **wrong))
    ran = go(bench, "booked")
    assert outcomes(ran) == {"failed": 4}
    assert "Does not exist" in ran["entries"][0]["reason"]
    couple(bench, booked=booked_as(kind))
    assert outcomes(go(bench, "booked"))["created"] == 4, "mended, and all of them go through"


def test_o04_without_an_account_for_the_country_an_entry_waits(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 20})
    couple(bench, booked=booked_as("sales_entries", revenue_accounts={"rows": {"NL": "8000"}}))
    ran = go(bench, "booked")
    held = [e for e in ran["entries"] if e["outcome"] == "blocked"]
    assert held
    assert all("No revenue account for" in e["reason"] for e in held)
    assert outcomes(ran)["created"] > 0


# ---- each kind


@pytest.mark.parametrize("kind", KINDS)
def test_o01_o02_o03_o04_o30_orders_become_documents_of_the_chosen_kind_to_the_cent(
    make_bench: Make, kind: str
) -> None:
    """Twenty orders: several VAT rates, discounts, free items, costs, abroad and with a coupon."""
    bench = make_bench(shop={"orders": 20})
    couple(bench, booked=booked_as(kind))
    ran = go(bench, "booked")
    assert outcomes(ran)["created"] == ran["read"] == 20, [
        e["reason"] for e in ran["entries"] if e["outcome"] != "created"
    ]
    held = documents(bench, kind)
    for order in shop_orders(bench):
        (made,) = held[order["ordernumber_full"]]
        assert total(made, kind) == Decimal(str(order["total_price"])), order["ordernumber_full"]
    for other in set(KINDS) - {kind}:
        if TABLES[other][0] != TABLES[kind][0]:
            assert documents(bench, other) == {}, f"and no {other}"
    assert bench.erp.extensions["world"].orphans() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_o24_a_second_run_writes_nothing(make_bench: Make, kind: str) -> None:
    bench = make_bench(shop={"orders": 6})
    couple(bench, booked=booked_as(kind))
    go(bench, "booked")
    before = mark(bench, "erp")
    again = go(bench, "booked")
    assert writes(bench, "erp", before) == []
    assert outcomes(again) == {"unchanged": again["read"]}


@pytest.mark.parametrize("kind", KINDS)
def test_o24_what_somebody_has_booked_by_hand_is_not_booked_again(
    make_bench: Make, kind: str
) -> None:
    """A second flow knows nothing of the first one but the reference in the books."""
    bench = make_bench(shop={"orders": 4})
    couple(bench, by_hand=booked_as(kind))
    go(bench, "by-hand")
    with bench.hub.database.begin() as connection:
        from sqlalchemy import text

        connection.execute(text("DELETE FROM link"))
        connection.execute(text("DELETE FROM effect"))
    before = mark(bench, "erp")
    again = go(bench, "by-hand", full=True)
    assert outcomes(again) == {"skipped": 4}
    assert "Already in erp" in again["entries"][0]["reason"]
    documents_made = [w for w in writes(bench, "erp", before) if "Account" not in w["path"]]
    assert documents_made == []


def test_o02_an_invoice_of_an_order_refers_to_it_and_bills_it_once(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 5})
    couple(bench, ordered=booked_as("orders"), invoiced=booked_as("invoices"))
    go(bench, "ordered")
    go(bench, "invoiced")
    orders, invoices = documents(bench, "orders"), documents(bench, "invoices")
    assert set(orders) == set(invoices)
    for reference, (invoice,) in invoices.items():
        number = orders[reference][0]["SalesOrderNumber"]
        assert invoice["SalesOrderNumber"].strip() == number.strip()
    assert {line["SalesOrderNumber"].strip() for line in rows(bench, "InvoiceLine")} == {
        made["SalesOrderNumber"].strip() for (made,) in orders.values()
    }


def test_o02_an_invoice_can_wait_until_its_order_is_there(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 3})
    couple(
        bench,
        ordered=booked_as("orders"),
        invoiced=booked_as("invoices", without_order="wait"),
    )
    ran = go(bench, "invoiced")
    assert outcomes(ran) == {"blocked": 3}
    assert "no sales order with the reference" in ran["entries"][0]["reason"]
    go(bench, "ordered")
    assert outcomes(go(bench, "invoiced")) == {"created": 3}, "released by itself"


def test_o03_a_direct_invoice_bills_without_an_order(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 3})
    couple(bench, booked=booked_as("direct_invoices", warehouse="WEB"))
    go(bench, "booked")
    assert not rows(bench, "SalesOrderHeader")
    made = rows(bench, "InvoiceHeader")
    assert {m.get("SalesOrderNumber", "").strip() for m in made} == {""}
    assert {m["Warehouse"].strip() for m in made} == {"WEB"}


# ---- what the books want to know of each


def test_o04_o14_a_financial_mutation_books_net_and_vat_on_the_account_of_the_country(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 20})
    accounts = {"rows": {"NL": "8000", "EU": "8020"}, "default": "8030"}
    couple(bench, booked=booked_as("sales_entries", revenue_accounts=accounts))
    go(bench, "booked")
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in rows(bench, "FinancialLine"):
        lines.setdefault(line["YourReference"], []).append(line)
    seen = set()
    for order in shop_orders(bench):
        customer = order["customer"]
        place = (
            customer["deliveryaddress"]["country_code"]
            or (customer["billingaddress"]["country_code"])
        )
        wanted = "8000" if place == "NL" else "8020"
        own = lines[order["ordernumber_full"]]
        told = {line["GLAccount"].strip() for line in own} - {"8950"}
        assert told == {wanted}, (place, told)
        whole = sum(Decimal(str(n["Amount"])) + Decimal(str(n["VATAmount"])) for n in own)
        assert whole.quantize(Decimal("0.01")) == Decimal(str(order["total_price"]))
        seen.add(place)
    assert {"NL", "BE", "DE"} <= seen


def test_o14_a_new_customer_of_an_order_gets_the_revenue_account_of_its_country(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 10})
    accounts = {"rows": {"NL": "8000", "EU": "8020"}}
    couple(bench, booked=booked_as("orders", revenue_accounts=accounts))
    go(bench, "booked")
    made = [a for a in rows(bench, "Account") if str(a.get("EmailAddress", "")).find("@exam") > 0]
    told = {(a["MailingCountry"].strip(), a["OffsetLedgerAccount"].strip()) for a in made}
    assert ("NL", "8000") in told
    assert {account for country, account in told if country != "NL"} == {"8020"}


@pytest.mark.parametrize("kind", KINDS)
def test_o15_cost_centre_and_cost_unit_stand_on_header_and_lines(
    make_bench: Make, kind: str
) -> None:
    bench = make_bench(shop={"orders": 3})
    couple(bench, booked=booked_as(kind, cost_center="WEB", cost_unit="KD01"))
    go(bench, "booked")
    header, line, _ = TABLES[kind]
    assert {row["CostCenter"].strip() for row in rows(bench, header)} == {"WEB"}
    assert {row["CostCenter"].strip() for row in rows(bench, line)} == {"WEB"}
    assert {row["CostUnit"].strip() for row in rows(bench, line)} == {"KD01"}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("orders", "FreeField2"),
        ("invoices", "FreeField2"),
        ("direct_invoices", "AdditionalField01"),
        ("sales_entries", "TextField1"),
    ],
)
def test_o18_custom_fields_of_the_books_are_filled_by_a_rule(
    make_bench: Make, kind: str, field: str
) -> None:
    bench = make_bench(shop={"orders": 2})
    rule = {"to": field, "template": "web {ordernumber_full}"}
    couple(bench, booked=booked_as(kind, [rule]))
    go(bench, "booked")
    for reference, (made,) in documents(bench, kind).items():
        assert made[field] == f"web {reference}"


# ---- custom filters


def test_p04_a_filter_that_names_an_unknown_field_or_operator_is_refused_when_applied(
    make_bench: Make,
) -> None:
    bench = make_bench(shop={"orders": 2})
    misspelt = booked_as("orders", where={"field": "total", "is": "contians", "value": 1})
    with pytest.raises(ConfigFileError, match=r"where.*did you mean 'contains'"):
        couple(bench, booked=misspelt)
    unknown = booked_as("orders", where={"field": "document.totall", "is": ">", "value": 1})
    with pytest.raises(ConfigFileError, match=r"where.*no field"):
        couple(bench, booked=unknown)


@pytest.mark.parametrize("kind", KINDS)
def test_p04_a_custom_filter_takes_only_what_answers_to_it(make_bench: Make, kind: str) -> None:
    bench = make_bench(shop={"orders": 20})
    where = {
        "all": [
            {"field": "total", "is": ">", "value": 50},
            {"any": [
                {"field": "document.billing.country", "is": "=", "value": "NL"},
                {"field": "customer.customertype", "is": "=", "value": "b2b"},
            ]},
        ]
    }  # fmt: skip
    couple(bench, booked=booked_as(kind, where=where))
    ran = go(bench, "booked")
    wanted = {
        order["ordernumber_full"]
        for order in shop_orders(bench)
        if order["total_price"] > 50
        and (
            order["customer"]["billingaddress"]["country_code"] == "NL"
            or order["customer"]["customertype"] == "b2b"
        )
    }
    assert 0 < len(wanted) < 20
    assert set(documents(bench, kind)) == wanted
    left = [e for e in ran["entries"] if e["outcome"] == "skipped"]
    assert len(left) == 20 - len(wanted)
    assert "Left out by the filter of this flow" in left[0]["reason"]
    before = mark(bench, "erp")
    go(bench, "booked")
    assert writes(bench, "erp", before) == []
    couple(bench, booked=booked_as(kind))
    go(bench, "booked", full=True)
    assert len(documents(bench, kind)) == 20, "without the filter the others come, too"

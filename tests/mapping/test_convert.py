"""Documents made of one another: orders, invoices, credit notes, journal entries (O01-O04)."""

from __future__ import annotations

import datetime as dt
from copy import deepcopy
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.mapping.convert import convert, convertible
from hub.mapping.policies import Facts, VatCode, adjust_order
from hub.mapping.settings import InvoiceSettings, JournalSettings
from hub.model import Customer, Invoice, JournalEntry, Order
from hub.sdk import Blocked, SkipRecord

D = Decimal
CODES = {
    "3": VatCode(code="3", rate=D(21), prices="gross"),
    "4": VatCode(code="4", rate=D(9), prices="gross"),
    "0": VatCode(code="0", rate=D(0)),
}
FACTS = Facts(source="webshop", target="erp", vat_codes=CODES)
BOOKS: dict[str, Any] = {
    "revenue_accounts": {"rows": {"NL": "8000", "EU": "8100"}, "default": "8200"},
    "vat_codes": {"rows": [{"rate": r, "code": c} for r, c in ((21, "3"), (9, "4"), (0, "0"))]},
}


def order(**said: Any) -> Order:
    base: dict[str, Any] = {
        "key": "7",
        "number": "1001",
        "prices": "gross",
        "ordered_at": "2025-12-31T23:30:00+00:00",
        "customer": {"email": "zoe@example.nl", "last_name": "Berg"},
        "billing": {"line1": "Kerkstraat 12", "city": "Utrecht", "country": "NL"},
        "lines": [
            {"quantity": 2, "unit_price": "31.45", "tax_rate": 21},
            {"quantity": 1, "unit_price": "9.99", "tax_rate": 9},
        ],
        "costs": [{"kind": "shipping", "amount": "6.95", "tax_rate": 21}],
        "total": "79.84",
    }
    return Order.from_dict(base | said)


def entry_of(document: Order, **settings: Any) -> tuple[JournalEntry, list[str]]:
    made = convert(document, JournalEntry)
    assert isinstance(made, JournalEntry)
    return adjust_order(made, JournalSettings.model_validate(BOOKS | settings), FACTS)


def booked(entry: JournalEntry) -> list[tuple[str | None, str | None, Decimal, Decimal]]:
    return [(p.account, p.vat_code, p.amount or D(0), p.vat_amount or D(0)) for p in entry.postings]


def test_what_cannot_become_something_else_says_so() -> None:
    with pytest.raises(Blocked, match="A customer cannot become an order"):
        convert(Customer(), Order)
    with pytest.raises(Blocked, match="A journal entry cannot become an invoice"):
        convert(JournalEntry(), Invoice)
    assert not convertible(JournalEntry, Order)
    assert convertible(Order, JournalEntry)


def test_o14_a_country_without_an_account_blocks_with_the_row_to_add() -> None:
    with pytest.raises(Blocked) as caught:
        entry_of(order(), revenue_accounts={"rows": {"BE": "8100"}})
    assert str(caught.value) == "No revenue account for NL: add a row or a default to the table."
    assert caught.value.fix == "revenue_accounts"
    with pytest.raises(Blocked, match="No revenue account for NL"):
        entry_of(order(), revenue_accounts={})


def test_o04_an_entry_that_does_not_come_to_the_total_is_blocked_with_the_difference() -> None:
    with pytest.raises(Blocked, match=r"come to 79\.84.*says 79\.85.*difference of \+0\.01"):
        entry_of(order(total="79.85"))
    made, notes = entry_of(order(total="79.85"), rounding_account="4990", rounding_vat_code="0")
    assert booked(made)[-1] == ("4990", "0", D("0.01"), D(0))
    assert "Rounding difference of +0.01 booked on account 4990" in notes
    with pytest.raises(Blocked, match=r"difference of \+1\.00"):
        entry_of(order(total="80.84"), rounding_account="4990")


def test_o04_nothing_to_book_is_left_out() -> None:
    free = [{"quantity": 1, "unit_price": 0, "tax_rate": 21}]
    with pytest.raises(SkipRecord, match="comes to nothing"):
        entry_of(order(lines=free, costs=[], total=0))


def test_o04_a_sale_is_booked_per_account_and_vat_code() -> None:
    given = order()
    before = deepcopy(given)
    made, notes = entry_of(given, shipping_account="8090")
    assert given == before
    assert booked(made) == [
        ("8000", "3", D("51.98"), D("10.92")),
        ("8090", "3", D("5.75"), D("1.20")),
        ("8000", "4", D("9.17"), D("0.82")),
    ]
    assert made.total == D("79.84")
    assert made.total_tax == D("12.94")
    assert made.postings[0].description == "1001 Berg"
    assert "Shipping costs of 6.95 on account 8090" in notes
    assert "3 postings that come to 79.84" in notes


def test_o15_cost_centre_and_cost_unit_stand_on_postings() -> None:
    made, _ = entry_of(order(), cost_center="WEB", cost_unit="NL1")
    assert {(p.cost_center, p.cost_unit) for p in made.postings} == {("WEB", "NL1")}
    split = order()
    split.lines[0].cost_center = "SHOP"
    made, _ = entry_of(split, cost_center="WEB")
    assert sorted(p.cost_center or "" for p in made.postings) == ["SHOP", "WEB", "WEB"]


def test_o13_a_discount_lowers_the_revenue_or_has_an_account_of_its_own() -> None:
    given = order(discount="7.29", total="72.55")
    made, _ = entry_of(given)
    assert sum(a + t for _, _, a, t in booked(made)) == D("72.55")
    made, _ = entry_of(given, discount="line", discount_account="8900")
    on_discount = [(a, t) for account, _, a, t in booked(made) if account == "8900"]
    assert sum(a + t for a, t in on_discount) == D("-7.29")
    assert sum(a + t for _, _, a, t in booked(made)) == D("72.55")


def test_o04_vat_is_reckoned_as_the_source_did() -> None:
    lines = [{"quantity": 1, "unit_price": "0.12", "tax_rate": 21}] * 3  # 0.03 each, 0.08 in all
    per_line, _ = entry_of(order(prices="net", lines=lines, costs=[], total="0.45"))
    assert booked(per_line) == [("8000", "3", D("0.36"), D("0.09"))]
    per_code, _ = entry_of(order(prices="net", lines=lines, costs=[], total="0.44"))
    assert booked(per_code) == [("8000", "3", D("0.36"), D("0.08"))]
    named, _ = entry_of(order(lines=[{"quantity": 1, "unit_price": "0.12", "tax_rate": 21}] * 3,
                              costs=[], total="0.36", total_tax="0.06"))  # fmt: skip
    assert booked(named) == [("8000", "3", D("0.30"), D("0.06"))]


def test_a_credit_invoice_is_negative_in_the_ledger() -> None:
    invoice = convert(order(), Invoice)
    assert isinstance(invoice, Invoice)
    invoice.credit, invoice.due_date, invoice.discount = True, dt.date(2026, 1, 30), D("7.29")
    invoice.total = D("72.55")
    plain, _ = entry_of(order(discount="7.29", total="72.55"))
    made, _ = entry_of(invoice)
    assert booked(made) == [(a, c, -net, -tax) for a, c, net, tax in booked(plain)]
    assert (made.total, made.due_date) == (D("-72.55"), dt.date(2026, 1, 30))


def test_an_order_that_gives_money_back_becomes_a_credit_invoice_and_back() -> None:
    back = order(lines=[{"quantity": -1, "unit_price": "12.10", "tax_rate": 21}],
                 costs=[], total="-12.10")  # fmt: skip
    invoice = convert(back, Invoice)
    assert isinstance(invoice, Invoice)
    assert (invoice.credit, invoice.total, invoice.lines[0].quantity) == (True, D("12.10"), 1)
    again = convert(invoice, Order)
    assert isinstance(again, Order)
    assert type(again) is Order
    assert (again.total, again.lines[0].quantity, again.number) == (D("-12.10"), -1, "1001")


def test_the_day_an_entry_counts_for_is_that_of_the_calendar_where_the_books_are_kept() -> None:
    made = convert(order(), JournalEntry, ZoneInfo("Europe/Amsterdam"))
    assert isinstance(made, JournalEntry)
    assert made.entry_date == dt.date(2026, 1, 1)


def test_o02_an_invoice_goes_through_the_same_policies_as_an_order() -> None:
    invoice = convert(order(), Invoice)
    assert isinstance(invoice, Invoice)
    for line in invoice.lines:
        line.sku = "X"
    settings = InvoiceSettings.model_validate(BOOKS | {"shipping_item": "SHIP"})
    made, _ = adjust_order(invoice, settings, FACTS)
    assert isinstance(made, Invoice)
    assert (made.order_number, made.total) == ("1001", D("79.84"))
    assert {line.revenue_account for line in made.lines} == {"8000"}

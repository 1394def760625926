"""Invoices mean what was billed; what the books call them is written back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from koppel_ccvshop.forms import InvoicesFilter
from koppel_ccvshop.invoices import Invoices

from hub.model import Invoice
from hub.sdk import Effect, NotFound, Query, RecordError

from .conftest import Open, Shop, records, rendered, understood, written

D = Decimal


def invoices(shop: Shop, **chosen: Any) -> list[Invoice]:
    light = records(shop, "invoices", filter=InvoicesFilter(**chosen))
    found = []
    for record in Invoices().complete(shop.api, light):
        assert not isinstance(record, RecordError)
        document = understood(Invoices(), record)
        assert isinstance(document, Invoice)
        found.append(document)
    return found


def test_an_invoice_means_what_was_billed(opened: Open) -> None:
    shop = opened(orders=20)

    invoice = invoices(shop)[0]

    assert (invoice.number, invoice.order_number) == (str(invoice.number), "10001")
    assert (invoice.reference, invoice.credit, invoice.prices) == ("10001", False, "gross")
    assert invoice.invoiced_at is not None
    assert (invoice.status, invoice.paid, invoice.outstanding) == ("paid", True, D(0))
    assert invoice.lines
    parts = sum((line.total or D(0) for line in invoice.lines), D(0))
    parts += sum((cost.amount or D(0) for cost in invoice.costs), D(0))
    assert parts - (invoice.discount or D(0)) == invoice.total
    assert invoice.customer.email


def test_every_invoice_costs_one_request_for_its_rows(opened: Open) -> None:
    shop = opened(orders=40)

    found = invoices(shop)

    assert len(shop.sandbox.requests) == 1 + len(found)


def test_a_credit_invoice_has_positive_amounts_and_says_what_it_is(opened: Open) -> None:
    shop = opened(orders=40)

    credits = invoices(shop, kind="credit")

    assert credits
    for credit in credits:
        assert credit.credit is True
        assert credit.outstanding == D(0)
        assert (credit.total or D(0)) > 0
        assert all((line.quantity or D(0)) > 0 for line in credit.lines)
        debit = next(i for i in invoices(shop, kind="debit") if i.reference == credit.reference)
        assert (debit.total, debit.total_tax) == (credit.total, credit.total_tax)


def test_what_is_not_paid_is_outstanding(opened: Open) -> None:
    for invoice in invoices(opened(orders=60), statuses=["unpaid"]):
        assert (invoice.paid, invoice.outstanding) == (False, invoice.total)


def test_the_next_read_takes_only_what_is_new(opened: Open) -> None:
    shop = opened(orders=40)
    pages = list(Invoices().read(shop.api, Query(filter=InvoicesFilter())))

    again = records(shop, "invoices", since=pages[-1].cursor)

    assert 0 < len(again) <= 2  # the newest, and its credit invoice
    assert "min_create_date" in shop.sandbox.requests[-1]["query"]


def test_a_status_filter_looks_back(opened: Open) -> None:
    shop = opened(orders=40)
    now = dt.datetime.now(dt.UTC)
    since = {"created": now.strftime("%Y-%m-%dT%H:%M:%SZ")}

    found = records(
        shop, "invoices", since=since, now=now, filter=InvoicesFilter(statuses=["paid"])
    )

    assert len(found) > 5


def test_the_number_of_the_books_and_the_payment_are_written_back_in_one_request(
    opened: Open,
) -> None:
    shop = opened(orders=40)
    found = Invoices().find(shop.api, "reference", ["10001"])["10001"]
    key = Invoices().key_of(found)
    shop.reset()

    written(shop, Invoices(), Invoice(number="20260001", paid=True), key=key)

    assert [r["body"] for r in shop.sandbox.requests] == [
        '{"status":"paid","external_reference":"20260001"}'
    ]
    assert shop.sandbox.state()["invoices"][key]["external_reference"] == "20260001"


def test_what_is_read_renders_to_what_would_be_written(opened: Open) -> None:
    shop = opened(orders=40)
    before = invoices(shop)[0]
    assert rendered(Invoices(), before, creating=False)["external_reference"] == ""
    written(shop, Invoices(), Invoice(number="20260001", paid=True), key=before.key)

    after = invoices(shop)[0]

    assert rendered(Invoices(), after, creating=False) == {
        "external_reference": "20260001",
        "status": "paid",
    }


def test_an_order_with_several_invoices_gives_the_one_the_books_do_not_know(opened: Open) -> None:
    shop = opened(orders=40)
    credit = invoices(shop, kind="credit")[0]
    assert credit.reference

    found = Invoices().find(shop.api, "order_number", [credit.reference, "99999"])

    assert [r["type"] for r in found.values()] == ["debit"]
    by_number = Invoices().find(shop.api, "number", [credit.number or ""])
    assert [str(r["id"]) for r in by_number.values()] == [credit.key]


def test_an_invoice_that_is_gone_and_a_field_that_is_not_written_are_refused(opened: Open) -> None:
    shop = opened(orders=3)

    for key in ("1", "x"):
        with pytest.raises(NotFound):
            written(shop, Invoices(), Invoice(paid=True, number="1"), key=key)
    with pytest.raises(RecordError, match="no field total_price"):
        Invoices().update(shop.api, "1", {"total_price": 1}, Effect("token"))


def test_the_same_again_is_no_error(opened: Open) -> None:
    shop = opened(orders=3)
    key = invoices(shop)[0].key
    assert key

    for _ in range(2):
        written(shop, Invoices(), Invoice(number="7"), key=key)

    assert shop.sandbox.requests[-1]["status"] == 500


def test_why_an_invoice_cannot_be_made_is_said() -> None:
    assert not Invoices().can("create")
    assert "CCV Shop makes an invoice itself" in Invoices.cannot["write"]

"""Invoices: made once, of an order or directly; read when they are printed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe.entities import DirectInvoices, Orders, SalesInvoices
from koppel_exact_globe.forms_sales import (
    InvoiceSettings,
    InvoicesFilter,
    SalesInvoiceSettings,
)
from koppel_exact_globe.sandbox import documents, movements
from koppel_exact_globe.sandbox.errors import EntityFault
from pydantic import ValidationError

from hub.model import Address, Invoice, Json, Line
from hub.sdk import Api, Blocked, Query, RecordError, RejectedError, TemporaryError

from .conftest import Globe, Stored, effect
from .sales import a_line

BOTH = [SalesInvoices, DirectInvoices]


def _invoice(**values: Any) -> Invoice:
    address = Address(
        company="Fietsen B.V.",
        name="Noor Visser",
        line1="Kade 5",
        postal_code="3511 AB",
        city="Utrecht",
        country="NL",
    )
    given: dict[str, Any] = {
        "reference": "WEB-1",
        "debtor": "1001",
        "currency": "EUR",
        "prices": "gross",
        "ordered_at": dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC),
        "billing": address,
        "delivery": address,
        "payment_condition": "ID",
        "lines": [a_line(), a_line("ZADEL-GEL", name="Zadel", unit_price=Decimal("39.95"))],
    }
    return Invoice(**{**given, **values})


def _payload(globe: Globe, kind: Any = DirectInvoices, **values: Any) -> Json:
    settings = kind.settings(invoice_code="1", warehouse="1")
    return globe.rendered(kind(), _invoice(**values), settings)


def _world(globe: Globe) -> Any:
    return globe.service.app.extensions["world"]


# ---- what is refused


def test_an_invoice_code_must_be_chosen() -> None:
    with pytest.raises(ValidationError, match="invoice_code"):
        InvoiceSettings()  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"reference": None}, "Your reference"),
        ({"debtor": None}, "Debtor"),
        ({"reference": "x" * 31}, "30 characters"),
    ],
)
def test_what_cannot_be_invoiced_is_said_before_any_call(
    globe: Globe, values: Json, text: str
) -> None:
    with pytest.raises(RecordError, match=text):
        _payload(globe, **values)


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(
    ("values", "text", "field"),
    [
        ({"invoice_code": "9"}, "Does not exist: Invoice code - 9", None),
        ({"debtor": "1003"}, "Debtor is blocked: 1003", None),
        ({"lines": [a_line(), a_line("NIETS")]}, "Does not exist: Item - NIETS", "lines[1]"),
        ({"lines": []}, "no lines", "lines"),
    ],
)
def test_o02_a_refused_invoice_says_why_and_is_not_there(
    globe: Globe, kind: Any, values: Json, text: str, field: str | None
) -> None:
    with pytest.raises(RecordError, match=text) as caught:
        kind().create(globe.api(), _payload(globe, kind, **values), effect())
    assert caught.value.field == field
    assert globe.service.state()["invoices"] == []


def test_o02_an_invoice_can_wait_for_its_order(globe: Globe) -> None:
    settings = SalesInvoiceSettings(invoice_code="1", without_order="wait")
    payload = globe.rendered(SalesInvoices(), _invoice(), settings)
    api = globe.api()
    with pytest.raises(Blocked, match="no sales order with the reference WEB-1"):
        SalesInvoices().create(api, payload, effect())
    movements.book(_world(globe), "WEB-1", {"KET-8V": 2})
    globe.memory.rows.clear()
    globe.memory.cursors.clear()
    SalesInvoices().create(api, payload, effect())
    assert len(globe.service.state()["invoices"]) == 1


# ---- what is sent


def test_o03_a_direct_invoice_looks_like_this(globe: Globe) -> None:
    made = effect()
    written = DirectInvoices().create(globe.api(), _payload(globe), made)
    assert (written.key, written.number) == ("#1", "#1")
    line, _ = globe.bodies("InvoiceLine")
    assert {n: v for n, v in line.items() if n != "TransactionKey"} == {
        "ItemCode": "KET-8V",
        "Quantity": 2,
        "Price": 18.95,
        "VATCode": "3",
        "Description": "Ketting",
    }
    (header,) = globe.bodies("InvoiceHeader")
    assert header == {
        "TransactionKey": made.token,
        "YourReference": "WEB-1",
        "OrderDebtor": "1001",
        "InvoiceCode": "1",
        "PaymentCondition": "ID",
        "CurrencyCode": "EUR",
        "Warehouse": "1",
        "TranscationDate": "/Date(1795219200000)/",
        "SalesOrderDate": "/Date(1795219200000)/",
        **{f"{role}DebtorName": "Fietsen B.V." for role in ("Order", "Invoice", "Delivery")},
        **{f"{role}ContactPerson": "Noor Visser" for role in ("Order", "Invoice", "Delivery")},
        **{f"{role}AddressLine1": "Kade 5" for role in ("Order", "Invoice", "Delivery")},
        **{f"{role}PostCode": "3511 AB" for role in ("Order", "Invoice", "Delivery")},
        **{f"{role}City": "Utrecht" for role in ("Order", "Invoice", "Delivery")},
        **{f"{role}CountryCode": "NL" for role in ("Order", "Invoice", "Delivery")},
    }
    posts = [call for call in globe.service.calls() if call.startswith("POST")]
    assert posts == ["POST InvoiceLine", "POST InvoiceLine", "POST InvoiceHeader"]


def test_o02_a_sales_invoice_refers_to_the_order_it_bills(globe: Globe) -> None:
    movements.book(_world(globe), "WEB-1", {"KET-8V": 2})
    SalesInvoices().create(globe.api(), _payload(globe, SalesInvoices), effect())
    (header,) = globe.bodies("InvoiceHeader")
    assert header["SalesOrderNumber"] == "1"
    assert {line["SalesOrderNumber"] for line in globe.bodies("InvoiceLine")} == {"1"}


def test_o02_without_an_order_the_goods_are_invoiced_all_the_same(globe: Globe) -> None:
    SalesInvoices().create(globe.api(), _payload(globe, SalesInvoices), effect())
    assert "SalesOrderNumber" not in globe.bodies("InvoiceHeader")[0]


@pytest.mark.parametrize(
    "lines",
    [
        [a_line(discount_percentage=Decimal("33.33")), a_line("KAART-FIETS", vat_code="4")],
        [a_line(vat_code="1", unit_price=Decimal("9.99"), quantity=Decimal(7))] * 3,
        [a_line(vat_code="6", unit_price=Decimal("10.01"))],
    ],
)
def test_the_total_that_is_foretold_is_the_total_that_globe_makes(
    globe: Globe, lines: list[Line]
) -> None:
    rates = {"1": (21, "net"), "3": (21, "gross"), "4": (9, "gross"), "6": (0, "net")}
    for line in lines:
        rate, prices = rates[line.vat_code or ""]
        line.tax_rate, line.prices = Decimal(rate), "gross" if prices == "gross" else "net"
    entity = DirectInvoices()
    payload = globe.rendered(entity, _invoice(lines=lines), InvoiceSettings(invoice_code="1"))
    expected = entity.expected_total(payload)
    entity.create(globe.api(), payload, effect())
    assert expected is not None
    assert float(expected) == globe.service.state()["invoices"][0]["TotalAmount"]


# ---- once and only once


def _insist(entity: Any, api: Api, payload: Json) -> None:
    """What the hub does: look first, then write again, afresh or from the stage reached."""
    made: Stored = effect()
    for _ in range(4):
        try:
            entity.create(api, payload, made)
            return
        except TemporaryError:
            if entity.find(api, "reference", [payload["YourReference"]]):
                return
            made = made.again()
    raise AssertionError("four attempts were not enough")


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_an_answer_that_is_lost_never_makes_a_second_invoice(
    connect: Callable[..., Globe], kind: Any, position: int, readable: bool
) -> None:
    globe = connect(unreadable=() if readable else ("InvoiceHeader",))
    api = globe.api()
    api.system.check(api)
    globe.service.sandbox.fault(kind, method="POST", skip=position, times=1)
    _insist(DirectInvoices(), api, _payload(globe))
    assert len(globe.service.state()["invoices"]) == 1
    lines = list(_world(globe).tables["InvoiceLine"])
    assert [row["ItemCode"] for row in lines] == ["KET-8V", "ZADEL-GEL"]


@pytest.mark.parametrize("written", BOTH)
@pytest.mark.parametrize("sought", BOTH)
def test_an_invoice_is_found_before_and_after_it_is_printed(
    globe: Globe, written: Any, sought: Any
) -> None:
    api = globe.api()
    assert sought().find(api, "reference", ["WEB-1"]) == {}
    made = written().create(api, _payload(globe, written), effect())
    found = sought().find(api, "reference", ["WEB-1", "WEB-2"])
    assert sought().key_of(found["WEB-1"]) == made.key
    assert set(found) == {"WEB-1"}
    movements.process(_world(globe), 1)
    found = sought().find(globe.api(), "reference", ["WEB-1"])
    assert sought().key_of(found["WEB-1"]) == "26700001"


def test_where_unprinted_invoices_cannot_be_read_the_printed_ones_are_found(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(unreadable=("InvoiceHeader",))
    api = globe.api()
    DirectInvoices().create(api, _payload(globe), effect())
    assert DirectInvoices().find(api, "reference", ["WEB-1"]) == {}
    assert DirectInvoices().find(api, "reference", ["WEB-1"]) == {}
    assert globe.service.calls().count("GET InvoiceHeader") == 1
    movements.process(_world(globe), 1)
    assert DirectInvoices().find(api, "reference", ["WEB-1"])["WEB-1"]["Key"] == "26700001"


@pytest.mark.parametrize("says", ["Already used: TransactionKey", "transactionkey exists"])
def test_a_repeated_header_whose_key_is_used_is_there_in_whatever_words_globe_says_so(
    connect: Callable[..., Globe], monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    unused = documents._unused

    def refused(world: Any, header: str, key: str | None) -> None:
        try:
            unused(world, header, key)
        except EntityFault:
            raise EntityFault(f"{says} - {key}") from None

    monkeypatch.setattr(documents, "_unused", refused)
    globe = connect(unreadable=("InvoiceHeader",))
    api, made = globe.api(), effect()
    payload = _payload(globe)
    DirectInvoices().create(api, payload, made)
    assert DirectInvoices().find(api, "reference", ["WEB-1"]) == {}
    again = DirectInvoices().create(api, payload, made)
    assert again.key == f"#{made.token}"
    assert len(globe.service.state()["invoices"]) == 1


def test_a_key_that_another_document_used_is_no_success(
    connect: Callable[..., Globe],
) -> None:
    globe = connect(unreadable=("InvoiceHeader",))
    api, made = globe.api(), effect()
    DirectInvoices().create(api, _payload(globe), made)
    with pytest.raises(RejectedError, match="Already used"):
        DirectInvoices().create(api, _payload(globe), Stored(made.token))


# ---- read


def test_printed_invoices_are_read_with_lines_and_totals(connect: Callable[..., Globe]) -> None:
    globe = connect(past_orders=3)
    api, entity = globe.api(), SalesInvoices()
    (page,) = entity.read(api, Query())
    assert page.cursor == {"id": 3}
    assert globe.service.calls()[:2] == ["GET InvoiceHistoryHeader", "GET InvoiceHistoryLine"]
    invoice = globe.understood(entity, page.records[1])
    assert (invoice.number, invoice.reference, invoice.order_number) == (
        "26700002",
        "BALIE-2",
        "2",
    )
    assert (invoice.total, invoice.prices, invoice.credit) == (Decimal("62.90"), "gross", False)
    assert invoice.total_tax == Decimal("62.90") - Decimal("31.32") - Decimal("22.94")
    assert [(n.sku, n.quantity, n.total, n.tax_rate) for n in invoice.lines] == [
        ("KET-8V", 2, Decimal("37.90"), 21),
        ("KAART-FIETS", 2, Decimal("25.00"), 9),
    ]
    assert invoice.customer.name == "Fietsenmaker Om de Hoek B.V."
    assert invoice.invoiced_at.tzinfo is not None
    assert list(entity.get(api, ["26700002", "nothing", "#1"])) == ["26700002"]
    (rest,) = entity.read(api, Query(since={"id": 2}))
    assert [r["InvoiceNumber"] for r in rest.records] == ["26700003"]


def test_a_credit_invoice_has_positive_amounts(globe: Globe) -> None:
    api = globe.api()
    payload = _payload(globe, credit=True)
    DirectInvoices().create(api, payload, effect())
    assert globe.service.state()["invoices"][0]["TotalAmount"] == -117.8
    movements.process(_world(globe), 1)
    (page,) = SalesInvoices().read(api, Query())
    invoice = globe.understood(SalesInvoices(), page.records[0])
    assert (invoice.credit, invoice.total) == (True, Decimal("117.80"))
    assert [line.quantity for line in invoice.lines] == [2, 2]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (InvoicesFilter(journal="70"), 2),
        (InvoicesFilter(journal="71"), 0),
        (InvoicesFilter(start_date=dt.date(2020, 1, 1)), 2),
        (InvoicesFilter(start_date=dt.date(2120, 1, 1)), 0),
    ],
)
def test_invoices_are_filtered_over_there(
    connect: Callable[..., Globe], wanted: InvoicesFilter, count: int
) -> None:
    globe = connect(past_orders=2)
    (page,) = SalesInvoices().read(globe.api(), Query(filter=wanted))
    assert len(page.records) == count


def test_an_invoice_says_which_kind_it_is() -> None:
    assert (SalesInvoices.title, DirectInvoices.title) == ("Sales invoices", "Direct invoices")
    assert not DirectInvoices().can("read")
    assert not Orders().can("update")

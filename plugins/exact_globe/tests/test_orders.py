"""Sales orders: what is refused, what is sent, and what it comes to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe.entities import DirectInvoices, Orders
from koppel_exact_globe.forms import OrderSettings

from hub.model import Address, Invoice, Line, Order
from hub.sdk import (
    RecordError,
    RejectedError,
)

from .conftest import Globe, effect
from .sales import a_line, an_order, bodies_of, headers_in, lines_in, payload_of

# ---- what is refused


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"debtor": "999999"}, "Does not exist: Debtor - 999999"),
        ({"debtor": "1003"}, "Debtor is blocked: 1003 - Gesloten Zaak B.V."),
        ({"payment_condition": "99"}, "Does not exist: Payment condition - 99"),
        ({"shipping_via": "TRAM"}, "Does not exist: Shipping method - TRAM"),
    ],
)
def test_a_refused_header_says_why_and_leaves_no_order(
    globe: Globe, values: dict[str, Any], text: str
) -> None:
    api, first = globe.api(), effect()
    with pytest.raises(RejectedError, match=text):
        Orders().create(api, payload_of(globe, **values), first)
    assert headers_in(globe) == []
    Orders().create(api, payload_of(globe), effect())
    assert len(headers_in(globe)) == 1
    assert len(lines_in(api)) == 2


def test_a_refused_line_is_named(globe: Globe) -> None:
    lines = [a_line(), a_line("NIETS")]
    with pytest.raises(RejectedError, match="Does not exist: Item - NIETS") as caught:
        Orders().create(globe.api(), payload_of(globe, lines=lines), effect())
    assert caught.value.field == "lines[1]"
    assert bodies_of(globe, "SalesOrderHeader") == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"reference": None}, "YourReference|Your reference"),
        ({"reference": "x" * 31}, "30 characters"),
        ({"debtor": None}, "Debtor"),
        ({"shipping_via": "TOO-LONG"}, "5 characters"),
    ],
)
def test_what_cannot_be_written_is_said_before_any_call(
    globe: Globe, values: dict[str, Any], text: str
) -> None:
    with pytest.raises(RecordError, match=text):
        payload_of(globe, **values)


def test_an_order_without_lines_is_not_sent(globe: Globe) -> None:
    with pytest.raises(RecordError, match="no lines"):
        Orders().create(globe.api(), payload_of(globe, lines=[]), effect())
    assert globe.service.calls() == []


# ---- what is sent


def test_lines_come_first_then_the_header_under_the_token_of_the_effect(globe: Globe) -> None:
    api, made = globe.api(), effect()
    written = Orders().create(api, payload_of(globe), made)
    posts = [call for call in globe.service.calls() if call.startswith("POST")]
    assert posts == ["POST SalesOrderLine", "POST SalesOrderLine", "POST SalesOrderHeader"]
    bodies = bodies_of(globe, "SalesOrderLine") + bodies_of(globe, "SalesOrderHeader")
    assert {body["TransactionKey"] for body in bodies} == {made.token}
    assert (written.key, written.number) == ("1", "1")
    assert made.stage is not None
    assert made.stage.startswith(made.token)


def test_a_whole_order_looks_like_this(globe: Globe) -> None:
    order = an_order(
        payment_condition="ID",
        shipping_via="POST",
        cost_center="WEB",
        payment_reference="tr_7UhSN1zuXS",
        delivery_date=dt.date(2026, 11, 25),
        billing=Address(
            company="Bakkerij Jansen B.V.",
            name="Renée van den Berg",
            line1="Kerkstraat 12 bis",
            postal_code="1012 AB",
            city="Amsterdam",
            country="NL",
        ),
        delivery=Address(
            name="R. van den Berg",
            line1="Magazijnweg 7",
            postal_code="3542 AB",
            city="Utrecht",
            country="NL",
        ),
        lines=[
            a_line(
                quantity=Decimal("1.5"),
                discount_percentage=Decimal(10),
                cost_center="WEB",
                cost_unit="KD01",
            )
        ],
    )
    settings = OrderSettings(warehouse="WEB", selection_code="WB", delivery_days=1)
    payload = globe.rendered(Orders(), order, settings)
    Orders().create(globe.api(), payload, effect())
    (line,) = bodies_of(globe, "SalesOrderLine")
    assert {n: v for n, v in line.items() if n != "TransactionKey"} == {
        "Itemcode": "KET-8V",
        "Quantity": 1.5,
        "Price": 18.95,
        "DiscountPercentage": 10,
        "VATCode": "3",
        "Description": "Ketting",
        "CostCenter": "WEB",
        "CostUnit": "KD01",
    }
    (header,) = bodies_of(globe, "SalesOrderHeader")
    assert {n: v for n, v in header.items() if n != "TransactionKey"} == {
        "YourReference": "WEB-1",
        "OrderDebtor": "1001",
        "SalesOrderDate": "/Date(1795219200000)/",
        "DeliveryDate": "/Date(1795564800000)/",
        "PaymentCondition": "ID",
        "ShippingVia": "POST",
        "SelectionCode": "WB",
        "Warehouse": "WEB",
        "CostCenter": "WEB",
        "CurrencyCode": "EUR",
        "FreeField1": "tr_7UhSN1zuXS",
        "OrderDebtorName": "Bakkerij Jansen B.V.",
        "OrderDebtorContactPerson": "Renée van den Berg",
        "OrderDebtorAddress1": "Kerkstraat 12 bis",
        "OrderDebtorPostCode": "1012 AB",
        "OrderDebtorCity": "Amsterdam",
        "OrderDebtorCountryCode": "NL",
        "InvoiceDebtorName": "Bakkerij Jansen B.V.",
        "InvoiceDebtorContactPerson": "Renée van den Berg",
        "InvoiceDebtorAddress1": "Kerkstraat 12 bis",
        "InvoiceDebtorPostCode": "1012 AB",
        "InvoiceDebtorCity": "Amsterdam",
        "InvoiceDebtorCountryCode": "NL",
        "DeliveryDebtorName": "R. van den Berg",
        "DeliveryDebtorAddress1": "Magazijnweg 7",
        "DeliveryDebtorPostCode": "3542 AB",
        "DeliveryDebtorCity": "Utrecht",
        "DeliveryDebtorCountryCode": "NL",
    }


def test_without_a_delivery_date_the_settings_days_are_counted_from_the_order(globe: Globe) -> None:
    payload = globe.rendered(Orders(), an_order(), OrderSettings(delivery_days=3))
    assert payload["SalesOrderDate"] == "/Date(1795219200000)/"
    assert payload["DeliveryDate"] == "/Date(1795478400000)/"
    assert "DeliveryDate" not in globe.rendered(Orders(), an_order(), OrderSettings())


def test_a_free_line_is_sent_with_a_price_of_nought(globe: Globe) -> None:
    payload = payload_of(globe, lines=[a_line(unit_price=Decimal(0))])
    Orders().create(globe.api(), payload, effect())
    assert bodies_of(globe, "SalesOrderLine")[0]["Price"] == 0


def test_additional_fields_are_switched_on_when_they_are_used(globe: Globe) -> None:
    payload = payload_of(globe) | {"AdditionalField01": "Kado"}
    Orders().create(globe.api(), payload, effect())
    assert bodies_of(globe, "SalesOrderHeader")[0]["IsUseAdditionalFields"] is True


def test_long_texts_are_cut_where_that_does_no_harm(globe: Globe) -> None:
    address = Address(name="n" * 70, line1="s" * 120, city="c" * 110, country="NL")
    payload = payload_of(globe, delivery=address, lines=[a_line(name="n" * 90)])
    Orders().create(globe.api(), payload, effect())
    assert len(bodies_of(globe, "SalesOrderHeader")[0]["DeliveryDebtorName"]) == 50
    assert len(bodies_of(globe, "SalesOrderLine")[0]["Description"]) == 60


# ---- amounts


@pytest.mark.parametrize(
    "lines",
    [
        [a_line()],
        [a_line(discount_percentage=Decimal("33.33")), a_line("KAART-FIETS", vat_code="4")],
        [a_line(vat_code="1", unit_price=Decimal("9.99"), quantity=Decimal(7))] * 3,
        [a_line(vat_code="1", unit_price=Decimal("0.333333"), quantity=Decimal(3))],
        [a_line(vat_code="2", unit_price=Decimal("12.345")), a_line(unit_price=Decimal("-1.05"))],
        [a_line(vat_code="6", unit_price=Decimal("10.01"))],
        [a_line(vat_code="0", unit_price=Decimal("10.01"))],
        [a_line(unit_price=Decimal("0.333333"), quantity=Decimal(300))],
        [a_line(unit_price=Decimal("1.333"), quantity=Decimal("1.5"))] * 3,
        [a_line(unit_price=Decimal("12.35"), quantity=Decimal("0.3333"))],
        [
            a_line(
                unit_price=Decimal("19.99"), quantity=Decimal(144), discount_percentage=Decimal(15)
            )
        ],
    ],
)
def test_the_total_that_is_foretold_is_the_total_that_globe_makes(
    globe: Globe, lines: list[Line]
) -> None:
    rates = {
        "0": (0, "net"),
        "1": (21, "net"),
        "2": (9, "net"),
        "3": (21, "gross"),
        "4": (9, "gross"),
        "6": (0, "net"),
    }
    for line in lines:
        rate, prices = rates[line.vat_code or ""]
        line.tax_rate, line.prices = Decimal(rate), "gross" if prices == "gross" else "net"
    entity = Orders()
    payload = globe.rendered(entity, an_order(lines=lines))
    expected = entity.expected_total(payload)
    entity.create(globe.api(), payload, effect())
    (header,) = headers_in(globe)
    assert expected is not None
    assert float(expected) == header["TotalAmount"]


@pytest.mark.parametrize(("entity", "held"), [(Orders(), "99.90"), (DirectInvoices(), "99.99")])
def test_a_price_with_more_decimals_than_the_column_holds_is_not_booked_as_if_it_did(
    globe: Globe, entity: Orders | DirectInvoices, held: str
) -> None:
    """Orders keep three decimals of a price, invoices four."""
    line = a_line(unit_price=Decimal("0.333333"), quantity=Decimal(300))
    payload = globe.rendered(entity, _sale_of(entity, line))
    assert entity.expected_total(payload) == Decimal(held)
    assert entity.price_decimals == {"99.90": 3, "99.99": 4}[held]


def _sale_of(entity: Orders | DirectInvoices, line: Line) -> Order:
    if isinstance(entity, Orders):
        return an_order(lines=[line])
    return Invoice.from_dict(an_order(lines=[line]).to_dict())


def test_a_code_or_price_that_is_not_known_foretells_nothing(globe: Globe) -> None:
    entity = Orders()
    payload = globe.rendered(entity, an_order())
    assert entity.expected_total(payload) == Decimal("117.80")
    payload["SalesOrderLine"][0]["VATCode"] = "8"
    assert entity.expected_total(payload) is None
    payload["SalesOrderLine"][0] |= {"VATCode": "3"}
    del payload["SalesOrderLine"][0]["Price"]
    assert entity.expected_total(payload) is None

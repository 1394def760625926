"""Sales orders: lines first and header last, once and only once, whatever happens on the way."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import api as globe_api
from koppel_exact_globe.entities import Orders
from koppel_exact_globe.forms import OrderSettings
from koppel_exact_globe.forms_sales import OrdersFilter

from hub.model import Address, Customer, Json, Line, Order
from hub.sdk import (
    Api,
    Effect,
    Query,
    RecordError,
    RejectedError,
    TemporaryError,
    UnknownOutcome,
    Written,
)
from hub.sdk.index import LiveIndex

from .conftest import Globe, Stored, effect


def _line(item: str = "KET-8V", **values: Any) -> Line:
    given = {
        "item": item,
        "name": "Ketting",
        "quantity": Decimal(2),
        "unit_price": Decimal("18.95"),
        "tax_rate": Decimal(21),
        "vat_code": "3",
        "prices": "gross",
    }
    return Line(**{**given, **values})


def _order(**values: Any) -> Order:
    address = Address(line1="Kade 5", postal_code="3511 AB", city="Utrecht", country="NL")
    given: dict[str, Any] = {
        "reference": "WEB-1",
        "debtor": "1001",
        "currency": "EUR",
        "prices": "gross",
        "ordered_at": dt.datetime(2026, 11, 20, 23, 30, tzinfo=dt.UTC),
        "customer": Customer(name="Noor Visser"),
        "billing": address,
        "delivery": address,
        "lines": [_line(), _line("ZADEL-GEL", name="Zadel", unit_price=Decimal("39.95"))],
    }
    return Order(**{**given, **values})


def _payload(globe: Globe, **values: Any) -> Json:
    return globe.rendered(Orders(), _order(**values))


def _bodies(globe: Globe, entity: str) -> list[dict[str, Any]]:
    return [
        json.loads(asked["body"])
        for asked in globe.service.sandbox.asked("POST", f"{entity}$")
        if asked["status"] != 401
    ]


def _headers(globe: Globe) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = globe.service.state()["orders"]
    return found


def _lines(api: Api) -> list[dict[str, Any]]:
    return [row for rows in globe_api.batches(api, "SalesOrderLine") for row in rows]


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
        Orders().create(api, _payload(globe, **values), first)
    assert _headers(globe) == []
    Orders().create(api, _payload(globe), effect())
    assert len(_headers(globe)) == 1
    assert len(_lines(api)) == 2


def test_a_refused_line_is_named(globe: Globe) -> None:
    lines = [_line(), _line("NIETS")]
    with pytest.raises(RejectedError, match="Does not exist: Item - NIETS") as caught:
        Orders().create(globe.api(), _payload(globe, lines=lines), effect())
    assert caught.value.field == "lines[1]"
    assert _bodies(globe, "SalesOrderHeader") == []


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
        _payload(globe, **values)


def test_an_order_without_lines_is_not_sent(globe: Globe) -> None:
    with pytest.raises(RecordError, match="no lines"):
        Orders().create(globe.api(), _payload(globe, lines=[]), effect())
    assert globe.service.calls() == []


# ---- answers that get lost


def _insist(api: Api, payload: Json, made: Effect) -> tuple[Written, int]:
    """What the hub does: look first, then write again, afresh or from the stage reached."""
    entity = Orders()
    assert isinstance(made, Stored)
    for attempt in range(1, 4):
        try:
            return entity.create(api, payload, made), attempt
        except TemporaryError:
            found = entity.find(api, "reference", [payload["YourReference"]])
            if found:
                record = found[payload["YourReference"]]
                return Written(entity.key_of(record), record=record), attempt
            made = made.again()
    raise AssertionError("three attempts were not enough")


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate", "html", "status"])
def test_an_answer_that_is_lost_never_makes_a_second_order_or_line(
    globe: Globe, kind: Any, position: int
) -> None:
    api = globe.api()
    api.system.check(api)
    more = {"status": 502} if kind in ("html", "status") else {}
    globe.service.sandbox.fault(kind, method="POST", skip=position, times=1, **more)
    written, _ = _insist(api, _payload(globe), effect())
    (header,) = _headers(globe)
    assert header["SalesOrderNumber"].strip() == written.key == "1"
    lines = _lines(api)
    assert [line["Itemcode"] for line in lines] == ["KET-8V", "ZADEL-GEL"]
    assert globe.service.state()["overlapping_calls"] == 0


def test_a_lost_line_starts_the_lines_again_under_another_key(globe: Globe) -> None:
    api = globe.api()
    api.system.check(api)
    globe.service.sandbox.fault("drop_after", method="POST", skip=1, times=1)
    _insist(api, _payload(globe), effect())
    keys = [body["TransactionKey"] for body in _bodies(globe, "SalesOrderLine")]
    assert len(keys) == 4
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert globe.service.state()["lines_without_header"] == 2


def test_even_the_same_effect_is_never_given_the_same_lines_twice(globe: Globe) -> None:
    api, entity, made = globe.api(), Orders(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_after", method="POST", times=1)
    with pytest.raises(UnknownOutcome):
        entity.create(api, _payload(globe), made)
    entity.create(api, _payload(globe), made)
    assert len(_lines(api)) == 2


def test_a_lost_header_is_repeated_without_the_lines(globe: Globe) -> None:
    api, made = globe.api(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_before", method="POST", path="Header", times=1)
    with pytest.raises(UnknownOutcome):
        Orders().create(api, _payload(globe), made)
    Orders().create(api, _payload(globe), made)
    assert len(_bodies(globe, "SalesOrderLine")) == 2
    assert {b["TransactionKey"] for b in _bodies(globe, "SalesOrderHeader")} == {made.token}
    assert len(_headers(globe)) == 1


def test_a_header_that_arrived_is_refused_when_it_comes_again(globe: Globe) -> None:
    api, made = globe.api(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_after", method="POST", path="Header", times=1)
    with pytest.raises(UnknownOutcome):
        Orders().create(api, _payload(globe), made)
    with pytest.raises(RejectedError, match="Already used: TransactionKey"):
        Orders().create(api, _payload(globe), made)
    assert len(_headers(globe)) == 1


def test_lines_that_changed_since_are_sent_again_under_another_key(globe: Globe) -> None:
    api, made = globe.api(), effect()
    api.system.check(api)
    globe.service.sandbox.fault("drop_before", method="POST", path="Header", times=1)
    with pytest.raises(UnknownOutcome):
        Orders().create(api, _payload(globe), made)
    Orders().create(api, _payload(globe, lines=[_line("HELM-M")]), made)
    assert [line["Itemcode"] for line in _lines(api)] == ["HELM-M"]


# ---- what is sent


def test_lines_come_first_then_the_header_under_the_token_of_the_effect(globe: Globe) -> None:
    api, made = globe.api(), effect()
    written = Orders().create(api, _payload(globe), made)
    posts = [call for call in globe.service.calls() if call.startswith("POST")]
    assert posts == ["POST SalesOrderLine", "POST SalesOrderLine", "POST SalesOrderHeader"]
    bodies = _bodies(globe, "SalesOrderLine") + _bodies(globe, "SalesOrderHeader")
    assert {body["TransactionKey"] for body in bodies} == {made.token}
    assert (written.key, written.number) == ("1", "1")
    assert made.stage is not None
    assert made.stage.startswith(made.token)


def test_a_whole_order_looks_like_this(globe: Globe) -> None:
    order = _order(
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
            _line(
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
    (line,) = _bodies(globe, "SalesOrderLine")
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
    (header,) = _bodies(globe, "SalesOrderHeader")
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
    payload = globe.rendered(Orders(), _order(), OrderSettings(delivery_days=3))
    assert payload["SalesOrderDate"] == "/Date(1795219200000)/"
    assert payload["DeliveryDate"] == "/Date(1795478400000)/"
    assert "DeliveryDate" not in globe.rendered(Orders(), _order(), OrderSettings())


def test_a_free_line_is_sent_with_a_price_of_nought(globe: Globe) -> None:
    payload = _payload(globe, lines=[_line(unit_price=Decimal(0))])
    Orders().create(globe.api(), payload, effect())
    assert _bodies(globe, "SalesOrderLine")[0]["Price"] == 0


def test_additional_fields_are_switched_on_when_they_are_used(globe: Globe) -> None:
    payload = _payload(globe) | {"AdditionalField01": "Kado"}
    Orders().create(globe.api(), payload, effect())
    assert _bodies(globe, "SalesOrderHeader")[0]["IsUseAdditionalFields"] is True


def test_long_texts_are_cut_where_that_does_no_harm(globe: Globe) -> None:
    address = Address(name="n" * 70, line1="s" * 120, city="c" * 110, country="NL")
    payload = _payload(globe, delivery=address, lines=[_line(name="n" * 90)])
    Orders().create(globe.api(), payload, effect())
    assert len(_bodies(globe, "SalesOrderHeader")[0]["DeliveryDebtorName"]) == 50
    assert len(_bodies(globe, "SalesOrderLine")[0]["Description"]) == 60


# ---- amounts


@pytest.mark.parametrize(
    "lines",
    [
        [_line()],
        [_line(discount_percentage=Decimal("33.33")), _line("KAART-FIETS", vat_code="4")],
        [_line(vat_code="1", unit_price=Decimal("9.99"), quantity=Decimal(7))] * 3,
        [_line(vat_code="1", unit_price=Decimal("0.333333"), quantity=Decimal(3))],
        [_line(vat_code="2", unit_price=Decimal("12.345")), _line(unit_price=Decimal("-1.05"))],
        [_line(vat_code="6", unit_price=Decimal("10.01"))],
        [_line(vat_code="0", unit_price=Decimal("10.01"))],
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
    payload = globe.rendered(entity, _order(lines=lines))
    expected = entity.expected_total(payload)
    entity.create(globe.api(), payload, effect())
    (header,) = _headers(globe)
    assert expected is not None
    assert float(expected) == header["TotalAmount"]


def test_a_code_or_price_that_is_not_known_foretells_nothing(globe: Globe) -> None:
    entity = Orders()
    payload = globe.rendered(entity, _order())
    assert entity.expected_total(payload) == Decimal("117.80")
    payload["SalesOrderLine"][0]["VATCode"] = "8"
    assert entity.expected_total(payload) is None
    payload["SalesOrderLine"][0] |= {"VATCode": "3"}
    del payload["SalesOrderLine"][0]["Price"]
    assert entity.expected_total(payload) is None


# ---- found and read again


def _with_orders(globe: Globe, count: int) -> Api:
    api, entity = globe.api(), Orders()
    for number in range(count):
        entity.create(api, _payload(globe, reference=f"WEB-{number}"), effect())
    return api


def test_many_references_are_looked_up_in_one_call_and_later_only_new_orders_are(
    globe: Globe,
) -> None:
    api = _with_orders(globe, 5)
    globe.service.sandbox.requests.clear()
    found = Orders().find(api, "reference", ["WEB-0", "web-4 ", "WEB-9"])
    assert {value: row["SalesOrderNumber"] for value, row in found.items()} == {
        "WEB-0": "1",
        "web-4 ": "5",
    }
    assert globe.service.calls() == ["GET SalesOrderHeader"]
    Orders().create(api, _payload(globe, reference="WEB-9"), effect())
    assert "WEB-9" in Orders().find(api, "reference", ["WEB-9"])
    (asked,) = globe.service.sandbox.asked("GET", "Header")[1:]
    assert "ID+gt+5" in asked["query"]


def test_one_reference_can_be_asked_for_live(globe: Globe) -> None:
    _with_orders(globe, 2)
    globe.memory = LiveIndex()  # type: ignore[assignment]
    api = globe.api()
    found = Orders().find(api, "reference", ["WEB-1", "WEB-2", "it's"])
    assert list(found) == ["WEB-1"]


def test_an_order_is_read_back_as_it_was_written(globe: Globe) -> None:
    api = _with_orders(globe, 1)
    entity = Orders()
    (page,) = entity.read(api, Query())
    (record,) = entity.complete(api, page.records)
    assert isinstance(record, dict)
    order = globe.understood(entity, record)
    assert (order.key, order.number, order.reference) == ("1", "1", "WEB-0")
    assert (order.status, order.debtor, order.prices) == ("open", "1001", "gross")
    assert order.total == Decimal("117.80")
    assert order.ordered_at == dt.datetime(2026, 11, 20, 23, 0, tzinfo=dt.UTC)  # midnight there
    assert order.delivery.line1 == "Kade 5"
    lines = [(line.sku, line.quantity, line.unit_price, line.total) for line in order.lines]
    assert lines == [
        ("KET-8V", 2, Decimal("18.95"), Decimal("37.90")),
        ("ZADEL-GEL", 2, Decimal("39.95"), Decimal("79.90")),
    ]
    assert {line.tax_rate for line in order.lines} == {Decimal(21)}
    assert list(entity.get(api, ["1", "2", "123456789"])) == ["1"]


def test_reading_goes_on_after_the_last_order_seen(globe: Globe) -> None:
    api = _with_orders(globe, 3)
    (page,) = Orders().read(api, Query())
    assert page.cursor == {"id": 3, "shipped": 0, "invoiced": 0}
    (rest,) = Orders().read(api, Query(since={"id": 2}))
    assert [row["YourReference"] for row in rest.records] == ["WEB-2"]
    (quiet,) = Orders().read(api, Query(since={"id": 3}))
    assert (list(quiet.records), quiet.cursor) == ([], None)


@pytest.mark.parametrize(
    ("chosen", "count"),
    [
        (OrdersFilter(state="open"), 2),
        (OrdersFilter(state="completed"), 0),
        (OrdersFilter(selection_code="WB"), 0),
        (OrdersFilter(start_date=dt.date(2026, 11, 21)), 2),
        (OrdersFilter(start_date=dt.date(2026, 11, 22)), 0),
    ],
)
def test_orders_are_filtered_over_there(globe: Globe, chosen: OrdersFilter, count: int) -> None:
    api = _with_orders(globe, 2)
    (page,) = Orders().read(api, Query(filter=chosen))
    assert len(page.records) == count


def test_reading_can_start_at_a_moment(globe: Globe) -> None:
    api = _with_orders(globe, 2)
    day = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
    for moment, count in ((day, 2), (day + dt.timedelta(days=1), 0)):
        (page,) = Orders().read(api, Query(since=Orders().cursor_at(moment)))
        assert len(page.records) == count


# ---- how many calls


def test_a_page_of_orders_takes_no_more_calls_than_it_must(connect: Callable[..., Globe]) -> None:
    globe = connect()
    api = globe.api()
    Orders().find(api, "reference", [f"WEB-{n}" for n in range(20)])
    for number in range(20):
        Orders().create(api, _payload(globe, reference=f"WEB-{number}"), effect())
    calls = globe.service.calls()
    assert len(calls) == 1 + 20 * (2 + 1)
    assert api.requests == len(calls)
    assert globe.service.state()["handshakes"] == 1
    assert globe.service.state()["overlapping_calls"] == 0

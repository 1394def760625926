"""Sales orders as a source: status, deliveries and invoices flow back to where they came from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from koppel_exact_globe import exact_globe
from koppel_exact_globe.entities import Orders
from koppel_exact_globe.forms_sales import OrdersFilter
from koppel_exact_globe.sandbox import movements

from hub.mapping.fieldtable import FieldTable
from hub.model import Json, Order
from hub.sdk import Api, Context, Query

from .conftest import Globe


@pytest.fixture
def globe(connect: Callable[..., Globe]) -> Globe:
    """The plugin on a service with five orders that are still open."""
    made = connect()
    for number in range(1, 6):
        _order(made, f"WEB-{number}")
    return made


def _world(globe: Globe) -> Any:
    return globe.service.app.extensions["world"]


def _order(globe: Globe, reference: str) -> None:
    world = _world(globe)
    movements.book(world, reference, {"KET-8V": 2, "HELM-M": 2})


def _read(api: Api, since: Json | None = None, **wanted: Any) -> tuple[dict[str, Json], Any]:
    records, cursor = {}, since
    for page in Orders().read(api, Query(since=since, filter=OrdersFilter(**wanted))):
        for record in page.records:
            assert Orders().key_of(record) not in records
            records[Orders().key_of(record)] = record
        cursor = page.cursor or cursor
    return records, cursor


@pytest.mark.parametrize(
    ("invoice", "expected"),
    [
        ({"CountryCode": "NL"}, ("Kantstraße 1", "Aufgang B", "Berlin", "DE")),
        (
            {"Address1": "Postbus 12", "City": "Gent", "CountryCode": "BE"},
            ("Postbus 12", None, "Gent", "BE"),
        ),
    ],
)
def test_an_invoice_address_is_taken_whole_or_not_at_all(
    invoice: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    """A German debtor with a bare NL in the invoice address would be charged Dutch VAT."""
    own = {"Address1": "Kantstraße 1", "Address2": "Aufgang B", "City": "Berlin"}
    record: dict[str, Any] = {"SalesOrderNumber": "7", "OrderDebtorCountryCode": "DE"}
    record |= {f"OrderDebtor{name}": value for name, value in own.items()}
    record |= {f"InvoiceDebtor{name}": value for name, value in invoice.items()}
    order = FieldTable(Orders()).understand(record, Context())
    assert isinstance(order, Order)
    place = order.billing
    assert (place.line1, place.line2, place.city, place.country) == expected


def test_o16_a_status_code_is_one_of_those_that_settings_offer(globe: Globe) -> None:
    lookup = exact_globe.lookup("order_statuses")
    assert lookup is not None
    offered = [option.value for option in lookup.fetch(globe.api())]
    assert offered == ["open", "partial", "delivered", "invoiced", "cancelled"]


@pytest.mark.parametrize(
    ("deeds", "status", "parcels"),
    [
        ([], "open", 0),
        ([("deliver", 0.5)], "partial", 1),
        ([("deliver", 0.5), ("deliver", 1)], "delivered", 2),
        ([("deliver", 1)], "delivered", 1),
        ([("deliver", 1), ("invoice", 0)], "invoiced", 1),
        ([("invoice", 0)], "invoiced", 0),
        ([("deliver", 0.5), ("invoice", 0)], "partial", 1),
    ],
)
def test_o16_what_happened_in_globe_is_the_orders_status(
    globe: Globe, deeds: list[tuple[str, float]], status: str, parcels: int
) -> None:
    for deed, share in deeds:
        if deed == "deliver":
            movements.deliver(_world(globe), 2, share)
        else:
            movements.invoice(_world(globe), 2)
    record = Orders().get(globe.api(), ["2"])["2"]
    order = globe.understood(Orders(), record)
    assert (order.status, order.reference, order.cancelled) == (status, "WEB-2", False)
    assert len(order.shipments) == parcels
    assert all(parcel.shipped_at.tzinfo is not None for parcel in order.shipments)


def test_o16_an_order_that_was_deleted_is_gone(globe: Globe) -> None:
    movements.delete(_world(globe), 3)
    assert set(Orders().get(globe.api(), ["2", "3", "4"])) == {"2", "4"}


def test_an_order_that_has_left_order_entry_is_told_from_its_history(globe: Globe) -> None:
    movements.deliver(_world(globe), 1)
    movements.invoice(_world(globe), 1)
    movements.delete(_world(globe), 1)
    order = globe.understood(Orders(), Orders().get(globe.api(), ["1"])["1"])
    assert (order.status, order.reference, len(order.shipments)) == ("invoiced", "WEB-1", 1)


def test_delivered_and_invoiced_orders_come_again_and_others_do_not(globe: Globe) -> None:
    api = globe.api()
    records, cursor = _read(api)
    assert len(records) == 5
    assert _read(api, cursor)[0] == {}
    movements.deliver(_world(globe), 2, 0.5)
    movements.invoice(_world(globe), 4)
    _order(globe, "WEB-6")
    records, after = _read(api, cursor)
    assert {key: r["Status"] for key, r in records.items()} == {
        "6": "open",
        "2": "partial",
        "4": "invoiced",
    }
    assert _read(api, after)[0] == {}
    assert _read(api, cursor, follow=False)[0].keys() == {"6"}
    assert _read(api, cursor, state="open")[0].keys() == {"2", "4", "6"}
    assert _read(api, cursor, state="completed")[0] == {}


def test_a_status_changes_the_mark_by_which_a_record_is_compared(globe: Globe) -> None:
    api, entity = globe.api(), Orders()
    before = entity.mark_of(entity.get(api, ["1"])["1"])
    assert entity.mark_of(_read(api)[0]["1"]) == before
    movements.deliver(_world(globe), 1, 0.5)
    partly = entity.mark_of(entity.get(api, ["1"])["1"])
    movements.invoice(_world(globe), 1)
    assert len({before, partly, entity.mark_of(entity.get(api, ["1"])["1"])}) == 3


def test_two_hundred_orders_are_got_in_a_handful_of_calls(connect: Callable[..., Globe]) -> None:
    globe = connect(past_orders=200)
    api = globe.api()
    _read(api)  # fills the map of printed invoices
    globe.service.sandbox.requests.clear()
    got = Orders().get(api, [str(number) for number in range(1, 201)])
    assert len(got) == 200
    assert all(record["Status"] == "invoiced" for record in got.values())
    assert all(len(record["SalesOrderLine"]) == 2 for record in got.values())
    assert len(globe.service.calls()) <= 5


def test_a_run_without_news_costs_three_calls(globe: Globe) -> None:
    api = globe.api()
    _, cursor = _read(api)
    globe.service.sandbox.requests.clear()
    _read(api, cursor)
    assert globe.service.calls() == [
        "GET SalesOrderHeader",
        "GET OrderHistoryHeader",
        "GET InvoiceHistoryHeader",
    ]


def test_o16_the_tracking_code_comes_from_the_field_that_people_type_it_in(globe: Globe) -> None:
    movements.deliver(_world(globe), 1, 1, "3STEST123")
    record = Orders().get(globe.api(), ["1"])["1"] | {"DeliveryDebtorPostCode": "3511 AB"}
    wanted = OrdersFilter(
        tracking_field="FreeField3", tracking_url="https://parcels.example/{code}/{postcode}"
    )
    (parcel,) = globe.understood(Orders(), record, wanted).shipments
    assert parcel.tracking_code == "3STEST123"
    assert parcel.tracking_url == "https://parcels.example/3STEST123/3511AB"
    (plain,) = globe.understood(Orders(), record).shipments
    assert plain.tracking_code is None


def test_an_order_without_a_reference_can_be_read(globe: Globe) -> None:
    record = Orders().get(globe.api(), ["1"])["1"] | {"YourReference": None}
    assert globe.understood(Orders(), record).reference is None


@pytest.mark.parametrize("key", ["", "WEB-1", "1'; drop", "123456789", "²"])
def test_keys_that_cannot_be_order_numbers_are_not_asked_for(globe: Globe, key: str) -> None:
    assert Orders().get(globe.api(), [key]) == {}
    assert "GET SalesOrderHeader" not in globe.service.calls()


def test_orders_of_a_day_are_followed_by_that_day(globe: Globe) -> None:
    api = globe.api()
    _, cursor = _read(api)
    movements.deliver(_world(globe), 2)
    assert _read(api, cursor, start_date=dt.date(2120, 1, 1))[0] == {}
    assert _read(api, cursor, start_date=dt.date(2020, 1, 1))[0].keys() == {"2"}

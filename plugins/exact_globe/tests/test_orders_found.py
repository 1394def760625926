"""Orders found by their reference and read again, with as few calls as it takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import unquote_plus

import pytest
from koppel_exact_globe.entities import Orders
from koppel_exact_globe.forms_sales import OrdersFilter

from hub.sdk import (
    Api,
    Query,
)
from hub.sdk.index import LiveIndex

from .conftest import Globe, effect
from .sales import payload_of

# ---- found and read again


def _with_orders(globe: Globe, count: int) -> Api:
    api, entity = globe.api(), Orders()
    for number in range(count):
        entity.create(api, payload_of(globe, reference=f"WEB-{number}"), effect())
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
    Orders().create(api, payload_of(globe, reference="WEB-9"), effect())
    assert "WEB-9" in Orders().find(api, "reference", ["WEB-9"])
    (asked,) = globe.service.sandbox.asked("GET", "Header")[1:]
    assert "ID gt 5" in unquote_plus(asked["query"])


def test_one_reference_can_be_asked_for_live(globe: Globe) -> None:
    _with_orders(globe, 2)
    globe.memory = LiveIndex()
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
        Orders().create(api, payload_of(globe, reference=f"WEB-{number}"), effect())
    calls = globe.service.calls()
    assert len(calls) == 1 + 20 * (2 + 1)
    assert api.requests == len(calls)
    assert globe.service.state()["handshakes"] == 1
    assert globe.service.state()["overlapping_calls"] == 0

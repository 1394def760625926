"""Orders are read in light pages, to the end, and only as far back as there may be news."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import parse_qs

import pytest
from koppel_ccvshop.entities import Orders
from koppel_ccvshop.forms import OrdersFilter

from hub.sdk import KoppelError, Query, RecordError, TemporaryError

from .conftest import Open, Shop, records

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def asked_for(shop: Shop, at: int = -1) -> dict[str, str]:
    """The query of a request for the list of orders."""
    lists = shop.sandbox.asked("GET", "/orders/$")
    return {name: values[0] for name, values in parse_qs(lists[at]["query"]).items()}


def read(shop: Shop, since: Any = None, **chosen: Any) -> list[str]:
    query: dict[str, Any] = {"now": NOON, "since": since, "filter": OrdersFilter(**chosen)}
    return [record["ordernumber_full"] for record in records(shop, "orders", **query)]


def cursor(shop: Shop, **query: Any) -> Any:
    query.setdefault("filter", OrdersFilter())
    pages = list(Orders().read(shop.api, Query(**{"now": NOON, **query})))
    return [page.cursor for page in pages if page.cursor is not None]


def test_every_order_is_read_once_whatever_the_number_of_pages(opened: Open) -> None:
    shop = opened(orders=601)

    found = records(shop, "orders")

    ids = [order["id"] for order in found]
    assert len(ids) == len(set(ids)) == 601
    assert ids == sorted(ids)
    assert shop.asked("/orders/") == 3
    assert asked_for(shop, 0)["size"] == "250"


def test_an_empty_shop_is_one_request_and_moves_no_cursor(opened: Open) -> None:
    shop = opened(orders=0)

    assert cursor(shop) == []
    assert shop.asked(".*") == 1


def test_rows_cost_one_request_for_each_order_and_only_where_asked_for(opened: Open) -> None:
    shop = opened(orders=260)
    found = records(shop, "orders")
    assert shop.api.requests == 2

    whole = Orders().complete(shop.api, found[:30])

    assert shop.api.requests == 2 + 30
    complete = [order for order in whole if not isinstance(order, RecordError)]
    assert [order["id"] for order in complete] == [order["id"] for order in found[:30]]
    assert all(order["orderrows"]["items"] for order in complete)


def test_an_order_by_key_costs_three_requests_and_a_gone_one_is_left_out(opened: Open) -> None:
    shop = opened(orders=3)

    found = Orders().get(shop.api, ["284119301", "1", "284119315", "nonsense"])

    assert list(found) == ["284119301", "284119315"]
    assert all(order["orderrows"]["items"] for order in found.values())
    assert shop.api.requests == 3 + 2 + 2


def test_one_order_whose_rows_are_refused_does_not_stop_the_others(opened: Open) -> None:
    shop = opened(orders=3)
    found = records(shop, "orders")
    shop.sandbox.fault(
        "status",
        path=f"{found[1]['id']}/orderrows",
        status=404,
        body='{"status":404,"code":"404.10","developermessage":"gone"}',
    )

    whole = Orders().complete(shop.api, found)

    assert [isinstance(order, RecordError) for order in whole] == [False, True, False]


def test_an_outage_while_rows_are_fetched_stops_the_page(opened: Open) -> None:
    shop = opened(orders=3)
    found = records(shop, "orders")
    shop.sandbox.fault("status", path="orderrows", status=503)

    with pytest.raises(TemporaryError):
        Orders().complete(shop.api, found)


def test_rows_beyond_one_page_are_all_fetched(opened: Open) -> None:
    def wide(draft: Any) -> None:
        draft.pick(1)
        draft.lines = draft.lines * 260

    shop = opened(orders=0, extra_orders=[wide])

    (whole,) = Orders().complete(shop.api, records(shop, "orders"))

    assert not isinstance(whole, KoppelError)
    assert len(whole["orderrows"]["items"]) == 260
    assert shop.asked("orderrows") == 2


# -- cursor ------------------------------------------------------------------------------------


def test_the_cursor_is_the_newest_order_and_comes_with_the_end_of_the_walk(opened: Open) -> None:
    shop = opened(orders=300, until=NOON)
    pages = list(Orders().read(shop.api, Query(now=NOON, filter=OrdersFilter())))

    assert [page.cursor is None for page in pages] == [True, True, False]
    newest = max(order["create_date"] for page in pages for order in page.records)
    assert pages[-1].cursor == {"created": newest}


def test_the_next_time_only_the_last_day_is_looked_at_again(opened: Open) -> None:
    shop = opened(orders=100, until=NOON)
    (known,) = cursor(shop)

    again = read(shop, since=known)

    assert asked_for(shop)["min_create_date"] == "2026-01-04T06:00:00Z"
    assert 0 < len(again) < 10


def test_a_cursor_does_not_go_back_when_nothing_came(opened: Open) -> None:
    shop = opened(orders=0)

    assert cursor(shop, since={"created": "2026-01-05T08:00:00Z"}) == [
        {"created": "2026-01-05T08:00:00Z"}
    ]


def test_two_orders_of_the_same_second_are_both_found_after_the_first_was(opened: Open) -> None:
    shop = opened(orders=40, until=NOON)
    created: dict[str, list[str]] = {}
    for order in records(shop, "orders", filter=OrdersFilter()):
        created.setdefault(order["create_date"], []).append(order["ordernumber_full"])
    moment, twins = next((m, t) for m, t in created.items() if len(t) == 2)

    assert set(twins) <= set(read(shop, since={"created": moment}))


def test_an_order_checked_out_hours_after_its_basket_was_made_is_found(opened: Open) -> None:
    shop = opened(orders=0, extra_orders=["plain"], until=NOON)

    found = read(shop, since={"created": "2026-01-05T20:00:00Z"})

    assert found == ["10001"]


def test_reading_in_full_ignores_the_cursor(opened: Open) -> None:
    shop = opened(orders=100, until=NOON)

    found = records(
        shop,
        "orders",
        now=NOON,
        since={"created": "2026-01-05T11:00:00Z"},
        full=True,
        filter=OrdersFilter(paid="paid"),
    )

    assert "min_create_date" not in asked_for(shop)
    assert len(found) > 50


# -- filters -----------------------------------------------------------------------------------


def test_one_status_is_asked_of_the_shop(opened: Open) -> None:
    shop = opened(orders=100)

    found = records(shop, "orders", filter=OrdersFilter(statuses=["8"]))

    assert asked_for(shop)["status"] == "8"
    assert len(found) == 5
    assert {order["status"] for order in found} == {8}


def test_several_statuses_are_sorted_out_here_from_the_same_pages(opened: Open) -> None:
    shop = opened(orders=100)

    found = records(shop, "orders", filter=OrdersFilter(statuses=["4", "8"]))

    assert "status" not in asked_for(shop)
    assert {order["status"] for order in found} == {4, 8}
    assert shop.asked("/orders/") == 1


@pytest.mark.parametrize(("choice", "flag"), [("paid", True), ("unpaid", False)])
def test_paid_and_unpaid_orders_are_told_apart(opened: Open, choice: str, flag: bool) -> None:
    shop = opened(orders=60)

    found = records(shop, "orders", filter=OrdersFilter(paid=choice))

    assert asked_for(shop)["is_paid"] == str(flag).lower()
    assert {order["paid"] for order in found} == {flag}


def test_payment_methods_are_told_apart_by_the_name_that_the_lookup_gives(opened: Open) -> None:
    shop = opened(orders=60)

    found = records(shop, "orders", filter=OrdersFilter(payment_methods=["Mollie Bancontact"]))

    assert {order["paymethod"] for order in found} == {"Mollie Bancontact"}


def test_orders_from_before_the_start_date_are_left_alone(opened: Open) -> None:
    shop = opened(orders=100, until=NOON)

    first = read(shop, start_date=dt.date(2026, 1, 4))
    read(shop, since={"created": "2026-01-04T01:00:00Z"}, start_date=dt.date(2026, 1, 4))

    assert len(first) == 6
    assert asked_for(shop)["min_create_date"] == "2026-01-04T00:00:00Z"


@pytest.mark.parametrize("chosen", [{"paid": "paid"}, {"statuses": ["2"]}])
def test_an_order_paid_later_is_found_within_the_days_to_look_back(
    opened: Open, chosen: dict[str, Any]
) -> None:
    shop = opened(orders=100, until=NOON)
    known = {"created": "2026-01-05T11:00:00Z"}

    read(shop, since=known, look_back_days=14, **chosen)
    assert asked_for(shop)["min_create_date"] == "2025-12-22T12:00:00Z"

    read(shop, since={"created": "2025-11-05T11:00:00Z"}, look_back_days=14, **chosen)
    assert asked_for(shop)["min_create_date"] == "2025-11-04T11:00:00Z"


def test_an_order_paid_after_the_first_run_comes_with_the_second(opened: Open) -> None:
    shop = opened(orders=40, until=NOON)
    first = read(shop, paid="paid")
    (unpaid, *_) = records(shop, "orders", filter=OrdersFilter(paid="unpaid"))
    shop.api.patch(f"/orders/{unpaid['id']}/", {"paid": True})

    second = read(shop, since={"created": "2026-01-05T11:00:00Z"}, paid="paid")

    assert set(second) - set(first) == {unpaid["ordernumber_full"]}


def test_a_basket_that_was_never_checked_out_is_no_order(opened: Open) -> None:
    shop = opened(orders=2, extra_orders=["basket"])

    assert len(read(shop)) == 2


# -- pacing ------------------------------------------------------------------------------------


def test_reading_keeps_to_the_limit_of_each_resource(opened: Open) -> None:
    shop = opened(orders=300)
    found = records(shop, "orders")

    Orders().complete(shop.api, found[:141])

    assert sum(shop.clock.slept) == pytest.approx(60)  # the 141st waits for the next minute
    assert shop.asked("orderrows") == 141


def test_a_shop_with_another_limit_is_read_at_its_own_pace(opened: Open) -> None:
    shop = opened(orders=50, settings={"reads_per_minute": 20})

    Orders().complete(shop.api, records(shop, "orders"))

    assert sum(shop.clock.slept) == pytest.approx(120)


def test_a_shop_that_counts_more_strictly_than_it_says_is_waited_for(opened: Open) -> None:
    shop = opened(orders=5)
    shop.sandbox.fault(
        "status", path="orderrows", status=429, body='{"status":429,"code":"429.10"}', times=1
    )

    Orders().complete(shop.api, records(shop, "orders"))

    assert shop.asked("orderrows") == 6

"""What was given back on an order is found in the list of invoices, by the number of the order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from koppel_ccvshop.entities import Orders
from koppel_ccvshop.sandbox import API_PUBLIC, API_SECRET, signature
from koppel_ccvshop.sandbox.shop import Shop as Books

from hub.model import Order
from hub.sdk import RecordError

from .conftest import Open, Shop, understood

D = Decimal
DATE = "%Y-%m-%dT%H:%M:%SZ"


def give_back(shop: Shop, index: int, amount: float) -> str:
    """Make a credit invoice of an order; gives the order's key."""
    key = Books.order_id(index)
    answer = shop.bare.post(f"/_sandbox/orders/{key}/credit", json={"amount": amount})
    assert answer.status_code == 204
    return str(key)


def refunded(shop: Shop, key: str) -> Decimal | None:
    record = Orders().get(shop.api, [key])[key]
    assert not isinstance(record, RecordError)
    order = understood(Orders(), record)
    assert isinstance(order, Order)
    return order.refunded


@pytest.mark.parametrize("index", [0, 7, 11])
def test_a_refund_of_one_order_is_found_by_the_number_of_the_order(
    opened: Open, index: int
) -> None:
    """The invoices below an order can only be made, not read."""
    shop = opened(orders=12)
    key = give_back(shop, index, 12.5)

    assert refunded(shop, key) == D("12.5")

    (asked,) = shop.sandbox.asked("GET", "/invoices/$")
    assert asked["path"] == "/api/rest/v1/invoices/"
    assert f"ordernumber_full={10001 + index}&orderby=id" in asked["query"]


def test_the_refund_of_another_order_with_the_same_number_is_not_taken(opened: Open) -> None:
    """Numbers may begin again with another prefix; an invoice names its order."""
    shop = opened(orders=12)
    give_back(shop, 7, 12.5)
    other = str(Books.order_id(3))
    shop.sandbox.requests.clear()
    books = shop.app.extensions["resources"].accounts.shop
    books.changes[int(other)] = {"ordernumber_full": str(10001 + 7), "invoicenumber": 1}

    assert refunded(shop, other) is None
    assert shop.asked("/invoices/") == 1


def test_the_sandbox_only_takes_new_invoices_below_an_order(opened: Open) -> None:
    shop = opened(orders=1)
    path = f"/api/rest/v1/orders/{Books.order_id(0)}/invoices/"

    def ask(method: str) -> tuple[int, str]:
        date = shop.app.extensions["resources"].accounts.shop.until.strftime(DATE)
        made = signature(API_SECRET, API_PUBLIC, method, path, b"", date)
        headers = {"x-public": API_PUBLIC, "x-date": date, "x-hash": made}
        answer = shop.bare.request(method, path, headers=headers)
        return answer.status_code, answer.json()["code"]

    assert ask("GET") == (405, "405.10")
    assert ask("POST") == (501, "501.10")

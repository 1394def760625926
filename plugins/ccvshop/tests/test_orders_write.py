"""Status, payment and shipment of an order are written in one request, and no e-mail goes twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from koppel_ccvshop.entities import Orders
from koppel_ccvshop.forms import OrdersSettings

from hub.model import Order, Shipment
from hub.sdk import Effect, NotFound, RecordError

from .conftest import Open, Shop, records, rendered, understood, written

FIRST = "284119301"
SENT = Order(status="5", paid=True, shipments=[Shipment(carrier="DHL", tracking_code="JVGL1")])


def sent(shop: Shop) -> list[Any]:
    return [json.loads(r["body"]) for r in shop.sandbox.asked("PATCH")]


def test_status_payment_and_shipment_are_one_request(opened: Open) -> None:
    """O16."""
    shop = opened(orders=3)

    written(shop, Orders(), SENT, key=FIRST)

    assert sent(shop) == [
        {
            "status": 5,
            "paid": True,
            "track_and_trace_code": "JVGL1",
            "track_and_trace_carrier": "DHL",
        }
    ]
    assert len(shop.sandbox.requests) == 1
    found = Orders().get(shop.api, [FIRST])[FIRST]
    assert not isinstance(found, RecordError)
    order = understood(Orders(), found)
    assert isinstance(order, Order)
    assert (order.status, order.paid, order.shipments) == ("5", True, SENT.shipments)


def test_what_is_read_renders_to_what_would_be_written(opened: Open) -> None:
    shop = opened(orders=3)
    written(shop, Orders(), SENT, key=FIRST)
    (found,) = Orders().get(shop.api, [FIRST]).values()
    assert not isinstance(found, RecordError)

    present = rendered(Orders(), understood(Orders(), found), creating=False)

    wanted = rendered(Orders(), SENT, creating=False)
    assert {name: present.get(name) for name in wanted} == wanted


def test_the_last_of_several_parcels_is_what_the_shop_shows(opened: Open) -> None:
    order = Order(shipments=[Shipment(tracking_code="A"), Shipment(), Shipment(tracking_code="B")])
    order.shipments.append(Shipment(carrier="PostNL"))

    assert rendered(Orders(), order, creating=False) == {"track_and_trace_code": "B"}


def test_the_customer_is_told_once_and_only_when_there_is_news(opened: Open) -> None:
    shop = opened(orders=3)
    settings = OrdersSettings(mail_customer=True)
    order = Order(status="10", note="Onderweg")

    written(shop, Orders(), order, key=FIRST, settings=settings)
    written(shop, Orders(), order, key=FIRST, settings=settings)
    written(shop, Orders(), Order(status="10", paid=True), key=FIRST, settings=settings)

    assert sent(shop)[0] == {"status": 10, "note": "Onderweg", "mail": True}
    assert [body.get("mail") for body in sent(shop)[1:]] in ([], [None])


def test_without_an_e_mail_the_note_stays_here(opened: Open) -> None:
    assert rendered(Orders(), Order(status="5", note="x"), creating=False) == {"status": 5}


def test_the_same_status_again_is_no_error(opened: Open) -> None:
    shop = opened(orders=3)

    for _ in range(2):
        written(shop, Orders(), Order(status="7"), key=FIRST)

    assert shop.sandbox.requests[-1]["status"] == 500


@pytest.mark.parametrize("status", ["sent", "0", "15", "-1", "5.0"])
def test_a_status_that_the_shop_does_not_have_is_named(status: str) -> None:
    with pytest.raises(RecordError, match="no order status of CCV Shop") as error:
        rendered(Orders(), Order(status=status), creating=False)

    assert (error.value.field, error.value.fix) == ("status", "statuses")


def test_a_paid_order_is_never_made_unpaid(opened: Open) -> None:
    assert rendered(Orders(), Order(status="5", paid=False), creating=False) == {"status": 5}


def test_an_order_that_is_gone_and_a_field_that_is_not_written_are_refused(opened: Open) -> None:
    shop = opened(orders=3)

    for key in ("1", "WEB-1"):
        with pytest.raises(NotFound):
            written(shop, Orders(), SENT, key=key)
    with pytest.raises(RecordError, match="no field total_price"):
        Orders().update(shop.api, FIRST, {"total_price": 1}, Effect("token"))


def test_orders_are_found_by_their_number(opened: Open) -> None:
    shop = opened(orders=30)

    found = Orders().find(
        shop.api, "reference", ["10001", "10030", "99999", "nothing", "WEB-10001"]
    )

    assert {value: record["id"] for value, record in found.items()} == {
        "10001": 284119301,
        "10030": 284119301 + 7 * 29,
    }
    assert len(shop.sandbox.requests) == 5, "one for the prefix of the shop, once"


def test_many_orders_by_key_cost_their_rows_and_a_page_of_two_lists(opened: Open) -> None:
    shop = opened(orders=300)
    keys = [str(r["id"]) for r in records(shop, "orders")][-200:]
    shop.reset()

    found = Orders().get(shop.api, keys)

    assert list(found) == keys
    assert len(shop.sandbox.requests) == 200 + 2


def test_a_lost_answer_is_repeated_without_harm(opened: Open) -> None:
    shop = opened(orders=3)
    shop.sandbox.fault("drop_after", method="PATCH", times=1)

    written(shop, Orders(), SENT, key=FIRST)

    assert shop.sandbox.state()["changes"][FIRST]["status"] == 5

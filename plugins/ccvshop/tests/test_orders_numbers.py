"""Orders are found by their number also where its prefix is made of digits; numbers go in whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from koppel_ccvshop.entities import Orders

from hub.sdk import Effect, RecordError

from .altered import altered, each
from .conftest import Open, Shop

FIRST = "284119301"


def prefixed(order: dict[str, Any]) -> None:
    order["ordernumber_prefix"] = "2026"
    order["ordernumber_full"] = f"2026{order['ordernumber']}"


def found(shop: Shop, *numbers: str) -> dict[str, int]:
    return {value: r["id"] for value, r in Orders().find(shop.api, "reference", numbers).items()}


def test_a_prefix_of_digits_is_taken_off_before_the_shop_is_asked(opened: Open) -> None:
    """The shop searches by the number without its prefix."""
    shop = opened(orders=12, middleware=altered("/orders/", each(prefixed)))

    assert found(shop, "202610001", "202610002") == {"202610001": 284119301, "202610002": 284119308}
    assert shop.asked("/orders/") == 5, "the prefix is asked for once"


def test_a_number_that_nobody_has_is_not_found_with_or_without_prefix(opened: Open) -> None:
    shop = opened(orders=12, middleware=altered("/orders/", each(prefixed)))
    assert found(shop, "10001", "202699999", "2026", "") == {}

    plain = opened(orders=12)
    assert found(plain, "10001", "99999") == {"10001": 284119301}


def test_an_empty_shop_has_no_prefix(opened: Open) -> None:
    assert found(opened(orders=0), "202610001") == {}


# -- the number of an invoice --------------------------------------------------------------------


def test_the_number_of_an_invoice_goes_in_as_a_number(opened: Open) -> None:
    shop = opened(orders=1)

    Orders().update(shop.api, FIRST, {"invoicenumber": " 20260017"}, Effect("token"))

    assert json.loads(shop.sandbox.requests[-1]["body"]) == {"invoicenumber": 20260017}
    assert shop.api.get(f"/orders/{FIRST}/")["invoicenumber"] == 20260017


@pytest.mark.parametrize("value", ["F-2026", "12.5", "-1", True])
def test_a_number_of_an_invoice_that_is_none_is_refused_before_it_is_sent(
    opened: Open, value: Any
) -> None:
    shop = opened(orders=1)

    with pytest.raises(RecordError, match="whole number") as error:
        Orders().update(shop.api, FIRST, {"invoicenumber": value, "status": 7}, Effect("token"))

    assert (error.value.field, shop.writes()) == ("invoicenumber", [])


# -- nothing done --------------------------------------------------------------------------------


def refuse_the_whole(shop: Shop) -> None:
    body = {"status": 500, "code": "500.50", "developermessage": "The value is the same."}
    shop.sandbox.fault("status", method="PATCH", status=500, body=json.dumps(body), times=1)


def test_a_shipment_that_was_not_taken_because_the_status_is_the_same_is_sent_alone(
    opened: Open,
) -> None:
    """The shop says that nothing was done: perhaps of all that was written."""
    shop = opened(orders=1)
    present = shop.api.get(f"/orders/{FIRST}/")["status"]
    refuse_the_whole(shop)

    payload = {"status": present, "track_and_trace_code": "JVGL1"}
    Orders().update(shop.api, FIRST, payload, Effect("token"))

    assert shop.api.get(f"/orders/{FIRST}/")["track_and_trace_code"] == "JVGL1"
    assert json.loads(shop.sandbox.asked("PATCH")[-1]["body"]) == {"track_and_trace_code": "JVGL1"}


def test_what_is_all_the_same_is_not_sent_again(opened: Open) -> None:
    shop = opened(orders=1)
    payload = {"status": 7, "track_and_trace_code": "JVGL1"}
    Orders().update(shop.api, FIRST, payload, Effect("token"))
    shop.reset()

    Orders().update(shop.api, FIRST, payload, Effect("token"))

    assert [r["method"] for r in shop.sandbox.requests] == ["PATCH", "GET"]


def test_one_field_that_is_the_same_is_not_looked_at_again(opened: Open) -> None:
    shop = opened(orders=1)
    for _ in range(2):
        Orders().update(shop.api, FIRST, {"track_and_trace_code": "JVGL1"}, Effect("token"))

    assert [r["method"] for r in shop.sandbox.requests] == ["PATCH", "PATCH"]

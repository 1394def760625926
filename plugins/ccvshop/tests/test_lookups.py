"""What a user may choose from comes live from the shop, under the names that records carry."""

from __future__ import annotations

import json

import pytest
from koppel_ccvshop import ccvshop
from koppel_ccvshop.entities import Orders

from hub.model import Order
from hub.sdk import Option

from .conftest import Open, Shop, records, understood


def options(shop: Shop, name: str) -> dict[str, Option]:
    lookup = ccvshop.lookup(name)
    assert lookup is not None
    return {option.value: option for option in lookup.fetch(shop.api)}


def test_order_statuses_have_the_shops_own_names_and_the_numbers_of_orders(opened: Open) -> None:
    found = options(opened(), "order_statuses")

    assert len(found) == 14
    assert found["2"].label == "In behandeling"


@pytest.mark.parametrize("statuses", [None, []])
def test_a_shop_that_names_no_statuses_has_those_every_shop_has(
    opened: Open, statuses: object
) -> None:
    shop = opened(sign_answers=False)
    shop.sandbox.fault(
        "status", path="settings", status=200, body=json.dumps({"order_status": statuses})
    )

    assert options(shop, "order_statuses")["5"].label == "Sent"


def test_a_status_number_is_found_in_whichever_field_the_shop_keeps_it(opened: Open) -> None:
    shop = opened(sign_answers=False)
    body = {"order_status": [{"id": 91, "status": "5", "status_name": "Verzonden"}]}
    shop.sandbox.fault("status", path="settings", status=200, body=json.dumps(body))

    assert list(options(shop, "order_statuses")) == ["5"]


def test_every_payment_method_of_an_order_can_be_chosen_but_one_that_was_removed(
    opened: Open,
) -> None:
    shop = opened(orders=60)
    found = options(shop, "payment_methods")

    used = set()
    for record in records(shop, "orders"):
        order = understood(Orders(), record)
        assert isinstance(order, Order)
        used.add(order.payment_method)
    assert used - set(found) == {"AfterPay Digitale acceptgiro"}
    assert found["Klarna Achteraf betalen"].label == "Klarna Achteraf betalen (Achteraf betalen)"


def test_every_delivery_method_of_an_order_can_be_chosen(opened: Open) -> None:
    shop = opened(orders=60)

    used = {record["deliver_method"] for record in records(shop, "orders")}

    assert used <= set(options(shop, "shipping_methods"))
    assert shop.api.requests == 1


def test_vat_rates_are_told_by_country(opened: Open) -> None:
    found = options(opened(), "vat_rates")

    assert found["NL 9"].label == "Nederland 9%"
    assert found["NL 21"].data == {"country": "NL", "rate": "21", "tariff": "normal"}
    assert len(found) == 9


def test_customer_groups_packages_and_countries_are_listed(opened: Open) -> None:
    shop = opened()

    assert options(shop, "classifications")["3303"].label == "Wederverkopers"
    assert options(shop, "packages")["12002"].label == "Pakket"
    assert set(options(shop, "countries")) == {"NL", "BE", "DE"}

"""What a table lacks is told as the row that would mend it (O07, O10-O12, O16, C04-C06)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.mapping.policies import Facts, adjust_order
from hub.mapping.policies.people_books import book_customer
from hub.mapping.settings import OrderSettings
from hub.mapping.settings.customers import CustomerSettings
from hub.mapping.unmapped import Unmapped
from hub.model import Customer, Order

FACTS = Facts(source="webshop", target="erp", vat_codes={}, products=None)
ORDER: dict[str, Any] = {
    "prices": "gross",
    "lines": [{"sku": "A", "quantity": 1, "unit_price": 10, "tax_rate": 21, "total": 10}],
    "customer": {"email": "zoe@example.nl"},
    "billing": {"line1": "Kerkstraat 12", "city": "Utrecht", "country": "NL"},
    "payment_method": " Mollie iDEAL ",
    "status": "paid",
}
OTHER = {"rows": {"something else": "X"}}


@pytest.mark.parametrize(
    ("settings", "said", "row"),
    [
        ({"payment_conditions": OTHER}, {}, {"key": "Mollie iDEAL"}),
        ({"payment_conditions": OTHER}, {"payment_method": None}, {}),
        ({"payment_methods": OTHER}, {}, {"key": "Mollie iDEAL"}),
        ({"shipping_methods": OTHER}, {"shipping_method": "post"}, {"key": "post"}),
        ({"statuses": OTHER}, {}, {"key": "paid"}),
        ({"revenue_accounts": {"rows": {"BE": "8000"}}}, {}, {"key": "NL"}),
        (
            {"vat_codes": {"rows": [{"country": "BE", "rate": 21, "code": "3"}]}},
            {},
            {"country": "NL", "rate": "21"},
        ),
    ],
)
def test_an_order_names_the_row_it_waits_for(
    settings: dict[str, Any], said: dict[str, Any], row: dict[str, str]
) -> None:
    order = Order.from_dict(ORDER | said)
    with pytest.raises(Unmapped) as caught:
        adjust_order(order, OrderSettings.model_validate(settings), FACTS)
    assert caught.value.row == row
    assert caught.value.fix == next(iter(settings))


@pytest.mark.parametrize(
    ("settings", "row"),
    [
        ({"classifications": OTHER}, {"key": "Wholesale"}),
        ({"customer_conditions": OTHER}, {"key": "30 days"}),
        ({"customer_vat_codes": {"rows": {"BE": "3"}}}, {"key": "DE"}),
        ({"revenue_accounts": {"rows": {"BE": "8000"}}}, {"key": "DE"}),
    ],
)
def test_a_customer_names_the_row_it_waits_for(
    settings: dict[str, Any], row: dict[str, str]
) -> None:
    customer = Customer.from_dict(
        {
            "classification": "Wholesale",
            "payment_condition": "30 days",
            "billing": {"country": "DE"},
        }
    )
    with pytest.raises(Unmapped) as caught:
        book_customer(customer, CustomerSettings.model_validate(settings), FACTS)
    assert (caught.value.row, caught.value.fix) == (row, next(iter(settings)))

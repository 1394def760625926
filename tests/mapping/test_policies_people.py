"""Who an order is for: company or person (O27, O28), addresses (O37-O46), default debtor (O17)."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from hub.mapping.policies import Facts, adjust_customer, adjust_order
from hub.mapping.settings import OrderSettings
from hub.model import Address, Customer, Order

ADDRESS: dict[str, Any] = {"line1": "Kerkstraat 12 bis", "city": "Utrecht", "country": "NL"}


def customer(**said: Any) -> Customer:
    given = Customer.from_dict({"email": "zoe@example.nl", "billing": ADDRESS} | said)
    before = deepcopy(given)
    result, _ = adjust_customer(given)
    assert given == before, "the customer given was changed"
    return result


def order(settings: dict[str, Any] | None = None, **said: Any) -> tuple[Order, list[str]]:
    base: dict[str, Any] = {
        "prices": "gross",
        "total": "10.00",
        "lines": [{"sku": "A", "quantity": 1, "unit_price": "10.00", "tax_rate": 21}],
        "customer": {"email": "zoe@example.nl", "first_name": "Zoë", "last_name": "Berg"},
        "billing": ADDRESS,
    }
    given = Order.from_dict(base | said)
    before = deepcopy(given)
    result = adjust_order(given, OrderSettings.model_validate(settings or {}), Facts())
    assert given == before, "the order given was changed"
    return result


def place(address: Address) -> tuple[str | None, ...]:
    return (address.street, address.house_number, address.house_number_suffix, address.line1)


# --- O27, O28 --------------------------------------------------------------------------------


def test_o27_with_a_company_name_it_is_a_company_with_a_contact_person_below_it() -> None:
    found = customer(
        company="Café 't Hoekje", first_name="Zoë", middle_name="van den", last_name="Berg"
    )
    assert (found.type, found.name) == ("company", "Café 't Hoekje")
    assert [(c.first_name, c.middle_name, c.last_name, c.email) for c in found.contacts] == [
        ("Zoë", "van den", "Berg", "zoe@example.nl")
    ]


def test_o27_a_company_name_in_the_billing_address_counts() -> None:
    found = customer(billing=ADDRESS | {"company": "Café"}, last_name="Berg")
    assert (found.type, found.company, found.name) == ("company", "Café", "Café")


def test_o27_a_contact_that_the_source_names_is_kept() -> None:
    found = customer(company="Café", last_name="Berg", contacts=[{"last_name": "Jansen"}])
    assert [c.last_name for c in found.contacts] == ["Jansen"]


def test_o28_without_a_company_name_it_is_a_person() -> None:
    found = customer(first_name="Zoë", middle_name="van den", last_name="Berg", type="company")
    assert (found.type, found.name, found.contacts) == ("person", "Zoë van den Berg", [])


def test_o28_a_person_without_a_name_is_called_by_what_is_known() -> None:
    assert customer().name == "zoe@example.nl"
    assert customer(billing=ADDRESS | {"name": "Z. Berg"}).last_name == "Z. Berg"


# --- addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"line1": "Kerkstraat 12 bis"}, ("Kerkstraat", "12", "bis", "Kerkstraat 12 bis")),
        (
            {"street": "Kerkstraat", "house_number": "12", "house_number_suffix": "bis"},
            ("Kerkstraat", "12", "bis", "Kerkstraat 12 bis"),
        ),
        ({"street": "Kerkstraat 12 bis"}, ("Kerkstraat", "12", "bis", "Kerkstraat 12 bis")),
        (
            {"street": "Kerkstraat", "house_number": "12 bis"},
            ("Kerkstraat", "12", "bis", "Kerkstraat 12 bis"),
        ),
        (
            {"street": "Kerkstraat", "line1": "Kerkstraat 12"},
            ("Kerkstraat", "12", None, "Kerkstraat 12"),
        ),
        (
            {"street": "Plein 1944", "house_number": "7", "line1": "Plein 1944 7 (boven)"},
            ("Plein 1944", "7", None, "Plein 1944 7 (boven)"),
        ),
        ({"street": "Kerkstraat"}, ("Kerkstraat", None, None, "Kerkstraat")),
        ({}, (None, None, None, None)),
    ],
)
def test_an_address_gets_its_line_and_its_parts(
    given: dict[str, Any], expected: tuple[str | None, ...]
) -> None:
    found = customer(billing=given | {"country": "NL", "city": "Utrecht"}).billing
    assert place(found) == expected
    assert found.unsure is None


def test_a_doubtful_line_is_sent_whole_and_flagged_and_never_fails_the_order() -> None:
    result, notes = order(billing=ADDRESS | {"line1": "Kerkstraat 12 3"})
    assert place(result.billing) == ("Kerkstraat 12 3", None, None, "Kerkstraat 12 3")
    assert result.billing.unsure is True
    assert any("“Kerkstraat 12 3” was not split" in note for note in notes)


def test_a_line_is_split_by_the_customs_of_its_country() -> None:
    found = customer(billing={"line1": "12 bis, rue de Rivoli", "country": "France"}).billing
    assert found.country == "FR"
    assert place(found)[:3] == ("rue de Rivoli", "12", "bis")


def test_without_a_delivery_address_goods_go_to_the_billing_address() -> None:
    result, _ = order()
    assert place(result.delivery) == place(result.billing)
    assert place(result.customer.billing) == place(result.billing)
    assert result.billing.name == "Zoë Berg"


def test_a_delivery_address_of_its_own_is_kept_and_split() -> None:
    result, _ = order(delivery={"line1": "Plein 1944 7", "city": "Nijmegen", "country": "nl"})
    assert place(result.delivery)[:3] == ("Plein 1944", "7", None)
    assert result.delivery.country == "NL"
    assert place(result.billing)[:3] == ("Kerkstraat", "12", "bis")


# --- O17 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "customer", "debtor"),
    [
        ({}, {"email": "zoe@example.nl"}, None),
        ({}, {}, None),
        ({"default_debtor": "9000"}, {"email": "zoe@example.nl"}, None),
        ({"default_debtor": "9000"}, {}, "9000"),
        ({"default_debtor": "9000", "default_debtor_use": "always"}, {"email": "z@x.nl"}, "9000"),
        ({"default_debtor": "9000", "customer_match": "number"}, {"email": "z@x.nl"}, "9000"),
        ({"default_debtor": "9000", "customer_match": "number"}, {"reference": "17"}, None),
    ],
)
def test_o17_the_default_debtor_is_a_fallback_or_for_all(
    settings: dict[str, Any], customer: dict[str, Any], debtor: str | None
) -> None:
    result, notes = order(settings, customer=customer)
    assert result.debtor == debtor
    assert any("default debtor 9000" in note for note in notes) is (debtor is not None)


def test_nothing_else_of_the_order_is_touched() -> None:
    result, _ = order(note="snel graag", custom={"x": 1})
    assert (result.note, result.custom, result.total) == ("snel graag", {"x": 1}, Decimal("10.00"))

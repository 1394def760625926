"""Accounts (O14), statuses (O16), goods (O07), customers' books (C01-C07), fields of tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from hub.mapping.policies import Facts, VatCode, adjust_customer, adjust_order
from hub.mapping.settings import CustomerSettings, OrderSettings
from hub.mapping.statuses import status_update
from hub.mapping.vat_numbers import valid_vat_number
from hub.model import Customer, Order, Product
from hub.sdk import Blocked

D = Decimal
CODES = {c: VatCode(code=c, rate=D(r), prices="gross") for c, r in (("3", 21), ("4", 9), ("6", 0))}
LINE = {"sku": "AB-1", "quantity": 1, "unit_price": "12.10", "tax_rate": 21, "total": "12.10"}
PRODUCTS = {
    "ab-1": Product(sku="AB-1", item="AB-1", assortment="Servies"),
    "e-1": Product(sku="E-1", item="E-1", assortment="E-books"),
    "ship": Product(sku="SHIP", item="SHIP"),
}


def adjust(settings: dict[str, Any] | None = None, **said: Any) -> tuple[Order, list[str]]:
    base: dict[str, Any] = {
        "number": "1001",
        "prices": "gross",
        "lines": [LINE],
        "customer": {"email": "zoe@example.nl"},
        "billing": {"line1": "Kerkstraat 12", "city": "Utrecht", "country": "NL"},
    }
    facts = Facts(source="webshop", target="erp", vat_codes=CODES, products=PRODUCTS)
    form = OrderSettings.model_validate({"vat_codes": {"default": "3"}} | (settings or {}))
    return adjust_order(Order.from_dict(base | said), form, facts)


def blocked(settings: dict[str, Any] | None = None, **said: Any) -> Blocked:
    with pytest.raises(Blocked) as caught:
        adjust(settings, **said)
    return caught.value


def customer(settings: dict[str, Any], **said: Any) -> Customer:
    given = Customer.from_dict({"last_name": "Berg", "billing": {"country": "NL"}} | said)
    form = CustomerSettings.model_validate(settings)
    return adjust_customer(given, form, Facts(source="webshop", target="erp"))[0]


# --- O14 -------------------------------------------------------------------------------------

ACCOUNTS = {"revenue_accounts": {"rows": {"NL": "8000", "EU": "8100", "BE": "8110"}}}
TO = {"line1": "Rue Haute 1", "city": "X"}


def test_o14_a_country_that_the_table_does_not_know_blocks_with_the_row_to_add() -> None:
    error = blocked(ACCOUNTS, delivery=TO | {"country": "US"})
    assert str(error) == "No revenue account for US: add a row or a default to the table."
    assert (error.code, error.fix) == ("no_revenue_accounts", "revenue_accounts")


@pytest.mark.parametrize(
    ("country", "account"), [("NL", "8000"), ("DE", "8100"), ("BE", "8110"), (None, "8000")]
)
def test_o14_lines_and_costs_get_the_account_of_the_country_the_goods_go_to(
    country: str | None, account: str
) -> None:
    made, notes = adjust(
        ACCOUNTS | {"shipping_item": "SHIP"},
        delivery=TO | {"country": country} if country else {},
        costs=[{"kind": "shipping", "amount": "4.95"}],
    )
    assert [line.revenue_account for line in made.lines] == [account, account]
    assert f"Revenue account {account} for {country or 'NL'}" in notes


def test_o14_an_account_that_a_rule_gave_stays_and_an_empty_table_says_nothing() -> None:
    made, _ = adjust(ACCOUNTS, lines=[LINE | {"revenue_account": "8999"}])
    assert made.lines[0].revenue_account == "8999"
    assert adjust()[0].lines[0].revenue_account is None


def test_a_table_by_country_takes_names_and_refuses_what_is_no_country_or_twice() -> None:
    form = OrderSettings.model_validate({"revenue_accounts": {"rows": {"België": "1", "eu": "2"}}})
    assert form.revenue_accounts.rows == {"BE": "1", "EU": "2"}
    for rows, words in (
        ({"Utopia": "1"}, "'Utopia' is not a country"),
        ({"NL": "1", "Nederland": "2"}, "NL is there twice"),
    ):
        with pytest.raises(ValidationError, match=words):
            OrderSettings.model_validate({"revenue_accounts": {"rows": rows}})


# --- O07, O08: goods and customers -----------------------------------------------------------


def test_o07_goods_of_an_assortment_and_shipping_have_rows_of_their_own() -> None:
    table = {
        "rows": [
            {"rate": 21, "code": "3"},
            {"rate": 9, "code": "4"},
            {"country": "NL", "goods": "e-books", "code": "4"},
            {"goods": "shipping", "rate": 0, "code": "6"},
        ]
    }
    made, _ = adjust(
        {"vat_codes": table, "shipping_item": "SHIP"},
        lines=[LINE, LINE | {"sku": "E-1", "tax_rate": 9}],
        costs=[{"kind": "shipping", "amount": "4.95", "tax_rate": 0}],
    )
    assert [line.vat_code for line in made.lines] == ["3", "4", "6"]
    assert made.lines[1].goods == "E-books"


def test_o07_what_the_source_says_of_the_goods_comes_before_the_targets_assortment() -> None:
    table = {"rows": [{"goods": "digital", "code": "6"}, {"goods": "servies", "code": "3"}]}
    line = LINE | {"goods": "Digital", "tax_rate": 0}
    assert adjust({"vat_codes": table}, lines=[line])[0].lines[0].vat_code == "6"
    assert adjust({"vat_codes": table})[0].lines[0].vat_code == "3"
    error = blocked({"vat_codes": {"rows": [{"goods": "x", "code": "3"}]}})
    assert "(product, servies)" in str(error)


def test_o08_eu_stands_for_other_member_states_and_a_country_comes_before_it() -> None:
    rows = [{"country": "EU", "code": "6"}, {"country": "BE", "code": "3"}]
    table = {"vat_codes": {"rows": rows}}
    free = [LINE | {"tax_rate": 0}]
    assert adjust(table, lines=free, delivery=TO | {"country": "DE"})[0].lines[0].vat_code == "6"
    assert adjust(table, delivery=TO | {"country": "BE"})[0].lines[0].vat_code == "3"
    assert blocked(table).code == "no_vat_code"
    assert blocked(table, delivery=TO | {"country": "CH"}).code == "no_vat_code"


def test_o08_only_a_valid_vat_number_makes_a_business() -> None:
    rows = [{"customer": "business", "code": "6"}, {"customer": "company", "code": "3"}]
    settings = {"vat_codes": {"rows": rows}}
    buyer = {"email": "a@example.nl", "company": "Café", "vat_number": "NL100000011B01"}
    made, notes = adjust(settings, customer=buyer)
    assert made.lines[0].vat_code == "3"
    assert "'NL100000011B01' is not a valid VAT number: the company counts as one without" in notes
    good = buyer | {"vat_number": "NL 1000.000.10.B01"}
    assert adjust(settings, customer=good, lines=[LINE | {"tax_rate": 0}])[0].lines[0].vat_code == (
        "6"
    )


@pytest.mark.parametrize(
    ("number", "country", "valid"),
    [
        ("NL100000010B01", None, "NL100000010B01"),
        ("100000010B01", "NL", "NL100000010B01"),
        ("be 0200.046.662", None, "BE0200046662"),
        ("DE101000000", "NL", "DE101000000"),
        ("DE101000001", "NL", None),
        ("EL094259216", None, "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("ATU13585627", "AT", "ATU13585627"),
        ("GB 980 7806 84", None, "GB980780684"),
        ("XI980780684", None, "XI980780684"),
        ("NL100000011B01", None, None),
        ("100000010B01", None, None),
        ("US123456789", None, None),
        ("n/a", "NL", None),
        ("", "NL", None),
        (None, "NL", None),
    ],
)
def test_vat_numbers_are_checked_by_the_rules_of_their_country(
    number: str | None, country: str | None, valid: str | None
) -> None:
    assert valid_vat_number(number, country) == valid


def test_a_vat_table_that_says_one_case_twice_is_refused() -> None:
    rows = [{"rate": 21, "code": "3"}, {"rate": "21.0", "code": "4"}]
    with pytest.raises(ValidationError, match="rows 1 and 2 say the same case"):
        OrderSettings.model_validate({"vat_codes": {"rows": rows}})


# --- tables (O11, O12, O32) ------------------------------------------------------------------


def test_o11_a_table_can_be_looked_up_by_another_field_of_the_order() -> None:
    settings = {
        "payment_conditions": {"rows": {"B2B": "30"}, "default": "00"},
        "payment_conditions_by": "customer.classification",
    }
    buyer = {"email": "a@example.nl", "classification": "b2b"}
    assert adjust(settings, customer=buyer)[0].payment_condition == "30"
    assert adjust(settings, payment_method="ideal")[0].payment_condition == "00"
    with pytest.raises(ValidationError, match=r"did you mean 'customer\.classification'"):
        OrderSettings.model_validate({"payment_conditions_by": "customer.clasification"})


def test_o12_a_default_can_be_forced_whatever_the_order_says() -> None:
    table = {"rows": {"ideal": "I"}, "default": "B", "force": True}
    assert adjust({"payment_methods": table}, payment_method="ideal")[0].payment_code == "B"


def test_the_same_key_twice_is_refused_when_the_form_is_read() -> None:
    with pytest.raises(ValidationError, match="'IDEAL ' and 'ideal' are the same"):
        OrderSettings.model_validate({"payment_methods": {"rows": {"ideal": "1", "IDEAL ": "2"}}})


# --- O16 -------------------------------------------------------------------------------------


def told(settings: dict[str, Any], **said: Any) -> tuple[Order, list[str]]:
    order = Order.from_dict({"number": "7", "reference": "1001", "total": 5} | said)
    return status_update(
        order,
        OrderSettings.model_validate({"send_status": True} | settings),
        Facts(source="erp", target="webshop"),
    )


def test_o16_a_status_that_is_not_in_the_table_blocks_or_is_left_alone() -> None:
    table: dict[str, Any] = {"statuses": {"rows": {"completed": "5"}}}
    with pytest.raises(Blocked) as caught:
        told(table, status="open", status_name="Open")
    assert "No status in webshop for 'open' (Open) of erp" in str(caught.value)
    assert (caught.value.code, caught.value.fix) == ("no_statuses", "statuses")
    made, notes = told(table | {"other_statuses": "leave"}, status="open")
    assert made.status is None
    assert notes == ["Status open is not in the table and is not sent"]


def test_where_only_refunds_are_written_nothing_else_of_an_order_is_told() -> None:
    made, notes = told(
        {"send_status": False, "refunded_orders": "write"}, status="open", paid=True, refunded="2.5"
    )
    assert made.to_dict() == {"number": "7", "reference": "1001", "refunded": Decimal("2.5")}
    assert notes == ["Refunded 2.50"]


def test_o16_status_payment_and_shipments_are_told_and_nothing_else() -> None:
    made, notes = told(
        {"statuses": {"rows": {"Completed": "5"}}},
        status="completed",
        paid=True,
        shipments=[{"carrier": "PostNL", "tracking_code": "3SABC"}],
    )
    assert made.to_dict() == {
        "number": "7",
        "reference": "1001",
        "status": "5",
        "paid": True,
        "shipments": [{"carrier": "PostNL", "tracking_code": "3SABC"}],
    }
    assert notes == ["Status 5 for completed", "Shipment 3SABC with PostNL"]


def test_o16_the_sources_status_does_not_pass_for_the_targets() -> None:
    assert adjust(status="1")[0].status is None
    assert adjust({"statuses": {"rows": {"1": "N"}}}, status="1")[0].status == "N"


# --- C01, C02, C04, C07 ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "said", "field"),
    [
        ("classifications", {"classification": "vip"}, "classification"),
        ("customer_conditions", {"payment_condition": "30"}, "payment_condition"),
        ("customer_vat_codes", {"billing": {"country": "US"}}, "billing.country"),
        ("revenue_accounts", {"billing": {"country": "US"}}, "billing.country"),
    ],
)
def test_c07_a_value_that_a_customers_table_does_not_know_blocks_the_customer(
    setting: str, said: dict[str, Any], field: str
) -> None:
    with pytest.raises(Blocked) as caught:
        customer({setting: {"rows": {"BE": "1"}}}, **said)
    assert (caught.value.field, caught.value.fix) == (field, setting)


def test_c01_c02_c04_c07_a_customer_gets_what_the_books_need() -> None:
    made = customer(
        {
            "revenue_accounts": {"rows": {"NL": "8000"}},
            "customer_vat_codes": {"rows": {"NL": "3"}, "default": "6"},
            "classifications": {"rows": {"Groothandel": "B2B"}, "default": "B2C"},
            "customer_conditions": {"default": "14"},
            "cost_center": "WEB",
            "cost_unit": "NL1",
        },
        classification="groothandel",
    )
    assert (made.revenue_account, made.vat_code, made.classification) == ("8000", "3", "B2B")
    assert (made.payment_condition, made.cost_center, made.cost_unit) == ("14", "WEB", "NL1")
    assert customer({"classifications": {"default": "B2C"}}).classification == "B2C"
    assert customer({}, classification="vip").classification == "vip"


def test_c11_customers_of_orders_get_it_too_unless_the_default_debtor_takes_them() -> None:
    table: dict[str, Any] = {"classifications": {"rows": {"Groothandel": "B2B"}}}
    buyer = {"email": "a@example.nl", "classification": "Groothandel"}
    assert adjust(table, customer=buyer)[0].customer.classification == "B2B"
    other = buyer | {"classification": "Retail"}
    assert blocked(table, customer=other).fix == "classifications"
    forced = {"default_debtor": "1000", "default_debtor_use": "always"}
    made, _ = adjust(table | forced, customer=other)
    assert (made.debtor, made.customer.classification) == ("1000", "Retail")

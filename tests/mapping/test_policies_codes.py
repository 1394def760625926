"""Items (O26), costs (O09), tables (O10-O12), discounts (O13) and VAT codes (O07, O08)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.mapping.policies import Facts, VatCode, adjust_order, folded
from hub.mapping.settings import OrderSettings
from hub.model import Order, Product
from hub.sdk import Blocked

D = Decimal
CODES = {
    "1": VatCode(code="1", rate=D(21), prices="net"),
    "3": VatCode(code="3", rate=D(21), prices="gross"),
    "4": VatCode(code="4", rate=D(9), prices="gross"),
    "5": VatCode(code="5", rate=D(0), prices=None),
    "7": VatCode(code="7", rate=D(19), prices="gross"),
}
PRODUCTS = {
    "ab-1": Product(sku="AB-1", item="AB-1", vat_code="3"),
    "ab-2": Product(sku="AB-2", item="0002", vat_code="4"),
    "old": Product(sku="OLD", item="OLD", sellable=False),
    "ean:8719000000017": Product(sku="X", item="X-9"),
    "verzend": Product(sku="VERZEND", item="VERZEND", vat_code="3"),
    "korting": Product(sku="KORTING", item="KORTING"),
}
LINE = {"sku": "AB-1", "quantity": 1, "unit_price": "12.10", "tax_rate": 21, "total": "12.10"}


def adjust(
    settings: dict[str, Any] | None = None,
    *,
    products: dict[str, Product] | None = PRODUCTS,
    codes: dict[str, VatCode] = CODES,
    **said: Any,
) -> tuple[Order, list[str]]:
    base: dict[str, Any] = {
        "prices": "gross",
        "lines": [LINE],
        "customer": {"email": "zoe@example.nl"},
        "billing": {"line1": "Kerkstraat 12", "city": "Utrecht", "country": "NL"},
    }
    facts = Facts(source="webshop", target="erp", vat_codes=codes, products=products)
    form = OrderSettings.model_validate(settings or {})
    return adjust_order(Order.from_dict(base | said), form, facts)


def blocked(settings: dict[str, Any] | None = None, **said: Any) -> Blocked:
    with pytest.raises(Blocked) as caught:
        adjust(settings, **said)
    return caught.value


# --- O26 -------------------------------------------------------------------------------------


def test_o26_a_product_that_is_not_there_blocks_the_order_and_is_named() -> None:
    error = blocked(lines=[LINE, LINE, LINE | {"sku": "NEW-1"}])
    assert str(error) == "No product with SKU 'NEW-1' in erp"
    assert (error.field, error.code) == ("lines[2].sku", "missing_product")


def test_o26_a_line_without_a_sku_and_a_product_that_is_not_sold_are_named() -> None:
    error = blocked(lines=[LINE | {"sku": None, "name": "Theepot"}])
    assert "Line 1 (Theepot) has no SKU" in str(error)
    error = blocked(lines=[LINE | {"sku": "OLD"}])
    assert "cannot be sold" in str(error)
    assert error.code == "not_sellable"


def test_o26_a_line_without_a_quantity_or_a_price_is_blocked() -> None:
    assert blocked(lines=[LINE | {"quantity": None}]).field == "lines[0].quantity"
    assert blocked(lines=[{"sku": "AB-1", "quantity": 1, "tax_rate": 21}]).field == (
        "lines[0].unit_price"
    )


def test_o26_products_are_found_by_sku_whatever_its_case_else_by_ean() -> None:
    result, _ = adjust(
        lines=[LINE | {"sku": " ab-1 "}, LINE | {"sku": "?", "ean": "8719000000017"}],
        settings={"vat_codes": {"default": "3"}},
    )
    assert [line.item for line in result.lines] == ["AB-1", "X-9"]


def test_o26_a_target_without_products_takes_the_sku() -> None:
    result, _ = adjust(products=None, codes={})
    assert [line.item for line in result.lines] == ["AB-1"]


# --- O10, O11, O12 ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "said", "place"),
    [
        ("payment_conditions", "payment_method", "payment_condition"),
        ("payment_methods", "payment_method", "payment_code"),
        ("shipping_methods", "shipping_method", "shipping_via"),
    ],
)
def test_o10_to_o12_tables_map_value_by_value_with_a_default(
    setting: str, said: str, place: str
) -> None:
    rows = {"iDEAL": "ID", "Paypal": "PP"}

    def mapped(table: dict[str, Any], value: str | None) -> Any:
        return getattr(adjust({setting: table}, **{said: value})[0], place)

    assert mapped({"rows": rows}, " ideal ") == "ID"
    assert mapped({"rows": rows, "default": "OV"}, "cash") == "OV"
    assert mapped({"rows": rows, "default": "OV"}, None) == "OV"
    assert mapped({"rows": rows, "default": "OV", "force": True}, "iDEAL") == "OV"
    assert mapped({}, "iDEAL") is None
    error = blocked({setting: {"rows": rows}}, **{said: "cash"})
    assert "'cash'" in str(error)
    assert (error.field, error.fix) == (said, setting)


# --- O09 -------------------------------------------------------------------------------------


def test_o09_shipping_costs_become_a_line_on_the_item_of_the_settings() -> None:
    result, notes = adjust(
        {"shipping_item": "verzend"},
        costs=[{"kind": "shipping", "amount": "4.95", "name": "PostNL"}],
        total="17.05",
    )
    line = result.lines[-1]
    assert (line.kind, line.item, line.quantity) == ("shipping", "VERZEND", 1)
    assert (line.unit_price, line.tax_rate, line.vat_code) == (D("4.95"), D(21), "3")
    assert result.costs == []
    assert any("4.95" in note and "VERZEND" in note for note in notes)


@pytest.mark.parametrize(
    ("kind", "setting"),
    [("shipping", "shipping_item"), ("payment", "payment_item"), ("extra", "extra_item")],
)
def test_o09_costs_without_an_item_block_and_name_the_setting_to_fill(
    kind: str, setting: str
) -> None:
    error = blocked(costs=[{"kind": kind, "amount": "4.95"}])
    assert (error.fix, error.field) == (setting, setting)
    assert "4.95" in str(error)
    error = blocked({setting: "GONE"}, costs=[{"kind": kind, "amount": "4.95"}])
    assert "'GONE', is not in erp" in str(error)


def test_o09_costs_of_nothing_need_no_item() -> None:
    result, _ = adjust(costs=[{"kind": "shipping", "amount": 0}, {"kind": "payment"}])
    assert len(result.lines) == 1


def test_o09_costs_of_an_unknown_rate_follow_the_larger_part_of_the_goods() -> None:
    low = {"sku": "AB-2", "quantity": 3, "unit_price": "10.00", "tax_rate": 9}
    result, _ = adjust(
        {"shipping_item": "VERZEND", "vat_codes": {"rows": [{"rate": 9, "code": "4"}]}},
        lines=[LINE, low],
        costs=[{"kind": "shipping", "amount": "4.95"}],
    )
    assert result.lines[-1].tax_rate == 9


def test_o09_costs_keep_a_basis_of_their_own() -> None:
    result, _ = adjust(
        {"shipping_item": "VERZEND"},
        costs=[{"kind": "shipping", "amount": "5.00", "prices": "net", "tax_rate": 21}],
        total="18.15",
    )
    assert (result.lines[-1].unit_price, result.lines[-1].prices) == (D("6.05"), "gross")


# --- O13 -------------------------------------------------------------------------------------

TWO = [LINE, {"sku": "AB-2", "quantity": 2, "unit_price": "10.90", "tax_rate": 9}]
TABLE = {"vat_codes": {"rows": [{"rate": 21, "code": "3"}, {"rate": 9, "code": "4"}]}}


def test_o13_a_discount_in_the_prices_is_shared_out_to_the_cent() -> None:
    result, notes = adjust(TABLE | {"discount": "price"}, lines=TWO, discount="5.00", total="28.90")
    assert [line.total for line in result.lines] == [D("10.32"), D("18.58")]
    assert result.discount is None
    assert any("5.00" in note for note in notes)


def test_o13_a_discount_as_a_line_is_negative_and_one_per_rate() -> None:
    result, _ = adjust(
        TABLE | {"discount": "line", "discount_item": "KORTING"},
        lines=TWO,
        discount="5.00",
        total="28.90",
    )
    extra = result.lines[2:]
    assert [(n.item, n.quantity, n.unit_price, n.vat_code) for n in extra] == [
        ("KORTING", 1, D("-1.78"), "3"),
        ("KORTING", 1, D("-3.22"), "4"),
    ]
    assert [line.total for line in result.lines[:2]] == [D("12.10"), D("21.80")]


def test_o13_a_discount_line_without_an_item_blocks_and_names_the_setting() -> None:
    error = blocked(TABLE | {"discount": "line"}, lines=TWO, discount="5.00")
    assert error.fix == "discount_item"


def test_o13_a_discount_larger_than_the_goods_is_blocked() -> None:
    assert blocked(discount="12.11").code == "bad_discount"


# --- O07, O08 --------------------------------------------------------------------------------


def code_for(rows: list[dict[str, Any]], *, default: str | None = None, **said: Any) -> str | None:
    settings = {"vat_codes": {"rows": rows, "default": default}, "use_item_vat_code": False}
    return adjust(settings, **said)[0].lines[0].vat_code


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"code": "1"}, {"rate": 21, "code": "3"}], "3"),
        ([{"rate": 21, "code": "1"}, {"country": "nl", "code": "3"}], "3"),
        ([{"country": "NL", "code": "1"}, {"country": "NL", "rate": 21, "code": "3"}], "3"),
        ([{"country": "NL", "rate": 21, "code": "1"}, {"customer": "person", "code": "3"}], "1"),
        (
            [
                {"country": "NL", "rate": "21.00", "code": "1"},
                {"country": "NL", "rate": 21, "customer": "person", "code": "3"},
            ],
            "3",
        ),
        ([{"country": "DE", "code": "7"}, {"code": "3"}], "3"),
    ],
)
def test_o08_the_most_specific_row_of_the_table_wins(rows: list[dict[str, Any]], code: str) -> None:
    assert code_for(rows) == code
    assert code_for(rows[::-1]) == code


@pytest.mark.parametrize(
    ("customer", "code"),
    [
        ({"company": "Café", "vat_number": "NL100000010B01"}, "1"),
        ({"company": "Café"}, "3"),
        ({"last_name": "Berg"}, "3"),
    ],
)
def test_o08_a_row_can_be_for_companies_with_a_vat_number_only(
    customer: dict[str, Any], code: str
) -> None:
    rows = [{"rate": 21, "customer": "business", "code": "1"}, {"rate": 21, "code": "3"}]
    assert code_for(rows, customer=customer) == code


def test_o08_a_row_for_companies_fits_those_with_a_vat_number_too() -> None:
    rows = [{"customer": "company", "code": "1"}, {"customer": "person", "code": "3"}]
    assert code_for(rows, customer={"company": "Café", "vat_number": "NL100000010B01"}) == "1"
    assert code_for(rows, customer={"last_name": "Berg"}) == "3"


def test_o08_the_country_is_where_the_goods_go() -> None:
    rows = [{"country": "DE", "rate": 19, "code": "7"}, {"country": "NL", "code": "3"}]
    result = code_for(
        rows,
        lines=[LINE | {"tax_rate": 19}],
        delivery={"line1": "Am Markt 1", "city": "Köln", "country": "Duitsland"},
    )
    assert result == "7"


def test_o07_without_a_row_the_products_own_code_is_used_at_home_when_the_rate_is_the_same() -> (
    None
):
    result, notes = adjust()
    assert result.lines[0].vat_code == "3"
    assert any("VAT code 3 for NL 21% (the product's own)" in note for note in notes)
    error = blocked(lines=[LINE | {"tax_rate": 9}])
    assert error.fix == "vat_codes"
    abroad = {"line1": "Meir 78", "city": "Antwerpen", "country": "BE"}
    error = blocked(delivery=abroad)
    assert "BE 21%" in str(error)
    assert (error.field, error.code, error.fix) == ("lines[0].tax_rate", "no_vat_code", "vat_codes")


def test_o07_the_default_of_the_table_comes_last() -> None:
    assert code_for([], default="3") == "3"
    settings = {"vat_codes": {"default": "1"}}
    assert adjust(settings)[0].lines[0].vat_code == "3"


def test_o07_no_row_and_no_default_blocks_and_names_country_and_rate() -> None:
    error = blocked({"use_item_vat_code": False})
    assert "No VAT code for NL 21%" in str(error)


def test_o07_a_code_that_is_gone_or_has_another_rate_is_blocked() -> None:
    error = blocked({"vat_codes": {"rows": [{"rate": 21, "code": "99"}]}})
    assert "'99' of the VAT table is not in erp" in str(error)
    assert error.code == "stale_vat_code"
    error = blocked({"vat_codes": {"rows": [{"rate": 21, "code": "4"}]}})
    assert "VAT code 4 is 9% in erp, but 21% was charged" in str(error)


def test_o07_a_line_without_a_rate_is_blocked() -> None:
    assert blocked(lines=[LINE | {"tax_rate": None}]).field == "lines[0].tax_rate"


def test_a_target_without_vat_codes_gets_none() -> None:
    result, _ = adjust(codes={})
    assert result.lines[0].vat_code is None
    assert result.lines[0].unit_price == D("12.10")


# --- basis -----------------------------------------------------------------------------------


def test_prices_are_brought_into_the_basis_of_the_vat_code() -> None:
    result, _ = adjust({"vat_codes": {"rows": [{"code": "1"}]}}, total="12.10")
    assert (result.lines[0].unit_price, result.lines[0].prices) == (D("10.00"), "net")
    result, _ = adjust({"vat_codes": {"rows": [{"code": "3"}]}}, prices="net", total="14.64")
    assert (result.lines[0].unit_price, result.lines[0].prices) == (D("14.64"), "gross")


def test_without_a_basis_nothing_can_be_said() -> None:
    assert blocked(prices=None).field == "prices"


def test_codes_are_compared_without_regard_to_case_and_outer_blanks() -> None:
    assert folded(" AB-1 ") == folded("ab-1") == "ab-1"
    assert folded(None) == ""

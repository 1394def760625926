"""Forms: complaints in plain words, secrets kept, posted pages read, settings in one flat table."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import field_validator

from hub.engine import forms
from hub.mapping.settings import OrderSettings
from hub.sdk import ConfigurationError, Form, SecretStr
from hub.sdk.forms import MappingTable, choice, date, flag, multichoice, number, secret, table, text


class Everything(Form):
    """One field of each kind."""

    shop: str = text("Shop", example="https://www.example.nl", max_length=30)
    token: SecretStr = secret("Token")
    spare: SecretStr | None = secret("Spare token", default=None)
    mode: Literal["a", "b"] = choice("Mode", options=(("a", "A"), ("b", "B")), default="a")
    pages: int = number("Pages", default=10, ge=1, le=99)
    rate: Decimal | None = number("Rate", default=None)
    since: dt.date | None = date("Since", default=None)
    quick: bool = flag("Quick", default=True)
    states: list[str] = multichoice("States", options=(("n", "New"), ("p", "Paid")))
    codes: MappingTable = table("Codes")

    @field_validator("shop")
    @classmethod
    def _shop(cls, value: str) -> str:
        if "example" not in value:
            raise ValueError("must be an example")
        return value


GOOD: dict[str, Any] = {"shop": "example", "token": "sesame"}


@pytest.mark.parametrize(
    ("given", "path", "said"),
    [
        ({"token": "x"}, "shop", "required"),
        ({**GOOD, "shop": "shop"}, "shop", "must be an example"),
        ({**GOOD, "shop": "example" * 9}, "shop", "may have at most 30 characters"),
        ({**GOOD, "shop": "x" * 10_000_000}, "shop", "is too long: 10,000,000 characters"),
        ({**GOOD, "shop": ["example"]}, "shop", "must be a text; put it in quotes"),
        ({**GOOD, "shop": True}, "shop", "must be a text; put it in quotes"),
        ({**GOOD, "tokken": "x"}, "tokken", "unknown; did you mean 'token'?"),
        ({**GOOD, "zzz": "x"}, "zzz", "unknown; known are: shop, token"),
        ({**GOOD, "mode": "c"}, "mode", "must be one of 'a', 'b'"),
        ({**GOOD, "pages": "many"}, "pages", "must be a whole number"),
        ({**GOOD, "pages": Decimal("1.5")}, "pages", "must be a whole number"),
        ({**GOOD, "pages": 0}, "pages", "must be at least 1"),
        ({**GOOD, "pages": 100}, "pages", "must be at most 99"),
        ({**GOOD, "rate": "high"}, "rate", "must be a number"),
        ({**GOOD, "since": "31-12-2026"}, "since", "must be a date such as 2026-03-31"),
        ({**GOOD, "quick": "perhaps"}, "quick", "must be yes or no"),
        ({**GOOD, "states": "n"}, "states", "must be a list"),
        ({**GOOD, "codes": 3}, "codes", "must be a table of keys and values"),
        ({**GOOD, "codes": {"row": {}}}, "codes.row", "unknown; did you mean 'rows'?"),
        ({**GOOD, "codes": {"rows": {"a": [1]}}}, "codes.rows.a", "must be a text"),
    ],
)
def test_a_wrong_answer_is_explained(given: dict[str, Any], path: str, said: str) -> None:
    filled = forms.fill(Everything, given)
    assert filled.value is None
    assert list(filled.errors) == [path]
    assert said in filled.errors[path]


def test_rows_of_tables_are_counted_as_people_do() -> None:
    rows = [{"code": "1"}, {"country": "Nederland", "code": ""}]
    filled = forms.fill(OrderSettings, {"vat_codes": {"rows": rows}})
    assert filled.of("vat_codes") == [
        "row 2, country: does not have the right form ([A-Za-z]{2})",
        "row 2, code: required",
    ]


def test_numbers_are_taken_where_a_text_is_asked() -> None:
    given: dict[str, Any] = {"vat_codes": {"rows": [{"country": "NL", "rate": 21, "code": 4}]}}
    filled = forms.fill(OrderSettings, given)
    assert filled.value is not None
    assert filled.value.vat_codes.rows[0].code == "4"
    assert given["vat_codes"]["rows"][0]["code"] == 4, "what was handed in stays as it was"


def test_a_secret_that_is_not_named_is_kept_and_never_shown() -> None:
    filled = forms.fill(Everything, {"shop": "example"}, kept={"token": "sesame", "shop": "old"})
    assert filled.value is not None
    assert filled.value.token.get_secret_value() == "sesame"
    assert "sesame" not in repr(filled)
    assert "token" not in forms.shown(filled.value)
    assert forms.fill(Everything, {"token": "x"}, kept={"shop": "old"}).errors == {
        "shop": "required"
    }


def test_answers_are_what_differs_from_the_defaults() -> None:
    given = {**GOOD, "pages": 10, "rate": Decimal("1.50"), "codes": {"rows": {"a": "b"}}}
    filled = forms.fill(Everything, given)
    assert filled.value is not None
    kept = forms.answers(filled.value)
    assert kept == {**GOOD, "rate": "1.50", "codes": {"rows": {"a": "b"}}}
    assert forms.fill(Everything, kept).value == filled.value


def test_a_posted_page_is_read() -> None:
    posted = {
        "c.shop": [" example "],
        "c.token": [""],
        "c.mode": ["b"],
        "c.pages": [""],
        "c.rate": [""],
        "c.since": ["2026-03-31"],
        "c.states": ["n", "p"],
        "c.codes.default": ["x"],
        "c.codes.key": ["iDEAL", "", "PayPal"],
        "c.codes.value": ["10", "", "20"],
    }
    data = forms.from_post(Everything, posted, prefix="c.")
    filled = forms.fill(Everything, data, kept={"token": "sesame"})
    assert filled.errors == {}
    assert filled.value is not None
    assert filled.value.token.get_secret_value() == "sesame"
    assert (filled.value.mode, filled.value.pages, filled.value.rate) == ("b", 10, None)
    assert filled.value.quick is False, "a box that is not ticked is not posted"
    assert filled.value.since == dt.date(2026, 3, 31)
    assert filled.value.states == ["n", "p"]
    assert filled.value.codes == MappingTable(default="x", rows={"iDEAL": "10", "PayPal": "20"})


def test_a_posted_secret_can_be_cleared_where_it_is_optional() -> None:
    data = forms.from_post(Everything, {"shop": ["example"], "spare.clear": ["1"]})
    filled = forms.fill(Everything, data, kept={"token": "sesame", "spare": "old"})
    assert filled.value is not None
    assert filled.value.spare is None


def test_a_posted_vat_table_is_read() -> None:
    posted = {
        "vat_codes.default": [""],
        "vat_codes.country": ["nl", "", "BE"],
        "vat_codes.rate": ["21%", "", "6,5"],
        "vat_codes.customer": ["", "", "person"],
        "vat_codes.code": ["4", "", "7"],
    }
    data = forms.from_post(OrderSettings, posted)
    assert data["vat_codes"]["rows"] == [
        {"country": "NL", "rate": "21", "code": "4"},
        {"country": "BE", "rate": "6.5", "customer": "person", "code": "7"},
    ]


def test_fields_tell_a_page_all_it_needs() -> None:
    by_name = {f["name"]: f for f in forms.fields(Everything)}
    assert by_name["shop"]["required"]
    assert by_name["shop"]["max_length"] == 30
    assert (by_name["pages"]["min"], by_name["pages"]["max"]) == (1, 99)
    assert by_name["pages"]["whole"]
    assert not by_name["rate"]["whole"]
    assert by_name["token"]["secret"]
    assert by_name["mode"]["options"][1] == {"value": "b", "label": "B"}
    assert by_name["codes"]["default"] == {"default": None, "force": False, "rows": {}}


def test_settings_of_a_flow_are_the_hubs_and_the_targets_in_one(toy_module: Any) -> None:
    orders = toy_module.toy.entity("orders")
    form = forms.flow_form(orders)
    assert {"vat_codes", "label"} <= set(form.model_fields)
    flat = {"discount": "line", "label": "web"}
    assert forms.split_settings(orders, flat) == ({"discount": "line"}, {"label": "web"})
    assert forms.merge_settings(*forms.split_settings(orders, flat)) == flat
    products = toy_module.toy.entity("products")
    assert forms.fill(forms.flow_form(products), {}).value is not None


def test_a_stored_form_that_does_not_fit_any_more_names_the_setting() -> None:
    with pytest.raises(ConfigurationError, match="settings of flow x do not fit any more: pages"):
        forms.filled(Everything, {**GOOD, "pages": 1000}, "settings of flow x")

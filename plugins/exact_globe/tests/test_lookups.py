"""Live choices and the forms that ask for them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import demo, exact_globe
from koppel_exact_globe.forms import Credentials, OrderSettings, Settings
from pydantic import ValidationError

from hub.sdk import Option

from .conftest import Globe


def _options(globe: Globe, name: str) -> dict[str, Option]:
    lookup = exact_globe.lookup(name)
    assert lookup is not None
    return {option.value: option for option in lookup.fetch(globe.api())}


def test_vat_codes_say_the_rate_and_what_prices_hold(globe: Globe) -> None:
    options = _options(globe, "vat_codes")
    assert {code: (o.data["rate"], o.data["prices"]) for code, o in options.items()} == {
        "0": (0, None),
        "1": (21, "net"),
        "2": (9, "net"),
        "3": (21, "gross"),
        "4": (9, "gross"),
        "5": (0, "net"),
        "6": (0, "net"),
        "7": (19, "gross"),
        "8": (21, "gross"),
    }
    assert options["3"].label == "3 Btw hoog, incl. (21%, prices include it)"
    assert isinstance(options["3"].data["rate"], Decimal)


def test_a_vat_code_whose_prices_are_inclusive_and_net_is_not_offered(globe: Globe) -> None:
    """Nobody says what Globe makes of a price under it, so no amount is booked with it."""
    table = globe.service.app.extensions["world"].tables["VAT"]
    row = next(row for row in table if row["VATCode"].strip() == "8")
    table.change(row, {"Excluded": "T"})
    assert set(_options(globe, "vat_codes")) == {*"01234567"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("payment_conditions", ["00", "14", "30", "IN", "ID", "PP"]),
        ("shipping_methods", ["AFH", "POST", "DHL", "DPD", "GLS"]),
        ("warehouses", ["1", "WEB"]),  # the third is blocked
        ("cost_centers", ["ALG", "B2B", "WEB", "WINKEL"]),
        ("cost_units", ["KD01", "KD02", "KD99"]),
        ("journals", ["10", "20", "60", "70", "71", "90"]),
        ("selection_codes", ["NA", "SP", "WB"]),
        ("classifications", ["B2B", "GRT", "WEB"]),
        ("assortments", ["0", "1", "2", "3", "4", "5", "6", "7"]),
        ("debtors", ["1000", "1001", "1002"]),  # not the blocked one, nor the prospect
    ],
)
def test_the_choices_are_those_of_the_administration(
    globe: Globe, name: str, values: list[str]
) -> None:
    assert list(_options(globe, name)) == values


def test_ledger_accounts_are_told_without_their_blanks(globe: Globe) -> None:
    options = _options(globe, "gl_accounts")
    assert options["8000"].label == "8000 Omzet hoog"
    assert len(options) == 18


# ---- forms


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("base_url", "http://globe.example.nl:8020", "https"),
        ("base_url", "globe.example.nl", "https"),
        ("base_url", "https://user:secret@globe.example.nl", "user name"),
        ("username", " ", "one line"),
        ("server_name", "SRV\r\nX: 1", "one line"),
        ("database", "ä", "plain letters"),
        ("auth", "kerberos", "ntlm"),
        ("password", "", "at least 1"),
    ],
)
def test_credentials_that_cannot_be_right_are_told_at_once(
    name: str, value: str, text: str
) -> None:
    given = demo("https://globe.example.nl")["credentials"] | {name: value}
    with pytest.raises(ValidationError, match=text) as caught:
        Credentials.model_validate(given)
    assert caught.value.errors()[0]["loc"] == (name,)


@pytest.mark.parametrize(
    "address",
    [
        "https://globe.example.nl:8020",
        " https://globe.example.nl:8020/ ",
        "https://globe.example.nl:8020/services/Exact.Entity.REST.EG",
        "https://globe.example.nl:8020/Services/Exact.Entity.Rest.EG/Account",
    ],
)
def test_the_address_may_be_pasted_as_it_is_found(address: str) -> None:
    given: dict[str, Any] = demo(address)["credentials"] | {"database": 100}
    credentials = Credentials.model_validate(given)
    assert credentials.base_url == "https://globe.example.nl:8020"
    assert credentials.database == "100"
    assert exact_globe.base_url(credentials).endswith(":8020/services/Exact.Entity.REST.EG")


def test_the_password_is_not_shown() -> None:
    credentials = Credentials.model_validate(demo("https://globe.example.nl")["credentials"])
    assert "Gl0be!sim" not in repr(credentials) + str(credentials.model_dump())


def test_a_time_zone_that_does_not_exist_is_told() -> None:
    with pytest.raises(ValidationError, match="Europe/Amsterdam"):
        Settings(time_zone="Europe/Utrecht")


def test_codes_may_be_typed_as_numbers() -> None:
    assert OrderSettings.model_validate({"warehouse": 1}).warehouse == "1"


def test_one_connection_and_patience_are_asked_of_the_client() -> None:
    credentials = Credentials.model_validate(demo("https://globe.example.nl")["credentials"])
    options = exact_globe.http_for(credentials, Settings(timeout_s=30))
    assert (options.connections, options.timeout, options.verify) == (1, 30, True)
    assert exact_globe.parallel == 1

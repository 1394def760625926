"""Rules for raw fields of the target that do not exist: refused with line and nearest name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import yaml
from koppel_ccvshop import demo as shop_demo
from koppel_ccvshop import sandbox as shop_sandbox
from koppel_exact_globe import demo as erp_demo
from koppel_exact_globe import sandbox as erp_sandbox
from koppel_hubspot import sandbox as crm_sandbox

from hub.config import Config
from hub.engine.configfile import ConfigFileError, Problem, apply
from hub.engine.hub import Hub
from hub.sdk.sandbox import running

Apply = Callable[..., list[Problem]]

SLIPS = [
    # where it goes to, where it comes from, a slip, the name that is meant
    ("globe.orders", "shop.orders", "DeliveryDebtorContry", "DeliveryDebtorCounty"),
    ("globe.orders", "shop.orders", "SalesOrderLine[].PriceLst", "SalesOrderLine[].PriceList"),
    ("globe.invoices", "shop.orders", "YourRefrence", "YourReference"),
    ("globe.sales_entries", "shop.orders", "TextFeld1", "TextField1"),
    ("globe.products", "shop.products", "CountingCycl", "CountingCycle"),
    ("globe.customers", "shop.customers", "ContactLstName", "ContactLastName"),
    ("crm.orders", "shop.orders", "properties.hs_refund_amont", "properties.hs_refund_amount"),
    ("crm.products", "shop.products", "properties.hs_sk", "properties.hs_sku"),
    (
        "crm.customers",
        "shop.customers",
        "contact.properties.jobtile",
        "contact.properties.jobtitle",
    ),
    ("shop.products", "globe.products", "productnumbr", "productnumber"),
    ("shop.customers", "globe.customers", "usrname", "username"),
]


@pytest.fixture(scope="module")
def connected() -> Iterator[dict[str, Any]]:
    """Three pretend vendors, as a config file connects them."""
    with ExitStack() as stack:
        shop, erp, crm = (
            stack.enter_context(running(app))
            for app in (
                shop_sandbox.create_app(orders=0, rate_limits=False),
                erp_sandbox.create_app(),
                crm_sandbox.create_app(rate_limits=False, contacts=0, companies=0, orders=0),
            )
        )
        yield {
            "shop": {"system": "ccvshop"} | _kept(shop_demo(shop)),
            "globe": {"system": "exact_globe"} | _kept(erp_demo(erp)),
            "crm": {
                "system": "hubspot",
                "credentials": {"access_token": crm_sandbox.TOKEN, "base_url": crm},
            },
        }


def _kept(about: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if name in ("credentials", "settings")}


@pytest.fixture
def complaints(config: Config, connected: dict[str, Any]) -> Iterator[Apply]:
    """What a config file with one rule is refused for, as far as the rule is concerned."""
    hub = Hub.start(config)

    def make(to: str, source: str, field: str, warn: Any = lambda _: None) -> list[Problem]:
        rule = {"to": field, "value": "x"}
        flow = {"from": source, "to": to, "schedule": None, "rules": [rule]}
        text = yaml.safe_dump(
            {"version": 1, "connections": connected, "flows": {"one": flow}}, sort_keys=False
        )
        try:
            apply(hub, text, plan=True, warn=warn)
        except ConfigFileError as error:
            lines = text.splitlines()
            found = [one for one in error.problems if ".rules." in one.key]
            assert all(field in lines[one.line - 1] for one in found), "it names the line"
            return found
        return []

    yield make
    hub.close()


@pytest.mark.parametrize(("to", "source", "slip", "meant"), SLIPS)
def test_a_raw_field_that_does_not_exist_is_refused_with_its_line_and_the_nearest_name(
    complaints: Apply, to: str, source: str, slip: str, meant: str
) -> None:
    (found,) = complaints(to, source, slip)
    assert found.key == "flows.one.rules.0.to"
    assert f"has no field '{slip}'" in found.message
    assert f"did you mean '{meant}'?" in found.message
    assert complaints(to, source, meant) == []


def test_a_field_that_only_the_system_knows_is_taken(complaints: Apply) -> None:
    """No plugin declares them: Globe's description and HubSpot's properties name them."""
    told: list[str] = []
    assert complaints("globe.orders", "shop.orders", "DeliveryDebtorCounty", told.append) == []
    assert complaints("globe.products", "shop.products", "items[].CountingCycle", told.append) == []
    assert complaints("crm.customers", "shop.customers", "contact.properties.jobtitle") == []
    assert told == []


def test_where_the_system_cannot_be_asked_the_name_is_only_warned_of(
    complaints: Apply, connected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    about = connected["globe"]
    nowhere = about["credentials"] | {"base_url": "http://127.0.0.1:9"}
    monkeypatch.setitem(connected, "globe", about | {"credentials": nowhere})
    monkeypatch.setattr("hub.sdk.api.TRIES", 1)
    told: list[str] = []
    assert complaints("globe.orders", "shop.orders", "DeliveryDebtorContry", told.append) == []
    (warning,) = told
    assert "flow one: Rule 1, to:" in warning
    assert "has no field 'DeliveryDebtorContry'" in warning
    assert "globe could not be asked" in warning


def test_rules_for_declared_fields_ask_nobody(
    complaints: Apply, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("it was asked")

    monkeypatch.setattr("hub.engine.configfile.fields.names_asked", never)
    assert complaints("globe.orders", "shop.orders", "Description1") == []

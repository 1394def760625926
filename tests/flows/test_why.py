"""Why this value: every pushed field says which field, setting or table row produced it (G18)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.engine import mapper_samples
from hub.engine.mapper import Mapper
from hub.engine.mapper_why import ADDED, SETTINGS, UNTOLD, Trace, Why
from hub.engine.naming import flow_named
from hub.mapping.settings import InvoiceSettings, JournalSettings
from tests.flows.conftest import Bench
from tests.flows.pairs import couple, go
from tests.flows.test_product_flow import to_shop

Make = Callable[..., Bench]
DECIDING = {
    "reference_prefix": "WEB-",
    "revenue_accounts": {"default": "8000"},
    "cost_center": "WEB",
    "cost_unit": "KD01",
    "shipping_methods": {"rows": {"shipping": "POST"}},
    "payment_methods": {"default": "I"},
    "discount": "line",
    "discount_item": "KORTING",
    "warehouse": "1",
    "selection_code": "WB",
}
KINDS = ("plain", "company", "coupon", "gift_wrapped", "delivered_elsewhere", "belgian")


def whys(bench: Bench, summary: Any, name: str) -> Iterator[tuple[str, dict[str, Why]]]:
    """Reference of each record that was written -> its pushed fields, explained."""
    with bench.hub.database.session() as session:
        flow = flow_named(session, name)
        mapper = Mapper(bench.hub, session, flow)
        for entry in summary["entries"]:
            if entry["outcome"] in ("created", "updated"):
                (sample,) = mapper_samples.load(bench.hub, session, flow, [entry["entry"]])
                yield entry["reference"], {why.to: why for why in Trace(mapper, sample).all()}


def unexplained(found: dict[str, Why]) -> list[str]:
    """Fields of which nothing is told but that they are so."""
    return [
        f"{to} = {why.value}: {why.steps}"
        for to, why in found.items()
        if not why.steps
        or any(
            s.kind == "setting" and (s.text == UNTOLD or not (s.name or s.text)) for s in why.steps
        )
    ]


@pytest.fixture
def booked(make_bench: Make) -> tuple[Bench, Any]:
    """Orders in which every policy has something to decide."""
    bench = make_bench(shop={"orders": 0})
    bench.configure(settings=bench.settings | DECIDING)
    for kind in KINDS:
        bench.place(kind)
    return bench, bench.run()


def test_every_field_of_an_order_has_a_reason_that_is_not_just_the_default(booked: Any) -> None:
    bench, summary = booked
    explained = dict(whys(bench, summary, "shop-orders"))
    assert len(explained) >= 4, summary["entries"]
    for reference, found in explained.items():
        assert unexplained(found) == [], reference


def test_what_a_setting_decided_names_the_setting_and_the_row(booked: Any) -> None:
    bench, summary = booked
    told: dict[str, set[tuple[str, str]]] = {}
    for _, found in whys(bench, summary, "shop-orders"):
        for to, why in found.items():
            told.setdefault(to, set()).update(
                (step.name, step.text) for step in why.steps if step.kind == "setting"
            )
    for to, name, words in (
        ("YourReference", "reference_prefix", "behind 'WEB-'"),
        ("PaymentCondition", "payment_conditions", "Payment condition"),
        ("PaymentMethod", "payment_methods", "Payment method I for"),
        ("ShippingVia", "shipping_methods", "Shipping method POST for shipping method shipping"),
        ("CostCenter", "cost_center", "Cost centre WEB, as the flow says"),
        ("SalesOrderLine[].CostUnit", "cost_unit", "Cost unit KD01, as the flow says"),
        ("SalesOrderLine[].VATCode", "vat_codes", "from the VAT table"),
        ("SalesOrderLine[].Itemcode", "discount", "Discount of"),
        ("SalesOrderLine[].Price", "discount", "as item KORTING"),
        ("Warehouse", "warehouse", "arehouse"),
        ("SelectionCode", "selection_code", "election"),
        ("OrderDebtorContactPerson", "", "is a company; its contact person is"),
    ):
        assert any(name in step and words in text for step, text in told[to]), (to, told[to])


def test_every_field_of_a_product_has_a_reason(make_bench: Make) -> None:
    bench = make_bench()
    couple(bench, items=to_shop())
    summary = go(bench, "items", limit=5)
    explained = dict(whys(bench, summary, "items"))
    assert explained
    for reference, found in explained.items():
        assert unexplained(found) == [], reference


def test_every_field_of_a_customer_has_a_reason(make_bench: Make) -> None:
    bench = make_bench(shop={"orders": 0})
    flow = {"from": "webshop.customers", "to": "erp.customers"}
    couple(bench, people=flow | {"settings": {"cost_center": "WEB"}})
    summary = go(bench, "people", limit=8)
    explained = dict(whys(bench, summary, "people"))
    assert explained
    for reference, found in explained.items():
        assert unexplained(found) == [], reference


def test_the_settings_that_are_named_exist() -> None:
    known = {*InvoiceSettings.model_fields, *JournalSettings.model_fields}
    named = {name for names in SETTINGS.values() for name in names} | set(ADDED.values())
    assert named <= known

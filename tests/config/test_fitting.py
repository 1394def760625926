"""Settings that the target has no use for: not asked, and refused when they come in a file."""

from __future__ import annotations

from typing import Any

import pytest
from koppel_ccvshop import ccvshop
from koppel_exact_globe import exact_globe
from koppel_hubspot import hubspot

from hub.engine import forms
from hub.engine.fitting import of_no_use, takes
from hub.mapping.settings import SaleSettings
from hub.sdk import Entity

STATUS = {"new_orders", "send_status", "statuses", "other_statuses"}
BOOKS = [exact_globe.entity(name) for name in ("orders", "invoices", "sales_entries")]
UPDATED = [ccvshop.entity("orders"), hubspot.entity("orders")]


def asked(target: Entity) -> dict[str, Any]:
    """Setting -> what a page is told of it."""
    return {about["name"]: about for about in forms.fields(forms.flow_form(target))}


def options(target: Entity, name: str) -> list[str]:
    """What can be chosen."""
    return [option["value"] for option in asked(target)[name]["options"]]


@pytest.mark.parametrize("target", BOOKS, ids=lambda one: one.name)
def test_the_status_is_not_asked_about_where_the_target_cannot_be_updated(target: Entity) -> None:
    assert not target.can("update")
    shown = asked(target)
    assert not STATUS & shown.keys()
    assert "Status" not in {about["group"] for about in shown.values()}
    assert shown.keys() >= {"changed_orders", "cancelled_orders", "refunded_orders"}


@pytest.mark.parametrize("target", UPDATED, ids=lambda one: one.title)
def test_the_status_is_asked_about_where_the_target_can_be_updated(target: Entity) -> None:
    assert asked(target).keys() >= STATUS


def test_only_what_the_target_can_do_about_a_refund_or_a_cancellation_is_offered() -> None:
    books, crm = BOOKS[0], hubspot.entity("orders")
    assert options(books, "refunded_orders") == ["ask", "leave"]
    assert options(crm, "refunded_orders") == ["ask", "write", "leave"]
    assert takes(crm, "refunded")
    for target in (books, crm):
        assert ("cancel" in options(target, "cancelled_orders")) is target.can("cancel")


def test_an_answer_to_what_is_not_asked_is_named() -> None:
    target = BOOKS[0]
    form = forms.flow_form(target)
    assert list(of_no_use(form(), target)) == []
    ((name, message),) = of_no_use(form.model_validate({"send_status": True}), target)
    assert (name, "cannot be updated" in message) == ("send_status", True)


def test_the_hubs_own_form_asks_everything() -> None:
    shown = {about["name"] for about in forms.fields(SaleSettings)}
    assert shown >= STATUS

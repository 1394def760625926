"""Policies that plugins bring: they run after the hub's own, and their mistakes cost one record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hub.model import Order
from hub.sdk import Blocked

from .conftest import Bench

Make = Callable[..., Bench]


def spoiled(order: Order, settings: Any) -> Order:
    raise ZeroDivisionError("by zero")


def forgetful(order: Order, settings: Any) -> None:
    """Does not give the order back."""


def strict(order: Order, settings: Any) -> Order:
    raise Blocked("This shop sells no gift wrap.", field="costs")


@pytest.mark.parametrize(
    ("policy", "outcome", "said"),
    [
        (spoiled, "failed", "The policy spoiled went wrong: ZeroDivisionError: by zero"),
        (forgetful, "failed", "The policy forgetful gave NoneType"),
        (strict, "blocked", "This shop sells no gift wrap."),
    ],
)
def test_what_a_policy_of_a_plugin_raises_ends_that_record_and_writes_nothing(
    make_bench: Make, policy: Any, outcome: str, said: str
) -> None:
    bench = make_bench(shop={"orders": 2})
    bench.hub.registry.policies.append(policy)
    told = bench.run()
    assert told["status"] == "partial"
    assert [e["outcome"] for e in told["entries"]] == [outcome] * 2
    assert said in told["entries"][0]["reason"]
    assert not bench.erp_sandbox.asked("POST|MERGE", "SalesOrder")


def test_a_policy_of_a_plugin_changes_what_is_booked_after_the_hubs_own(make_bench: Make) -> None:
    def marked(order: Order, settings: Any) -> Order:
        assert order.payment_condition, "the hub has settled it already"
        assert settings.shipping_item == "VERZENDKOSTEN"
        order.selection_code = "SP"
        return order

    bench = make_bench(shop={"orders": 2})
    bench.hub.registry.policies.append(marked)
    assert bench.run()["created"] == 2
    codes = [order["SelectionCode"].strip() for (order,) in bench.booked().values()]
    assert codes == ["SP", "SP"]

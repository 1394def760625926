"""Where the target rounds the VAT of a sale: told by its entity, and counted with (O rows)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from koppel_exact_globe import exact_globe

from hub.mapping import policies
from hub.mapping.policies import totals
from hub.model import Order
from tests.flows.conftest import Bench


@pytest.mark.parametrize("rounding", ["code", "line"])
def test_totals_are_reckoned_as_the_target_says_that_it_rounds(
    make_bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch, rounding: str
) -> None:
    """The entity declares it; the policies compare the source's total with what comes of it."""
    seen: list[tuple[str, int]] = []
    reckon = totals._target_total

    def told(order: Order, facts: policies.Facts) -> Decimal:
        seen.append((facts.rounding, facts.price_decimals))
        return reckon(order, facts)

    monkeypatch.setattr(type(exact_globe.entity("orders")), "rounding", rounding)
    monkeypatch.setattr(totals, "_target_total", told)
    bench = make_bench(shop={"orders": 0})
    bench.place()
    summary: dict[str, Any] = bench.run()
    assert summary["created"] == 1
    assert set(seen) == {(rounding, 3)}, "Globe's order lines keep three decimals of a price"

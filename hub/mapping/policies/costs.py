"""Shipping, payment and other costs become lines on items or accounts of the target."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hub.mapping.policies.facts import Facts
from hub.mapping.policies.places import place_for, words_for
from hub.mapping.settings import SaleSettings
from hub.model import Cost, Line, Order


def book_costs(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """One line per cost that is not zero, on the item or account that the settings name for it.

    Raises Blocked when there is no such item.
    """
    notes = []
    for cost in order.costs:
        if not cost.amount:
            continue
        kind = cost.kind or "extra"
        place = place_for(kind, settings, facts, cost.amount)
        order.lines.append(
            Line(
                kind=kind,
                item=place.item,
                revenue_account=place.account,
                name=cost.name,
                quantity=Decimal(1),
                unit_price=cost.amount,
                total=cost.amount,
                tax_rate=main_rate(order) if cost.tax_rate is None else cost.tax_rate,
                prices=cost.prices or order.prices,
                cost_center=order.cost_center,
                cost_unit=order.cost_unit,
            )
        )
        words = words_for(kind).capitalize()
        notes.append(f"{words} of {cost.amount:.2f} {place.words}{_named(cost)}")
    order.costs = []
    return notes


def main_rate(order: Order) -> Decimal:
    """The VAT rate of the larger part of the goods."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in order.lines:
        if line.tax_rate is not None:
            sums[line.tax_rate] += abs(line.total or Decimal(0))
    return max(sums, key=lambda rate: (sums[rate], rate)) if sums else Decimal(0)


def _named(cost: Cost) -> str:
    return f" ({cost.name})" if cost.name else ""

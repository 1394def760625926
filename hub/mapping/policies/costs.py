"""Shipping, payment and other costs become lines on items of the target."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import OrderSettings
from hub.model import Cost, Line, Order
from hub.sdk import Blocked

_ITEMS = {
    "shipping": ("shipping_item", "shipping costs"),
    "payment": ("payment_item", "payment costs"),
    "extra": ("extra_item", "other costs"),
}


def book_costs(order: Order, settings: OrderSettings, facts: Facts) -> list[str]:
    """One line per cost that is not zero, on the item that the settings name for it.

    Raises Blocked when there is no such item.
    """
    notes = []
    for cost in order.costs:
        if not cost.amount:
            continue
        setting, words = _ITEMS[cost.kind or "extra"]
        item = service_item(getattr(settings, setting), facts, cost.amount, words, setting)
        order.lines.append(
            Line(
                kind=cost.kind or "extra",
                item=item,
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
        notes.append(f"{words.capitalize()} of {cost.amount:.2f} as item {item}{_named(cost)}")
    order.costs = []
    return notes


def service_item(sku: str | None, facts: Facts, amount: Decimal, words: str, setting: str) -> str:
    """The target's item for something that is not a product of the shop. Raises Blocked."""
    if not sku:
        raise Blocked(
            f"The order has {words} of {amount:.2f}, and no item in {facts.target} is chosen to "
            f"book them on.",
            field=setting,
            code=f"no_{setting}",
            fix=setting,
        )
    if facts.products is None:
        return sku
    product = facts.product(sku)
    if product is None:
        raise Blocked(
            f"The item for {words}, {sku!r}, is not in {facts.target}.",
            field=setting,
            code="missing_product",
            fix=setting,
        )
    return product.item or product.sku or sku


def main_rate(order: Order) -> Decimal:
    """The VAT rate of the larger part of the goods."""
    sums: dict[Decimal, Decimal] = defaultdict(Decimal)
    for line in order.lines:
        if line.tax_rate is not None:
            sums[line.tax_rate] += abs(line.total or Decimal(0))
    return max(sums, key=lambda rate: (sums[rate], rate)) if sums else Decimal(0)


def _named(cost: Cost) -> str:
    return f" ({cost.name})" if cost.name else ""

"""A discount on the whole order goes into the line prices, or becomes a line of its own."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hub.mapping.money import allocate, is_cents
from hub.mapping.policies.facts import Facts
from hub.mapping.policies.places import place_for
from hub.mapping.settings import SaleSettings
from hub.model import Line, Order
from hub.sdk import Blocked

ZERO = Decimal(0)


def book_discount(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Take `order.discount` off, exactly, each VAT rate bearing its share.

    When goods are given back, the discount is negative, as they are. Raises Blocked when it is
    larger than the goods or not whole cents.
    """
    discount = order.discount or ZERO
    if not discount:
        return []
    goods = [
        line
        for line in order.lines
        if (line.kind or "product") == "product" and (line.total or ZERO) * discount > 0
    ]
    worth = sum((line.total or ZERO for line in goods), ZERO)
    if abs(discount) > abs(worth) or not is_cents(discount):
        raise Blocked(
            f"The discount of {discount} on this order does not fit goods worth {worth:.2f}.",
            field="discount",
            code="bad_discount",
        )
    shares = allocate(discount, [abs(line.total or ZERO) for line in goods])
    named = f" ({order.discount_code})" if order.discount_code else ""
    if settings.discount == "price":
        for line, share in zip(goods, shares, strict=True):
            line.total = (line.total or ZERO) - share
        order.discount = None
        return [f"Discount of {discount:.2f}{named} taken off the line prices"]
    place = place_for("discount", settings, facts, discount)
    by_rate: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for line, share in zip(goods, shares, strict=True):
        by_rate[line.tax_rate] += share
    for rate, share in by_rate.items():
        if share:
            order.lines.append(
                Line(
                    kind="discount",
                    item=place.item,
                    revenue_account=place.account,
                    quantity=Decimal(1),
                    unit_price=-share,
                    total=-share,
                    tax_rate=rate,
                    prices=order.prices,
                    cost_center=order.cost_center,
                    cost_unit=order.cost_unit,
                )
            )
    order.discount = None
    return [f"Discount of {discount:.2f}{named} {place.words}"]

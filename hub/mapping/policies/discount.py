"""A discount on the whole order goes into the line prices, or becomes a line of its own."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hub.mapping.money import allocate, is_cents
from hub.mapping.policies.costs import service_item
from hub.mapping.policies.facts import Facts
from hub.mapping.settings import OrderSettings
from hub.model import Line, Order
from hub.sdk import Blocked

ZERO = Decimal(0)


def book_discount(order: Order, settings: OrderSettings, facts: Facts) -> list[str]:
    """Take `order.discount` off, exactly, each VAT rate bearing its share.

    Raises Blocked when it is larger than the goods or not whole cents.
    """
    discount = order.discount or ZERO
    if not discount:
        return []
    goods = [
        line
        for line in order.lines
        if (line.kind or "product") == "product" and (line.total or ZERO) > 0
    ]
    worth = sum((line.total or ZERO for line in goods), ZERO)
    if discount < 0 or discount > worth or not is_cents(discount):
        raise Blocked(
            f"The discount of {discount} on this order does not fit goods worth {worth:.2f}.",
            field="discount",
            code="bad_discount",
        )
    shares = allocate(discount, [line.total or ZERO for line in goods])
    named = f" ({order.discount_code})" if order.discount_code else ""
    if settings.discount == "price":
        for line, share in zip(goods, shares, strict=True):
            line.total = (line.total or ZERO) - share
        order.discount = None
        return [f"Discount of {discount:.2f}{named} taken off the line prices"]
    item = service_item(settings.discount_item, facts, discount, "a discount", "discount_item")
    by_rate: dict[Decimal | None, Decimal] = defaultdict(Decimal)
    for line, share in zip(goods, shares, strict=True):
        by_rate[line.tax_rate] += share
    for rate, share in by_rate.items():
        if share:
            order.lines.append(
                Line(
                    kind="discount",
                    item=item,
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
    return [f"Discount of {discount:.2f}{named} as item {item}"]

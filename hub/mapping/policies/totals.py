"""Prices in the target's basis, and cents that must add up to what the customer pays."""

from __future__ import annotations

from decimal import Decimal

from hub.mapping.money import (
    CENT,
    Amount,
    cents,
    line_amount,
    round_places,
    totals,
    unit_price,
)
from hub.mapping.policies.basis import convert_basis
from hub.mapping.policies.facts import Facts
from hub.mapping.policies.places import chosen, place_for
from hub.mapping.settings import SaleSettings
from hub.model import Line, Order, Prices
from hub.sdk import Blocked

ZERO = Decimal(0)


def add_up(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Convert each line to the basis of its VAT code, and compare what the target will come to.

    A difference within the limit is booked on the rounding item when there is one. Raises Blocked
    with the difference otherwise.
    """
    notes: list[str] = []
    if order.total is not None:
        _check_source(order, settings, facts)
    notes += convert_basis(order, facts)
    for line in order.lines:
        _price(line, facts.price_decimals)
    if order.total is None:
        return notes
    difference = order.total - _target_total(order, facts)
    if difference:
        notes += _round(order, settings, facts, difference)
    return notes


def complete_lines(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Give every line a total and a basis, which the policies that follow reckon with.

    Raises Blocked when a line has no price, or nobody knows whether prices include VAT.
    """
    if order.prices is None:
        raise Blocked("It is not known whether the order's prices include VAT.", field="prices")
    for position, line in enumerate(order.lines):
        _complete(line, position, order.prices)
    return []


def _complete(line: Line, position: int, prices: Prices) -> None:
    line.prices = line.prices or prices
    quantity = line.quantity or ZERO
    if line.total is None:
        if line.unit_price is None:
            raise Blocked(
                f"Line {position + 1} has no price.", field=f"lines[{position}].unit_price"
            )
        line.total = cents(line_amount(quantity, line.unit_price, line.discount_percentage))


def _check_source(order: Order, settings: SaleSettings, facts: Facts) -> None:
    """What the order says of itself must add up, or nothing that follows can be right."""
    parts = totals([_amount(line) for line in order.lines], "code").gross
    by_line = totals([_amount(line) for line in order.lines], "line").gross
    assert order.total is not None
    if order.total in (parts, by_line):
        return
    difference = order.total - parts
    if abs(difference) <= settings.rounding_limit and chosen("rounding", settings):
        return
    raise Blocked(
        f"The order's lines, costs and discounts come to {parts:.2f}, but its total says "
        f"{order.total:.2f}: a difference of {difference:+.2f}.{_discount_hint(order)}",
        field="total",
        code="total_differs",
        fix="rounding_item" if abs(difference) <= settings.rounding_limit else None,
    )


def _discount_hint(order: Order) -> str:
    """VAT on a discount of its own is not always what it takes off the VAT of the lines."""
    if order.prices != "net" or all(line.kind != "discount" for line in order.lines):
        return ""
    return " It may be the discount: taken off the line prices, it bears no VAT of its own."


def _amount(line: Line) -> Amount:
    return Amount(line.total or ZERO, line.tax_rate or ZERO, line.prices or "gross", line.vat_code)


def _price(line: Line, decimals: int) -> None:
    """A unit price (and discount) that comes to the line's total exactly where that is possible."""
    total, quantity = line.total or ZERO, line.quantity or Decimal(1)
    if line.unit_price is not None:
        full = quantity * line.unit_price
        if _comes_to(total, quantity, line.unit_price, line.discount_percentage, decimals):
            return
        if full and full * total > 0 and abs(total) < abs(full):
            percentage = ((1 - total / full) * 100).quantize(CENT)
            if _comes_to(total, quantity, line.unit_price, percentage, decimals):
                line.discount_percentage = percentage
                return
    line.unit_price = unit_price(total, quantity, decimals)
    line.discount_percentage = None


def _comes_to(
    total: Decimal, quantity: Decimal, price: Decimal, percentage: Decimal | None, decimals: int
) -> bool:
    """Whether a target that keeps so many decimals makes exactly this of a price and a discount.

    It may reckon with the price less the discount as it keeps it, or with both as they are.
    """
    net = line_amount(Decimal(1), price, percentage)
    return (
        price == round_places(price, decimals)
        and line_amount(quantity, price, percentage) == total
        and cents(quantity * round_places(net, decimals)) == total
    )


def _target_total(order: Order, facts: Facts) -> Decimal:
    """What the target will make of the lines: priced, rounded, VAT per code or per line."""
    amounts = [
        Amount(
            cents(
                line_amount(
                    line.quantity or ZERO, line.unit_price or ZERO, line.discount_percentage
                )
            ),
            line.tax_rate or ZERO,
            line.prices or "gross",
            line.vat_code,
        )
        for line in order.lines
    ]
    return totals(amounts, facts.rounding).gross


def _round(order: Order, settings: SaleSettings, facts: Facts, difference: Decimal) -> list[str]:
    """Book the difference on the rounding item, or block."""
    if abs(difference) > settings.rounding_limit or not chosen("rounding", settings):
        raise Blocked(
            f"The order comes to {order.total:.2f} in {facts.source}, but would be "
            f"{(order.total or ZERO) - difference:.2f} in {facts.target}: a difference of "
            f"{-difference:+.2f}.{_hint(order, facts)}",
            field="total",
            code="total_differs",
            fix="rounding_item",
        )
    place = place_for("rounding", settings, facts, difference)
    line = Line(
        kind="rounding",
        item=place.item,
        quantity=Decimal(1),
        unit_price=difference,
        total=difference,
        cost_center=order.cost_center,
        cost_unit=order.cost_unit,
    )
    _untaxed(line, order, facts)
    order.lines.append(line)
    left = (order.total or ZERO) - _target_total(order, facts)
    if left:
        raise Blocked(
            f"A difference of {left:+.2f} remains although {difference:+.2f} was booked "
            f"{place.words}: give that item a VAT code of 0% in {facts.target}.",
            field="total",
            code="total_differs",
            fix="rounding_item",
        )
    return [f"Rounding difference of {difference:+.2f} booked {place.words}"]


def _hint(order: Order, facts: Facts) -> str:
    """Which VAT codes would come to the total: those whose prices include VAT."""
    if order.prices != "gross":
        return ""
    codes = {line.vat_code for line in order.lines if line.tax_rate}
    net = [c for c in facts.vat_codes.values() if c.code in codes and c.prices == "net"]
    for code in net:
        for twin in facts.vat_codes.values():
            if twin.rate == code.rate and twin.prices == "gross":
                return (
                    f" Prices under VAT code {code.code} are without VAT, which cannot say every "
                    f"amount; code {twin.code} with prices that include it can."
                )
    return ""


def _untaxed(line: Line, order: Order, facts: Facts) -> None:
    """A VAT code for cents: the item's own when it is 0%, else one whose prices include VAT."""
    product = facts.product(line.item)
    own = facts.vat_codes.get(product.vat_code or "") if product else None
    if own is not None and own.rate == 0:
        line.vat_code, line.tax_rate, line.prices = own.code, ZERO, own.prices or order.prices
        return
    for other in sorted(order.lines, key=lambda other: -(other.total or ZERO)):
        if other.prices == "gross":
            line.vat_code, line.tax_rate, line.prices = other.vat_code, other.tax_rate, "gross"
            return
    line.tax_rate, line.prices = ZERO, order.prices

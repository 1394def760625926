"""Exact money: cents, net and gross, sharing an amount out, and what a set of lines comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final, Literal

from hub.model import Prices

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)
_HUNDRED: Final = Decimal(100)
_WIDE: Final = Context(prec=60)
"""Absurd amounts are told as such later, by name; they do not fail here."""

Rounding = Literal["code", "line"]
"""Where a system rounds: over the sum of all lines with one VAT code, or line by line."""


def cents(amount: Decimal) -> Decimal:
    """Round to cents, half a cent away from zero, as invoices do."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def round_places(number: Decimal, decimals: int) -> Decimal:
    """A number as a column of so many decimals keeps it."""
    return number.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, _WIDE)


def is_cents(amount: Decimal) -> bool:
    """Whether an amount is whole cents."""
    return amount == cents(amount)


def to_net(gross: Decimal, rate: Decimal) -> Decimal:
    """Take VAT of *rate* percent out of a gross amount, unrounded."""
    return gross * _HUNDRED / (_HUNDRED + rate)


def to_gross(net: Decimal, rate: Decimal) -> Decimal:
    """Put VAT of *rate* percent on top of a net amount, unrounded."""
    return net + net * rate / _HUNDRED


def tax_on(net: Decimal, rate: Decimal) -> Decimal:
    """The VAT on a net amount, in cents."""
    return cents(net * rate / _HUNDRED)


def tax_in(gross: Decimal, rate: Decimal) -> Decimal:
    """The VAT in a gross amount, in cents."""
    return cents(gross) - cents(to_net(gross, rate))


def allocate(amount: Decimal, weights: Sequence[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """Share an amount out by weight so that the parts add up to it exactly.

    Every part is a whole number of *unit*; what is left over goes one unit at a time to the parts
    that lost most by rounding down (the first ones among equals). Without any weight all get alike.
    """
    if not weights:
        if amount:
            raise ValueError("There is nothing to share the amount out over.")
        return []
    if any(weight < 0 for weight in weights):
        raise ValueError("A weight is negative.")
    units = amount / unit
    if units != units.to_integral_value():
        raise ValueError(f"{amount} is not a whole number of {unit}.")
    total = sum(weights, ZERO)
    if not total:
        weights, total = [Decimal(1)] * len(weights), Decimal(len(weights))
    sign = -1 if units < 0 else 1
    whole = abs(int(units))
    # Integers from here on: a quotient of 28 digits could be off in the last one.
    scaled = _whole_weights(weights)
    scale = sum(scaled)
    shares = [whole * weight // scale for weight in scaled]
    losses = [whole * weight % scale for weight in scaled]
    left = whole - sum(shares)
    for index in sorted(range(len(shares)), key=lambda i: -losses[i])[:left]:
        shares[index] += 1
    return [sign * share * unit for share in shares]


def round_to_sum(exact: Sequence[Decimal], whole: Decimal) -> list[Decimal]:
    """Amounts in cents that come to *whole*, each as near to its exact value as that allows.

    The cents that rounding has lost or won go, one at a time, to the amounts that are furthest
    from their exact value.
    """
    rounded = [cents(amount) for amount in exact]
    left = whole - sum(rounded, ZERO)
    if left and not rounded:
        raise ValueError("There is nothing to share the amount out over.")
    step = CENT if left > 0 else -CENT
    sign = 1 if left > 0 else -1
    while left:
        furthest = max(range(len(rounded)), key=lambda i: sign * (exact[i] - rounded[i]))
        rounded[furthest] += step
        left -= step
    return rounded


def _whole_weights(weights: Sequence[Decimal]) -> list[int]:
    places = max(max(-int(w.as_tuple().exponent), 0) for w in weights)
    return [int(weight.scaleb(places)) for weight in weights]


def unit_price(amount: Decimal, quantity: Decimal, decimals: int = 6) -> Decimal:
    """The shortest price that gives *amount* for *quantity*; else the nearest of *decimals*."""
    if not quantity:
        raise ValueError("There is no price for a quantity of zero.")
    exact = amount / quantity if amount else ZERO  # never -0
    for places in range(2, decimals + 1):
        price = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if price * quantity == amount:
            return price
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Amount:
    """One line as a system reckons with it: an exact amount, its basis and its VAT.

    code: what lines are added up by where VAT is reckoned over the sum; the rate if None.
    """

    amount: Decimal
    rate: Decimal
    prices: Prices
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What lines come to: without VAT, the VAT, and together."""

    net: Decimal
    tax: Decimal

    @property
    def gross(self) -> Decimal:
        return self.net + self.tax


def line_amount(
    quantity: Decimal, price: Decimal, discount_percentage: Decimal | None = None
) -> Decimal:
    """Price times quantity, less a discount in percent, unrounded."""
    amount = quantity * price
    if discount_percentage:
        amount -= amount * discount_percentage / _HUNDRED
    return amount


def totals(amounts: Iterable[Amount], rounding: Rounding) -> Totals:
    """What a system that rounds per code or per line will make of these lines."""
    if rounding == "line":
        pieces = [(a.amount, a.rate, a.prices) for a in amounts]
    else:
        sums: dict[tuple[str, Decimal, Prices], Decimal] = defaultdict(Decimal)
        for a in amounts:
            sums[(a.code or "", a.rate, a.prices)] += a.amount
        pieces = [(amount, rate, prices) for (_, rate, prices), amount in sums.items()]
    net = tax = ZERO
    for amount, rate, prices in pieces:
        amount = cents(amount)
        part = tax_in(amount, rate) if prices == "gross" else tax_on(amount, rate)
        net += amount - part if prices == "gross" else amount
        tax += part
    return Totals(net, tax)

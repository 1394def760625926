"""Lines brought into the basis of their VAT codes, so that the target comes to the same total.

Where prices under a code exclude VAT, only amounts in whole cents without VAT can be told, and
with 21% VAT one gross amount in six is not reached by any of them. Two codes can make up for each
other: one group of lines a cent higher, the other a cent lower. Where nothing comes to the total,
what comes nearest is told, and the check that follows names the difference.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hub.mapping.money import CENT, Amount, cents, round_to_sum, tax_on, to_gross, to_net, totals
from hub.mapping.policies.facts import Facts
from hub.model import Line, Order, Prices

ZERO = Decimal(0)
_MOST = 2
"""Cents that a group of lines may be off by, to make up for another."""
_MOST_GROUPS = 5


class _Choice(NamedTuple):
    """One way to tell a group. amount: in the code's basis. gross: what the target makes of it."""

    amount: Decimal
    gross: Decimal
    off: int


@dataclass
class _Group:
    """Lines of one VAT code whose prices are in the other basis than the code's."""

    code: str
    rate: Decimal
    wanted: Prices
    lines: list[Line]

    @property
    def whole(self) -> Decimal:
        return sum((line.total or ZERO for line in self.lines), ZERO)

    def choices(self) -> list[_Choice]:
        """The best first."""
        if self.wanted == "gross":
            return self._with_vat()
        found: dict[int, _Choice] = {}
        wanted, exact = cents(self.whole), to_net(self.whole, self.rate)
        near = sorted((cents(exact) + step * CENT for step in range(-3, 4)),
                      key=lambda net: abs(net - exact))  # fmt: skip
        for net in near:
            gross = net + tax_on(net, self.rate)
            off = int((gross - wanted) / CENT)
            if abs(off) <= _MOST:
                found.setdefault(off, _Choice(net, gross, off))
        return sorted(found.values(), key=lambda choice: abs(choice.off))

    def _with_vat(self) -> list[_Choice]:
        """VAT over the sum, or over each line: both are ways in which shops reckon."""
        over_sum = cents(self.whole) + tax_on(self.whole, self.rate)
        lines = (line.total or ZERO for line in self.lines)
        over_lines = sum((cents(total) + tax_on(total, self.rate) for total in lines), ZERO)
        return [_Choice(gross, gross, 0) for gross in dict.fromkeys((over_sum, over_lines))]

    def tell(self, amount: Decimal) -> None:
        """Share an amount out over the lines, each as near to its own worth as cents allow."""
        turn = to_net if self.wanted == "net" else to_gross
        exact = [turn(line.total or ZERO, self.rate) for line in self.lines]
        for line, share in zip(self.lines, round_to_sum(exact, amount), strict=True):
            line.total, line.prices = share, self.wanted
            line.unit_price = line.discount_percentage = None


def convert_basis(order: Order, facts: Facts) -> list[str]:
    """Bring every line into the basis of its VAT code, all lines of one code together."""
    groups, others = _sort(order, facts)
    if not groups:
        return []
    fixed = totals([_amount(line) for line in others], "code").gross
    chosen = _choose([group.choices() for group in groups], fixed, order.total)
    notes = []
    for group, choice in zip(groups, chosen, strict=True):
        group.tell(choice.amount)
        if choice.off and sum(one.off for one in chosen) == 0:
            notes.append(
                f"{choice.off * CENT:+.2f} on lines with VAT code {group.code}, made up for by "
                f"another code: without VAT no whole cents come to the exact amount"
            )
    return notes


def _sort(order: Order, facts: Facts) -> tuple[list[_Group], list[Line]]:
    """The lines to convert, by VAT code, and those that are right as they are."""
    groups: dict[tuple[str, Decimal, Prices], list[Line]] = defaultdict(list)
    others: list[Line] = []
    for line in order.lines:
        code = facts.vat_codes.get(line.vat_code or "")
        wanted = code.prices if code else None
        if wanted is None or wanted == line.prices or not line.tax_rate:
            line.prices = wanted or line.prices
            others.append(line)
        else:
            groups[line.vat_code or "", line.tax_rate, wanted].append(line)
    return [_Group(*key, lines) for key, lines in groups.items()], others


def _choose(
    ways: list[list[_Choice]], fixed: Decimal, total: Decimal | None
) -> tuple[_Choice, ...]:
    """The choices that come to the total with the fewest cents moved; else the nearest."""
    usual = tuple(choices[0] for choices in ways)
    if total is None or len(ways) > _MOST_GROUPS:
        return usual
    fitting = [
        together
        for together in itertools.product(*ways)
        if fixed + sum((choice.gross for choice in together), ZERO) == total
    ]
    return min(fitting, key=lambda one: sum(abs(c.off) for c in one), default=usual)


def _amount(line: Line) -> Amount:
    return Amount(line.total or ZERO, line.tax_rate or ZERO, line.prices or "gross", line.vat_code)

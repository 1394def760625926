"""Lines brought into the basis of their VAT codes, so that the target comes to the same total.

Where prices under a code exclude VAT, only amounts in whole cents without VAT can be told, and
with 21% VAT one gross amount in six is not reached by any of them. Two codes can make up for each
other: one group of lines a cent higher, the other a cent lower. Where nothing comes to the total,
what comes nearest is told, and the check that follows names the difference.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from hub.mapping.money import CENT, Amount, cents, round_to_sum, tax_on, to_gross, to_net, totals
from hub.mapping.policies.facts import Facts
from hub.model import Line, Order, Prices

ZERO = Decimal(0)
_BASES = {"net": "without VAT", "gross": "with VAT"}
_MOST = 2
"""Cents that a group of lines may be off by, to make up for another."""


class _Choice(NamedTuple):
    """One way to tell a group. amount: in the code's basis. gross: what the target makes of it."""

    amount: Decimal
    gross: Decimal
    off: int


@dataclass
class _Group:
    """Lines of one VAT code whose prices are in the other basis than the code's.

    beside: what the code's other lines come to; the target reckons VAT over all of them.
    """

    code: str
    rate: Decimal
    wanted: Prices
    lines: list[Line]
    beside: Decimal

    @property
    def whole(self) -> Decimal:
        return sum((line.total or ZERO for line in self.lines), ZERO)

    def choices(self) -> list[_Choice]:
        """The best first."""
        if self.wanted == "gross":
            return self._with_vat()
        found: dict[int, _Choice] = {}
        beside, exact = cents(self.beside), to_net(self.whole, self.rate)
        wanted = cents(self.whole) + beside + tax_on(beside, self.rate)
        near = sorted((cents(exact) + step * CENT for step in range(-3, 4)),
                      key=lambda net: abs(net - exact))  # fmt: skip
        for net in near:
            gross = beside + net + tax_on(beside + net, self.rate)
            off = int((gross - wanted) / CENT)
            if abs(off) <= _MOST:
                found.setdefault(off, _Choice(net, gross, off))
        return sorted(found.values(), key=lambda choice: abs(choice.off))

    def _with_vat(self) -> list[_Choice]:
        """VAT over the sum, or over each line: both are ways in which shops reckon."""
        over_sum = cents(self.whole) + tax_on(self.whole, self.rate)
        lines = (line.total or ZERO for line in self.lines)
        over_lines = sum((cents(total) + tax_on(total, self.rate) for total in lines), ZERO)
        ways = dict.fromkeys((over_sum, over_lines))
        return [_Choice(amount, cents(self.beside) + amount, 0) for amount in ways]

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
    fixed = totals([_amount(line) for line in others], facts.rounding).gross
    chosen = _choose([group.choices() for group in groups], fixed, order.total)
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for group, choice in zip(groups, chosen, strict=True):
        group.tell(choice.amount)
        moved[group.code] += choice.off * CENT
    turned = [
        f"Prices of the lines with VAT code {group.code} told {_BASES[group.wanted]}, as that "
        f"code has it"
        for group in groups
    ]
    if sum(moved.values()):
        return turned  # the check that follows names the difference
    return [*dict.fromkeys(turned)] + [
        f"{cents_off:+.2f} on the lines with VAT code {code}, made up for by other lines: no whole "
        f"cents without VAT come to the exact amount"
        for code, cents_off in moved.items()
        if cents_off
    ]


def _sort(order: Order, facts: Facts) -> tuple[list[_Group], list[Line]]:
    """The lines to convert, as the target adds them up, and those that are right as they are."""
    turning: dict[tuple[str, Decimal, Prices, int], list[Line]] = defaultdict(list)
    staying: dict[tuple[str, Decimal, Prices, int], list[Line]] = defaultdict(list)
    for number, line in enumerate(order.lines):
        code = facts.vat_codes.get(line.vat_code or "")
        wanted = (code.prices if code else None) or line.prices or "gross"
        if not line.tax_rate:
            line.prices = wanted
        alone = number if facts.rounding == "line" and wanted == "net" else 0
        key = line.vat_code or "", line.tax_rate or ZERO, wanted, alone
        (staying if wanted == line.prices else turning)[key].append(line)
    groups = []
    for key, lines in turning.items():
        beside = sum((line.total or ZERO for line in staying.pop(key, ())), ZERO)
        groups.append(_Group(*key[:3], lines, beside))
    return groups, [line for lines in staying.values() for line in lines]


def _choose(
    ways: list[list[_Choice]], fixed: Decimal, total: Decimal | None
) -> tuple[_Choice, ...]:
    """The choices that come to the total with the fewest cents moved; else the nearest."""
    usual = tuple(choices[0] for choices in ways)
    if total is None or fixed + sum((choice.gross for choice in usual), ZERO) == total:
        return usual
    best: dict[Decimal, tuple[int, tuple[_Choice, ...]]] = {fixed: (0, ())}
    for choices in ways:
        sums: dict[Decimal, tuple[int, tuple[_Choice, ...]]] = {}
        for reached, (moved, chosen) in best.items():
            for choice in choices:
                sum_, cost = reached + choice.gross, moved + abs(choice.off)
                if sum_ not in sums or cost < sums[sum_][0]:
                    sums[sum_] = cost, (*chosen, choice)
        best = sums
    return best[total][1] if total in best else usual


def _amount(line: Line) -> Amount:
    return Amount(line.total or ZERO, line.tax_rate or ZERO, line.prices or "gross", line.vat_code)

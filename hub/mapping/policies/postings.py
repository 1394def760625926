"""Postings: a sale booked in the ledger, net amounts and VAT that come to its total to the cent."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from hub.mapping.money import cents, round_to_sum, tax_in, tax_on, to_net
from hub.mapping.policies.accounts import country_of
from hub.mapping.policies.facts import Facts
from hub.mapping.policies.places import chosen
from hub.mapping.settings import JournalSettings, SaleSettings
from hub.model import JournalEntry, Line, Order, Posting, Prices
from hub.sdk import Blocked, SkipRecord

ZERO = Decimal(0)


@dataclass
class _Group:
    """The lines of one VAT code and rate in one basis, and what they come to."""

    rate: Decimal
    prices: Prices
    lines: list[Line] = field(default_factory=list)
    net: Decimal = ZERO
    tax: Decimal = ZERO

    @property
    def whole(self) -> Decimal:
        return sum((line.total or ZERO for line in self.lines), ZERO)

    def reckon(self, per_line: bool) -> None:
        """VAT over the sum, or the sum of the VAT of each line."""
        reckoned = [line.total or ZERO for line in self.lines] if per_line else [self.whole]
        if self.prices == "gross":
            self.tax = sum((tax_in(cents(amount), self.rate) for amount in reckoned), ZERO)
            self.net = cents(self.whole) - self.tax
        else:
            self.tax = sum((tax_on(amount, self.rate) for amount in reckoned), ZERO)
            self.net = cents(self.whole)


def make_postings(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """One posting per revenue account, VAT code, cost centre and cost unit.

    The VAT is reckoned over each code or over each line, whichever the order's own total says.
    Raises Blocked with the difference when neither comes to it.
    """
    if not isinstance(order, JournalEntry):
        return []
    assert isinstance(settings, JournalSettings)
    groups = _groups(order)
    _reckon(groups, order)
    postings = _shared_out(groups, order, settings)
    reached = sum(((p.amount or ZERO) + (p.vat_amount or ZERO) for p in postings), ZERO)
    notes = []
    if order.total is None:
        order.total = reached
    elif reached != order.total:
        postings.append(_odd_cents(order, order.total - reached, settings, facts))
        notes.append(
            f"Rounding difference of {order.total - reached:+.2f} booked on account "
            f"{settings.rounding_account}"
        )
    order.postings = [p for p in postings if p.amount or p.vat_amount]
    if not order.postings:
        raise SkipRecord(
            "The sale comes to nothing, so there is nothing to book.", code="nothing_to_book"
        )
    order.total_tax = sum((p.vat_amount or ZERO for p in order.postings), ZERO)
    many = len(order.postings)
    return [f"{many} posting{'' if many == 1 else 's'} that come to {order.total:.2f}", *notes]


def _groups(order: JournalEntry) -> list[_Group]:
    found: dict[tuple[str, Decimal, Prices], _Group] = {}
    for line in order.lines:
        rate, prices = line.tax_rate or ZERO, line.prices or order.prices or "gross"
        group = found.setdefault((line.vat_code or "", rate, prices), _Group(rate, prices))
        group.lines.append(line)
    return list(found.values())


def _reckon(groups: list[_Group], order: JournalEntry) -> None:
    """Round the VAT as the source did: its total decides, then the VAT it names."""
    best: tuple[bool, bool] | None = None
    per_line = False
    for way in (False, True):
        for group in groups:
            group.reckon(way)
        total = sum((group.net + group.tax for group in groups), ZERO)
        tax = sum((group.tax for group in groups), ZERO)
        fits = (order.total in (None, total), order.total_tax in (None, tax))
        if best is None or fits > best:
            best, per_line = fits, way
    for group in groups:
        group.reckon(per_line)


def _shared_out(
    groups: list[_Group], order: JournalEntry, settings: JournalSettings
) -> list[Posting]:
    """Each group's net and VAT over its accounts and cost centres, no cent lost."""
    postings = []
    for group in groups:
        parts: dict[tuple[str | None, ...], list[Line]] = defaultdict(list)
        for line in group.lines:
            parts[line.revenue_account, line.cost_center, line.cost_unit].append(line)
        sums = [sum((line.total or ZERO for line in lines), ZERO) for lines in parts.values()]
        exact = [to_net(s, group.rate) if group.prices == "gross" else s for s in sums]
        nets = round_to_sum(exact, group.net)
        taxes = round_to_sum([net * group.rate / 100 for net in exact], group.tax)
        for (account, center, unit), net, tax in zip(parts, nets, taxes, strict=True):
            first = parts[account, center, unit][0]
            postings.append(
                Posting(
                    account=account,
                    amount=net,
                    vat_code=first.vat_code,
                    vat_amount=tax,
                    cost_center=center,
                    cost_unit=unit,
                    description=_text(order, settings, first.kind or "product"),
                )
            )
    return postings


def _odd_cents(
    order: JournalEntry, difference: Decimal, settings: JournalSettings, facts: Facts
) -> Posting:
    """A posting for what the order's own lines do not come to. Raises Blocked."""
    account = chosen("rounding", settings)
    within = abs(difference) <= settings.rounding_limit
    if account is None or not within:
        raise Blocked(
            f"The order's lines, costs and discounts come to "
            f"{(order.total or ZERO) - difference:.2f}, but its total says {order.total:.2f}: a "
            f"difference of {difference:+.2f}.",
            field="total",
            code="total_differs",
            fix="rounding_account" if within else None,
        )
    return Posting(
        account=account,
        amount=difference,
        vat_code=settings.rounding_vat_code,
        vat_amount=ZERO,
        cost_center=order.cost_center,
        cost_unit=order.cost_unit,
        description=_text(order, settings, "rounding"),
    )


def _text(order: JournalEntry, settings: JournalSettings, kind: str) -> str | None:
    known = {
        "reference": order.reference or order.number,
        "number": order.number,
        "name": order.customer.name,
        "kind": kind,
        "country": country_of(order, settings),
    }
    text = settings.posting_text
    for name, value in known.items():
        text = text.replace(f"{{{name}}}", value or "")
    return " ".join(text.split()) or None

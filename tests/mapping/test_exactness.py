"""Never a silent cent: over 100,000 orders come to their total in the target, or are blocked.

Each order is made by a shop that reckons in its own way (prices with or without VAT, VAT rounded
per rate or per line, discounts on lines and on the order, free and returned goods, fractions,
costs in another basis, currencies) and is booked as an order, an invoice or a journal entry. What
the target makes of the result is reckoned by other code than the product's; there is no tolerance.
KOPPEL_TEST_ORDERS sets how many orders.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from decimal import Decimal

import pytest

from hub.mapping.convert import as_invoice, as_journal_entry
from hub.mapping.policies import LEDGER, POLICIES, Facts
from hub.mapping.policies.people import choose_debtor, fill_addresses
from hub.mapping.policies.products import find_items
from hub.mapping.settings import InvoiceSettings, JournalSettings, OrderSettings
from hub.model import Invoice, JournalEntry, Order, Product
from hub.sdk import Blocked, SkipRecord

from .exactness import (
    RATES,
    Shop,
    booked_total,
    codes_for,
    ledger_total,
    make_order,
    money,
    rounded,
)

D = Decimal
PARTS = 12
ORDERS = int(os.environ.get("KOPPEL_TEST_ORDERS", "102000"))
BASES = ("gross", "net", "mixed")
# Who buys and what the articles are called has nothing to do with money, and takes most time.
ASIDE = (find_items, fill_addresses, choose_debtor)
SAYS = re.compile(r"a difference of ([+-]\d+\.\d\d)\.")
IN_TARGET = re.compile(r"comes to (-?\d+\.\d\d) in .* would be (-?\d+\.\d\d) in")

TABLE = {"rows": [{"rate": rate, "code": f"V{rate}"} for rate in RATES]}
ITEMS = {f"{what}_item": what.upper() for what in ("shipping", "payment", "extra", "discount")}
ACCOUNTS = {"default": "8000", "rows": {"BE": "8100"}}
WAYS = {
    (kind, discount, rounding): form.model_validate(
        {"vat_codes": TABLE, "discount": discount}
        | (
            {"revenue_accounts": ACCOUNTS, "shipping_account": "8090", "discount_account": "8900"}
            if kind == "entry"
            else ITEMS
        )
        | (
            {("rounding_account" if kind == "entry" else "rounding_item"): "4990"}
            if rounding
            else {}
        )
    )
    for kind, form in (
        ("order", OrderSettings),
        ("invoice", InvoiceSettings),
        ("entry", JournalSettings),
    )
    for discount in ("line", "price")
    for rounding in (False, True)
}
SERVICES = {
    name.casefold(): Product(sku=name, item=name, vat_code="V0" if name == "4990" else None)
    for name in (*ITEMS.values(), "4990")
}
FACTS = {
    (basis, rounding): Facts(
        source="webshop", target="erp", vat_codes=codes_for(basis), products=SERVICES,
        rounding=rounding,  # type: ignore[arg-type]
    )
    for basis in BASES
    for rounding in ("code", "line")
}  # fmt: skip
DECIMALS = (6, 3, 6, 4)
"""What a target's column for a line's price holds, in one part of the orders after the other."""


def book(order: Order, settings: OrderSettings | JournalSettings, facts: Facts) -> None:
    """What the engine does to an order, as far as money goes; in place."""
    policies = LEDGER if isinstance(order, JournalEntry) else POLICIES
    for policy in policies:
        if policy not in ASIDE:
            policy(order, settings, facts)


def check_blocked(error: Blocked, total: Decimal, off: int) -> None:
    """The difference that is named must be the very one there is."""
    assert error.code == "total_differs", error
    named = SAYS.search(str(error))
    assert named, error
    told = IN_TARGET.search(str(error))
    if told:
        assert D(told[1]) == total
        assert D(told[2]) - D(told[1]) == D(named[1]) != 0
    else:
        assert f"its total says {total:.2f}" in str(error)
        assert D(named[1]) == money(off) != 0, error


@pytest.mark.parametrize("seed", range(PARTS))
def test_every_order_comes_to_its_total_to_the_cent_or_is_blocked_with_the_difference(
    seed: int,
) -> None:
    dice = random.Random(f"exact {seed}")
    ends: Counter[tuple[str, ...]] = Counter()
    decimals = DECIMALS[seed % len(DECIMALS)]
    for _ in range(max(ORDERS // PARTS, 200)):
        shop = Shop(dice.choice(("gross", "net")), dice.choice(("rate", "line")))
        made = make_order(dice, shop)
        kind = dice.choice(("order", "order", "invoice", "entry"))
        basis, rounding = dice.choice(BASES), dice.choice(("code", "line"))
        mends = dice.random() < 0.4
        settings = WAYS[kind, dice.choice(("line", "price")), mends]
        assert isinstance(settings, OrderSettings | JournalSettings)
        facts = replace(FACTS[basis, rounding], price_decimals=decimals)
        order = made.order
        assert order.total is not None
        total = order.total
        if kind == "invoice":
            order = as_invoice(order)
        elif kind == "entry":
            order = as_journal_entry(order)
        case = f"{kind}, {shop}, {basis}, {rounding}"
        ways = "+".join(made.ways) or "none"
        if settings.discount == "line" and order.discount and "line" in made.ways:
            # VAT on the discount as a line is not what the shop reckoned line by line.
            ways = "code" if "code" in made.ways else "other"
        if kind != "entry" and any(cost.prices != shop.prices for cost in order.costs):
            ways = "other"
        blocked: Blocked | None = None
        try:
            book(order, settings, facts)
        except Blocked as error:
            blocked = error
        except SkipRecord:
            ends[kind, shop.prices, basis, rounding, "nothing", ways] += 1
            continue
        if blocked is not None:
            turned = -1 if _credit(order) else 1
            check_blocked(blocked, turned * total, turned * made.off)
            assert not mends or abs(made.off) > 4 or decimals < 6, (case, blocked)
            ends[kind, shop.prices, basis, rounding, "blocked", ways] += 1
            continue
        if isinstance(order, JournalEntry):
            reached = ledger_total(order)
        else:
            reached = booked_total(order, dict(facts.vat_codes), rounding)
            kept = booked_total(order, dict(facts.vat_codes), rounding, decimals)
            assert kept == reached, (case, decimals, order)
        expected = abs(total) if _credit(order) else total
        assert money(reached) == expected == order.total, (case, order)
        cents_booked = any(line.kind == "rounding" for line in order.lines)
        assert mends or not cents_booked, (case, order)
        # what no way of rounding explains
        assert abs(made.off) < 6 or decimals < 6, (case, order)
        end = "rounded" if cents_booked else "exact"
        ends[kind, shop.prices, basis, rounding, end, ways] += 1
    _judge(ends, decimals)


def _credit(order: Order) -> bool:
    return isinstance(order, Invoice) and bool(order.credit)


def _judge(ends: Counter[tuple[str, ...]], decimals: int) -> None:
    """Where the target can say the amount at all, it must be said; elsewhere mostly.

    With few decimals the price of many pieces cannot say every amount.
    """
    exact = lost = 0
    for (kind, prices, basis, rounding, end, ways), count in ends.items():
        if ways in ("none", "other"):
            continue
        same_way = prices == "net" and rounding in ways
        if kind == "entry" or (decimals == 6 and (basis == "gross" or same_way)):
            assert end in ("exact", "nothing"), (kind, prices, basis, rounding, end, ways)
        exact, lost = exact + count * (end == "exact"), lost + count * (end != "exact")
    assert exact > {6: 12, 4: 6, 3: 2}[decimals] * lost, ends


@pytest.mark.parametrize("rounding", ["code", "line"])
def test_gross_prices_are_told_without_vat_exactly_as_often_as_there_is_a_way(
    rounding: str,
) -> None:
    """A sum of reachable amounts is found whenever there is one within two cents a group."""
    dice = random.Random(rounding)
    facts, settings = FACTS["net", rounding], WAYS["order", "price", False]
    ends: Counter[tuple[int, bool]] = Counter()
    for _ in range(1500):
        rates = dice.sample((21, 9, 19), dice.randint(1, 3))
        made = make_order(dice, Shop("gross", "rate"), honest=True).order
        made.costs.clear()
        made.discount = None
        made.lines = made.lines[: len(rates)]
        for line, rate in zip(made.lines, rates, strict=False):
            line.quantity, line.tax_rate, line.total = D(1), D(rate), None
            line.discount_percentage = None
        worth = [(int((line.unit_price or D(0)) * 100), int(line.tax_rate or 0))
                 for line in made.lines]  # fmt: skip
        made.total = money(sum(amount for amount, _ in worth))
        ways = [_offs(amount, rate) for amount, rate in worth]
        possible = {0}
        for offs in ways:
            possible = {one + off for one in possible for off in offs}
        order = deepcopy(made)
        try:
            assert isinstance(settings, OrderSettings)
            book(order, settings, facts)
            exact = True
            assert money(booked_total(order, dict(facts.vat_codes), rounding)) == made.total
        except Blocked:
            exact = False
        assert exact is (0 in possible), (worth, rounding)
        ends[len(worth), exact] += 1
    assert ends[1, False] > 30, "with one code some amounts cannot be said"
    assert ends[3, False] * 20 < ends[3, True], "with three codes nearly all can"


def _offs(amount: int, rate: int) -> set[int]:
    """How far the amounts that net cents come to are from a gross amount, within two cents."""
    near = range(rounded(amount * 100, 100 + rate) - 4, rounded(amount * 100, 100 + rate) + 5)
    return {off for net in near if abs(off := net + rounded(net * rate, 100) - amount) <= 2}


@pytest.mark.parametrize(("decimals", "would_be"), [(3, "99.90"), (4, "99.99"), (6, None)])
def test_a_price_that_takes_more_decimals_than_the_target_keeps_is_booked_with_the_difference(
    decimals: int, would_be: str | None
) -> None:
    """300 pieces for 100.00: no price of three or four decimals comes to it."""
    facts = replace(FACTS["gross", "code"], price_decimals=decimals)
    for mends in (False, True):
        line = {"sku": "SKU-1", "quantity": 300, "total": "100.00", "tax_rate": 21}
        order = Order.from_dict({"prices": "gross", "total": "100.00", "lines": [line]})
        settings = WAYS["order", "line", mends].model_copy(update={"rounding_limit": D("0.20")})
        assert isinstance(settings, OrderSettings)
        if would_be and not mends:
            with pytest.raises(Blocked, match=f"would be {would_be} in erp: a difference of -0."):
                book(order, settings, facts)
            continue
        book(order, settings, facts)
        codes = dict(facts.vat_codes)
        assert booked_total(order, codes, "code", decimals) == 10000
        assert [n.kind for n in order.lines].count("rounding") == bool(would_be)


def test_the_bookkeeper_reckons_right() -> None:
    """The judge is judged by hand-made sums."""
    assert [rounded(n, 10) for n in (5, -5, 4, 15, -14)] == [1, -1, 0, 2, -1]
    order = Order.from_dict(
        {
            "lines": [
                {"quantity": 2, "unit_price": "31.45", "vat_code": "V21"},
                {"quantity": 1, "unit_price": "6.95", "vat_code": "V21"},
                {"quantity": 3, "unit_price": "1.00", "discount_percentage": 10, "vat_code": "V9"},
            ]
        }
    )
    assert booked_total(order, codes_for("gross"), "code") == 7255
    # 69.85 x 1.21 = 84.5185 -> 14.67 VAT; 2.70 x 0.09 = 0.243 -> 0.24
    assert booked_total(order, codes_for("net"), "code") == 8746
    # per line: 62.90 -> 13.21, 6.95 -> 1.46, 2.70 -> 0.24
    assert booked_total(order, codes_for("net"), "line") == 8746
    assert ledger_total(JournalEntry.from_dict(
        {"postings": [{"amount": "10.00", "vat_amount": "2.10"}, {"amount": "-1.00"}]}
    )) == 1110  # fmt: skip

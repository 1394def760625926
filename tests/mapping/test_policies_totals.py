"""Cents that must add up: four thousand orders, and an accountant who reckons on his own.

The orders are made by a small shop of our own, and what the target will make of the result is
reckoned here in whole hundredths by other code than the policies use. No tolerance anywhere.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest

from hub.mapping.policies import Facts, VatCode, adjust_order
from hub.mapping.settings import OrderSettings
from hub.model import Order, Product
from hub.sdk import Blocked

D = Decimal
RATES = (D(21), D(9), D(0))
ITEMS = ("SHIP", "PAY", "EXTRA", "DISC", "ROUND")
CHUNKS, EACH_CHUNK = 4, 1_000


# --- a shop ----------------------------------------------------------------------------------


def cents(amount: Fraction | Decimal) -> Decimal:
    """Half a cent away from zero, by whole numbers."""
    hundredths = Fraction(amount) * 100
    sign = -1 if hundredths < 0 else 1
    return D(sign * int(abs(hundredths) + Fraction(1, 2))).scaleb(-2)


@dataclass
class Shop:
    """How one shop reckons. per: where it rounds the VAT on net prices."""

    prices: str
    per: str = "rate"


def make_order(dice: random.Random, shop: Shop) -> Order:
    """An order as such a shop writes it, adding up by its own lights."""
    lines: list[dict[str, Any]] = []
    for number in range(dice.randint(1, 6)):
        quantity = D(dice.choice([1, 1, 1, 2, 3, 5, 12])) if dice.random() < 0.95 else D("2.5")
        price = D(dice.randint(1, 30_000)).scaleb(-2) if dice.random() < 0.93 else D("0.00")
        line: dict[str, Any] = {
            "sku": f"SKU-{number}",
            "quantity": quantity,
            "unit_price": price,
            "tax_rate": dice.choice(RATES),
        }
        kind = dice.random()
        if kind < 0.2:
            line["discount_percentage"] = D(dice.choice([5, 10, 15, 25, 50, 100]))
        total = cents(quantity * price * (100 - line.get("discount_percentage", D(0))) / 100)
        if 0.2 <= kind < 0.35:
            total = cents(total * dice.randint(1, 99) / 100)  # a discount as an amount
        if kind < 0.8:
            line["total"] = total
        lines.append(line | {"_total": total})
    goods = sum((line["_total"] for line in lines), D(0))
    discount = cents(goods * dice.randint(1, 60) / 100) if dice.random() < 0.4 else D(0)
    costs: list[dict[str, Any]] = []
    for name, odds, least in (("shipping", 0.7, 0), ("payment", 0.2, -300), ("extra", 0.1, -300)):
        if dice.random() < odds:
            cost: dict[str, Any] = {"kind": name, "amount": D(dice.randint(least, 1500)).scaleb(-2)}
            cost["tax_rate"] = dice.choice(RATES[:2])
            costs.append(cost)
    total = _total(shop, lines, costs, discount, goods)
    return Order.from_dict(
        {
            "key": "1",
            "number": "100231",
            "prices": shop.prices,
            "currency": "EUR",
            "lines": [{k: v for k, v in line.items() if k[0] != "_"} for line in lines],
            "costs": costs,
            "discount": discount,
            "total": total,
            "customer": {"email": "zoe@example.nl", "last_name": "Berg"},
            "billing": {"line1": "Kerkstraat 12", "city": "Utrecht", "country": "NL"},
        }
    )


def _total(
    shop: Shop,
    lines: list[dict[str, Any]],
    costs: list[dict[str, Any]],
    discount: Decimal,
    goods: Decimal,
) -> Decimal:
    if shop.prices == "gross":
        return goods - discount + sum((cost["amount"] for cost in costs), D(0))
    # On net prices the VAT comes on top; the discount is shared out over lines by their worth.
    amounts = [(line["_total"], line["tax_rate"]) for line in lines]
    if discount:
        shares = share_out(discount, [amount for amount, _ in amounts])
        amounts = [(a - s, rate) for (a, rate), s in zip(amounts, shares, strict=True)]
    amounts += [(cost["amount"], cost["tax_rate"]) for cost in costs]
    if shop.per == "line":
        tax = sum((cents(a * rate / 100) for a, rate in amounts), D(0))
    else:
        sums: dict[Decimal, Decimal] = defaultdict(D)
        for amount, rate in amounts:
            sums[rate] += amount
        tax = sum((cents(a * rate / 100) for rate, a in sums.items()), D(0))
    return sum((amount for amount, _ in amounts), D(0)) + tax


def share_out(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """Largest remainder, written another way than in the product."""
    whole = sum(weights, D(0))
    exact = [Fraction(amount * 100) * Fraction(w) / Fraction(whole) for w in weights]
    floors = [int(e) for e in exact]
    left = int(amount * 100) - sum(floors)
    for index in sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))[:left]:
        floors[index] += 1
    return [D(f).scaleb(-2) for f in floors]


# --- an accountant ---------------------------------------------------------------------------


def booked_total(order: Order, codes: dict[str, VatCode], rounding: str = "code") -> Decimal:
    """What a bookkeeping program makes of these lines, from price, quantity and VAT code alone."""
    sums: dict[Any, Fraction] = defaultdict(Fraction)
    for number, line in enumerate(order.lines):
        assert line.quantity is not None
        assert line.unit_price is not None
        assert line.vat_code is not None
        amount = Fraction(line.quantity) * Fraction(line.unit_price)
        amount *= 1 - Fraction(line.discount_percentage or 0) / 100
        sums[line.vat_code if rounding == "code" else (line.vat_code, number)] += amount
    total = D(0)
    for key, amount in sums.items():
        code = codes[key if rounding == "code" else key[0]]
        assert code.rate is not None
        rounded = cents(amount)
        total += rounded if code.prices == "gross" else rounded + cents(rounded * code.rate / 100)
    return total


def vat_codes(*bases: str) -> dict[str, VatCode]:
    """One code per rate, with prices including VAT or not."""
    return {
        f"V{rate}": VatCode(code=f"V{rate}", rate=rate, prices="gross" if b == "gross" else "net")
        for rate, b in zip(RATES, bases, strict=True)
    }


def facts_for(codes: dict[str, VatCode]) -> Facts:
    names = [f"SKU-{n}" for n in range(8)]
    products = {
        sku.casefold(): Product(sku=sku, item=sku, vat_code="V0" if sku == "ROUND" else None)
        for sku in (*names, *ITEMS)
    }
    return Facts(source="webshop", target="erp", vat_codes=codes, products=products)


def settings_for(discount: str, rounding: bool) -> OrderSettings:
    return OrderSettings.model_validate(
        {
            "shipping_item": "SHIP",
            "payment_item": "PAY",
            "extra_item": "EXTRA",
            "discount_item": "DISC",
            "rounding_item": "ROUND" if rounding else None,
            "discount": discount,
            "vat_codes": {"rows": [{"rate": str(r), "code": f"V{r}"} for r in RATES]},
        }
    )


BASES = {
    "gross": ("gross", "gross", "gross"),
    "net": ("net", "net", "net"),
    "mixed": ("gross", "net", "net"),
}
SAID = re.compile(r"a difference of [+-]\d+\.\d\d")


def book(order: Order, settings: OrderSettings, facts: Facts) -> Order | Blocked:
    """Run the policies; being blocked is a result here."""
    try:
        return adjust_order(order, settings, facts)[0]
    except Blocked as error:
        return error


@pytest.mark.parametrize("seed", range(CHUNKS))
def test_every_order_is_booked_to_the_cent_or_blocked_with_the_difference(seed: int) -> None:
    dice = random.Random(seed)
    ends: Counter[tuple[str, str, str]] = Counter()
    for _ in range(EACH_CHUNK):
        shop = Shop(dice.choice(["gross", "net"]), dice.choice(["rate", "line"]))
        basis = dice.choice(list(BASES))
        rounding = dice.random() < 0.5
        order = make_order(dice, shop)
        given = deepcopy(order)
        codes = vat_codes(*BASES[basis])
        settings = settings_for(dice.choice(["line", "price"]), rounding)
        case = (shop.prices, shop.per, basis)
        result = book(order, settings, facts_for(codes))
        assert order == given, "the order given was changed"
        if isinstance(result, Blocked):
            assert result.code == "total_differs", (case, result, given)
            assert SAID.search(str(result)), result
            ends[shop.prices, basis, "blocked"] += 1
            continue
        assert result.total == given.total
        assert booked_total(result, codes) == given.total, (case, given, result)
        ends[shop.prices, basis, "booked"] += 1
    # Where the target reckons as the shop does, nothing may be blocked at all.
    assert not any(n for (p, b, end), n in ends.items() if p == b == "gross" and end != "booked")
    assert all(ends[p, b, "booked"] > 50 for p in ("gross", "net") for b in BASES)


@pytest.mark.parametrize("prices", ["gross", "net"])
@pytest.mark.parametrize("basis", ["gross", "net", "mixed"])
@pytest.mark.parametrize("discount", ["line", "price"])
def test_with_a_rounding_item_no_sound_order_is_blocked(
    prices: str, basis: str, discount: str
) -> None:
    dice = random.Random(f"{prices}{basis}{discount}")
    for _ in range(400):
        codes = vat_codes(*BASES[basis])
        order = make_order(dice, Shop(prices))
        result, _ = adjust_order(order, settings_for(discount, True), facts_for(codes))
        assert booked_total(result, codes) == order.total


@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("discount", ["line", "price"])
def test_a_net_shop_that_rounds_as_the_target_does_never_needs_rounding(
    basis: str, discount: str
) -> None:
    dice = random.Random(f"{basis}{discount}")
    codes = vat_codes(*BASES[basis])
    for _ in range(500):
        order = make_order(dice, Shop("net"))
        result, _ = adjust_order(order, settings_for(discount, False), facts_for(codes))
        assert booked_total(result, codes) == order.total
        assert not any(line.kind == "rounding" for line in result.lines)


def test_a_gross_order_is_only_blocked_when_no_net_amount_comes_to_it() -> None:
    dice = random.Random(3)
    codes = vat_codes("net", "net", "net")
    reachable = {n + cents(n * 21 / 100) for n in (D(c).scaleb(-2) for c in range(2000))}
    ends: Counter[bool] = Counter()
    for _ in range(500):
        prices = [D(dice.randint(1, 300)).scaleb(-2) for _ in range(dice.randint(1, 5))]
        total = sum(prices, D(0))
        order = Order.from_dict(
            {
                "prices": "gross",
                "total": total,
                "lines": [
                    {"sku": f"SKU-{n}", "quantity": 1, "unit_price": price, "tax_rate": 21}
                    for n, price in enumerate(prices)
                ],
                "customer": {"email": "zoe@example.nl"},
            }
        )
        result = book(order, settings_for("price", False), facts_for(codes))
        assert isinstance(result, Blocked) is (total not in reachable), (prices, result)
        ends[isinstance(result, Blocked)] += 1
    assert ends[True] > 20
    assert ends[False] > 200


def test_the_limit_holds_for_cents_that_a_conversion_costs_as_well() -> None:
    order = Order.from_dict(
        {
            "prices": "gross",
            "total": "0.03",
            "lines": [{"sku": "SKU-0", "quantity": 1, "unit_price": "0.03", "tax_rate": 21}],
            "customer": {"email": "zoe@example.nl"},
        }
    )
    codes = vat_codes("net", "net", "net")  # 0.02 comes to 0.02, and 0.03 to 0.04
    settings = settings_for("price", True)
    result, _ = adjust_order(order, settings, facts_for(codes))
    assert booked_total(result, codes) == D("0.03")
    assert result.lines[-1].kind == "rounding"
    settings.rounding_limit = D(0)
    with pytest.raises(Blocked, match=r"comes to 0\.03 in webshop, but would be 0\.0[24] in erp"):
        adjust_order(order, settings, facts_for(codes))


@pytest.mark.parametrize("off", ["0.01", "-0.01", "1.00", "-25.00"])
def test_an_order_that_does_not_add_up_itself_is_blocked_with_the_difference(off: str) -> None:
    dice = random.Random(off)
    for prices in ("gross", "net"):
        order = make_order(dice, Shop(prices))
        assert order.total is not None
        order.total += D(off)
        codes = vat_codes(*BASES[prices])
        with pytest.raises(Blocked) as caught:
            adjust_order(order, settings_for("price", False), facts_for(codes))
        assert caught.value.code == "total_differs"
        assert f"a difference of {D(off):+.2f}" in str(caught.value)


def test_a_large_difference_is_blocked_even_with_a_rounding_item() -> None:
    order = make_order(random.Random(7), Shop("gross"))
    assert order.total is not None
    order.total += D("0.06")
    codes = vat_codes("gross", "gross", "gross")
    with pytest.raises(Blocked, match=r"a difference of \+0\.06"):
        adjust_order(order, settings_for("price", True), facts_for(codes))
    order.total -= D("0.01")
    result, notes = adjust_order(order, settings_for("price", True), facts_for(codes))
    assert booked_total(result, codes) == order.total
    assert result.lines[-1].kind == "rounding"
    assert any("+0.05" in note for note in notes)


def test_free_items_keep_a_price_of_zero() -> None:
    order = Order.from_dict(
        {
            "prices": "gross",
            "total": "10.00",
            "lines": [
                {"sku": "SKU-0", "quantity": 2, "unit_price": "5.00", "tax_rate": 21},
                {"sku": "SKU-1", "quantity": 1, "unit_price": "0", "tax_rate": 21},
            ],
            "customer": {"email": "zoe@example.nl"},
        }
    )
    codes = vat_codes("net", "net", "net")
    result, _ = adjust_order(order, settings_for("price", True), facts_for(codes))
    assert result.lines[1].unit_price == D(0)
    assert booked_total(result, codes) == D("10.00")


def test_the_accountant_reckons_right() -> None:
    """The judge is judged by hand-made sums."""
    assert [cents(Fraction(n, 1000)) for n in (5, -5, 4, 2675)] == [
        D("0.01"), D("-0.01"), D("0.00"), D("2.68"),
    ]  # fmt: skip
    order = Order.from_dict(
        {
            "lines": [
                {"quantity": 2, "unit_price": "31.45", "vat_code": "V21"},
                {"quantity": 1, "unit_price": "6.95", "vat_code": "V21"},
                {"quantity": 3, "unit_price": "1.00", "discount_percentage": 10, "vat_code": "V9"},
            ]
        }
    )
    assert booked_total(order, vat_codes("gross", "gross", "gross")) == D("72.55")
    # 69.85 x 1.21 = 84.5185 -> 14.67 VAT; 2.70 x 0.09 = 0.243 -> 0.24
    assert booked_total(order, vat_codes("net", "net", "net")) == D("87.46")
    assert share_out(D("10.00"), [D(1)] * 3) == [D("3.34"), D("3.33"), D("3.33")]
    assert D("0.005").quantize(D("0.01"), ROUND_HALF_UP) == D("0.01")

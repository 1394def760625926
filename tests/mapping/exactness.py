"""A shop, a bookkeeping program and a ledger, each reckoning in whole numbers on its own.

Nothing here uses the money functions of the product: amounts are whole hundredths of a cent or
whole cents, and halves go away from zero by integer division.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from hub.mapping.policies import VatCode
from hub.model import Cost, Customer, JournalEntry, Line, Order
from hub.model.customer import Address

D = Decimal
RATES = (21, 9, 19, 0)
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "SEK")
CUSTOMER = Customer(email="zoe@example.nl", type="person", last_name="Berg", name="Berg")
PLACE = Address(street="Kerkstraat", house_number="12", line1="Kerkstraat 12", country="NL")


def rounded(number: int, divisor: int) -> int:
    """A quotient, half away from zero."""
    whole = (2 * abs(number) + divisor) // (2 * divisor)
    return whole if number >= 0 else -whole


def money(cents: int) -> Decimal:
    """Cents as an amount."""
    return D(cents).scaleb(-2)


def scaled(number: Decimal, places: int) -> int:
    """A decimal as a whole number of its smallest parts."""
    value = number.scaleb(places)
    assert value == int(value), number
    return int(value)


@dataclass(frozen=True)
class Shop:
    """How a shop reckons. prices: gross or net. per: where it rounds VAT: rate or line."""

    prices: str
    per: str


@dataclass
class Made:
    """An order and what stands behind it.

    off: cents between its total and what it comes to with VAT reckoned over each rate. ways: the
    ways of rounding, code or line, that come to its total.
    """

    order: Order
    off: int
    ways: tuple[str, ...]


def make_order(dice: random.Random, shop: Shop, *, honest: bool = False) -> Made:
    """An order as such a shop writes it; now and then one that does not add up."""
    chance, upto = dice.random, dice.randrange
    pieces: list[tuple[int, int, str]] = []  # cents, rate, basis
    lines: list[Line] = []
    sign = -1 if chance() < 0.05 else 1  # goods that come back
    for number in range(1 + upto(6)):
        thousandths = 1000 * (1, 1, 1, 2, 3, 5, 12, 144)[upto(8)]
        if chance() < 0.06:
            thousandths = 1 + upto(5000)  # by weight or length
        price = 0 if chance() < 0.06 else upto(30_000)
        rate = RATES[upto(4)]
        percent = (5, 10, 15, 25, 33, 50, 100)[upto(7)] if chance() < 0.2 else 0
        turned = -1 if chance() < 0.04 else 1  # one thing back in an order of others
        quantity = sign * turned * thousandths
        total = rounded(quantity * price * (100 - percent), 100_000)
        line = Line(
            sku=f"SKU-{number}",
            quantity=D(quantity).scaleb(-3),
            unit_price=money(price),
            tax_rate=D(rate),
        )
        if percent:
            line.discount_percentage = D(percent)
        elif chance() < 0.15:
            total = rounded(total * (1 + upto(99)), 100)  # a discount as an amount
            line.total = money(total)
        if chance() < 0.7:
            line.total = money(total)
        lines.append(line)
        pieces.append((total, rate, shop.prices))
    order = Order(
        key="1", number="100231", prices=shop.prices, currency=CURRENCIES[upto(5)],  # type: ignore[arg-type]
        customer=CUSTOMER, billing=PLACE, delivery=PLACE, lines=lines,
    )  # fmt: skip
    if chance() < 0.35:
        _take_off(dice, order, pieces, sign)
    for kind, odds, least in (("shipping", 0.7, 0), ("payment", 0.2, -300), ("extra", 0.1, -300)):
        if chance() < odds:
            amount, rate = sign * (least + upto(1800 - least)), RATES[upto(3)]
            basis = (
                shop.prices if chance() < 0.9 else ("net" if shop.prices == "gross" else "gross")
            )
            order.costs.append(
                Cost(kind=kind, amount=money(amount), tax_rate=D(rate), prices=basis)  # type: ignore[arg-type]
            )
            pieces.append((amount, rate, basis))
    total = sum(with_vat(pieces, shop.per))
    if not honest and chance() < 0.03:
        total += (1, -1, 2, -3, 100)[upto(5)]
    order.total = money(total)
    sums = {"code": sum(with_vat(pieces, "rate")), "line": sum(with_vat(pieces, "line"))}
    ways = tuple(way for way, reached in sums.items() if reached == total)
    return Made(order, total - sums["code"], ways)


def _take_off(
    dice: random.Random, order: Order, pieces: list[tuple[int, int, str]], sign: int
) -> None:
    """A discount on the whole order, shared out over the goods by largest remainder."""
    goods = [i for i, (amount, _, _) in enumerate(pieces) if amount * sign > 0]
    worth = sum(abs(pieces[i][0]) for i in goods)
    if not worth:
        return
    discount = dice.randrange(worth) // (1 + dice.randrange(4))
    order.discount = money(sign * discount)
    shares = [discount * abs(pieces[i][0]) // worth for i in goods]
    losses = [discount * abs(pieces[i][0]) % worth for i in goods]
    left = discount - sum(shares)
    for place in sorted(range(len(goods)), key=lambda n: (-losses[n], n))[:left]:
        shares[place] += 1
    for i, share in zip(goods, shares, strict=True):
        amount, rate, basis = pieces[i]
        pieces[i] = amount - sign * share, rate, basis


def with_vat(pieces: list[tuple[int, int, str]], per: str) -> list[int]:
    """What pieces come to, VAT included, rounded over each rate or over each piece."""
    gross = [amount for amount, _, basis in pieces if basis == "gross"]
    sums: dict[object, list[int]] = defaultdict(lambda: [0, 0])
    for number, (amount, rate, basis) in enumerate(pieces):
        if basis == "net":
            key = rate if per == "rate" else (rate, number)
            sums[key][0] += amount
            sums[key][1] = rate
    return [*gross, *(amount + rounded(amount * rate, 100) for amount, rate in sums.values())]


# --- the target ------------------------------------------------------------------------------


def codes_for(basis: str) -> dict[str, VatCode]:
    """One code a rate, with prices including VAT or not."""
    wanted = {
        "gross": ("gross",) * 4, "net": ("net",) * 4, "mixed": ("gross", "net", "net", "gross"),
    }[basis]  # fmt: skip
    return {
        f"V{rate}": VatCode(code=f"V{rate}", rate=D(rate), prices=prices)  # type: ignore[arg-type]
        for rate, prices in zip(RATES, wanted, strict=True)
    }


def booked_total(
    order: Order, codes: dict[str, VatCode], rounding: str, decimals: int | None = None
) -> int:
    """What a bookkeeping program makes of price, quantity, discount and VAT code: in cents.

    decimals: how many of them its columns for a line's price, and for that less the discount, hold.
    """
    sums: dict[object, list[int]] = defaultdict(lambda: [0, 0, 0])
    for number, line in enumerate(order.lines):
        assert line.quantity is not None
        assert line.unit_price is not None
        code = codes[line.vat_code or ""]
        assert code.rate is not None
        percent = scaled(line.discount_percentage or D(0), 6)
        price = scaled(line.unit_price, 6) * (100_000_000 - percent)  # 14 decimals
        if decimals is not None:
            kept = rounded(scaled(line.unit_price, 6), 10 ** (6 - decimals)) * 10 ** (6 - decimals)
            net = rounded(kept * (100_000_000 - percent), 10 ** (14 - decimals))
            price = net * 10 ** (14 - decimals)
        amount = rounded(scaled(line.quantity, 3) * price, 10**3 * 10**14 // 100)
        entry = sums[code.code if rounding == "code" else number]
        entry[0] += amount
        entry[1], entry[2] = int(code.rate), code.prices == "net"
    return sum(a + (rounded(a * rate, 100) if net else 0) for a, rate, net in sums.values())


def ledger_total(entry: JournalEntry) -> int:
    """What the postings come to: in cents, each posting being whole cents."""
    return sum(
        scaled(p.amount or D(0), 2) + scaled(p.vat_amount or D(0), 2) for p in entry.postings
    )

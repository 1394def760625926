"""Exact money: every property holds to the cent, without any tolerance."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mapping import money
from hub.mapping.money import Amount

CENTS = st.integers(-5_000_000, 5_000_000).map(lambda n: Decimal(n).scaleb(-2))
RATES = st.sampled_from(
    [Decimal(r) for r in ("0", "2.1", "5.5", "6", "7", "9", "12", "19", "20", "21", "25", "27")]
)
MANY = settings(max_examples=2000, deadline=None)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("-0.005", "-0.01"), ("2.675", "2.68"), ("0.0049", "0.00")],
)
def test_half_a_cent_goes_away_from_zero(amount: str, rounded: str) -> None:
    assert money.cents(Decimal(amount)) == Decimal(rounded)


@given(CENTS, RATES)
@MANY
def test_net_and_gross_are_each_others_reverse(amount: Decimal, rate: Decimal) -> None:
    assert money.cents(money.to_gross(money.to_net(amount, rate), rate)) == amount
    assert money.cents(money.to_net(money.to_gross(amount, rate), rate)) == amount


@given(CENTS, RATES)
@MANY
def test_vat_in_a_gross_amount_and_the_rest_are_the_amount(amount: Decimal, rate: Decimal) -> None:
    tax = money.tax_in(amount, rate)
    assert money.is_cents(tax)
    assert abs((amount - tax) * rate / 100 - tax) <= Decimal("0.02")


@given(
    CENTS,
    st.lists(st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-3)), min_size=1, max_size=10),
)
@MANY
def test_shares_add_up_exactly_and_follow_the_weights(
    amount: Decimal, weights: list[Decimal]
) -> None:
    shares = money.allocate(amount, weights)
    assert sum(shares) == amount
    assert all(money.is_cents(share) for share in shares)
    total = sum(weights)
    if total:
        for share, weight in zip(shares, weights, strict=True):
            # Never more than one cent away from the exact share, compared without dividing.
            assert abs(share * total - amount * weight) < money.CENT * total
            assert weight or not share


@given(CENTS, st.lists(st.integers(1, 1000).map(Decimal), min_size=2, max_size=8))
@MANY
def test_a_larger_weight_never_gets_less(amount: Decimal, weights: list[Decimal]) -> None:
    shares = money.allocate(amount, weights)
    pairs = sorted(zip(weights, map(abs, shares), strict=True))
    for (light, less), (heavy, more) in pairwise(pairs):
        assert light == heavy or less <= more


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        ("10.00", ["1", "1", "1"], ["3.34", "3.33", "3.33"]),
        ("-10.00", ["1", "1", "1"], ["-3.34", "-3.33", "-3.33"]),
        ("0.01", ["1", "2"], ["0.00", "0.01"]),
        ("0.05", ["0", "0"], ["0.03", "0.02"]),
        ("5.00", ["0", "3"], ["0.00", "5.00"]),
        ("0.00", [], []),
    ],
)
def test_known_shares(amount: str, weights: list[str], shares: list[str]) -> None:
    got = money.allocate(Decimal(amount), [Decimal(w) for w in weights])
    assert got == [Decimal(s) for s in shares]


def test_what_cannot_be_shared_out_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to share"):
        money.allocate(Decimal("1"), [])
    with pytest.raises(ValueError, match="negative"):
        money.allocate(Decimal("1"), [Decimal(-1)])
    with pytest.raises(ValueError, match="not a whole number"):
        money.allocate(Decimal("0.005"), [Decimal(1)])


@given(CENTS, st.integers(1, 5000).map(lambda n: Decimal(n) / 4))
@MANY
def test_a_unit_price_gives_the_amount_back_to_the_cent(amount: Decimal, quantity: Decimal) -> None:
    price = money.unit_price(amount, quantity)
    assert money.cents(price * quantity) == amount


def test_the_shortest_price_is_taken() -> None:
    assert money.unit_price(Decimal("62.90"), Decimal(2)) == Decimal("31.45")
    assert str(money.unit_price(Decimal("59.99"), Decimal(3))) == "19.996667"
    assert str(money.unit_price(Decimal("1.00"), Decimal(8))) == "0.125"
    with pytest.raises(ValueError, match="quantity of zero"):
        money.unit_price(Decimal(1), Decimal(0))


@given(st.lists(CENTS.map(lambda n: n / 7), min_size=1, max_size=9), st.integers(-9, 9))
@MANY
def test_amounts_are_rounded_so_that_they_come_to_their_sum(
    exact: list[Decimal], cents: int
) -> None:
    whole = money.cents(sum(exact, Decimal(0))) + Decimal(cents).scaleb(-2)
    rounded = money.round_to_sum(exact, whole)
    assert sum(rounded) == whole
    assert all(money.is_cents(amount) for amount in rounded)
    most = 1 + (len(exact) / 2 + 9) / len(exact)
    assert all(abs(a - b) * 100 <= most for a, b in zip(rounded, exact, strict=True))


LINES = st.lists(st.builds(Amount, CENTS, RATES, st.sampled_from(["gross", "net"])), max_size=8)


@given(LINES, st.sampled_from(["code", "line"]))
@MANY
def test_totals_add_up_and_gross_lines_are_untouched(lines: list[Amount], rounding: str) -> None:
    total = money.totals(lines, "line" if rounding == "line" else "code")
    assert total.gross == total.net + total.tax
    assert money.is_cents(total.net)
    assert money.is_cents(total.tax)
    gross_only = [line for line in lines if line.prices == "gross"]
    assert money.totals(gross_only, "code").gross == sum(line.amount for line in gross_only)
    net_only = [line for line in lines if line.prices == "net"]
    assert money.totals(net_only, "line").net == sum(line.amount for line in net_only)


def test_a_system_that_rounds_per_code_differs_from_one_that_rounds_per_line() -> None:
    lines = [Amount(Decimal("0.02"), Decimal(21), "net")] * 3
    assert money.totals(lines, "line").gross == Decimal("0.06")
    assert money.totals(lines, "code").gross == Decimal("0.07")
    apart = [Amount(Decimal("0.02"), Decimal(21), "net", str(n)) for n in range(3)]
    assert money.totals(apart, "code").gross == Decimal("0.06")


def test_a_line_amount_has_its_discount_taken_off() -> None:
    assert money.line_amount(Decimal(2), Decimal("19.95"), Decimal(10)) == Decimal("35.910")
    assert money.line_amount(Decimal(2), Decimal("19.95"), Decimal(100)) == 0
    assert money.line_amount(Decimal(2), Decimal("19.95")) == Decimal("39.90")

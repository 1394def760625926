"""Prices of variants as surcharges on their options, which is all that the shop can keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from hub.sdk import RecordError

Options = tuple[tuple[str, str], ...]
"""What tells a variant from the others: attribute and value, in the order of the attributes."""
Surcharges = dict[tuple[str, str], Decimal]
DECIMALS = Decimal("0.0001")


def surcharges(
    base: Decimal, variants: Sequence[tuple[str, Options, Decimal | None]]
) -> Surcharges:
    """A surcharge for every option, so that each variant costs the base and those of its options.

    variants: name, options and price of each; a price of None is the base. The first value of the
    second and every later attribute costs nothing extra, so that the answer is the simplest one.
    Raises RecordError naming the first variant whose price is not such a sum.
    """
    known: list[tuple[dict[tuple[str, str], Fraction], Fraction]] = []
    free = _free_of_charge(variants)
    pivots: list[tuple[str, str]] = []
    for position, (name, options, price) in enumerate(variants):
        extra = Fraction(price) - Fraction(base) if price is not None else Fraction(0)
        row = {option: Fraction(1) for option in options if option not in free}
        for pivot, (other, value) in zip(pivots, known, strict=True):
            extra = _less(row, extra, pivot, other, value)
        left = next((option for option in options if row.get(option)), None)
        if left is None:
            if extra:
                raise _not_a_sum(position, name, price if price is not None else base)
            continue
        factor = row[left]
        row, extra = {o: c / factor for o, c in row.items()}, extra / factor
        for number, (other, value) in enumerate(known):
            reduced = dict(other)
            known[number] = (reduced, _less(reduced, value, left, row, extra))
        pivots.append(left)
        known.append((row, extra))
    found = dict.fromkeys((o for _, options, _ in variants for o in options), Decimal(0))
    for pivot, (_, value) in zip(pivots, known, strict=True):
        found[pivot] = _decimal(value)
    _check(base, variants, found)
    return found


def _free_of_charge(
    variants: Sequence[tuple[str, Options, Decimal | None]],
) -> set[tuple[str, str]]:
    first: dict[str, tuple[str, str]] = {}
    for _, options, _ in variants:
        for option in options[1:]:
            first.setdefault(option[0], option)
    return set(first.values())


def _less(
    row: dict[tuple[str, str], Fraction],
    extra: Fraction,
    pivot: tuple[str, str],
    other: Mapping[tuple[str, str], Fraction],
    value: Fraction,
) -> Fraction:
    """Take the pivot out of a row; changes it and returns what its sum is then."""
    factor = row.get(pivot, Fraction(0))
    if not factor:
        return extra
    for option, coefficient in other.items():
        row[option] = row.get(option, Fraction(0)) - factor * coefficient
    return extra - factor * value


def _decimal(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(DECIMALS).normalize() if value else Decimal(0)


def _check(
    base: Decimal,
    variants: Sequence[tuple[str, Options, Decimal | None]],
    found: Mapping[tuple[str, str], Decimal],
) -> None:
    for position, (name, options, price) in enumerate(variants):
        wanted = base if price is None else price
        if abs(base + sum(found[o] for o in options) - wanted) >= DECIMALS:
            raise _not_a_sum(position, name, wanted)


def _not_a_sum(position: int, name: str, price: Decimal) -> RecordError:
    return RecordError(
        f"Variant {name} costs {price}, which CCV Shop cannot express: there, a variant costs the "
        "product's price and a surcharge for each of its options, and the other variants fix "
        "those. Change the price of this variant, or sell it as a product of its own.",
        field=f"variants[{position}].price",
        code="variant_price",
    )

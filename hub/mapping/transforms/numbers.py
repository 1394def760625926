"""Transforms on numbers and money. All are exact; rounding is only done where it is asked for."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal

from hub.mapping import money
from hub.mapping.values import ValueProblem, number_of, short, text_of

_HUNDRED: Final = Decimal(100)
_MODES: Final = {
    "half_up": ROUND_HALF_UP,
    "half_even": ROUND_HALF_EVEN,
    "up": ROUND_CEILING,
    "down": ROUND_FLOOR,
    "cut": ROUND_DOWN,
}


def round_(
    value: Decimal,
    decimals: int = 2,
    mode: Literal["half_up", "half_even", "up", "down", "cut"] = "half_up",
) -> Decimal:
    """Round a number.

    decimals: how many digits after the decimal sign.
    mode: half_up is what invoices use; up and down always go that way; cut drops the rest.

    >>> round_(Decimal("2.345"))
    Decimal('2.35')
    >>> round_("7.2", decimals=0, mode="up")
    Decimal('8')
    """
    return value.quantize(_places(decimals), _MODES[mode])


def multiply(value: Decimal, by: Decimal) -> Decimal:
    """Multiply by a number.

    by: the number.

    >>> multiply("12", by="1.5")
    Decimal('18.0')
    """
    return value * by


def divide(value: Decimal, by: Decimal) -> Decimal:
    """Divide by a number.

    by: the number, not zero.

    >>> divide("1250", by="1000")
    Decimal('1.25')
    """
    if not by:
        raise ValueProblem("cannot divide by zero")
    return value / by


def add(value: Decimal, amount: Decimal) -> Decimal:
    """Add a number; a negative one is taken off.

    amount: the number.

    >>> add("19.95", amount="-0.95")
    Decimal('19.00')
    """
    return value + amount


def negate(value: Decimal) -> Decimal:
    """Turn the sign around.

    >>> negate("4.95")
    Decimal('-4.95')
    """
    return -value


def abs_(value: Decimal) -> Decimal:
    """Take the sign off.

    >>> abs_("-4.95")
    Decimal('4.95')
    """
    return abs(value)


def percent(value: Decimal, rate: Decimal) -> Decimal:
    """Take so many percent of a number.

    rate: the percentage (21 for 21%).

    >>> percent("200", rate="21")
    Decimal('42')
    """
    return value * rate / _HUNDRED


def clamp(value: Decimal, least: Decimal | None = None, most: Decimal | None = None) -> Decimal:
    """Keep a number between two others.

    least: what it is raised to when it is smaller.
    most: what it is lowered to when it is larger.

    >>> clamp("-3", least="0")
    Decimal('0')
    """
    if least is not None and value < least:
        return least
    return most if most is not None and value > most else value


def gross_to_net(value: Decimal, rate: Decimal, decimals: int = 2) -> Decimal:
    """Take the VAT out of a price.

    rate: the VAT percentage (21 for 21%).
    decimals: how many to round to.

    >>> gross_to_net("12.10", rate="21")
    Decimal('10.00')
    """
    return money.to_net(value, rate).quantize(_places(decimals), ROUND_HALF_UP)


def net_to_gross(value: Decimal, rate: Decimal, decimals: int = 2) -> Decimal:
    """Put the VAT on top of a price.

    rate: the VAT percentage (21 for 21%).
    decimals: how many to round to.

    >>> net_to_gross("10", rate="21")
    Decimal('12.10')
    """
    return money.to_gross(value, rate).quantize(_places(decimals), ROUND_HALF_UP)


def to_decimal(value: Any, decimal_sign: str = ".") -> Decimal:
    """Read a number as people write it, with or without a currency and thousands signs.

    decimal_sign: what stands before the cents: a point or a comma.

    >>> to_decimal("€ 1.234,50", decimal_sign=",")
    Decimal('1234.50')
    >>> to_decimal("12.5")
    Decimal('12.5')
    """
    if not isinstance(value, str):
        return number_of(value)
    if decimal_sign not in (".", ","):
        raise ValueProblem("decimal_sign must be a point or a comma")
    thousands = "," if decimal_sign == "." else "."
    kept = "".join(char for char in value if char in "0123456789.,-")
    kept = kept.replace(thousands, "")
    if kept.count(decimal_sign) > 1:
        raise ValueProblem(f"{short(value)} has more than one {decimal_sign!r}")
    negative = kept.endswith("-") or kept.startswith("-")
    kept = kept.strip("-")
    if not any(char.isdigit() for char in kept) or "-" in kept:
        raise ValueProblem(f"{short(value)} is not a number")
    number = number_of(kept.replace(",", "."))
    return -number if negative else number


def to_int(value: Decimal) -> int:
    """Make a whole number, dropping what is behind the decimal sign.

    >>> to_int("12.9")
    12
    """
    return int(value)


def cents_to_amount(value: Decimal) -> Decimal:
    """Make an amount of a number of cents.

    >>> cents_to_amount(1995)
    Decimal('19.95')
    """
    return value.scaleb(-2)


def amount_to_cents(value: Decimal) -> int:
    """Make a number of cents of an amount.

    >>> amount_to_cents("19.95")
    1995
    """
    return int(money.cents(value).scaleb(2))


def format_number(
    value: Decimal, decimals: int = 2, decimal_sign: str = ",", thousands_sign: str = ""
) -> str:
    """Write a number for people.

    decimals: how many digits after the decimal sign.
    decimal_sign: what stands before them.
    thousands_sign: what stands between thousands; nothing by default.

    >>> format_number("1234.5", thousands_sign=".")
    '1.234,50'
    """
    written = format(value.quantize(_places(decimals), ROUND_HALF_UP), ",f")
    whole, _, rest = written.partition(".")
    whole = whole.replace(",", thousands_sign)
    return f"{whole}{decimal_sign}{rest}" if rest else whole


def format_plain(value: Decimal) -> str:
    """Write a number as short as it is exact: without zeros at the end.

    >>> format_plain("21.00")
    '21'
    """
    written = text_of(value)
    return (written.rstrip("0").rstrip(".") or "0") if "." in written else written


def _places(decimals: int) -> Decimal:
    if not 0 <= decimals <= 10:
        raise ValueProblem("decimals must be between 0 and 10")
    return Decimal(1).scaleb(-decimals)


FAMILY: Final = (
    round_,
    multiply,
    divide,
    add,
    negate,
    abs_,
    percent,
    clamp,
    gross_to_net,
    net_to_gross,
    to_decimal,
    to_int,
    cents_to_amount,
    amount_to_cents,
    format_number,
    format_plain,
)

"""What the target is told of a stock level, and the sentence that says how it came about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple

from hub.mapping.policies.facts import folded
from hub.mapping.settings.stock import StockSettings
from hub.model import StockLevel, WarehouseLevel
from hub.sdk.errors import Blocked

ZERO = Decimal(0)
Figures = StockLevel | WarehouseLevel


class Counted(NamedTuple):
    """A quantity, and in words how it was reckoned."""

    quantity: Decimal
    how: str


def adjust_stock(
    level: StockLevel, settings: StockSettings, unbooked: Decimal = ZERO
) -> tuple[StockLevel, list[str]]:
    """The level as the target will be told: `quantity`, and whether stock is kept at all.

    unbooked: how many are in orders that the hub knows and the source has not booked yet. The
    level given is not changed. Raises Blocked when a figure that is needed is not there.
    """
    counted = quantity_of(level, settings, unbooked)
    managed = {"leave": None, "on": True, "off": False}[settings.managed]
    notes = [counted.how]
    if managed is not None:
        notes.append(f"Keeping of stock is switched {settings.managed}, as the flow says")
    return replace(level, quantity=counted.quantity, managed=managed), notes


def quantity_of(level: StockLevel, settings: StockSettings, unbooked: Decimal = ZERO) -> Counted:
    """How many the target is told, by the flow's calculation. Raises Blocked naming the figure."""
    counting = _counting(level, settings)
    quantity, steps = ZERO, []
    for figures in counting:
        amount, words = _reckon(figures, level, settings)
        quantity += amount
        steps.append(words)
    how = "; ".join(steps) if steps else "in none of the warehouses that count"
    if unbooked and settings.calculation != "physical":
        quantity -= unbooked
        how += f"; less {_n(unbooked)} in orders not booked yet"
    if settings.safety_margin:
        quantity -= settings.safety_margin
        how += f"; less {_n(settings.safety_margin)} safety margin"
    if settings.whole_pieces and quantity != quantity.to_integral_value():
        quantity = quantity.to_integral_value(ROUND_FLOOR)
        how += "; rounded down to whole pieces"
    if settings.never_negative and quantity < 0:
        how += f"; {_n(quantity)} is told as 0"
        quantity = ZERO
    quantity = _plain(quantity)
    return Counted(quantity, f"Quantity {_n(quantity)}: {how}")


def _counting(level: StockLevel, settings: StockSettings) -> list[Figures]:
    """The figures that are added up: of the warehouses that count, or the only ones there are."""
    if not settings.warehouses:
        return list(level.levels) or [level]
    if not level.levels and any(_said(level)):
        raise Blocked(
            f"The stock of {_label(level)} is not told per warehouse, and this flow counts only "
            f"{', '.join(settings.warehouses)}: choose no warehouses to count all of it.",
            field="levels",
            code="no_warehouses",
            fix="warehouses",
        )
    wanted = {folded(code) for code in settings.warehouses}
    return [one for one in level.levels if folded(one.warehouse) in wanted]


def _reckon(figures: Figures, level: StockLevel, settings: StockSettings) -> tuple[Decimal, str]:
    """One warehouse's quantity by the chosen calculation, and the sum in words."""
    place = f" in {figures.warehouse}" if isinstance(figures, WarehouseLevel) else ""
    if settings.calculation == "physical":
        physical = _physical(figures)
        if physical is None:
            raise _missing("physical stock", level, place)
        return physical, f"{_n(physical)} on the shelf{place}"
    free, words = _free(figures)
    if free is None:
        raise _missing("available stock", level, place)
    if settings.calculation == "free":
        return free, words + place
    incoming = figures.incoming or ZERO
    return free + incoming, f"{words} plus {_n(incoming)} coming in{place}"


def _free(figures: Figures) -> tuple[Decimal | None, str]:
    """The system's own figure when it gives one, else physical less reserved."""
    if figures.available is not None:
        return figures.available, f"{_n(figures.available)} available"
    if figures.physical is None:
        return None, ""
    reserved = figures.reserved or ZERO
    free = figures.physical - reserved
    return free, f"{_n(figures.physical)} on the shelf less {_n(reserved)} reserved"


def _physical(figures: Figures) -> Decimal | None:
    if figures.physical is not None:
        return figures.physical
    if figures.available is not None and figures.reserved is not None:
        return figures.available + figures.reserved
    return None


def _missing(what: str, level: StockLevel, place: str) -> Blocked:
    return Blocked(
        f"No {what} is told for {_label(level)}{place}: choose another calculation.",
        field="physical" if what.startswith("physical") else "available",
        code="no_stock_figure",
        fix="calculation",
    )


def _said(figures: Figures) -> Iterable[bool]:
    names = ("physical", "reserved", "available", "incoming")
    return (getattr(figures, name) is not None for name in names)


def _label(level: StockLevel) -> str:
    return level.sku or level.ean or level.number or level.key or "this article"


def _plain(number: Decimal) -> Decimal:
    """Without the zeros behind the point that sums leave, so that 5 and 5.00 are one quantity."""
    plain = number.normalize()
    return plain.quantize(Decimal(1)) if plain == plain.to_integral_value() else plain


def _n(number: Decimal) -> str:
    return format(_plain(number), "f")

"""How stock levels become the quantity that the target is told."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from hub.mapping.settings.where import StockWhere, where
from hub.sdk.forms import Form, choice, flag, multichoice, number

Calculation = Literal["free", "physical", "incoming"]
Managed = Literal["leave", "on", "off"]


class StockSettings(Form):
    """How stock levels become the quantity that the target is told."""

    calculation: Calculation = choice(
        "What counts as stock",
        default="free",
        options=(
            ("free", "Available: what is on the shelf less what is reserved"),
            ("physical", "Physical: what is on the shelf"),
            ("incoming", "Available plus what is coming in"),
        ),
        help="Orders that the target has not booked yet are taken off as well, except with "
        "physical stock, which only changes when goods leave.",
    )
    warehouses: list[str] = multichoice(
        "Warehouses that count",
        lookup="warehouses",
        side="source",
        help="Their figures are added up. None chosen: all of them.",
    )
    safety_margin: Decimal = number(
        "Safety margin",
        default=Decimal(0),
        ge=0,
        le=1_000_000,
        help="So many are kept back, so that the last one is not sold twice.",
    )
    never_negative: bool = flag("Never tell less than zero", default=True)
    whole_pieces: bool = flag(
        "Round down to whole pieces",
        default=False,
        help="For a target that counts no parts of a piece.",
        advanced=True,
    )
    managed: Managed = choice(
        "Keeping of stock in the target",
        default="leave",
        options=(
            ("leave", "Leave it as it is"),
            ("on", "Switch it on: the quantity counts"),
            ("off", "Switch it off: always for sale"),
        ),
    )
    match: Literal["sku", "ean"] = choice(
        "Recognise products by",
        default="sku",
        options=(("sku", "SKU"), ("ean", "EAN")),
    )
    where: StockWhere | None = where()

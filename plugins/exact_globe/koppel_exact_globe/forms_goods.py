"""What flows of items and stock ask: which items to take, and what new items get."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Literal

from pydantic import model_validator

from hub.sdk import Form
from hub.sdk.forms import choice, flag, multichoice, text

from .forms import Code

_FILTER_FIELDS = (
    ("SearchCode", "Search code"),
    ("ItemCode", "Item code"),
    ("Description0", "Description"),
    ("GTIN", "EAN"),
    ("Warehouse", "Warehouse"),
    ("PackageDescription", "Sales unit"),
    ("SalesPrice", "Sales price"),
    ("CostPriceStandard", "Cost price"),
    ("SalesVATCode", "VAT code"),
    ("IsStockItem", "Stock item"),
    *((f"Class{n:02}Code", f"Class {n}") for n in range(1, 11)),
    *((f"TextFreeField{n}", f"Free text field {n}") for n in range(1, 11)),
    *((f"NumberFreeField{n}", f"Free number field {n}") for n in range(1, 14)),
    *((f"YesNoFreeField{n}", f"Free yes/no field {n}") for n in range(1, 6)),
)
_BOXES = tuple(f"YesNoFreeField{n}" for n in range(1, 6))


def kind_of(name: str) -> Literal["text", "number", "flag"]:
    """What kind of value an item's property holds."""
    if name.startswith(("NumberFreeField", "SalesPrice", "CostPrice")):
        return "number"
    return "flag" if name.startswith(("YesNo", "Is")) else "text"


class ProductsFilter(Form):
    """Which items to take."""

    assortment: Code | None = choice(
        "Assortment", default=None, lookup="assortments", help="Empty: any."
    )
    sales_only: bool = flag("Only items that are for sale", default=True)
    active_only: bool = flag(
        "Only active items",
        default=False,
        help="Condition A. Off: items that were made inactive come along, so that they can be "
        "switched off elsewhere.",
    )
    webshop_field: Literal["none", *_BOXES] = choice(  # type: ignore[valid-type]
        "Only items with this box ticked",
        default="none",
        options=(
            ("none", "No box: all items"),
            *((name, f"Free yes/no field {name[-1]}") for name in _BOXES),
        ),
    )
    field: Literal["none", *(name for name, _ in _FILTER_FIELDS)] = choice(  # type: ignore[valid-type]
        "Only items whose field",
        default="none",
        options=(("none", "No further condition"), *_FILTER_FIELDS),
        advanced=True,
    )
    operator: Literal["eq", "ne", "gt", "ge", "lt", "le", "startswith", "contains"] = choice(
        "is",
        default="eq",
        options=(
            ("eq", "equal to"),
            ("ne", "other than"),
            ("gt", "more than"),
            ("ge", "at least"),
            ("lt", "less than"),
            ("le", "at most"),
            ("startswith", "starting with"),
            ("contains", "containing"),
        ),
        advanced=True,
    )
    value: Code = text("this value", default="", advanced=True)

    @model_validator(mode="after")
    def _fits(self) -> ProductsFilter:
        if self.field == "none":
            return self
        kind = kind_of(str(self.field))
        if kind == "number":
            try:
                Decimal(self.value.replace(",", "."))
            except InvalidOperation:
                raise ValueError(f"{self.field} is compared with a number") from None
        if kind == "flag" and self.value.lower() not in ("true", "false"):
            raise ValueError(f"{self.field} is compared with true or false")
        if kind != "text" and self.operator in ("startswith", "contains"):
            raise ValueError(f"{self.field} holds no text: it cannot start with or contain one")
        if kind == "flag" and self.operator not in ("eq", "ne"):
            raise ValueError(f"{self.field} is either ticked or not: choose equal or other than")
        return self


class ProductSettings(Form):
    """How items are written."""

    assortment: Code | None = choice(
        "Assortment of new items",
        default=None,
        lookup="assortments",
        help="Where the product brings none.",
        group="New items",
    )
    use_category: bool = flag(
        "Take the product's category as assortment",
        default=True,
        help="Where the product brings no assortment of its own.",
        group="New items",
    )
    vat_code: Code | None = choice(
        "VAT code of new items",
        default=None,
        lookup="vat_codes",
        help="Where the product brings none. It also says whether Globe's price includes VAT.",
        group="New items",
    )
    revenue_account: Code | None = choice(
        "Revenue account of new items",
        default=None,
        lookup="gl_accounts",
        help="Empty: the assortment's own.",
        group="New items",
        advanced=True,
    )
    stock_item: Literal["source", "yes", "no"] = choice(
        "New items are stock items",
        default="source",
        options=(
            ("source", "As the source says, else yes"),
            ("yes", "Always"),
            ("no", "Never"),
        ),
        group="New items",
        advanced=True,
    )


class StockFilter(Form):
    """Which stock to read."""

    warehouses: list[str] = multichoice(
        "Warehouses",
        lookup="warehouses",
        help="Each costs a call per 1000 items. None chosen: all that are not blocked.",
    )

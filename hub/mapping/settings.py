"""The hub's own settings per kind of document: what a bookkeeper decides, asked once per flow."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.sdk.forms import Form, MappingTable, NoForm, ask, choice, flag, number, table, text


class VatRow(BaseModel):
    """One row of the VAT table. What is None fits anything; the most specific row wins.

    country: where the goods go, ISO 3166 alpha-2. rate: percentage charged (21, 9, 0).
    customer: business (a company with a VAT number), company (any company) or person.
    code: the target's VAT code.
    """

    model_config = ConfigDict(extra="forbid")

    country: str | None = Field(None, pattern="^[A-Za-z]{2}$")
    rate: Decimal | None = Field(None, ge=0, le=100)
    customer: Literal["business", "company", "person"] | None = None
    code: str = Field(min_length=1)


class VatTable(BaseModel):
    """Country, rate and customer -> the target's VAT code, with a default for everything else.

    rows: see below. default: the code for what no row fits.
    """

    model_config = ConfigDict(extra="forbid")

    default: str | None = None
    rows: list[VatRow] = Field(default_factory=list)


class OrderSettings(Form):
    """How an order becomes a document in the target."""

    reference_prefix: str = text(
        "Put before the order number",
        default="",
        help="The order number becomes the reference in the target. With several shops, tell them "
        "apart here.",
        example="WEB-",
        max_length=10,
        group="Order",
    )
    skip_cancelled: bool = flag(
        "Leave cancelled orders out",
        default=True,
        help="An order that is cancelled before it was booked is not booked at all.",
        group="Order",
    )
    customer_match: Literal["email", "number"] = choice(
        "Recognise customers by",
        default="email",
        options=(("email", "E-mail address"), ("number", "Customer number")),
        group="Customer",
    )
    create_customers: bool = flag(
        "Create customers that are not there yet", default=True, group="Customer"
    )
    update_customers: bool = flag(
        "Update customers that are there",
        default=True,
        help="Name, addresses and telephone follow the latest order.",
        group="Customer",
    )
    default_debtor: str | None = choice(
        "Default debtor",
        default=None,
        lookup="debtors",
        side="target",
        help="Orders that name no customer are booked on this debtor.",
        group="Customer",
    )
    default_debtor_use: Literal["fallback", "always"] = choice(
        "Use the default debtor",
        default="fallback",
        options=(
            ("fallback", "When the order names no customer"),
            ("always", "Always: no customers are created"),
        ),
        group="Customer",
    )
    vat_codes: VatTable = ask(
        "vat_table",
        "VAT codes",
        default=VatTable(),
        lookup="vat_codes",
        side="target",
        keys="vat_rates",
        help="Which VAT code a line gets, by the country the goods go to and the rate charged.",
        group="VAT",
    )
    home_country: str = text(
        "Your own country",
        default="NL",
        pattern="^[A-Z]{2}$",
        help="Two letters. Here the product's own VAT code may be used, see below.",
        group="VAT",
    )
    use_item_vat_code: bool = flag(
        "Without a row, use the product's own VAT code",
        default=True,
        help="Only for orders to your own country, and only when the rate is the same.",
        group="VAT",
    )
    payment_conditions: MappingTable = table(
        "Payment conditions",
        keys="payment_methods",
        lookup="payment_conditions",
        help="Which payment condition goes with how the customer paid. Leave it empty to let the "
        "target decide.",
        group="Payment",
    )
    payment_methods: MappingTable = table(
        "Payment methods",
        keys="payment_methods",
        lookup="payment_methods",
        group="Payment",
        advanced=True,
    )
    payment_item: str | None = text(
        "Item for payment costs",
        default=None,
        help="The item in the target that payment costs are booked on.",
        example="BETAALKOSTEN",
        group="Payment",
    )
    shipping_methods: MappingTable = table(
        "Shipping methods", keys="shipping_methods", lookup="shipping_methods", group="Shipping"
    )
    shipping_item: str | None = text(
        "Item for shipping costs",
        default=None,
        help="The item in the target that shipping costs are booked on.",
        example="VERZENDKOSTEN",
        group="Shipping",
    )
    extra_item: str | None = text(
        "Item for other costs", default=None, group="Shipping", advanced=True
    )
    discount: Literal["line", "price"] = choice(
        "Discounts on the whole order",
        default="price",
        options=(("price", "Take them off the line prices"), ("line", "As a line of their own")),
        group="Discount",
    )
    discount_item: str | None = text(
        "Item for discounts",
        default=None,
        help="Needed when discounts become a line of their own.",
        example="KORTING",
        group="Discount",
    )
    rounding_item: str | None = text(
        "Item for rounding",
        default=None,
        help="Cents that cannot be avoided are booked on this item, up to the limit below. "
        "Without it such an order waits for you.",
        group="Rounding",
        advanced=True,
    )
    rounding_limit: Decimal = number(
        "Largest rounding difference",
        default=Decimal("0.05"),
        ge=0,
        le=1,
        group="Rounding",
        advanced=True,
    )
    cost_center: str | None = choice(
        "Cost centre",
        default=None,
        lookup="cost_centers",
        side="target",
        group="Bookkeeping",
        advanced=True,
    )
    cost_unit: str | None = choice(
        "Cost unit",
        default=None,
        lookup="cost_units",
        side="target",
        group="Bookkeeping",
        advanced=True,
    )


class CustomerSettings(Form):
    """How a customer becomes a customer in the target."""

    match: Literal["email", "number"] = choice(
        "Recognise customers by",
        default="email",
        options=(("email", "E-mail address"), ("number", "Customer number")),
    )
    update: bool = flag("Update customers that are there", default=True)


SETTINGS: dict[str, type[Form]] = {"order": OrderSettings, "customer": CustomerSettings}
"""Kind of document -> the hub's settings for it."""


def settings_for(kind: str) -> type[Form]:
    """The hub's settings form for a kind of document."""
    return SETTINGS.get(kind, NoForm)

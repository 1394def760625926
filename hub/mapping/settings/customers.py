"""How a customer becomes a customer in the target, alone or as part of an order."""

from __future__ import annotations

from typing import Literal

from hub.mapping.settings.tables import CountryTable
from hub.mapping.settings.where import CustomerWhere, where
from hub.sdk.forms import Form, MappingTable, ask, choice, flag, table, text


class CustomerBooks(Form):
    """What the books need to know of a customer; the same in a flow of orders and of customers."""

    home_country: str = text(
        "Your own country",
        default="NL",
        pattern="^[A-Z]{2}$",
        help="Two letters. Tables by country tell it from other member states; for orders from "
        "here the product's own VAT code may be used.",
        group="VAT",
    )
    revenue_accounts: CountryTable = ask(
        "table",
        "Revenue account by country",
        default=CountryTable(),
        keys="countries",
        lookup="gl_accounts",
        side="target",
        help="By the country the goods go to: two letters (NL), or EU for any other member "
        "state. Leave it empty to let the target decide.",
        group="Bookkeeping",
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
    customer_vat_codes: CountryTable = ask(
        "table",
        "Default VAT code of customers by country",
        default=CountryTable(),
        keys="countries",
        lookup="vat_codes",
        side="target",
        help="The VAT code that stands on a customer. Lines of orders go by the VAT table.",
        group="Customer",
        advanced=True,
    )
    classifications: MappingTable = table(
        "Customer groups",
        keys="classifications",
        lookup="classifications",
        help="The customer's group in the source -> its classification in the target. The "
        "default is for customers of other groups, and of none.",
        group="Customer",
        advanced=True,
    )
    customer_conditions: MappingTable = table(
        "Payment conditions of customers",
        keys="payment_conditions",
        lookup="payment_conditions",
        help="The condition agreed with a customer. Orders go by the table of payment conditions.",
        group="Customer",
        advanced=True,
    )


class CustomerSettings(CustomerBooks):
    """How a customer becomes a customer in the target."""

    match: Literal["email", "number"] = choice(
        "Recognise customers by",
        default="email",
        options=(("email", "E-mail address"), ("number", "Customer number")),
    )
    create_missing: bool = flag("Create customers that are not there yet", default=True)
    update: bool = flag("Update customers that are there", default=True)
    where: CustomerWhere | None = where()

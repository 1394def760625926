"""How an order becomes a document in the target."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from hub.mapping.settings.customers import CustomerBooks
from hub.mapping.settings.paths import FieldPath
from hub.mapping.settings.tables import VatTable
from hub.mapping.settings.where import OrderWhere, where
from hub.sdk.forms import MappingTable, ask, choice, flag, number, table, text


class SaleSettings(CustomerBooks):
    """What is asked for every document that a sale becomes."""

    reference_prefix: str = text(
        "Put before the order number",
        default="",
        help="The order number becomes the reference in the target. With several shops, tell them "
        "apart here.",
        example="WEB-",
        max_length=10,
        group="Order",
    )
    where: OrderWhere | None = where()
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
        help="Which VAT code a line gets, by the country the goods go to, the rate charged, who "
        "buys and what kind of goods it is.",
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
    payment_conditions_by: FieldPath = text(
        "Look payment conditions up by",
        default="payment_method",
        help="Another field of the order whose value the table knows, such as "
        "customer.classification.",
        group="Payment",
        advanced=True,
    )
    payment_methods: MappingTable = table(
        "Payment methods",
        keys="payment_methods",
        lookup="payment_methods",
        group="Payment",
        advanced=True,
    )
    payment_methods_by: FieldPath = text(
        "Look payment methods up by", default="payment_method", group="Payment", advanced=True
    )
    shipping_methods: MappingTable = table(
        "Shipping methods", keys="shipping_methods", lookup="shipping_methods", group="Shipping"
    )
    shipping_methods_by: FieldPath = text(
        "Look shipping methods up by", default="shipping_method", group="Shipping", advanced=True
    )
    discount: Literal["line", "price"] = choice(
        "Discounts on the whole order",
        default="price",
        options=(("price", "Take them off the line prices"), ("line", "As a line of their own")),
        group="Discount",
    )
    rounding_limit: Decimal = number(
        "Largest rounding difference",
        default=Decimal("0.05"),
        ge=0,
        le=1,
        group="Rounding",
        advanced=True,
    )
    changed_orders: Literal["ask", "leave"] = choice(
        "An order that changes after it was booked",
        default="ask",
        options=(
            ("ask", "Hold it up to me until I have settled it"),
            ("leave", "Note it in the log"),
        ),
        help="Its total or an address. A change of status or payment alone needs nobody.",
        group="Order",
        advanced=True,
    )
    cancelled_orders: Literal["ask", "cancel", "leave"] = choice(
        "An order that is cancelled after it was booked",
        default="ask",
        options=(
            ("ask", "Hold it up to me until I have settled it"),
            ("cancel", "Cancel it in the target too"),
            ("leave", "Note it in the log"),
        ),
        needs={"cancel": "cancel"},
        group="Order",
        advanced=True,
    )
    refunded_orders: Literal["ask", "write", "leave"] = choice(
        "An order that is refunded after it was booked",
        default="ask",
        options=(
            ("ask", "Hold it up to me until I have credited it"),
            ("write", "Write the amount to the target"),
            ("leave", "Note it in the log"),
        ),
        help="In whole or in part, where the source says how much was given back.",
        needs={"write": "refunded"},
        group="Order",
        advanced=True,
    )
    new_orders: bool = flag(
        "Create orders that are not there yet",
        default=True,
        help="Switched off, this flow only follows the status of orders that are there.",
        needs="update",
        group="Status",
    )
    send_status: bool = flag(
        "Send the status of orders that are there",
        default=False,
        help="Status, payment and shipments of an order that both systems know are written to "
        "the target.",
        needs="update",
        group="Status",
    )
    statuses: MappingTable = table(
        "Order statuses",
        keys="order_statuses",
        lookup="order_statuses",
        help="The status in the source -> the status in the target.",
        needs="update",
        group="Status",
    )
    other_statuses: Literal["block", "leave"] = choice(
        "A status that is not in the table",
        default="block",
        options=(("block", "Ask me"), ("leave", "Leave the status in the target as it is")),
        needs="update",
        group="Status",
        advanced=True,
    )

    def items(self) -> tuple[str, ...]:
        """The SKUs of items that costs, discounts and cents are booked on."""
        return ()


class OrderSettings(SaleSettings):
    """How an order becomes a document in the target."""

    missing_products: Literal["block", "create"] = choice(
        "A product that is not there",
        default="block",
        options=(
            ("block", "Hold the order until it is"),
            ("create", "Make it, with what the order says of it"),
        ),
        help="Name, SKU, EAN, price and VAT rate come from the order line. A flow of products "
        "fills in the rest.",
        group="Products",
    )
    payment_item: str | None = text(
        "Item for payment costs",
        default=None,
        help="The item in the target that payment costs are booked on.",
        example="BETAALKOSTEN",
        group="Payment",
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
    use_item_vat_code: bool = flag(
        "Without a row, use the product's own VAT code",
        default=True,
        help="Only for orders to your own country, and only when the rate is the same.",
        group="VAT",
    )

    def items(self) -> tuple[str, ...]:
        """The SKUs of items that costs, discounts and cents are booked on."""
        named = (
            self.shipping_item,
            self.payment_item,
            self.extra_item,
            self.discount_item,
            self.rounding_item,
        )
        return tuple(item for item in named if item)

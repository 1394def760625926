"""How an order or invoice becomes an invoice or a journal entry in the target."""

from __future__ import annotations

from hub.mapping.settings.orders import OrderSettings, SaleSettings
from hub.mapping.settings.where import InvoiceWhere, JournalWhere, where
from hub.sdk.forms import choice, text


class InvoiceSettings(OrderSettings):
    """How an order or invoice becomes an invoice in the target; asked as for orders."""

    where: InvoiceWhere | None = where()


class JournalSettings(SaleSettings):
    """How a sale is booked in the ledger without goods: no items, but accounts."""

    where: JournalWhere | None = where()
    shipping_account: str | None = choice(
        "Revenue account for shipping costs",
        default=None,
        lookup="gl_accounts",
        side="target",
        help="Without one they are booked as the goods are.",
        group="Shipping",
    )
    payment_account: str | None = choice(
        "Revenue account for payment costs",
        default=None,
        lookup="gl_accounts",
        side="target",
        group="Payment",
    )
    extra_account: str | None = choice(
        "Revenue account for other costs",
        default=None,
        lookup="gl_accounts",
        side="target",
        group="Shipping",
        advanced=True,
    )
    discount_account: str | None = choice(
        "Account for discounts on the whole order",
        default=None,
        lookup="gl_accounts",
        side="target",
        help="Only when discounts become a line of their own; else they lower the revenue.",
        group="Discount",
    )
    rounding_account: str | None = choice(
        "Account for rounding differences",
        default=None,
        lookup="gl_accounts",
        side="target",
        help="Cents that the order's own lines do not come to, up to the limit below. Without it "
        "such an order waits for you.",
        group="Rounding",
        advanced=True,
    )
    rounding_vat_code: str | None = choice(
        "VAT code for rounding differences",
        default=None,
        lookup="vat_codes",
        side="target",
        help="One of 0%.",
        group="Rounding",
        advanced=True,
    )
    posting_text: str = text(
        "Description of a posting",
        default="{reference} {name}",
        help="{reference}, {number}, {name} (of the customer), {kind} and {country} are filled in.",
        max_length=200,
        group="Bookkeeping",
        advanced=True,
    )

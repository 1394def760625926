"""What flows of orders, invoices and sales entries ask."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from hub.sdk import Form
from hub.sdk.forms import choice, date, flag, number, text

from .forms import Code, NewCustomers

_TRACKING = (
    *((f"FreeField{n}", f"Free field {n}") for n in range(1, 4)),
    *((f"Description{n}", f"Description {n}") for n in range(1, 4)),
    *((f"AdditionalField{n:02}", f"Additional field {n}") for n in range(1, 11)),
)


class OrdersFilter(Form):
    """Which sales orders to take."""

    state: Literal["all", "open", "completed"] = choice(
        "Orders",
        default="all",
        options=(
            ("all", "All"),
            ("open", "Not yet delivered in full"),
            ("completed", "Delivered in full"),
        ),
    )
    selection_code: Code | None = choice(
        "Selection code", default=None, lookup="selection_codes", help="Empty: any."
    )
    start_date: dt.date | None = date("Orders from", default=None)
    follow: bool = flag(
        "Take orders again when they are delivered or invoiced",
        default=True,
        help="Two calls a run, whatever the number of orders.",
    )
    tracking_field: Literal["none", *(name for name, _ in _TRACKING)] = choice(  # type: ignore[valid-type]
        "Field that holds the tracking code",
        default="none",
        options=(("none", "None"), *_TRACKING),
        help="Globe has no field for it: name the one that your people type it in.",
    )
    tracking_url: str | None = text(
        "Address to follow a parcel",
        default=None,
        help="{code} and {postcode} are filled in.",
        example="https://parcels.example/track/{code}",
        advanced=True,
    )


class InvoicesFilter(Form):
    """Which invoices to take: those that were printed."""

    journal: Code | None = choice(
        "Journal", default=None, lookup="sales_journals", help="Empty: any."
    )
    start_date: dt.date | None = date("Invoices from", default=None)


class InvoiceSettings(NewCustomers):
    """How invoices are written."""

    invoice_code: Code = text(
        "Invoice code",
        help="The type of invoice, as Globe's own list of invoice codes has it.",
        example="1",
        min_length=1,
        max_length=3,
        group="Invoice",
    )
    warehouse: Code | None = choice(
        "Warehouse",
        default=None,
        lookup="warehouses",
        help="Where the goods leave from. Empty: Globe's own default.",
        group="Invoice",
    )
    selection_code: Code | None = choice(
        "Selection code", default=None, lookup="selection_codes", group="Invoice"
    )


class SalesInvoiceSettings(InvoiceSettings):
    """How invoices of sales orders are written."""

    without_order: Literal["invoice", "wait"] = choice(
        "When Globe has no sales order with the reference",
        default="invoice",
        options=(
            ("invoice", "Invoice the goods without one"),
            ("wait", "Wait until the order is there"),
        ),
        group="Invoice",
    )


class EntrySettings(NewCustomers):
    """How sales entries are written."""

    journal: Code = choice(
        "Journal",
        lookup="sales_journals",
        help="A sales journal: the debtor owes the total, and the lines are the revenue.",
        group="Entry",
    )
    due_days: int | None = number(
        "Days to pay",
        default=None,
        help="Due date of an entry that names none. Empty: Globe takes the payment condition's.",
        ge=0,
        le=365,
        group="Entry",
        advanced=True,
    )

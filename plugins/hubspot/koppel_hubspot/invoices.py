"""Invoices: read out of HubSpot with their lines, contact and company."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from hub.model import Invoice, Json
from hub.sdk import Context, Field, Query, Raw

from .forms import InvoicesFilter
from .reading import amount, moment, text
from .sales import Sale, customer_fields, line_fields
from .searching import condition


def _day(value: Any) -> Any:
    found = moment(value)
    return None if found is None else found.date()


class Invoices(Sale):
    """Invoices with their line items, contact and company, drafts left out."""

    name = "invoices"
    title = "Invoices"
    document = Invoice
    object = "invoices"
    number = "properties.hs_number"
    stage = "hs_invoice_status"
    filter = InvoicesFilter
    cannot: ClassVar[Mapping[str, str]] = {
        "write": "The hub only reads invoices out of HubSpot: those that HubSpot makes itself "
        "cannot be made by others, and it has no ledger."
    }
    properties = (
        *("hs_number", "hs_currency", "hs_invoice_status", "hs_invoice_date", "hs_due_date"),
        *("hs_amount_billed", "hs_balance_due", "hs_amount_paid", "hs_invoice_billable"),
        *("hs_purchase_order_number", "hs_comments", "hs_title", "hs_tax_id", "hs_createdate"),
        *("hs_recipient_shipping_address", "hs_recipient_shipping_address2"),
        *("hs_recipient_shipping_city", "hs_recipient_shipping_zip"),
        *("hs_recipient_shipping_state", "hs_recipient_shipping_country"),
        *("hs_recipient_company_address", "hs_recipient_company_address2"),
        *("hs_recipient_company_city", "hs_recipient_company_zip"),
        *("hs_recipient_company_state", "hs_recipient_company_country"),
    )
    fields = (
        Field("id", "key", only="read", label="Id"),
        Field("properties.hs_number", "number", read=text, only="read", label="Number"),
        Field("properties.hs_currency", "currency", read=text, only="read", label="Currency"),
        Field("properties.hs_invoice_status", "status", read=text, only="read", label="Status"),
        Field("properties.hs_createdate", "created_at", read=moment, only="read", label="Made at"),
        Field(
            "properties.hs_invoice_date",
            "invoiced_at",
            read=moment,
            only="read",
            label="Invoice date",
        ),
        Field("properties.hs_due_date", "due_date", read=_day, only="read", label="Due date"),
        Field("properties.hs_amount_billed", "total", only="read", label="Amount billed"),
        Field("properties.hs_balance_due", "outstanding", only="read", label="Balance due"),
        Field(
            "properties.hs_purchase_order_number",
            "external_reference",
            read=text,
            only="read",
            label="Purchase order number",
        ),
        Field("properties.hs_comments", "note", read=text, only="read", label="Comments"),
        *(
            Field(
                f"properties.hs_recipient_{role}_{name}",
                f"{meaning}.{part}",
                read=text,
                only="read",
                label=f"{label}: {name}",
            )
            for role, meaning, label in (
                ("company", "billing", "Billing"),
                ("shipping", "delivery", "Shipping"),
            )
            for name, part in (
                ("address", "line1"),
                ("address2", "line2"),
                ("zip", "postal_code"),
                ("city", "city"),
                ("state", "region"),
                ("country", "country"),
            )
        ),
        *customer_fields(),
        *line_fields(only="read"),
        Field("properties.hs_title", only="read", label="Title"),
        Field("properties.hs_invoice_billable", only="read", label="Billable"),
    )

    def conditions(self, query: Query) -> list[Json]:
        """The statuses; drafts are not invoices yet."""
        wanted = query.filter if isinstance(query.filter, InvoicesFilter) else InvoicesFilter()
        if wanted.statuses:
            return [condition("hs_invoice_status", "IN", wanted.statuses)]
        return [condition("hs_invoice_status", "NEQ", "draft")]

    def number_of(self, record: Raw) -> str:
        """Its number; a draft has none yet."""
        return str(record["properties"].get("hs_number") or record["id"])

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Paid or cancelled, credit, and the VAT that lines tell."""
        super().understood(document, record, context)
        status = record["properties"].get("hs_invoice_status")
        document["paid"] = status == "paid"
        document["cancelled"] = status == "voided"
        document["ordered_at"] = document.get("invoiced_at")
        total = amount(record["properties"].get("hs_amount_billed"))
        if total is not None and total < 0:
            _credit(document, total)
        taxes = [
            amount(line["properties"].get("hs_tax_amount")) for line in record.get("lines") or ()
        ]
        known = [tax for tax in taxes if tax is not None]
        if taxes and len(known) == len(taxes):
            document["total_tax"] = abs(sum(known, Decimal(0)))


def _credit(document: Json, total: Decimal) -> None:
    """Money given back: amounts are positive all the same."""
    document["credit"], document["total"] = True, -total
    for name in ("outstanding",):
        value = amount(document.get(name))
        if value is not None:
            document[name] = abs(value)
    for line in document.get("lines") or ():
        for name in ("quantity", "total"):
            value = amount(line.get(name))
            if value is not None:
                line[name] = abs(value)

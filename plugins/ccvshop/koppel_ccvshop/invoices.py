"""Invoices of the shop: read with their rows; number and payment of the books written back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from hub.model import Document, Invoice, Json
from hub.sdk import (
    Api,
    Context,
    Effect,
    Entity,
    Field,
    NotFound,
    Page,
    Query,
    Raw,
    RecordError,
    Written,
)

from .api import items, walk
from .forms import InvoicesFilter
from .orders import only_read
from .reading import moment_of, one_by_one, records_of, since, stamp, time_text
from .sales import rows_of, sale_understood, with_rows
from .understanding import (
    ZERO,
    address_fields,
    code,
    number,
    person_fields,
    row_fields,
    text,
    total_of,
)

OVERLAP = dt.timedelta(hours=1)
ROWS = "invoicerows"
_EXTRAS = (
    ("status_name", "Status, as the shop calls it"),
    ("type", "Debit or credit"),
    ("invoicenumber", "Invoice number without prefix"),
    ("ordernumber", "Order number without prefix"),
    ("total_price_inc_tax", "Total, VAT included"),
    ("total_price_exc_tax", "Total without VAT"),
    ("total_shipping", "Shipping costs"),
    ("shipping_tax_percentage", "VAT percentage of shipping"),
    ("total_discounts", "Discounts on the invoice"),
    ("paymethod_costs", "Payment costs"),
    ("extra_costs", "Extra costs"),
    ("extra_costs_description", "Extra costs: what for"),
    ("is_intra_community_order", "Intra-community"),
    ("payment_link_sent", "Payment link sent at"),
    ("deeplink", "Address of the document"),
    ("order", "Address of the order"),
)


class Invoices(Entity):
    """Invoices and credit invoices of the webshop, with their rows.

    What the books call an invoice, and that it was paid, can be written back to it.
    """

    name = "invoices"
    title = "Invoices"
    document = Invoice
    key = "id"
    number = "invoicenumber_full"
    match = ("reference", "number", "order_number")
    ignored = (ROWS,)
    cannot: ClassVar[Mapping[str, str]] = {
        "write": "CCV Shop makes an invoice itself, of what an order came to there: lines, prices "
        "and number cannot be given to it. Invoices that are there get the number of the books "
        "and are marked as paid."
    }
    filter = InvoicesFilter
    all_fields = True
    fields = (
        *only_read(
            (
                Field("id", "key", read=code, label="Id"),
                Field("invoicenumber_full", "number", read=code, label="Invoice number"),
                Field("ordernumber_full", "order_number", read=code, label="Order number"),
                Field("ordernumber_full", "reference", read=code, label="Order number, to match"),
                Field("create_date", "invoiced_at", read=time_text, label="Invoiced at"),
                Field("create_date", "created_at", read=time_text, label="Created at"),
                Field("status_name", "status_name", read=text, label="Status name"),
                Field("status", "status", read=text, label="Status (paid, unpaid, reimbursed)"),
                Field("currency", "currency", read=text, label="Currency"),
                Field("total_tax", "total_tax", label="VAT in the total"),
                Field("discountcoupon.code", "discount_code", read=text, label="Coupon"),
                Field("user.id", "customer.key", read=code, label="Customer id"),
                *person_fields("customer", "customer."),
                *address_fields("customer.billingaddress", "billing", "Billing"),
                *address_fields("customer.deliveryaddress", "delivery", "Delivery"),
                *row_fields(f"{ROWS}.items[]"),
                *(Field(path, label=label) for path, label in _EXTRAS),
            )
        ),
        Field("external_reference", "external_reference", read=text, label="Number in the books"),
        Field(
            "status",
            "paid",
            read=lambda status: status in ("paid", "reimbursed"),
            write=lambda paid: "paid" if paid else None,
            label="Paid",
            help="Only ever set to paid.",
        ),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Light pages of 250 by date; the rows come with `complete`."""
        wanted = query.filter
        assert isinstance(wanted, InvoicesFilter)
        params: dict[str, Any] = {}
        first = self._first(query, wanted)
        if first is not None:
            params["min_create_date"] = stamp(first)
        if len(wanted.statuses) == 1:
            params["status"] = wanted.statuses[0]
        params["orderby"] = "id"
        newest = since(query, "created")
        for records in walk(api, "/invoices/", params):
            made = [m for m in (moment_of(r.get("create_date")) for r in records) if m]
            newest = max([newest, *made] if newest else made, default=None)
            yield Page([record for record in records if _fits(record, wanted)])
        # Ids and dates do not always rise together: only a walk to the end moves the cursor.
        if newest is not None:
            yield Page([], {"created": stamp(newest)})

    def wanted(self, record: Raw, query: Query) -> bool:
        """By status and kind."""
        return not isinstance(query.filter, InvoicesFilter) or _fits(record, query.filter)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Invoices made since then."""
        return {"created": stamp(moment)}

    @staticmethod
    def _first(query: Query, wanted: InvoicesFilter) -> dt.datetime | None:
        """The oldest date that has to be looked at; None is all of them."""
        known = since(query, "created")
        first = None if known is None else known - OVERLAP
        if first is not None and wanted.statuses:
            first = min(first, query.now - dt.timedelta(days=wanted.look_back_days))
        if wanted.start_date is not None:
            start = dt.datetime.combine(wanted.start_date, dt.time(), dt.UTC)
            first = start if first is None else max(first, start)
        return first

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw | RecordError]:
        """Add the rows: one request an invoice."""
        return records_of(api.map(lambda r: with_rows(api, r, "invoices", ROWS), records))

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """Two requests an invoice."""
        found = one_by_one(api, "invoices", keys)
        light = {key: r for key, r in found.items() if not isinstance(r, RecordError)}
        whole = self.complete(api, list(light.values()))
        return {**found, **dict(zip(light, whole, strict=True))}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By order number (`reference`, `order_number`) or by its own; one request each.

        Of several invoices of an order, the first one that the books do not know yet.
        """
        name = "invoicenumber_full" if by == "number" else "ordernumber_full"

        def one(value: str) -> Raw:
            query = {name: value.strip(), "orderby": "id", "start": 0, "size": 50}
            found = [
                record
                for record in items(api.get("/invoices/", query), "/invoices/")
                if str(record.get(name)).strip().casefold() == value.strip().casefold()
            ]
            return min(found, key=_less_fit, default={})

        wanted = list(dict.fromkeys(values))
        answers = records_of(api.map(one, wanted))
        return {
            value: record
            for value, record in zip(wanted, answers, strict=True)
            if record and not isinstance(record, RecordError)
        }

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One request."""
        if not key.isdigit():
            raise NotFound(f"{key} is not an id of CCV Shop", code="not_found")
        body = {name: value for name, value in payload.items() if value not in (None, "")}
        for name in body:
            if name not in ("external_reference", "status", "payment_link_sent"):
                raise RecordError(
                    f"CCV Shop's invoices have no field {name} that can be written",
                    field=name,
                    code="unknown_field",
                )
        if body:
            api.patch(f"/invoices/{key}/", body, safe=True)
        return Written(key)

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Lines, costs, totals; a credit invoice has positive amounts, too."""
        included = record.get("invoice_row_taxes_included")
        sale_understood(document, record, rows_of(record, ROWS), included, context)
        total = number(record.get("total_price_inc_tax"))
        document["total"] = total_of(record, document["prices"]) if total is None else total
        document["credit"] = record.get("type") == "credit"
        if document["credit"]:
            _positive(document)
        settled = record.get("status") in ("paid", "reimbursed")
        document["outstanding"] = ZERO if settled else document["total"]
        # No number of the books is something else than not saying anything about it.
        document.setdefault("external_reference", "")

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """The number of the books: what the invoice says, else its own number there."""
        assert isinstance(document, Invoice)
        if document.external_reference is None and document.number:
            payload["external_reference"] = document.number


def _fits(record: Raw, wanted: InvoicesFilter) -> bool:
    if wanted.statuses and record.get("status") not in wanted.statuses:
        return False
    return wanted.kind == "both" or (record.get("type") or "debit") == wanted.kind


def _less_fit(record: Raw) -> tuple[bool, bool, int]:
    known = bool(text(record.get("external_reference") or ""))
    return record.get("type") == "credit", known, int(record["id"])


def _positive(document: Json) -> None:
    """The sign of a credit invoice's amounts is not the same in all shops: its type counts."""
    for name in ("total", "total_tax", "discount"):
        if document.get(name) is not None:
            document[name] = abs(Decimal(str(document[name])))
    for part in (*document["lines"], *document["costs"]):
        for name in ("quantity", "total", "amount", "unit_price"):
            if part.get(name) is not None:
                part[name] = abs(Decimal(str(part[name])))

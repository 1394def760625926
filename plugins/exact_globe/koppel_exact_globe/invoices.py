"""Sales invoices and direct invoices: written as lines and header, read once they are printed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from hub.model import Document, Invoice, Json
from hub.sdk import (
    Api,
    Blocked,
    Context,
    Effect,
    Field,
    Page,
    Query,
    Raw,
    RejectedError,
    UnknownOutcome,
    Written,
)

from . import api as globe
from . import histories, odata
from .booking import Booked, address, cents, gross_total, plain, put_name, says_used
from .forms_sales import InvoiceSettings, InvoicesFilter, SalesInvoiceSettings
from .lookups import vat_codes
from .orders import DAY, ORDERS
from .reading import code, gathered, localised, zone_in

HEADER, LINE = "InvoiceHeader", "InvoiceLine"
PRINTED, PRINTED_LINE = histories.INVOICES, "InvoiceHistoryLine"
_NAMES = {
    "name": "{}DebtorName",
    "contact": "{}ContactPerson",
    "line1": "{}AddressLine1",
    "line2": "{}AddressLine2",
    "line3": "{}AddressLine3",
    "postal_code": "{}PostCode",
    "city": "{}City",
    "country": "{}CountryCode",
    "phone": "{}Phone",
}
_INVOICE_NAMES = {**_NAMES, "email": "{}ContactEmail"}


def _written() -> tuple[Field, ...]:
    """What a new invoice is made of."""
    return (
        Field(
            "YourReference",
            "reference",
            only="write",
            required=True,
            max_length=30,
            label="Your reference",
        ),
        Field("OrderDebtor", "debtor", only="write", required=True, max_length=6, label="Debtor"),
        Field("InvoiceCode", "invoice_code", only="write", max_length=3, label="Invoice code"),
        Field("PaymentMethod", "payment_code", only="write", max_length=1, label="Payment method"),
        Field("ShippingVia", "shipping_via", only="write", max_length=5, label="Shipping method"),
        Field(
            "SelectionCode", "selection_code", only="write", max_length=2, label="Selection code"
        ),
        Field("Warehouse", "warehouse", only="write", max_length=4, label="Warehouse"),
        Field("CostCenter", "cost_center", only="write", max_length=8, label="Cost centre"),
        Field(
            "FreeField1",
            "payment_reference",
            only="write",
            max_length=75,
            cut=True,
            label="Free field 1",
            help="Gets the payment's reference.",
        ),
        *address(_NAMES, "Order", "billing", "Debtor's", only="write"),
        *address(_INVOICE_NAMES, "Invoice", "billing", "Invoice", only="write"),
        *address(_NAMES, "Delivery", "delivery", "Delivery", only="write"),
        *(
            Field(
                f"{LINE}[].{name}",
                f"lines[].{part}",
                only="write",
                max_length=size,
                cut=name == "Description",
                label=f"Line: {label}",
            )
            for name, part, label, size in (
                ("ItemCode", "item", "item", 30),
                ("Quantity", "quantity", "quantity", None),
                ("Price", "unit_price", "price", None),
                ("DiscountPercentage", "discount_percentage", "discount, percent", None),
                ("VATCode", "vat_code", "VAT code", 3),
                ("Description", "name", "description", 60),
                ("CostCenter", "cost_center", "cost centre", 8),
                ("CostUnit", "cost_unit", "cost unit", 8),
                ("Warehouse", "warehouse", "warehouse", 4),
            )
        ),
        *plain(
            "Reference", "Description1", "Description2", "Description3", "CalculateIncludingVAT"
        ),
        *plain(*(f"FreeField{n}" for n in range(2, 6)), "Resource", "Project"),
        *plain(*(f"AdditionalField{n:02}" for n in range(1, 11))),
        *plain(*(f"{LINE}[].{name}" for name in ("InvoiceComments", "LongDescription", "Project"))),
    )


def _read() -> tuple[Field, ...]:
    """What a printed invoice shows."""
    return (
        Field("InvoiceNumber", "number", read=code, only="read", label="Invoice number"),
        Field("YourReference", "reference", read=code, only="read", label="Your reference"),
        Field("SalesOrderNumber", "order_number", read=code, only="read", label="Order number"),
        Field("InvoiceDate", "invoiced_at", read=odata.wall_clock, only="read", label="Date"),
        Field("OrderDate", "ordered_at", read=odata.wall_clock, only="read", label="Order date"),
        Field("InvoiceDebtor", "debtor", read=code, only="read", label="Debtor"),
        Field("InvoiceDebtor", "customer.reference", read=code, only="read", label="Debtor"),
        Field("InvoiceDebtorName", "customer.name", read=code, only="read", label="Name"),
        Field("VATNumber", "customer.vat_number", read=code, only="read", label="VAT number"),
        *(
            Field(f"InvoiceDebtor{name}", f"billing.{part}", read=code, only="read", label=name)
            for name, part in (
                ("Name", "name"),
                ("ContactPerson", "contact"),
                ("Address1", "line1"),
                ("PostCode", "postal_code"),
                ("City", "city"),
                ("Country", "country"),
            )
        ),
        *(
            Field(f"DeliveryDebtor{name}", f"delivery.{part}", read=code, only="read", label=name)
            for name, part in (
                ("Name", "name"),
                ("Address", "line1"),
                ("PostCode", "postal_code"),
                ("City", "city"),
            )
        ),
        *(
            Field(f"{PRINTED_LINE}[].{name}", f"lines[].{part}", read=read, only="read", label=name)
            for name, part, read in (
                ("LineNumber", "key", code),
                ("ItemCode", "sku", code),
                ("ItemCode", "item", code),
                ("ItemDescription", "name", code),
                ("Quantity", "quantity", None),
                ("SalesPrice", "unit_price", None),
                ("DiscountPercentage", "discount_percentage", None),
                ("TaxCode", "vat_code", code),
            )
        ),
        Field("JournalCode", only="read", label="Journal"),
        Field("InvoiceType", only="read", label="Invoice type"),
    )


class DirectInvoices(Booked):
    """Direct invoices: goods are billed without a sales order, and leave when it is printed.

    An invoice that is in Globe is not changed by the hub: Globe offers no way to do that.
    """

    header = HEADER
    line = LINE
    noun = "invoice"
    price_decimals = 4
    name = "direct_invoices"
    title = "Direct invoices"
    document = Invoice
    key = "Key"
    number = "InvoiceNumber"
    match = ("reference",)
    settings = InvoiceSettings
    fields = (
        *_written(),
        Field("DeliveryDate", "delivery_date", read=odata.day, label="Delivery date"),
        Field("PaymentCondition", "payment_condition", max_length=2, label="Payment condition"),
        Field("CurrencyCode", "currency", max_length=3, label="Currency"),
    )

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Invoices by our reference, printed or not; Globe does not keep references unique."""
        return histories.invoices_by_reference(api, values)

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Dates in the server's zone, names in the addresses, the invoice code."""
        assert isinstance(document, Invoice)
        zone, settings = zone_in(context), context.settings
        invoiced = document.invoiced_at or document.ordered_at
        if invoiced is not None:  # misspelt over there as well
            payload["TranscationDate"] = invoiced.astimezone(zone).date()
        if document.ordered_at is not None:
            payload["SalesOrderDate"] = document.ordered_at.astimezone(zone).date()
        if isinstance(settings, InvoiceSettings):
            payload.setdefault("InvoiceCode", settings.invoice_code)
            if settings.warehouse:
                payload.setdefault("Warehouse", settings.warehouse)
            if settings.selection_code:
                payload.setdefault("SelectionCode", settings.selection_code)
        put_name(payload, _NAMES, "Order", document.billing)
        put_name(payload, _NAMES, "Invoice", document.billing)
        put_name(payload, _NAMES, "Delivery", document.delivery)
        if document.credit:
            for line in payload.get(LINE) or ():
                line["Quantity"] = -abs(odata.number(line.get("Quantity")) or Decimal(0))
        self.learn(document)
        payload.update(odata.wire(payload, zone))

    def expected_total(self, payload: Json) -> Decimal | None:
        """What Globe will come to: per VAT code, whose prices hold the VAT or not."""
        total = self.sale_total(payload)
        return None if total is None else abs(total)

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """The lines, then the header that makes them an invoice: lines + 1 calls."""
        begun = effect.stage
        try:
            made = self.book(api, payload, effect)
        except RejectedError as error:
            # The key was used by this very invoice, and this Globe shows none before printing.
            known = begun is not None and begun == effect.stage and says_used(error)
            if known and not histories.concepts_readable(api):
                key = f"#{str(begun).partition(' ')[0]}"
                return Written(key=key, number=key)
            raise
        if made.get("ID") is None:
            raise UnknownOutcome("Exact Globe took the invoice and told no number")
        key = f"#{made['ID']}"
        return Written(key=key, number=key, record=made)


class SalesInvoices(DirectInvoices):
    """Sales invoices: an invoice of the sales order with the same reference; read when printed.

    The order is billed, not booked twice: the invoice and its lines refer to it.
    """

    name = "invoices"
    title = "Sales invoices"
    filter = InvoicesFilter
    settings = SalesInvoiceSettings
    fields = (*DirectInvoices.fields, *_read())

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """As a direct invoice; and whether the order must be there."""
        super().rendered(payload, document, context)
        settings = context.settings
        if isinstance(settings, SalesInvoiceSettings) and settings.without_order == "wait":
            payload["OrderMustExist"] = True

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One call more at most than a direct invoice: which order it bills."""
        payload = dict(payload)
        required = payload.pop("OrderMustExist", False)
        reference = str(payload["YourReference"])
        order = api.find(ORDERS, "reference", [reference]).get(reference)
        if order is not None:
            number = str(order["SalesOrderNumber"])
            payload["SalesOrderNumber"] = number
            payload[LINE] = [
                {**line, "SalesOrderNumber": number} for line in payload.get(LINE) or () if line
            ]
        elif required:
            raise Blocked(
                f"Globe has no sales order with the reference {reference} to be invoiced. It waits "
                "until the order is there.",
                field="reference",
                code="missing_order",
                fix="without_order",
            )
        return super().create(api, payload, effect)

    # -- reading -------------------------------------------------------------------------------

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Printed invoices by their ascending id, with their lines: two calls for 200."""
        wanted = query.filter if isinstance(query.filter, InvoicesFilter) else InvoicesFilter()
        since = (None if query.full else query.since) or {}
        where = [f"ID gt {int(since.get('id', 0))}"]
        if since.get("moment"):
            start = odata.wall_clock_of(since["moment"], globe.zone_of(api))
            where.append(f"InvoiceDate ge {odata.moment_literal(start - start % DAY)}")
        if wanted.journal:
            where.append(f"JournalCode eq {odata.text(wanted.journal)}")
        if wanted.start_date:
            where.append(f"InvoiceDate ge DateTime'{wanted.start_date}T00:00:00'")
        for rows in globe.batches(api, PRINTED, where=where, order="ID", top=200):
            ids = [row["ID"] for row in rows if isinstance(row.get("ID"), int)]
            yield Page(self._dressed(api, rows), {"id": max(ids)} if ids else None)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Invoices of that day and later."""
        return {"moment": moment.isoformat()}

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """Printed invoices by number, many in a few calls."""
        wanted = [key for key in dict.fromkeys(keys) if key and not key.startswith("#")]
        if not wanted:
            return {}
        rows = gathered(api, PRINTED, "InvoiceNumber", wanted, odata.text)
        records = self._dressed(api, [found[0] for found in rows.values() if found])
        known = {self.key_of(record): record for record in records}
        return {key: known[key.strip()] for key in wanted if key.strip() in known}

    @staticmethod
    def _dressed(api: Api, headers: Sequence[Raw]) -> list[Raw]:
        numbers = [str(header["InvoiceNumber"]).strip() for header in headers]
        if not numbers:
            return []
        lines = gathered(api, PRINTED_LINE, "InvoiceNumber", numbers, odata.text, order="ID")
        known = vat_codes(api)
        records = []
        for header, number in zip(headers, numbers, strict=True):
            own = [dict(line) for line in lines[number]]
            for line in own:
                vat = known.get(code(line.get("TaxCode")) or "")
                if vat is not None:
                    line["VAT"] = {"Percentage": vat.rate, "Prices": vat.prices}
            records.append({**header, "Key": number, PRINTED_LINE: own})
        return records

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """What the prices hold, and the totals; of a credit invoice amounts are positive."""
        lines: list[Json] = document.get("lines") or []
        vats: dict[str, tuple[Decimal, str | None]] = {}
        amounts: list[tuple[str, Decimal]] = []
        net = Decimal(0)
        rows = record.get(PRINTED_LINE) or ()
        for line, row in zip(lines, rows, strict=False):
            vat = row.get("VAT") or {}
            line["tax_rate"], line["prices"] = vat.get("Percentage"), vat.get("Prices")
            price, quantity = odata.number(row.get("NetPrice")), odata.number(row.get("Quantity"))
            net += odata.number(row.get("AmountInclDiscExclVAT")) or Decimal(0)
            if price is None or quantity is None:
                continue
            line["total"] = cents(price * quantity)
            rate = odata.number(vat.get("Percentage"))
            if rate is not None:
                name = str(line.get("vat_code"))
                vats[name] = (rate, vat.get("Prices"))
                amounts.append((name, price * quantity))
        document["closed"] = True  # what was printed is not changed any more
        bases = {line["prices"] for line in lines if line.get("prices")}
        if len(bases) == 1:
            document["prices"] = bases.pop()
        if len(amounts) == len(lines):  # else the VAT of some line is not known
            total = gross_total(amounts, vats)
            document["credit"] = total < 0
            sign = -1 if total < 0 else 1
            document["total"], document["total_tax"] = abs(total), abs(total - net)
            for line in lines:
                line["quantity"] = sign * (odata.number(line.get("quantity")) or Decimal(0))
                line["total"] = sign * line["total"]
        localised(document, zone_in(context))

"""Sales entries: revenue booked in a sales journal, without goods; the financial mutation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from hub.model import Document, JournalEntry, Json
from hub.sdk import (
    Api,
    Context,
    Effect,
    Field,
    Index,
    IndexPage,
    IndexRow,
    Raw,
    RecordError,
    UnknownOutcome,
    Written,
)

from . import api as globe
from . import odata
from .booking import Booked, cents, plain
from .forms_sales import EntrySettings
from .reading import code, zone_in

HEADER, LINE = "FinancialHeader", "FinancialLine"
_KNOWN = ("ID", "EntryNumber", "YourReference")


class SalesEntries(Booked):
    """Sales entries: lines hold revenue per VAT code and account, net; the debtor owes the total.

    An entry is corrected by another one with negative amounts, never changed.
    """

    header = HEADER
    line = LINE
    noun = "entry"
    name = "sales_entries"
    title = "Sales entries"
    document = JournalEntry
    key = "ID"
    number = "EntryNumber"
    match = ("reference",)
    settings = EntrySettings
    fields = (
        Field("ID", "key", read=code, only="read", label="ID"),
        Field("EntryNumber", "entry_number", read=code, only="read", label="Entry number"),
        Field("Journal", "journal", read=code, max_length=3, label="Journal"),
        Field("DebtorNumber", "debtor", read=code, required=True, max_length=6, label="Debtor"),
        Field(
            "YourReference",
            "reference",
            read=code,
            required=True,
            max_length=30,
            label="Your reference",
        ),
        Field("Description", "description", max_length=60, cut=True, label="Description"),
        Field("EntryDate", "entry_date", read=odata.day, label="Entry date"),
        Field("InvoiceDueDate", "due_date", read=odata.day, label="Due date"),
        Field("PaymentCondition", "payment_condition", max_length=2, label="Payment condition"),
        Field("PaymentMethod", "payment_code", read=code, max_length=1, label="Payment method"),
        Field(
            "PaymentReference",
            "payment_reference",
            max_length=20,
            cut=True,
            label="Payment reference",
        ),
        Field("CurrencyCode", "currency", max_length=3, label="Currency"),
        Field("CostCenter", "cost_center", max_length=8, label="Cost centre"),
        Field("CostUnit", "cost_unit", max_length=8, label="Cost unit", only="read"),
        Field("Amount", "total", only="read", label="Total"),
        Field("OutstandingAmount", "outstanding", only="read", label="Still to be paid"),
        Field(
            f"{LINE}[].GLAccount", "postings[].account", read=code, max_length=9, label="Account"
        ),
        Field(f"{LINE}[].Amount", "postings[].amount", label="Line: amount, net"),
        Field(f"{LINE}[].VATCode", "postings[].vat_code", max_length=3, label="Line: VAT code"),
        Field(f"{LINE}[].VATAmount", "postings[].vat_amount", label="Line: VAT"),
        Field(f"{LINE}[].CostCenter", "postings[].cost_center", max_length=8, label="Cost centre"),
        Field(f"{LINE}[].CostUnit", "postings[].cost_unit", max_length=8, label="Cost unit"),
        Field(
            f"{LINE}[].Description",
            "postings[].description",
            max_length=60,
            cut=True,
            label="Line: description",
        ),
        *plain("ReportingDate", "TextField1", "TextField2", "TextField3", "Resource", "Project"),
        *plain(f"{LINE}[].Project", f"{LINE}[].Quantity", f"{LINE}[].Resource"),
    )

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Entries of sales journals by our reference; those that Globe made of printed invoices
        as well, so that nothing is booked twice."""
        return api.find(ENTRIES, by, values)

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """The journal on header and lines, the days, and the total of the lines."""
        assert isinstance(document, JournalEntry)
        zone, settings = zone_in(context), context.settings
        lines = [line for line in payload.get(LINE) or () if line]
        for position, line in enumerate(lines):
            if not line.get("GLAccount") or line.get("Amount") is None:
                missing = "account" if line.get("Amount") is not None else "amount"
                raise RecordError(
                    f"Posting {position + 1} of the entry has no {missing}",
                    field=f"postings[{position}].{missing}",
                    code="missing",
                )
            line.setdefault("VATAmount", Decimal(0))
            line["VATBasis"] = line["Amount"]
        if isinstance(settings, EntrySettings):
            payload.setdefault("Journal", settings.journal)
        if document.entry_date is None and document.ordered_at is not None:
            payload["EntryDate"] = document.ordered_at.astimezone(zone).date()
        day = document.entry_date or payload.get("EntryDate")
        if isinstance(settings, EntrySettings) and settings.due_days is not None and day:
            payload.setdefault("InvoiceDueDate", day + dt.timedelta(days=settings.due_days))
        if payload.get("Journal"):
            for line in lines:
                line["Journal"] = payload["Journal"]
        if lines:
            payload[LINE] = lines
            payload["Amount"] = _total(lines)
        payload.update(odata.wire(payload, zone))

    def expected_total(self, payload: Json) -> Decimal | None:
        """What the debtor will owe: the lines with their VAT."""
        lines = [line for line in payload.get(LINE) or () if line]
        return _total(lines) if lines else None

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """The lines, then the header that makes them an entry: lines + 1 calls."""
        # A rule may have changed a line after the total was made.
        lines = [line for line in payload.get(LINE) or () if line]
        made = self.book(api, {**payload, "Amount": _total(lines)}, effect)
        if made.get("ID") is None:
            raise UnknownOutcome("Exact Globe took the entry and told no number")
        return Written(key=str(made["ID"]), number=code(made.get("EntryNumber")), record=made)


def _total(lines: Sequence[Json]) -> Decimal:
    amounts = [
        (odata.number(line.get("Amount")) or Decimal(0))
        + (odata.number(line.get("VATAmount")) or Decimal(0))
        for line in lines
    ]
    return cents(sum(amounts, Decimal(0)))


# -- the map of references that are there ----------------------------------------------------------


def _row(row: Json) -> IndexRow:
    facts = {"ID": row["ID"], "EntryNumber": code(row.get("EntryNumber"))}
    values = {"reference": code(row.get("YourReference"))}
    return IndexRow(key=str(row["ID"]), values=values, data=facts)


def _new(api: Api, since: Json | None) -> Iterator[IndexPage]:
    where = [f"ID gt {int((since or {}).get('id', 0))}", "JournalType eq 'V'"]
    for rows in globe.batches(api, HEADER, where=where, select=_KNOWN, order="ID"):
        ids = [row["ID"] for row in rows if isinstance(row.get("ID"), int)]
        yield IndexPage([_row(row) for row in rows], {"id": max(ids)} if ids else None)


def _one(api: Api, by: str, value: str) -> IndexRow | None:
    where = [f"YourReference eq {odata.text(value.strip())}", "JournalType eq 'V'"]
    rows = globe.some(api, HEADER, where=where, select=_KNOWN)
    return _row(rows[0]) if rows else None


ENTRIES = Index(name="sales entries", read=_new, one=_one)

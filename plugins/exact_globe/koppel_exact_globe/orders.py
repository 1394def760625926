"""Sales orders: written lines first and header last, read with lines, deliveries and invoices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from hub.model import Document, Json, Order
from hub.sdk import (
    Api,
    Context,
    Effect,
    Field,
    Index,
    IndexPage,
    IndexRow,
    Page,
    Query,
    Raw,
    UnknownOutcome,
    Written,
)

from . import api as globe
from . import deliveries, histories, odata
from .booking import Booked, address, cents, plain, put_name
from .contacts import company_or_person
from .debtors import DEBTOR, debtor_fields, with_debtors
from .forms import OrderSettings
from .forms_sales import OrdersFilter
from .lookups import ORDER_STATUSES, vat_codes
from .reading import code, gathered, localised, zone_in

HEADER, LINE, NOTES = "SalesOrderHeader", "SalesOrderLine", histories.NOTES
DAY = 86_400_000
_KNOWN = ("ID", "SalesOrderNumber", "YourReference")
_NAMES = {
    "name": "{}DebtorName",
    "contact": "{}DebtorContactPerson",
    "line1": "{}DebtorAddress1",
    "line2": "{}DebtorAddress2",
    "line3": "{}DebtorAddress3",
    "postal_code": "{}DebtorPostCode",
    "city": "{}DebtorCity",
    "country": "{}DebtorCountryCode",
    "email": "{}DebtorContactEmail",
    "phone": "{}DebtorPhone",
}


class Orders(Booked):
    """Sales orders with their lines, as they stand in Globe's order entry.

    An order that is in Globe is not changed by the hub: Globe offers no way to do that.
    """

    header = HEADER
    line = LINE
    noun = "order"
    price_decimals = 3
    name = "orders"
    title = "Sales orders"
    document = Order
    key = "SalesOrderNumber"
    match = ("reference",)
    ignored = (DEBTOR,)
    filter = OrdersFilter
    settings = OrderSettings
    fields = (
        Field("SalesOrderNumber", "number", read=code, only="read", label="Order number"),
        Field("YourReference", "reference", read=code, only="read", label="Your reference"),
        Field(
            "YourReference",
            "reference",
            only="write",
            required=True,
            max_length=30,
            label="Your reference",
        ),
        Field("OrderDebtor", "debtor", read=code, only="read", label="Debtor"),
        Field("OrderDebtor", "debtor", only="write", required=True, max_length=6, label="Debtor"),
        Field("OrderDebtor", "customer.reference", read=code, only="read", label="Debtor"),
        Field("SalesOrderDate", "ordered_at", read=odata.wall_clock, label="Order date"),
        Field("DeliveryDate", "delivery_date", read=odata.day, label="Delivery date"),
        Field("PaymentCondition", "payment_condition", max_length=2, label="Payment condition"),
        Field("PaymentMethod", "payment_code", read=code, max_length=1, label="Payment method"),
        Field("ShippingVia", "shipping_via", max_length=5, label="Shipping method"),
        Field("SelectionCode", "selection_code", max_length=2, label="Selection code"),
        Field("Warehouse", "warehouse", max_length=4, label="Warehouse"),
        Field("CostCenter", "cost_center", max_length=8, label="Cost centre"),
        Field("CurrencyCode", "currency", max_length=3, label="Currency"),
        Field(
            "FreeField1",
            "payment_reference",
            max_length=75,
            cut=True,
            label="Free field 1",
            help="Gets the payment's reference.",
        ),
        *address(_NAMES, "Order", "billing", "Debtor's"),
        *address(_NAMES, "Invoice", "billing", "Invoice"),
        *address(_NAMES, "Delivery", "delivery", "Delivery"),
        Field("OrderDebtorContactEmail", "customer.email", only="read", label="E-mail address"),
        Field("OrderDebtorName", "customer.name", only="read", label="Debtor's name"),
        *debtor_fields(),
        Field("Status", "status", only="read", label="Status"),
        Field("Completed", only="read", label="Delivered in full"),
        Field("InvoiceNumber", only="read", label="Invoice number"),
        Field("TotalAmount", "total", only="read", label="Total"),
        Field("TotalVATAmount", "total_tax", only="read", label="VAT"),
        Field(f"{LINE}[].LineNumber", "lines[].key", only="read", label="Line: number"),
        Field(f"{LINE}[].Itemcode", "lines[].item", max_length=30, label="Line: item"),
        Field(f"{LINE}[].Itemcode", "lines[].sku", only="read", label="Line: item"),
        Field(f"{LINE}[].Quantity", "lines[].quantity", label="Line: quantity"),
        Field(f"{LINE}[].Price", "lines[].unit_price", label="Line: price"),
        Field(
            f"{LINE}[].DiscountPercentage",
            "lines[].discount_percentage",
            label="Line: discount, percent",
        ),
        Field(f"{LINE}[].VATCode", "lines[].vat_code", max_length=3, label="Line: VAT code"),
        Field(
            f"{LINE}[].Description",
            "lines[].name",
            max_length=60,
            cut=True,
            label="Line: description",
        ),
        Field(
            f"{LINE}[].CostCenter", "lines[].cost_center", max_length=8, label="Line: cost centre"
        ),
        Field(f"{LINE}[].CostUnit", "lines[].cost_unit", max_length=8, label="Line: cost unit"),
        Field(f"{LINE}[].Warehouse", "lines[].warehouse", max_length=4, label="Line: warehouse"),
        Field(
            f"{LINE}[].QuantityDelivered", "lines[].delivered", only="read", label="Line: delivered"
        ),
        *plain("Reference", "Description1", "Description2", "Description3"),
        *plain(*(f"FreeField{n}" for n in range(2, 6)), "Resource", "InvoiceCode", "Project"),
        *plain(*(f"AdditionalField{n:02}" for n in range(1, 11))),
        *plain(f"{LINE}[].Instruction", f"{LINE}[].LongDescription", f"{LINE}[].Unit"),
        *plain(f"{LINE}[].PriceList", f"{LINE}[].Project", f"{LINE}[].DeliveryDate"),
    )

    # -- reading -------------------------------------------------------------------------------

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """New orders by their ascending id; then those of which something was delivered or
        invoiced since."""
        wanted = query.filter if isinstance(query.filter, OrdersFilter) else OrdersFilter()
        cursor = dict((None if query.full else query.since) or {})
        moment = cursor.pop("moment", None)
        start = None if moment is None else odata.wall_clock_of(moment, globe.zone_of(api))
        where = [f"ID gt {int(cursor.get('id', 0))}", *_conditions(wanted, start)]
        follow = {"shipped": NOTES, "invoiced": histories.INVOICES} if wanted.follow else {}
        for name, entity in follow.items():
            if name not in cursor:
                cursor[name] = histories.newest(api, entity)
        seen: set[str] = set()
        for rows in globe.batches(api, HEADER, where=where, order="ID", top=200):
            ids = [row["ID"] for row in rows if isinstance(row.get("ID"), int)]
            seen |= {self.key_of(row) for row in rows}
            cursor = cursor | ({"id": max(ids)} if ids else {})
            yield Page(self._dressed(api, rows), cursor if ids else None)
        for name, entity in follow.items():
            select = ("ID", "SalesOrderNumber")
            for rows in histories.after(api, entity, int(cursor[name]), select):
                numbers = {n for n in (code(row.get("SalesOrderNumber")) for row in rows) if n}
                found = self.get(api, sorted(numbers - seen))
                seen |= numbers
                if rows:
                    cursor = cursor | {name: max(int(row["ID"]) for row in rows)}
                    news = [row for row in found.values() if _fits(row, wanted, start)]
                    yield Page(news, cursor)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Orders of that day and later."""
        return {"moment": moment.isoformat()}

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """Many orders in four calls; what has left order entry is told from its history. An order
        that was deleted is not there."""
        numbers = {key: key.strip() for key in keys if key.strip().isdecimal()}
        wanted = list(dict.fromkeys(n for n in numbers.values() if len(n) <= 8))
        if not wanted:
            return {}
        rows = gathered(api, HEADER, "SalesOrderNumber", wanted, _padded, sure=True)
        there = [found[0] for found in rows.values() if found]
        known = {self.key_of(row): row for row in self._dressed(api, there)}
        known |= self._past(api, [number for number in wanted if not rows[number]])
        known = dict(zip(known, self.complete(api, list(known.values())), strict=True))
        return {key: known[number] for key, number in numbers.items() if number in known}

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw]:
        """Who buys: the accounts of their debtors, in one call or a few for all of them."""
        return with_debtors(api, records, "OrderDebtor")

    def _dressed(self, api: Api, headers: Sequence[Raw]) -> list[Raw]:
        """Orders with lines, delivery notes and invoice: some three calls for all of them."""
        numbers = [self.key_of(header) for header in headers]
        if not numbers:
            return []
        by_number = "SalesOrderNumber"
        lines = gathered(api, LINE, by_number, numbers, _padded, order="LineNumber", sure=True)
        known = vat_codes(api)
        records = []
        for header, number in zip(headers, numbers, strict=True):
            own = [dict(line) for line in lines[number]]
            for line in own:
                vat = known.get(code(line.get("VATCode")) or "")
                if vat is not None:
                    line["VAT"] = {"Percentage": vat.rate, "Prices": vat.prices}
            records.append({**header, LINE: own})
        gone_out = [
            n for n, record in zip(numbers, records, strict=True) if deliveries.sent(record)
        ]
        notes = deliveries.notes_of(api, gone_out)
        invoices = api.find(histories.PRINTED, "order", numbers)
        for number, record in zip(numbers, records, strict=True):
            record[NOTES] = notes.get(number, [])
            record["InvoiceNumber"] = invoices.get(number, {}).get("InvoiceNumber")
            record["Status"] = deliveries.status_of(record)
        return records

    def _past(self, api: Api, numbers: Sequence[str]) -> dict[str, Raw]:
        """Orders that are no longer in order entry, as far as their history tells."""
        if not numbers:
            return {}
        invoices = api.find(histories.PRINTED, "order", numbers)
        notes = deliveries.notes_of(api, numbers)
        found: dict[str, Raw] = {}
        for number in numbers:
            invoice, sent = invoices.get(number), notes.get(number, [])
            if invoice is None and not sent:
                continue
            found[number] = {
                "SalesOrderNumber": number,
                "YourReference": (invoice or {}).get("YourReference"),
                "InvoiceNumber": (invoice or {}).get("InvoiceNumber"),
                "Completed": True,
                "Status": "invoiced" if invoice else "delivered",
                LINE: [],
                NOTES: sent,
            }
        return found

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Moments in the server's zone; what the lines' prices hold; parcels."""
        lines: list[Json] = document.get("lines") or []
        for line, row in zip(lines, record.get(LINE) or (), strict=False):
            vat = row.get("VAT") or {}
            line["tax_rate"], line["prices"] = vat.get("Percentage"), vat.get("Prices")
            price, quantity = odata.number(row.get("NetPrice")), odata.number(row.get("Quantity"))
            if price is not None and quantity is not None:
                line["total"] = cents(price * quantity)
        bases = {line["prices"] for line in lines if line.get("prices")}
        if len(bases) == 1:
            document["prices"] = bases.pop()
        if DEBTOR in record:
            company_or_person(document.setdefault("customer", {}), record[DEBTOR])
        if billing := _whole_address(record):
            document["billing"] = billing
        document["status_name"] = ORDER_STATUSES.get(str(document.get("status")))
        document["cancelled"] = False
        document["closed"] = bool(record.get("Completed") and record.get("InvoiceNumber"))
        document["shipments"] = deliveries.parcels(document, record, context)
        localised(document, zone_in(context))

    # -- recognising ---------------------------------------------------------------------------

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Orders by our reference, all at once; Globe itself does not keep references unique."""
        return api.find(ORDERS, by, values)

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Dates in the server's zone, names in the addresses, and the flow's own defaults."""
        assert isinstance(document, Order)
        zone = zone_in(context)
        settings = context.settings
        if document.ordered_at is not None:
            day = document.ordered_at.astimezone(zone).date()
            payload["SalesOrderDate"] = day
            if isinstance(settings, OrderSettings) and settings.delivery_days is not None:
                payload.setdefault("DeliveryDate", day + dt.timedelta(days=settings.delivery_days))
        if isinstance(settings, OrderSettings):
            if settings.warehouse:
                payload.setdefault("Warehouse", settings.warehouse)
            if settings.selection_code:
                payload.setdefault("SelectionCode", settings.selection_code)
        put_name(payload, _NAMES, "Order", document.billing)
        put_name(payload, _NAMES, "Invoice", document.billing)
        put_name(payload, _NAMES, "Delivery", document.delivery)
        self.learn(document)
        payload.update(odata.wire(payload, zone))

    def expected_total(self, payload: Json) -> Decimal | None:
        """What Globe will come to: per VAT code, whose prices hold the VAT or not."""
        return self.sale_total(payload)

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """The lines, then the header that makes them an order: lines + 1 calls."""
        made = self.book(api, payload, effect)
        number = code(made.get("SalesOrderNumber"))
        if number is None:
            raise UnknownOutcome("Exact Globe took the order and told no number")
        return Written(key=number, number=number, record=made)


def _padded(number: str) -> str:
    return odata.padded("SalesOrderNumber", number)


def _conditions(wanted: OrdersFilter, start: int | None) -> list[str]:
    where = []
    if start is not None:
        where.append(f"SalesOrderDate ge {odata.moment_literal(start - start % DAY)}")
    if wanted.state != "all":
        where.append(f"Completed eq {'true' if wanted.state == 'completed' else 'false'}")
    if wanted.selection_code:
        where.append(f"SelectionCode eq {odata.text(wanted.selection_code)}")
    if wanted.start_date:
        where.append(f"SalesOrderDate ge DateTime'{wanted.start_date}T00:00:00'")
    return where


def _whole_address(record: Raw) -> Json | None:
    """The invoice address, or else the debtor's own; never one patched with parts of the other."""
    for role in ("Invoice", "Order"):
        parts = {part: code(record.get(name.format(role))) for part, name in _NAMES.items()}
        if parts["line1"] or parts["city"] or parts["postal_code"]:
            return parts
    return None


def _fits(row: Raw, wanted: OrdersFilter, start: int | None) -> bool:
    """The same for an order that is here; one that has left order entry tells too little."""
    if "OrderDebtor" not in row:
        return wanted.state != "open"
    if wanted.state != "all" and bool(row.get("Completed")) != (wanted.state == "completed"):
        return False
    chosen = wanted.selection_code
    if chosen and (code(row.get("SelectionCode")) or "").casefold() != chosen.casefold():
        return False
    ordered = odata.wall_clock_ms(row.get("SalesOrderDate"))
    first = odata.day(row.get("SalesOrderDate"))
    if start is not None and (ordered is None or ordered < start - start % DAY):
        return False
    return wanted.start_date is None or (first is not None and first >= wanted.start_date)


# -- the map of references that are there ----------------------------------------------------------


def _row(row: Json) -> IndexRow:
    number = str(row["SalesOrderNumber"]).strip()
    facts = {"SalesOrderNumber": number, "ID": row.get("ID")}
    return IndexRow(key=number, values={"reference": code(row.get("YourReference"))}, data=facts)


def _new_orders(api: Api, since: Json | None) -> Iterator[IndexPage]:
    where = [f"ID gt {int((since or {}).get('id', 0))}"]
    for rows in globe.batches(api, HEADER, where=where, select=_KNOWN, order="ID"):
        ids = [row["ID"] for row in rows if isinstance(row.get("ID"), int)]
        known = [_row(row) for row in rows if row.get("SalesOrderNumber")]
        yield IndexPage(known, {"id": max(ids)} if ids else None)


def _one_order(api: Api, by: str, value: str) -> IndexRow | None:
    rows = globe.some(api, HEADER, where=[f"YourReference eq {odata.text(value)}"], select=_KNOWN)
    return _row(rows[0]) if rows else None


ORDERS = Index(name="sales orders", read=_new_orders, one=_one_order)

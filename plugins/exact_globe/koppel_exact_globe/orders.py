"""Sales orders: lines first, header last, under one transaction key."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, cast
from uuid import uuid4

from hub.model import Address, Document, Json, Order
from hub.sdk import (
    Api,
    Context,
    Effect,
    Entity,
    Field,
    Index,
    IndexPage,
    IndexRow,
    Page,
    Query,
    Raw,
    RecordError,
    RejectedError,
    UnknownOutcome,
    Written,
)
from hub.sdk.entity import fingerprint

from . import api as globe
from . import odata
from .forms import OrderSettings, OrdersFilter
from .lookups import vat_codes
from .reading import code, localised, zone_in

HEADER, LINE = "SalesOrderHeader", "SalesOrderLine"
DAY = 86_400_000
_CENT = Decimal("0.01")
_KNOWN = ("ID", "SalesOrderNumber", "YourReference")


def _address(role: str, meaning: str, label: str) -> tuple[Field, ...]:
    """The fields of one of the header's three addresses."""
    start = f"{role}Debtor"
    parts = (
        ("Name", "name", "name", 50, True),
        ("ContactPerson", "contact", "contact person", 100, True),
        ("Address1", "line1", "address", 100, True),
        ("Address2", "line2", "address, 2nd line", 100, True),
        ("Address3", "line3", "address, 3rd line", 100, True),
        ("PostCode", "postal_code", "postcode", 20, False),
        ("City", "city", "city", 100, True),
        ("CountryCode", "country", "country", 3, False),
        ("ContactEmail", "email", "e-mail address", 128, False),
        ("Phone", "phone", "telephone", 50, True),
    )
    return tuple(
        Field(start + name, f"{meaning}.{part}", max_length=size, cut=cut, label=f"{label} {text}")
        for name, part, text, size, cut in parts
    )


def _free(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, label=name) for name in names)


def _completed(value: Any) -> str:
    return "completed" if value else "open"


class Orders(Entity):
    """Sales orders with their lines, as they stand in Globe's order entry.

    An order that is in Globe is not changed by the hub: Globe offers no way to do that.
    """

    name = "orders"
    title = "Sales orders"
    document = Order
    key = "SalesOrderNumber"
    match = ("reference",)
    filter = OrdersFilter
    settings = OrderSettings
    fields = (
        Field("SalesOrderNumber", "number", read=code, only="read", label="Order number"),
        Field("YourReference", "reference", required=True, max_length=30, label="Your reference"),
        Field("OrderDebtor", "debtor", read=code, required=True, max_length=6, label="Debtor"),
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
        *_address("Order", "billing", "Debtor's"),
        *_address("Invoice", "billing", "Invoice"),
        *_address("Delivery", "delivery", "Delivery"),
        Field("OrderDebtorContactEmail", "customer.email", only="read", label="E-mail address"),
        Field("OrderDebtorName", "customer.name", only="read", label="Debtor's name"),
        Field("Completed", "status", read=_completed, only="read", label="Delivered in full"),
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
        *_free("Reference", "Description1", "Description2", "Description3"),
        *_free(*(f"FreeField{n}" for n in range(2, 6)), "Resource", "InvoiceCode", "Project"),
        *_free(*(f"AdditionalField{n:02}" for n in range(1, 11))),
        *_free(f"{LINE}[].Instruction", f"{LINE}[].LongDescription", f"{LINE}[].Unit"),
        *_free(f"{LINE}[].PriceList", f"{LINE}[].Project", f"{LINE}[].DeliveryDate"),
    )

    def __init__(self) -> None:
        # What a VAT code does to a price, learned from the orders that are rendered.
        self._vat: dict[str, tuple[Decimal, str | None]] = {}
        self._begun: str | None = None

    # -- reading -------------------------------------------------------------------------------

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """New orders by their ascending id; the lines come with `complete`."""
        wanted = query.filter if isinstance(query.filter, OrdersFilter) else OrdersFilter()
        since = (None if query.full else query.since) or {}
        where = [f"ID gt {int(since.get('id', 0))}"]
        if since.get("moment"):
            start = odata.wall_clock_of(since["moment"], globe.zone_of(api))
            where.append(f"SalesOrderDate ge {odata.moment_literal(start - start % DAY)}")
        if wanted.state != "all":
            where.append(f"Completed eq {'true' if wanted.state == 'completed' else 'false'}")
        if wanted.selection_code:
            where.append(f"SelectionCode eq {odata.text(wanted.selection_code)}")
        if wanted.start_date:
            where.append(f"SalesOrderDate ge DateTime'{wanted.start_date}T00:00:00'")
        for rows in globe.batches(api, HEADER, where=where, order="ID", top=200):
            ids = [row["ID"] for row in rows if isinstance(row.get("ID"), int)]
            yield Page(rows, {"id": max(ids)} if ids else None)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Orders of that day and later."""
        return {"moment": moment.isoformat()}

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw | RecordError]:
        """The lines of each order: one call an order."""
        known = vat_codes(api)

        def whole(record: Raw) -> Raw:
            where = f"SalesOrderNumber eq {odata.padded('SalesOrderNumber', self.key_of(record))}"
            lines = [
                line
                for rows in globe.batches(api, LINE, where=[where], order="LineNumber")
                for line in rows
            ]
            for line in lines:
                vat = known.get(code(line.get("VATCode")) or "")
                if vat is not None:
                    line["VAT"] = {"Percentage": vat.rate, "Prices": vat.prices}
            return {**record, LINE: lines}

        return cast("Sequence[Raw | RecordError]", api.map(whole, records))

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """Two calls an order."""
        found: dict[str, Raw] = {}
        for key in keys:
            number = key.strip().rjust(odata.WIDTHS["SalesOrderNumber"])
            header = globe.one(api, HEADER, odata.text_key(number))
            if header is not None:
                (record,) = self.complete(api, [header])
                if not isinstance(record, RecordError):
                    found[key] = record
        return found

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Moments in the server's zone; what the lines' prices hold."""
        localised(document, zone_in(context))
        lines: list[Json] = document.get("lines") or []
        for line, row in zip(lines, record.get(LINE) or (), strict=False):
            vat = row.get("VAT") or {}
            line["tax_rate"], line["prices"] = vat.get("Percentage"), vat.get("Prices")
            price, quantity = odata.number(row.get("NetPrice")), odata.number(row.get("Quantity"))
            if price is not None and quantity is not None:
                line["total"] = _cents(price * quantity)
        bases = {line["prices"] for line in lines if line.get("prices")}
        if len(bases) == 1:
            document["prices"] = bases.pop()

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
        _name(payload, "Order", document.billing)
        _name(payload, "Invoice", document.billing)
        _name(payload, "Delivery", document.delivery)
        for line in document.lines:
            if line.vat_code and line.tax_rate is not None:
                self._vat[line.vat_code.upper()] = (line.tax_rate, line.prices)
        payload.update(odata.wire(payload, zone))

    def expected_total(self, payload: Json) -> Decimal | None:
        """What Globe will come to: per VAT code, whose prices hold the VAT or not."""
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in payload.get(LINE) or ():
            numbers = [
                odata.number(line.get(name) or 0)
                for name in ("Quantity", "Price", "DiscountPercentage")
            ]
            vat_code = str(line.get("VATCode") or "").upper()
            if None in numbers or line.get("Price") is None or vat_code not in self._vat:
                return None
            quantity, price, discount = cast("list[Decimal]", numbers)
            sums[vat_code] += _cents(quantity * price * (100 - discount) / 100)
        total = Decimal(0)
        for vat_code, amount in sums.items():
            rate, prices = self._vat[vat_code]
            total += amount if prices == "gross" else amount + _cents(amount * rate / 100)
        return total

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """The lines, then the header that makes them an order: lines + 1 calls."""
        header = {name: value for name, value in payload.items() if name != LINE}
        lines = [line for line in payload.get(LINE) or () if line]
        if not lines:
            raise RecordError("The order has no lines; Globe takes no order without", field="lines")
        if any(name.startswith("Additional") for name in header):
            header.setdefault("IsUseAdditionalFields", True)
        key = self._send_lines(api, lines, effect)
        made = globe.create(api, HEADER, {"TransactionKey": key, **header})
        number = code(made.get("SalesOrderNumber"))
        if number is None:
            raise UnknownOutcome("Exact Globe took the order and told no number")
        return Written(key=number, number=number, record=made)

    def _send_lines(self, api: Api, lines: Sequence[Json], effect: Effect) -> str:
        """Send the lines and return the key they wait under.

        A line cannot be told from its own repetition, so a key whose lines may be there in part
        is given up: such lines stay invisible for ever. Only once all are in is the key
        remembered, and the header may then be repeated under it as often as it takes: a used key
        is refused.
        """
        mark = fingerprint(lines)
        key, _, sent = (effect.stage or "").partition(" ")
        if sent == mark:
            return key
        fresh = effect.stage is None and effect.token != self._begun
        self._begun = effect.token
        key = effect.token if fresh else str(uuid4())
        for position, line in enumerate(lines):
            try:
                globe.create(api, LINE, {"TransactionKey": key, **line})
            except RejectedError as error:
                error.field = error.field or f"lines[{position}]"
                raise
        effect.reach(f"{key} {mark}")
        return key


def _name(payload: Json, role: str, address: Address) -> None:
    """A company at an address comes first; the person there is its contact."""
    if address.company:
        payload[f"{role}DebtorName"] = address.company[:50].rstrip()
        person = address.contact or address.name
        if person and person != address.company:
            payload[f"{role}DebtorContactPerson"] = person[:100].rstrip()


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


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

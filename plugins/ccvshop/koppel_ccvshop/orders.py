"""Orders of the shop: read with their rows, followed by status; status and shipment written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from hub.model import Document, Json, Order
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
from .credits import Credits, credits_since, refunded, with_credits
from .forms import OrdersFilter, OrdersSettings
from .reading import FEW, moment_of, one_by_one, records_of, since, stamp, time_text
from .sales import rows_of, sale_understood, with_rows
from .understanding import (
    CANCELLED,
    ORDER_EXTRAS,
    STATUS_NAMES,
    address_fields,
    code,
    day,
    number,
    person_fields,
    row_fields,
    text,
    total_of,
)
from .variants import equal

#: An order gets its date when its basket is made, and is listed when that is checked out.
OVERLAP = dt.timedelta(days=1)


TOLD = frozenset({"status", "track_and_trace_code", "track_and_trace_carrier"})
"""What the shop's e-mail is about."""
MAILED = frozenset({"mail", "note"})
WRITABLE = frozenset(
    {"track_and_trace_code", "track_and_trace_carrier", "reservationnumber", "invoicenumber"}
)
PATCHABLE = TOLD | MAILED | WRITABLE | {"paid"}


def only_read(fields: Iterable[Field]) -> Iterator[Field]:
    """The same fields, none of them to be written."""
    for field in fields:
        yield dataclasses.replace(field, only="read")


def invoice_number(value: Any) -> int:
    """The number of an invoice as the shop takes it. Raises RecordError when it is none."""
    found = str(value).strip()
    if not found.isdigit() or len(found) > 18:
        raise RecordError(
            f"The number of an invoice in CCV Shop is a whole number, not {found[:40]!r}",
            field="invoicenumber",
            code="bad_value",
        )
    return int(found)


def status_number(value: Any) -> int:
    """A status as the shop takes it. Raises RecordError when it is none of the shop's."""
    found = str(value).strip()
    if not found.isdigit() or int(found) not in STATUS_NAMES:
        raise RecordError(
            f"{found!r} is no order status of CCV Shop: there it is a number from 1 to 14",
            field="status",
            code="bad_status",
            fix="statuses",
        )
    return int(found)


class Orders(Entity):
    """Orders of the webshop with their rows, customer, costs, discounts and payment.

    Baskets that were never checked out are left alone. The shop cannot be asked for what has
    changed, only for what is new: orders are found by the day they were made. Where they are
    followed, or with a status or payment filter, those of the last weeks are looked through each
    time; what was given back on them is told by their credit invoices.
    """

    name = "orders"
    title = "Orders"
    document = Order
    key = "id"
    number = "ordernumber_full"
    match = ("reference",)
    ignored = ("orderrows",)
    cannot: ClassVar[Mapping[str, str]] = {
        "write": "Orders in CCV Shop can be given a status, a payment and a shipment; new ones "
        "are made by customers in the shop."
    }
    filter = OrdersFilter
    settings = OrdersSettings
    all_fields = True
    fields = (
        *only_read(
            (
                Field("id", "key", read=code, label="Id"),
                Field("ordernumber_full", "number", read=code, label="Order number"),
                Field("create_date", "ordered_at", read=time_text, label="Ordered at"),
                Field("create_date", "created_at", read=time_text, label="Created at"),
                Field(
                    "ordernumber_full", "reference", read=code, label="Order number as reference"
                ),
                Field("currency", "currency", read=text, label="Currency"),
                Field("orderedinlng", "language", read=text, label="Language"),
                Field("orderedinlng", "customer.language", read=text, label="Customer's language"),
                Field("deliver_date", "delivery_date", read=day, label="Delivery date"),
                Field("deliver_method", "shipping_method", read=text, label="Delivery method"),
                Field("paymethod", "payment_method", read=text, label="Payment method"),
                Field("transaction_id", "payment_reference", read=text, label="Payment reference"),
                Field("total_tax", "total_tax", label="VAT in the total"),
                Field("credits[].total_price_inc_tax", label="Credit invoice: amount"),
                Field("discountcoupon.code", "discount_code", read=text, label="Coupon"),
                Field(
                    "customer.billingaddress.comment", "note", read=text, label="Customer's remark"
                ),
                Field("user.id", "customer.key", read=code, label="Customer id"),
                Field(
                    "user.discount_percentage",
                    "customer.discount_percentage",
                    label="User discount",
                ),
                *person_fields("customer", "customer."),
                *address_fields("customer.billingaddress", "billing", "Billing"),
                *address_fields("customer.deliveryaddress", "delivery", "Delivery"),
                *row_fields("orderrows.items[]"),
                *(Field(path, label=label) for path, label in ORDER_EXTRAS if path not in WRITABLE),
            )
        ),
        Field("status", "status", read=code, write=status_number, label="Status"),
        Field(
            "paid",
            "paid",
            write=lambda paid: paid or None,
            label="Paid",
            help="Only ever set to yes: what was paid in the shop stays paid.",
        ),
        Field("note", "note", only="write", label="Remark in the e-mail to the customer"),
        *(Field(path, label=label) for path, label in ORDER_EXTRAS if path in WRITABLE),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Light pages of 250; the rows come with `complete`, for orders that are new here."""
        wanted = query.filter
        assert isinstance(wanted, OrdersFilter)
        params: dict[str, Any] = {}
        first = self._first(query, wanted)
        if first is not None:
            params["min_create_date"] = stamp(first)
        if len(wanted.statuses) == 1 and wanted.statuses[0].isdigit():
            params["status"] = wanted.statuses[0]
        if wanted.paid != "any":
            params["is_paid"] = "true" if wanted.paid == "paid" else "false"
        params["orderby"] = "id"
        newest, seen = since(query, "created"), set()
        credits = credits_since(api, first) if wanted.follow else Credits()
        for records in walk(api, "/orders/", params):
            made = [m for m in (moment_of(r.get("create_date")) for r in records) if m]
            newest = max([newest, *made] if newest else made, default=None)
            seen |= {str(record.get("id")) for record in records}
            yield Page([credits.added(r) for r in records if self._fits(r, wanted)])
        cursor: Json = {} if newest is None else {"created": stamp(newest)}
        if wanted.follow:
            before = 0 if query.full else int((query.since or {}).get("credit") or 0)
            cursor["credit"] = max(before, credits.newest)
            yield from self._credited(api, query, set(credits.since(before)) - seen)
        # Ids and dates do not always rise together: only a walk to the end moves the cursor.
        if cursor:
            yield Page([], cursor)

    def _credited(self, api: Api, query: Query, keys: Iterable[str]) -> Iterator[Page]:
        """Orders older than the list goes back, with a new credit invoice."""
        found = self.get(api, sorted(keys)).values()
        told = [r for r in found if not isinstance(r, RecordError) and self.wanted(r, query)]
        if told:
            yield Page(told)

    def wanted(self, record: Raw, query: Query) -> bool:
        """By status, payment and date."""
        wanted = query.filter
        if not isinstance(wanted, OrdersFilter):
            return True
        made = moment_of(record.get("create_date"))
        early = wanted.start_date and made and made.date() < wanted.start_date
        return not early and self._fits(record, wanted)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Orders made since then, and those of the day before."""
        return {"created": stamp(moment)}

    @staticmethod
    def _first(query: Query, wanted: OrdersFilter) -> dt.datetime | None:
        """The oldest date that has to be looked at; None is all of them."""
        bounds: list[dt.datetime] = []
        known = since(query, "created")
        if known is not None:
            bounds.append(known - OVERLAP)
            if wanted.later:
                bounds.append(query.now - dt.timedelta(days=wanted.look_back_days))
        first = min(bounds, default=None)
        if wanted.start_date is not None:
            start = dt.datetime.combine(wanted.start_date, dt.time(), dt.UTC)
            first = start if first is None else max(first, start)
        return first

    @staticmethod
    def _fits(record: Raw, wanted: OrdersFilter) -> bool:
        """The whole filter again: the shop takes one status at a time, and no payment method."""
        if record.get("is_completed") is False:
            return False
        if wanted.statuses and code(record.get("status")) not in wanted.statuses:
            return False
        if wanted.paid != "any" and bool(record.get("paid")) != (wanted.paid == "paid"):
            return False
        return not wanted.payment_methods or _paid_with(record) in wanted.payment_methods

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw | RecordError]:
        """Add the rows: one request an order."""
        return records_of(api.map(lambda r: with_rows(api, r, "orders", "orderrows"), records))

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """Three requests an order; for many, one for its rows and its share of the lists."""
        found = _light(api, keys)
        light = {key: r for key, r in found.items() if not isinstance(r, RecordError)}
        whole = with_credits(api, self.complete(api, list(light.values())))
        return {**found, **dict(zip(light, whole, strict=True))}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Orders by their number, prefix included; one request each."""
        wanted = list(dict.fromkeys(values))
        found = _by_numbers(api, {value: value for value in wanted})
        rest = [value for value in wanted if value not in found]
        prefix = _prefix(api) if rest else ""
        if prefix:  # its own digits would be taken for some of the number
            cut = {v: v.strip()[len(prefix) :] for v in rest if _starts(v, prefix)}
            found |= _by_numbers(api, cut)
        return {value: found[value] for value in wanted if value in found}

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One request; two when the customer gets an e-mail, which must not go out twice.

        Also where the shop has some of several fields already, and says that nothing was done.
        """
        if not key.isdigit():
            raise NotFound(f"{key} is not an id of CCV Shop", code="not_found")
        body = {name: value for name, value in payload.items() if value is not None}
        for name in body:
            if name not in PATCHABLE:
                raise RecordError(
                    f"CCV Shop's orders have no field {name} that can be written",
                    field=name,
                    code="unknown_field",
                )
        if "invoicenumber" in body:
            body["invoicenumber"] = invoice_number(body["invoicenumber"])
        if body.get("mail"):
            present = api.get(f"/orders/{key}/")
            body = {n: v for n, v in body.items() if n in MAILED or not equal(v, present.get(n))}
            if not TOLD & body.keys():
                body = {n: v for n, v in body.items() if n not in MAILED}
        if body:
            answer = api.request("PATCH", f"/orders/{key}/", json=body, safe=True)
            fields = body.keys() - MAILED
            if answer.status >= 300 and len(fields) > 1:  # 500.50: is that so of all of them?
                present = api.get(f"/orders/{key}/")
                left = {n: body[n] for n in fields if not equal(body[n], present.get(n))}
                if left:
                    mailed = {n: body[n] for n in body.keys() & MAILED}
                    api.patch(f"/orders/{key}/", left | mailed, safe=True)
        return Written(key)

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """The latest shipment, and whether the customer is told."""
        assert isinstance(document, Order)
        sent = [s for s in document.shipments if s.tracking_code]
        if sent:
            payload["track_and_trace_code"] = sent[-1].tracking_code
            if sent[-1].carrier:
                payload["track_and_trace_carrier"] = sent[-1].carrier
        settings = context.settings
        mail = isinstance(settings, OrdersSettings) and settings.mail_customer
        if mail and TOLD & payload.keys():
            payload["mail"] = True
        else:
            payload.pop("note", None)

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Lines, costs, discounts, basis of prices, addresses, state and shipment."""
        included = record.get("order_row_taxes_included")
        sale_understood(document, record, rows_of(record, "orderrows"), included, context)
        document["total"] = total_of(record, document["prices"])
        document["refunded"] = refunded(record)
        self._state_understood(document, record)

    @staticmethod
    def _state_understood(document: Json, record: Raw) -> None:
        status = number(record.get("status"))
        if status is not None:
            document["status_name"] = STATUS_NAMES.get(int(status))
            document["cancelled"] = status == CANCELLED
        document["payment_method"] = _paid_with(record)
        if record.get("track_and_trace_code"):
            document["shipments"] = [
                {
                    "tracking_code": text(record["track_and_trace_code"]),
                    "carrier": text(record.get("track_and_trace_carrier") or ""),
                    "tracking_url": text(record.get("track_and_trace_deeplink") or ""),
                }
            ]


def _paid_with(record: Raw) -> str | None:
    """The payment method's own name; its label for customers, or its id, when that is empty."""
    for name in ("paymethod", "paymethod_label", "paymethod_id"):
        found = text(record.get(name) or "")
        if found:
            return found
    return None


def _light(api: Api, keys: Sequence[str]) -> dict[str, Raw | RecordError]:
    """Orders without rows: the newest out of the list when there are many, others one by one."""
    wanted = {key for key in keys if key.isdigit()}
    found: dict[str, Raw | RecordError] = {}
    if len(wanted) > FEW:
        oldest = min(map(int, wanted))
        for pages, records in enumerate(walk(api, "/orders/", {"orderby": "id_desc"}), 1):
            found |= {str(r["id"]): r for r in records if str(r["id"]) in wanted}
            left = len(wanted) - len(found)
            # Going on pays as long as it costs less than asking for the rest one by one.
            if int(records[-1]["id"] if records else 0) <= oldest or pages >= left:
                break
    rest = [key for key in keys if key not in found]
    found |= one_by_one(api, "orders", rest)
    return {key: found[key] for key in keys if key in found}


def _by_numbers(api: Api, wanted: Mapping[str, str]) -> dict[str, Raw]:
    """Number -> order. wanted: number -> what to ask the shop for, which ends in its digits."""
    found = records_of(api.map(lambda value: _by_number(api, value, wanted[value]), list(wanted)))
    return {
        value: record
        for value, record in zip(wanted, found, strict=True)
        if record and not isinstance(record, RecordError)
    }


def _by_number(api: Api, value: str, asked: str) -> Raw:
    """The order with this number; the shop searches by the digits, a prefix is compared here."""
    digits = re.search(r"\d+$", asked.strip())
    if digits is None or len(digits[0]) > 18:
        return {}
    query = {"ordernumber": str(int(digits[0])), "orderby": "id_desc", "start": 0, "size": 50}
    for record in items(api.get("/orders/", query), "/orders/"):
        if _folded(record.get("ordernumber_full")) == _folded(value):
            return record
    return {}


def _prefix(api: Api) -> str:
    """What the shop puts before the numbers of its orders now; asked once."""
    if "order prefix" not in api.memo:
        query = {"orderby": "id_desc", "start": 0, "size": 1}
        newest = items(api.get("/orders/", query), "/orders/")[:1]
        api.memo["order prefix"] = (newest[0].get("ordernumber_prefix") or "") if newest else ""
    return str(api.memo["order prefix"]).strip()


def _starts(value: str, prefix: str) -> bool:
    return _folded(value).startswith(_folded(prefix))


def _folded(value: Any) -> str:
    return str(value).strip().casefold()

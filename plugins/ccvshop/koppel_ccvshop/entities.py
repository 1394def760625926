"""What a CCV Shop holds for others: orders, customers and products, each with its field table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hub.model import Customer, Json, Order
from hub.sdk import Api, Context, Entity, Field, Page, Query, Raw, RecordError

from .api import walk
from .forms import CustomersFilter, OrdersFilter, Settings
from .products import Products
from .reading import moment_of, one_by_one, records_of, since, stamp, time_text
from .understanding import (
    CANCELLED,
    ORDER_EXTRAS,
    STATUS_NAMES,
    ZERO,
    address_fields,
    code,
    costs_of,
    day,
    line_understood,
    number,
    person_fields,
    person_understood,
    row_fields,
    text,
    total_of,
)

__all__ = ["Customers", "Orders", "Products"]

#: An order gets its date when its basket is made, and is listed when that is checked out.
OVERLAP = dt.timedelta(days=1)


class Orders(Entity):
    """Orders of the webshop with their rows, customer, costs, discounts and payment.

    Baskets that were never checked out are left alone. The shop cannot be asked for what has
    changed, only for what is new: orders are found by the day they were made, and with a status
    or payment filter those of the last weeks are looked through each time.
    """

    name = "orders"
    title = "Orders"
    document = Order
    key = "id"
    number = "ordernumber_full"
    ignored = ("orderrows",)
    filter = OrdersFilter
    fields = (
        Field("id", "key", read=code, label="Id"),
        Field("ordernumber_full", "number", read=code, label="Order number"),
        Field("create_date", "ordered_at", read=time_text, label="Ordered at"),
        Field("create_date", "created_at", read=time_text, label="Created at"),
        Field("status", "status", read=code, label="Status"),
        Field("paid", "paid", label="Paid"),
        Field("currency", "currency", read=text, label="Currency"),
        Field("orderedinlng", "language", read=text, label="Language"),
        Field("orderedinlng", "customer.language", read=text, label="Customer's language"),
        Field("deliver_date", "delivery_date", read=day, label="Delivery date"),
        Field("deliver_method", "shipping_method", read=text, label="Delivery method"),
        Field("paymethod", "payment_method", read=text, label="Payment method"),
        Field("transaction_id", "payment_reference", read=text, label="Payment reference"),
        Field("total_tax", "total_tax", label="VAT in the total"),
        Field("discountcoupon.code", "discount_code", read=text, label="Coupon"),
        Field("customer.billingaddress.comment", "note", read=text, label="Customer's remark"),
        Field("user.id", "customer.key", read=code, label="Customer id"),
        Field("user.discount_percentage", "customer.discount_percentage", label="User discount"),
        *person_fields("customer", "customer."),
        *address_fields("customer.billingaddress", "billing", "Billing"),
        *address_fields("customer.deliveryaddress", "delivery", "Delivery"),
        *row_fields("orderrows.items[]"),
        *(Field(path, label=label) for path, label in ORDER_EXTRAS),
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
        newest = since(query, "created")
        for records in walk(api, "/orders/", params):
            made = [m for m in (moment_of(r.get("create_date")) for r in records) if m]
            newest = max([newest, *made] if newest else made, default=None)
            yield Page([record for record in records if self._fits(record, wanted)])
        # Ids and dates do not always rise together: only a walk to the end moves the cursor.
        if newest is not None:
            yield Page([], {"created": stamp(newest)})

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
        return records_of(api.map(self._rows(api), records))

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """Two requests an order."""
        found = one_by_one(api, "orders", keys)
        light = {key: r for key, r in found.items() if not isinstance(r, RecordError)}
        whole = self.complete(api, list(light.values()))
        return {**found, **dict(zip(light, whole, strict=True))}

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Lines, costs, discounts, basis of prices and addresses."""
        settings = context.connection
        sku_field = settings.sku_field if isinstance(settings, Settings) else "best"
        rows = [r for r in _rows_of(record) if isinstance(r, Mapping)]
        lines: list[Json] = document.get("lines") or []
        lines += [{} for _ in range(len(rows) - len(lines))]
        for line, row in zip(lines, rows, strict=False):
            line_understood(line, row, sku_field)
        document["lines"] = lines
        included = record.get("order_row_taxes_included")
        if included is None:
            included = record.get("taxes_included", True)
        document["prices"] = "gross" if included else "net"
        document["costs"] = costs_of(record)
        document["total"] = total_of(record, document["prices"])
        document["discount"] = (
            (number(record.get("total_discounts")) or ZERO)
            + (number(record.get("credit_point_discount")) or ZERO)
        ) or None
        self._tax_understood(document, record)
        self._customer_understood(document, record)
        self._state_understood(document, record)

    @staticmethod
    def _tax_understood(document: Json, record: Raw) -> None:
        untaxed = number(record.get("total_tax")) == 0
        document["tax_exempt"] = exempt = bool(
            record.get("is_intra_community_order")
            or record.get("is_platform_sale")
            or (record.get("taxes_included") is False and untaxed)
        )
        if exempt and untaxed:
            # The rate that counts is the one that was charged, not the one the goods have.
            for charged in (*document["lines"], *document["costs"]):
                charged["tax_rate"] = ZERO

    @staticmethod
    def _customer_understood(document: Json, record: Raw) -> None:
        info = record.get("customer")
        customer = document.setdefault("customer", {})
        person_understood(customer, info if isinstance(info, Mapping) else {})
        customer["currency"] = document.get("currency")
        # One reading of both addresses serves the order and its customer.
        document["billing"] = dict(customer["billing"])
        document["delivery"] = dict(customer["delivery"])

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

    @staticmethod
    def _rows(api: Api) -> Callable[[Raw], Raw]:
        def fetch(record: Raw) -> Raw:
            path = f"/orders/{record['id']}/orderrows/"
            rows = [row for page in walk(api, path) for row in page]
            link = record.get("orderrows")
            return {
                **record,
                "orderrows": {**(link if isinstance(link, dict) else {}), "items": rows},
            }

        return fetch


def _rows_of(record: Raw) -> list[Any]:
    rows = record.get("orderrows")
    found = rows.get("items") if isinstance(rows, Mapping) else None
    return found if isinstance(found, list) else []


def _paid_with(record: Raw) -> str | None:
    """The payment method's own name; its label for customers, or its id, when that is empty."""
    for name in ("paymethod", "paymethod_label", "paymethod_id"):
        found = text(record.get(name) or "")
        if found:
            return found
    return None


class Customers(Entity):
    """Customers with an account in the webshop. Who orders as a guest is only in the order.

    The shop does not say when an account was changed, so all accounts are read each time.
    """

    name = "customers"
    title = "Users"
    document = Customer
    key = "id"
    filter = CustomersFilter
    fields = (
        Field("id", "key", read=code, label="Id"),
        Field("status", "active", label="May log in"),
        Field("group_id", "classification", read=code, label="Customer group"),
        *person_fields("userinfo"),
        Field("userinfo.billingaddress.comment", "note", read=text, label="Remark"),
        Field("username", label="User name"),
        Field("approval_status", label="Approval"),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """All accounts, in pages of 250."""
        wanted = query.filter
        assert isinstance(wanted, CustomersFilter)
        for records in walk(api, "/users/", {"orderby": "id"}):
            yield Page(
                [
                    r
                    for r in records
                    if not wanted.groups or code(r.get("group_id")) in wanted.groups
                ]
            )

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """One request a customer."""
        return one_by_one(api, "users", keys)

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Names, contact person and delivery address; a user name that is an e-mail address."""
        info = record.get("userinfo")
        person_understood(document, info if isinstance(info, Mapping) else {})
        username = str(record.get("username") or "").strip()
        if not document.get("email") and "@" in username:
            document["email"] = username
        document["number"] = document.get("reference") or code(record.get("id"))

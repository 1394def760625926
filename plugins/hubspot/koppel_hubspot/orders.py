"""Orders: read with lines and customer, made whole in one go, followed by stage."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hub.model import Customer, Document, Json, Order
from hub.sdk import Context, Field, Query, Raw

from . import sale_writing
from .forms import OrdersFilter, OrdersSettings
from .reading import amount, joined, line_of, moment, text, yes
from .sales import customer_fields, line_fields
from .searching import condition
from .selling import Selling, put_lines, reference_fields

CANCELLED = "3c85a297-e9ce-400b-b42e-9f16853d69d6"
"""The stage of that meaning in the pipeline that every account begins with."""
_PAID = frozenset({"paid", "betaald", "bezahlt", "pagato", "payé", "succeeded"})
_PLACE = (
    ("name", "name", "name"),
    ("street", "line1", "street and number"),
    ("postal_code", "postal_code", "postal code"),
    ("city", "city", "city"),
    ("state", "region", "province"),
    ("country", "country", "country"),
    ("phone", "phone", "telephone"),
    ("email", "email", "e-mail address"),
)
PLACES = (("billing", "billing"), ("shipping", "delivery"))


def _paid(value: Any) -> bool | None:
    return True if str(value).strip().casefold() in _PAID else None


def _write_paid(value: Any) -> str | None:
    return "Paid" if value else None


def _upper(value: str) -> str:
    return value.upper()


def address_fields() -> Iterator[Field]:
    """Billing and shipping address; street and number are one text in HubSpot."""
    for role, meaning in PLACES:
        for name, part, label in _PLACE:
            yield Field(
                f"properties.hs_{role}_address_{name}",
                f"{meaning}.{part}",
                read=text,
                write=_upper if name == "country" else None,
                label=f"{role.capitalize()} address: {label}",
            )


class Orders(Selling):
    """Orders with their line items, contact and company.

    The stage is the order's status. HubSpot reckons nothing: totals are what was written. An order
    made by the hub keeps its number in the other system, by which it is recognised.
    """

    name = "orders"
    title = "Orders"
    document = Order
    object = "orders"
    number = "properties.hs_order_name"
    ties = sale_writing.ORDER
    filter = OrdersFilter
    settings = OrdersSettings
    properties = (
        *("hs_order_name", "hs_external_order_id", "hs_external_created_date", "hs_createdate"),
        *("hs_source_store", "hs_currency_code", "hs_pipeline", "hs_pipeline_stage"),
        *("hs_subtotal_price", "hs_order_discount", "hs_shipping_cost", "hs_tax"),
        *("hs_total_price", "hs_refund_amount", "hs_discount_codes"),
        "hs_payment_processing_method",
        *("hs_payment_status", "hs_fulfillment_status", "hs_shipping_tracking_number"),
        *("hs_shipping_status_url", "hs_order_note", "hs_is_closed", "hs_cancelled_date"),
        *("hs_external_order_status", "hs_shipping_method"),
        *(
            f"hs_{role}_address_{name}"
            for role, _ in PLACES
            for name in (*(row[0] for row in _PLACE), "firstname", "lastname")
        ),
    )
    fields = (
        Field("id", "key", only="read", label="Id"),
        *reference_fields(),
        Field("properties.hs_external_order_id", "number", read=text, only="read", label="Number"),
        Field(
            "properties.hs_external_order_id",
            "number",
            only="write",
            when="create",
            label="Number in the other system",
        ),
        Field(
            "properties.hs_order_name",
            "number",
            only="write",
            when="create",
            max_length=200,
            cut=True,
            label="Name",
        ),
        Field("properties.hs_createdate", "ordered_at", read=moment, only="read", label="Made at"),
        Field("properties.hs_createdate", "created_at", read=moment, only="read", label="Made at"),
        Field("properties.hs_external_created_date", "ordered_at", read=moment, label="Ordered at"),
        Field("properties.hs_currency_code", "currency", read=text, label="Currency"),
        Field("properties.hs_pipeline_stage", "status", read=text, label="Stage"),
        Field("properties.hs_total_price", "total", label="Total"),
        Field("properties.hs_tax", "total_tax", label="VAT in the total"),
        Field("properties.hs_refund_amount", "refunded", read=amount, label="Refunded"),
        Field("properties.hs_order_discount", "discount", label="Discount on the order"),
        Field("properties.hs_discount_codes", "discount_code", read=text, label="Discount codes"),
        Field(
            "properties.hs_payment_processing_method",
            "payment_method",
            read=text,
            label="Payment method",
        ),
        Field(
            "properties.hs_payment_status",
            "paid",
            read=_paid,
            write=_write_paid,
            label="Payment status",
            help="Written as Paid; never taken back.",
        ),
        Field(
            "properties.payment_condition",
            "payment_condition",
            read=text,
            label="Payment condition",
        ),
        Field("properties.hub_shipping_method", "shipping_method", read=text, label="Shipping"),
        Field("properties.hs_order_note", "note", read=text, label="Note"),
        *address_fields(),
        *customer_fields(),
        *line_fields(),
        Field("properties.hs_shipping_cost", label="Shipping costs"),
        Field("properties.hs_subtotal_price", label="Subtotal"),
        Field("properties.hs_source_store", label="Source store"),
        Field("properties.hs_order_name", label="Name"),
        Field("properties.hs_pipeline", label="Pipeline"),
        Field("properties.hs_fulfillment_status", label="Fulfillment status"),
        Field("properties.hs_shipping_tracking_number", label="Tracking number"),
        Field("properties.hs_shipping_status_url", label="Tracking page"),
        Field("properties.hs_external_order_status", label="Status in the other system"),
        Field("properties.hs_external_order_url", label="Address of the order elsewhere"),
    )

    # -- reading -------------------------------------------------------------------------------

    def conditions(self, query: Query) -> list[Json]:
        """Pipeline, stages and stores."""
        found = super().conditions(query)
        if isinstance(query.filter, OrdersFilter) and query.filter.stores:
            stores = [store.lower() for store in query.filter.stores]  # as texts are matched
            found.append(condition("hs_source_store", "IN", stores))
        return found

    def number_of(self, record: Raw) -> str:
        """Its number in the system it comes from, else its id: names may be anything."""
        return str(record["properties"].get("hs_external_order_id") or record["id"])

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Costs, shipment, and whether it is cancelled or closed."""
        own = record["properties"]
        for role, place in PLACES:
            names = (own.get(f"hs_{role}_address_{n}name") for n in ("first", "last"))
            person, there = joined(*names), document.get(place)
            if there and person and there.get("name") not in (None, person):
                there["company"], there["contact"] = there["name"], person
        super().understood(document, record, context)
        customer = document["customer"]
        if not customer.get("email") and own.get("hs_billing_address_email"):
            customer["email"] = text(own["hs_billing_address_email"])
        if not customer.get("key") and not customer.get("name"):
            _guest(document, own)
        shipping = amount(own.get("hs_shipping_cost"))
        if shipping:
            document["costs"] = [
                {"kind": "shipping", "amount": shipping, "prices": document["prices"]}
            ]
        document["cancelled"] = bool(own.get("hs_cancelled_date")) or (
            own.get("hs_pipeline_stage") == CANCELLED
        )
        document["closed"] = yes(own.get("hs_is_closed"))
        if own.get("hs_shipping_tracking_number"):
            document["shipments"] = [
                {
                    "tracking_code": text(own["hs_shipping_tracking_number"]),
                    "tracking_url": text(own.get("hs_shipping_status_url") or ""),
                }
            ]
        if not document.get("shipping_method") and own.get("hs_shipping_method"):
            document["shipping_method"] = text(own["hs_shipping_method"])

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Addresses on one line, sums, shipment, whose order it is; lines only of a new one."""
        assert isinstance(document, Order)
        own = payload.setdefault("properties", {})
        for role, place in (("billing", document.billing), ("shipping", document.delivery)):
            _put_place(own, role, place, document.customer)
        if document.payment_code:
            own["hs_payment_processing_method"] = document.payment_code
        if document.shipping_via:
            own["hub_shipping_method"] = document.shipping_via
        sent = [s for s in document.shipments if s.tracking_code]
        if sent:
            own["hs_shipping_tracking_number"] = sent[-1].tracking_code
            if sent[-1].tracking_url:
                own["hs_shipping_status_url"] = sent[-1].tracking_url
        if not context.creating:
            payload.pop("lines", None)
            return
        settings = context.settings
        if isinstance(settings, OrdersSettings):
            if settings.source_store:
                own.setdefault("hs_source_store", settings.source_store)
            self.begin(own, settings.new_pipeline, settings.new_stage)
        for name, value in (("email", document.customer.email), ("phone", document.customer.phone)):
            if value:
                own.setdefault(f"hs_billing_address_{name}", value)
        _put_sums(own, document)
        put_lines(payload, document)


def _put_place(own: Json, role: str, place: Any, buyer: Customer) -> None:
    """HubSpot has one line for the street; the company goes where the name is."""
    prefix = f"hs_{role}_address_"
    street = line_of(place)
    if street:
        own[f"{prefix}street"] = joined(street, place.line2, place.line3, by=", ")
    person = place.contact or place.name
    if place.company:
        own[f"{prefix}name"] = place.company
    if person and person != place.company:
        last = joined(buyer.middle_name, buyer.last_name)
        if buyer.first_name and last and person == joined(buyer.first_name, last):
            own[f"{prefix}firstname"], own[f"{prefix}lastname"] = buyer.first_name, last
        else:
            own[f"{prefix}lastname"] = person
        own.setdefault(f"{prefix}name", person)


def _put_sums(own: Json, document: Order) -> None:
    """What the lines come to, shipping among them; HubSpot does not add them up."""
    totals = [line.total for line in document.lines if line.total is not None]
    if totals and len(totals) == len(document.lines):
        own.setdefault("hs_subtotal_price", sum(totals, Decimal(0)))


def _guest(document: Json, own: Json) -> None:
    """An order without contact: who it is for stands in its billing address."""
    customer, place = document["customer"], document.get("billing") or {}
    for name, part in (("firstname", "first_name"), ("lastname", "last_name")):
        value = own.get(f"hs_billing_address_{name}")
        if value:
            customer[part] = text(value)
    customer["company"] = place.get("company")
    customer["name"] = place.get("company") or place.get("name")
    customer["billing"] = dict(place)

"""Deals: a sale of the CRM with pipeline and stage, read as an order and made from one."""

from __future__ import annotations

from hub.model import Document, Json, Order
from hub.sdk import Context, Field, Raw

from . import sale_writing
from .forms import DealsFilter, DealsSettings
from .reading import moment, text
from .sales import customer_fields, line_fields
from .selling import Selling, put_lines, reference_fields

LOST = "closedlost"


class Deals(Selling):
    """Deals of a pipeline with their line items, contact and company.

    A deal has no addresses: they are the company's, else the contact's. Its amount is that of its
    lines, without VAT unless the prices of this connection include it.
    """

    name = "deals"
    title = "Deals"
    document = Order
    object = "deals"
    number = "properties.dealname"
    ties = sale_writing.DEAL
    filter = DealsFilter
    settings = DealsSettings
    properties = (
        *("dealname", "pipeline", "dealstage", "amount", "closedate", "createdate"),
        *("deal_currency_code", "dealtype", "description", "hubspot_owner_id"),
    )
    fields = (
        Field("id", "key", only="read", label="Id"),
        *reference_fields(),
        Field("properties.createdate", "ordered_at", read=moment, only="read", label="Made at"),
        Field("properties.createdate", "created_at", read=moment, only="read", label="Made at"),
        Field("properties.closedate", "ordered_at", read=moment, label="Close date"),
        Field("properties.deal_currency_code", "currency", read=text, label="Currency"),
        Field("properties.dealstage", "status", read=text, label="Stage"),
        Field("properties.description", "note", read=text, label="Description"),
        Field("properties.amount", "total", only="write", label="Amount"),
        *customer_fields(),
        *line_fields(),
        Field("properties.dealname", label="Name"),
        Field("properties.pipeline", label="Pipeline"),
        Field("properties.dealtype", label="Type"),
        Field("properties.hubspot_owner_id", label="Owner"),
    )

    def number_of(self, record: Raw) -> str:
        """Its id: names of deals may be anything."""
        return str(record["id"])

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """The amount counts as total only where prices include VAT; lost is cancelled."""
        document["number"] = str(record["id"])
        super().understood(document, record, context)
        own = record["properties"]
        if document["prices"] == "gross" and own.get("amount"):
            document["total"] = own["amount"]
        document["cancelled"] = own.get("dealstage") == LOST

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Its name, where it begins, and its lines; of one that is there only what is told."""
        assert isinstance(document, Order)
        own = payload.setdefault("properties", {})
        if not context.creating:
            payload.pop("lines", None)
            return
        settings = context.settings if isinstance(context.settings, DealsSettings) else None
        if settings is not None and "dealname" not in own:
            values = {
                "number": document.number or "",
                "reference": document.reference or "",
                "name": document.customer.company or document.customer.name or "",
            }
            name = settings.deal_name
            for key, value in values.items():
                name = name.replace(f"{{{key}}}", value)
            own["dealname"] = name.strip() or f"Order {document.number}"
        if settings is not None:
            self.begin(own, settings.new_deal_pipeline, settings.new_deal_stage)
        put_lines(payload, document)

"""Deals: a sale of the CRM with pipeline and stage, read as an order and made from one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.model import Document, Json, Order
from hub.sdk import Api, Context, Effect, Field, Query, Raw, RecordError, Written

from . import sale_writing
from .forms import DealsFilter, DealsSettings
from .orders import find_by_reference, only, put_lines
from .pipelines import must_exist
from .reading import moment, text
from .sales import Sale, customer_fields, line_fields
from .schema import REFERENCE
from .searching import condition

LOST = "closedlost"


class Deals(Sale):
    """Deals of a pipeline with their line items, contact and company.

    A deal has no addresses: they are the company's, else the contact's. Its amount is that of its
    lines, without VAT unless the prices of this connection include it.
    """

    name = "deals"
    title = "Deals"
    document = Order
    object = "deals"
    number = "properties.dealname"
    match = ("reference",)
    stage = "dealstage"
    pipeline = "pipeline"
    filter = DealsFilter
    settings = DealsSettings
    properties = (
        *("dealname", "pipeline", "dealstage", "amount", "closedate", "createdate"),
        *("deal_currency_code", "dealtype", "description", "hubspot_owner_id"),
    )
    fields = (
        Field("id", "key", only="read", label="Id"),
        Field(f"properties.{REFERENCE}", "reference", read=text, only="read", label="Reference"),
        Field(
            f"properties.{REFERENCE}",
            "reference",
            only="write",
            when="create",
            required=True,
            max_length=200,
            label="Reference",
        ),
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

    def conditions(self, query: Query) -> list[Json]:
        """Pipeline and stages."""
        wanted = query.filter if isinstance(query.filter, DealsFilter) else DealsFilter()
        found = []
        if wanted.pipeline:
            found.append(condition("pipeline", "EQ", wanted.pipeline))
        if wanted.stages:
            found.append(condition("dealstage", "IN", wanted.stages))
        return found

    def must_be_there(self, api: Api, query: Query) -> None:
        """The pipeline and stages of the filter."""
        wanted = query.filter
        if isinstance(wanted, DealsFilter) and (wanted.pipeline or wanted.stages):
            must_exist(api, "deals", wanted.pipeline, wanted.stages)

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

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By the reference that the hub wrote."""
        return find_by_reference(api, self.object, values)

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
            if settings.new_deal_pipeline and "dealstage" not in own:
                own["pipeline"] = settings.new_deal_pipeline
            if settings.new_deal_stage:
                own.setdefault("dealstage", settings.new_deal_stage)
        put_lines(payload, document)

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """As several."""
        return only(self.create_many(api, [payload], [effect]))

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """As several."""
        return only(self.update_many(api, [(key, payload)], [effect]))

    def create_many(
        self, api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred lines, then a hundred deals with all their links a request."""
        return sale_writing.create(api, sale_writing.DEAL, payloads, effects)

    def update_many(
        self, api: Api, changes: Sequence[tuple[str, Json]], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred a request. Lines are never changed."""
        return sale_writing.update(api, sale_writing.DEAL, changes)

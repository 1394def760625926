"""What orders and deals have in common: a pipeline, a reference of ours, and how they are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from hub.model import Json, Order
from hub.sdk import Api, Effect, Field, Query, Raw, RecordError, Written

from . import sale_writing
from .forms import DealsFilter, OrdersFilter
from .pipelines import must_exist
from .reading import Made, text
from .sales import Sale
from .schema import REFERENCE, found_by
from .searching import condition


def reference_fields() -> Iterator[Field]:
    """The number by which the hub recognises what it made: written once."""
    path = f"properties.{REFERENCE}"
    yield Field(path, "reference", read=text, only="read", label="Reference")
    yield Field(
        path,
        "reference",
        only="write",
        when="create",
        required=True,
        max_length=200,
        label="Reference",
    )


class Selling(Made, Sale):
    """Orders and deals. ties: how they are tied to others, and what says where they stand."""

    match = ("reference",)
    ties: ClassVar[sale_writing.Ties]

    def conditions(self, query: Query) -> list[Json]:
        """Pipeline and stages."""
        wanted, found = query.filter, []
        if isinstance(wanted, (OrdersFilter, DealsFilter)):
            if wanted.pipeline:
                found.append(condition(self.ties.pipeline, "EQ", wanted.pipeline))
            if wanted.stages:
                found.append(condition(self.ties.stage, "IN", wanted.stages))
        return found

    def must_be_there(self, api: Api, query: Query) -> None:
        """The pipeline and stages of the filter."""
        wanted = query.filter
        if isinstance(wanted, (OrdersFilter, DealsFilter)) and (wanted.pipeline or wanted.stages):
            must_exist(api, self.object, wanted.pipeline, wanted.stages)

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By the reference that the hub wrote; a hundred a request, right after the write too."""
        return found_by(api, self.object, REFERENCE, values)

    def begin(self, own: Json, pipeline: str | None, stage: str | None) -> None:
        """Where a new one begins, when its status does not say."""
        if pipeline and self.ties.stage not in own:
            own[self.ties.pipeline] = pipeline
        if stage:
            own.setdefault(self.ties.stage, stage)

    def create_many(
        self, api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred lines, then a hundred orders or deals with all their links a request."""
        return sale_writing.create(api, self.ties, payloads, effects)

    def update_many(
        self, api: Api, changes: Sequence[tuple[str, Json]], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred a request. Lines are never changed."""
        return sale_writing.update(api, self.ties, changes)


def put_lines(payload: Json, document: Order) -> None:
    """What a table cannot say of lines: amounts are never negative, the currency, options."""
    rows: list[Json] = payload.get("lines") or []
    for line, row in zip(document.lines, rows, strict=False):
        own = row.setdefault("properties", {})
        price, quantity = line.unit_price, line.quantity
        if price is not None and price < 0 and quantity is not None:
            own["price"], own["quantity"] = -price, -quantity
        if document.currency:
            own["hs_line_item_currency_code"] = document.currency
        if line.item and not line.item.isdigit():
            own.pop("hs_product_id", None)  # no product of HubSpot's: a line with a name only
        more = [*line.options, *([line.note] if line.note else [])]
        if more:
            own["description"] = "\n".join(more)
    who = {"debtor": document.debtor, "email": document.customer.email}
    payload["customer"] = {name: value for name, value in who.items() if value}

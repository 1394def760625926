"""What the toy holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from hub.model import Customer, Json, Order, Product
from hub.sdk import (
    Api,
    Context,
    Effect,
    Entity,
    Field,
    Form,
    NotFound,
    Page,
    Query,
    Raw,
    RecordError,
    Written,
)
from hub.sdk.forms import choice, text


class Collection(Entity):
    """One list of the toy; all of them work alike."""

    path: ClassVar[str]
    number = "number"
    modified = "changed"

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Oldest change first. A resumed read repeats what has the last change stamp."""
        since = None if query.full else (query.since or {}).get("changed")
        after: str | None = None
        while True:
            params = {"limit": api.settings.page_size, "since": since, "after": after}
            got = api.get(self.path, {k: v for k, v in params.items() if v is not None})
            items = [record for record in got["items"] if self.wanted(record, query)]
            last = got["items"][-1]["changed"] if got["items"] else None
            yield Page(items, {"changed": last} if last else None)
            after = got["next"]
            if after is None:
                return

    def wanted(self, record: Raw, query: Query) -> bool:
        """Whether the filter lets it through."""
        return True

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """One call each."""
        answers = api.map(lambda key: api.get(f"{self.path}/{key}"), keys)
        return {
            key: answer
            for key, answer in zip(keys, answers, strict=True)
            if isinstance(answer, (dict, RecordError)) and not isinstance(answer, NotFound)
        }

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """All in one call."""
        if not values:
            return {}
        name = {"reference": "number"}.get(by, by)
        got = api.post(f"{self.path}/search", {"field": name, "values": list(values)}, safe=True)
        by_value = {str(record[name]).casefold(): record for record in got["items"]}
        return {v: by_value[v.casefold()] for v in values if v.casefold() in by_value}

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One call; the token makes it safe to say it twice."""
        record = api.post(self.path, {**payload, "token": effect.token})
        return Written(str(record["id"]), record["number"], record)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One call."""
        record = api.patch(f"{self.path}/{key}", payload)
        return Written(str(record["id"]), record["number"], record)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Everything that changed since then."""
        return {"changed": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}


class CustomerSettings(Form):
    """What is asked when customers go to the toy."""

    colour: str | None = choice("Colour of new customers", lookup="colours", default=None)


class Customers(Collection):
    """People and companies that buy toys."""

    name = "customers"
    title = "Customers"
    document = Customer
    path = "/api/customers"
    match = ("email", "reference")
    settings = CustomerSettings
    fields = (
        Field("number", "reference"),
        Field("email", "email", required=True, label="E-mail address"),
        Field("company", "company", max_length=40, cut=True),
        Field("first_name", "first_name"),
        Field("last_name", "last_name"),
        Field("phone", "phone", when="create"),
        Field("street", "billing.line1"),
        Field("city", "billing.city"),
        Field("country", "billing.country"),
        Field("changed", "modified_at", only="read"),
        Field("newsletter", None, label="Wants the newsletter"),
    )

    def rendered(self, payload: Json, document: Any, context: Context) -> None:
        """The colour that was chosen."""
        colour = getattr(context.settings, "colour", None)
        if colour and context.creating:
            payload["colour"] = colour


class Products(Collection):
    """Toys for sale."""

    name = "products"
    title = "Toys"
    document = Product
    path = "/api/products"
    match = ("sku",)
    fields = (
        Field("sku", "sku", required=True, label="SKU"),
        Field("name", "name", required=True),
        Field("price", "price"),
        Field("changed", "modified_at", only="read"),
    )

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Prices of the toy include VAT."""
        document["prices"] = "gross"
        document["currency"] = "EUR"


class OrdersFilter(Form):
    """Which orders to take."""

    status: str = choice(
        "Status", options=(("any", "Any"), ("paid", "Paid"), ("new", "New")), default="any"
    )


class OrderSettings(Form):
    """What is asked when orders go to the toy."""

    label: str = text("Label on every order", default="", example="web")


class Orders(Collection):
    """Orders for toys, with their lines."""

    name = "orders"
    title = "Orders"
    document = Order
    path = "/api/orders"
    match = ("reference",)
    filter = OrdersFilter
    settings = OrderSettings
    fields = (
        Field("number", "reference", required=True, label="Order number"),
        Field("status", "status"),
        Field("email", "customer.email"),
        Field("name", "customer.name"),
        Field("customer", "debtor", only="write"),
        Field("country", "delivery.country"),
        Field("total", "total"),
        Field("changed", "modified_at", only="read"),
        Field("lines[].sku", "lines[].sku"),
        Field("lines[].name", "lines[].name"),
        Field("lines[].quantity", "lines[].quantity"),
        Field("lines[].price", "lines[].unit_price"),
        Field("lines[].vat", "lines[].tax_rate"),
    )

    def wanted(self, record: Raw, query: Query) -> bool:
        """By status."""
        status = getattr(query.filter, "status", "any")
        return status == "any" or record["status"] == status

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Prices include VAT; every line is a product."""
        document["prices"] = "gross"
        document["currency"] = "EUR"
        document["billing"] = dict(document.get("delivery", {}))
        for line in document.get("lines", ()):
            line["kind"] = "product"
            line["total"] = Decimal(str(line["quantity"])) * Decimal(str(line["unit_price"]))

    def rendered(self, payload: Json, document: Any, context: Context) -> None:
        """The label, and a refusal of what cannot be booked."""
        label = getattr(context.settings, "label", "")
        if label:
            payload["label"] = label
        if not payload.get("lines"):
            raise RecordError("an order without lines cannot be booked", field="lines")

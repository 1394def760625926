"""Stock: a property of products, read and written a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub.model import Json, StockLevel
from hub.sdk import Api, Effect, Field, Page, Query, Raw, RecordError, Written

from .batches import wire
from .forms import StockFilter
from .product_writing import by_sku
from .reading import Changed, by_ids, later, since_of, text
from .schema import definitions, named, write
from .searching import Reached, changed, condition, found_among

STOCK = "hub_stock"
PROPERTIES = ("hs_sku", "hub_ean", "name", "hs_status", STOCK)


class Stock(Changed):
    """How many there are of each product, as its property `hub_stock` says.

    HubSpot has no warehouses and counts nothing itself: the figure is what was written last.
    """

    name = "stock"
    title = "Stock of products"
    document = StockLevel
    object = "products"
    key = "id"
    number = "properties.hs_sku"
    match = ("sku", "ean")
    filter = StockFilter
    fields = (
        Field("id", "key", only="read", label="Id"),
        Field("properties.hs_sku", "sku", read=text, only="read", label="SKU"),
        Field("properties.hub_ean", "ean", read=text, only="read", label="EAN"),
        Field(f"properties.{STOCK}", "physical", only="read", label="Stock"),
        Field(f"properties.{STOCK}", "available", only="read", label="Stock"),
        Field(f"properties.{STOCK}", "quantity", label="Stock"),
        Field("properties.name", only="read", label="Name"),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Products with a stock that changed, two hundred a request."""
        if STOCK not in definitions(api, "products"):
            return  # nobody has written any yet
        where = [condition(STOCK, "HAS_PROPERTY"), condition("hs_sku", "HAS_PROPERTY")]
        if isinstance(query.filter, StockFilter) and query.filter.active_only:
            where.append(condition("hs_status", "NEQ", "inactive"))
        newest = None if query.full else (query.since or {}).get("at")
        reached, start = Reached(), since_of(query)
        pages = changed(api, "products", PROPERTIES, since=start, where=where, reached=reached)
        for found in pages:
            newest = later(newest, reached.at)
            yield Page(found, {"at": newest} if newest is not None else None)

    def wanted(self, record: Raw, query: Query) -> bool:
        """The filter again, for a product that a webhook told of."""
        own = record["properties"]
        if not own.get(STOCK) or not own.get("hs_sku"):
            return False
        chosen = isinstance(query.filter, StockFilter) and query.filter.active_only
        return not chosen or own.get("hs_status") != "inactive"

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """A hundred a request."""
        return dict(by_ids(api, "products", keys, PROPERTIES))

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By SKU, a hundred a request; by EAN through search."""
        if by == "sku":
            return by_sku(api, values, PROPERTIES)
        return found_among(api, "products", "hub_ean", values, PROPERTIES)

    def writable(self, api: Api) -> Iterable[str]:
        """Every property of a product."""
        return named(api, "products", "properties.")

    def update_many(
        self, api: Api, changes: Sequence[tuple[str, Json]], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred a request."""
        results: list[Written | RecordError] = [Written(key) for key, _ in changes]
        inputs: dict[str, Json] = {}
        for n, (key, payload) in enumerate(changes):
            if not key.isdigit():
                text_of = f"{key} is no id of a product in HubSpot"
                results[n] = RecordError(text_of, code="not_found")
            elif payload.get("properties"):
                inputs[key] = {"id": key, "properties": wire(payload["properties"])}
        answers = dict(
            zip(inputs, write(api, "products", "update", list(inputs.values())), strict=True)
        )
        for n, (key, _) in enumerate(changes):
            answer = answers.get(key)
            if isinstance(answer, RecordError):
                results[n] = answer
        return results

"""Products: one in HubSpot for everything that can be sold; variants are products of a family."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from hub.model import Document, Json, Prices, Product
from hub.sdk import Api, Context, Effect, Field, Page, Query, Raw, RecordError, Written

from . import product_writing
from .families import DASH, FAMILY, SEPARATOR, attributes_of, family, name_without, options_text
from .forms import ProductsFilter, ProductsSettings, Settings
from .lookups import currency_of, tax_rates
from .product_writing import find_by_sku
from .reading import Made, by_ids, later, moment, since_of, text
from .schema import discovered, named, readable
from .searching import Reached, by_values, changed, condition, found_among

PROPERTIES = (
    *("name", "hs_sku", "price", "description", "hs_rich_text_description", "hs_url"),
    *("hs_cost_of_goods_sold", "hs_product_type", "hs_status", "hs_tax_rate_group_id"),
    "createdate",
)
_TAG = re.compile(r"<[^>]*>")


def _active(value: Any) -> bool:
    return str(value) != "inactive"


def _write_active(value: Any) -> str:
    return "active" if value else "inactive"


class Products(Made):
    """Products of the library, variants of one product together.

    HubSpot knows no variants: each is a product of its own that names the SKU it belongs to
    (`hub_parent_sku`) and what it differs in (`hub_variant_options`). Categories, EAN and stock are
    properties of the hub's own, made when they are first written.
    """

    name = "products"
    title = "Products"
    document = Product
    object = "products"
    key = "id"
    number = "properties.hs_sku"
    known_as = "item"
    match = ("sku", "ean")
    ignored = ("item", "tax_rate", "currency")
    max_images = 0
    cannot: ClassVar[Mapping[str, str]] = {
        "images": "Pictures are not passed on: HubSpot keeps addresses of pictures, no pictures."
    }
    properties = PROPERTIES
    filter = ProductsFilter
    settings = ProductsSettings
    fields = (
        Field("id", "key", only="read", label="Key"),
        Field("item", "item", read=text, only="read", label="Id of the product"),
        Field("properties.hs_sku", "sku", read=text, max_length=500, label="SKU"),
        Field("properties.name", "name", read=text, required=True, max_length=500, label="Name"),
        Field("properties.description", "description", read=text, only="read", label="Description"),
        Field(
            "properties.hs_rich_text_description",
            "description",
            read=text,
            label="Description with markup",
        ),
        Field(
            "properties.hub_short_description",
            "short_description",
            read=text,
            label="Short description",
        ),
        Field("properties.price", "price", label="Price"),
        Field("properties.hs_cost_of_goods_sold", "cost_price", label="Unit cost"),
        Field("properties.hs_tax_rate_group_id", "vat_code", read=text, label="Tax rate"),
        Field("tax_rate", "tax_rate", only="read", label="Tax percentage"),
        Field("currency", "currency", read=text, only="read", label="Currency of the account"),
        Field("properties.hs_status", "active", read=_active, write=_write_active, label="Status"),
        Field("properties.hub_ean", "ean", read=text, label="EAN"),
        Field("properties.hub_stock", "stock", label="Stock"),
        Field("properties.hub_unit", "unit", read=text, label="Unit"),
        Field("properties.hub_weight", "weight", label="Weight"),
        Field("properties.hub_brand", "brand", read=text, label="Brand"),
        Field("properties.createdate", "created_at", read=moment, only="read", label="Made at"),
        Field("variants[].id", "variants[].key", only="read", label="Variants: id"),
        Field("variants[].id", "variants[].item", only="read", label="Variants: id"),
        *(
            Field(
                f"variants[].properties.{name}",
                f"variants[].{meaning}",
                read=text if is_text else None,
                label=f"Variants: {label}",
            )
            for name, meaning, label, is_text in (
                ("hs_sku", "sku", "SKU", True),
                ("hub_ean", "ean", "EAN", True),
                ("price", "price", "price", False),
                ("hs_cost_of_goods_sold", "cost_price", "unit cost", False),
                ("hub_weight", "weight", "weight", False),
                ("hub_stock", "stock", "stock", False),
            )
        ),
        Field(
            "variants[].properties.hs_status",
            "variants[].active",
            read=_active,
            write=_write_active,
            label="Variants: status",
        ),
        Field("properties.hub_category", label="Category"),
        Field("properties.hub_features", label="Features"),
        Field("properties.hs_product_type", label="Type"),
        Field("properties.hs_url", label="Address of its page"),
        Field("properties.hs_images", label="Addresses of pictures"),
    )

    def prices(self, api: Api) -> Prices | None:
        """As the settings of the connection say."""
        found: Prices = api.settings.prices
        return found

    # -- reading -------------------------------------------------------------------------------

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """What changed, in pages of two hundred; families come whole, each once."""
        wanted = query.filter if isinstance(query.filter, ProductsFilter) else ProductsFilter()
        names = readable(api, "products", PROPERTIES)
        where = []
        if wanted.active_only:
            where.append(condition("hs_status", "NEQ", "inactive"))
        if wanted.product_types:
            where.append(condition("hs_product_type", "IN", wanted.product_types))
        newest, told = (None if query.full else (query.since or {}).get("at")), set[str]()
        reached, start = Reached(), since_of(query)
        pages = changed(api, "products", names, since=start, where=where, reached=reached)
        for found in pages:
            newest = later(newest, reached.at)
            records = self._grouped(api, found, told)
            told |= {record["id"] for record in records if record["id"].startswith(FAMILY)}
            yield Page(self._dressed(api, records), {"at": newest} if newest is not None else None)

    def _grouped(
        self, api: Api, found: Sequence[Json], told: set[str] | frozenset[str] = frozenset()
    ) -> list[Raw]:
        """Simple products, and for each variant its whole family, where it is not told yet."""
        parents: dict[str, str] = {}
        for record in found:
            parent = text(record["properties"].get("hub_parent_sku") or "")
            if parent:
                parents.setdefault(parent.casefold(), parent)
        fresh = [p for p in parents.values() if f"{FAMILY}{p.casefold()}" not in told]
        families = self._families(api, fresh, found)
        records = []
        for record in found:
            parent = text(record["properties"].get("hub_parent_sku") or "")
            if not parent:
                records.append({**record, "item": record["id"]})
            elif parent.casefold() in families:
                records.append(families.pop(parent.casefold()))
        return records

    @staticmethod
    def _families(api: Api, parents: Sequence[str], known: Sequence[Json] = ()) -> dict[str, Raw]:
        """Families by the SKU that their variants name; search may lag behind *known*."""
        if not parents:
            return {}
        names = readable(api, "products", PROPERTIES)
        there = {r["id"]: r for r in by_values(api, "products", "hub_parent_sku", parents, names)}
        there |= {record["id"]: record for record in known}
        members: dict[str, list[Json]] = {}
        for record in there.values():
            parent = text(record["properties"].get("hub_parent_sku") or "")
            if parent:
                members.setdefault(parent.casefold(), []).append(record)
        wanted = {parent.casefold() for parent in parents}
        return {key: family(own) for key, own in members.items() if key in wanted}

    @staticmethod
    def _dressed(api: Api, records: Sequence[Raw]) -> Sequence[Raw]:
        """With the percentage of their tax rate, and the currency that all prices are in."""
        rates: dict[str, Any] = {}
        if any(r["properties"].get("hs_tax_rate_group_id") for r in records):
            rates = {str(r.get("id")): r.get("percentageRate") for r in tax_rates(api)}
        currency = currency_of(api) if records else None
        for record in records:
            rate = rates.get(str(record["properties"].get("hs_tax_rate_group_id")))
            if rate is not None:
                record["tax_rate"] = str(rate)
            if currency is not None:
                record["currency"] = currency
        return records

    def wanted(self, record: Raw, query: Query) -> bool:
        """The filter again, for a record that a webhook told of."""
        chosen = query.filter
        if not isinstance(chosen, ProductsFilter):
            return True
        own = record["properties"]
        if chosen.active_only and own.get("hs_status") == "inactive":
            return False
        return not chosen.product_types or own.get("hs_product_type") in chosen.product_types

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """A hundred a request; families by a search. A variant gives its family."""
        names = readable(api, "products", PROPERTIES)
        singles = by_ids(api, "products", keys, names)
        found: dict[str, Raw | RecordError] = {}
        parents = {key: key.removeprefix(FAMILY) for key in keys if key.startswith(FAMILY)}
        for key, record in singles.items():
            parent = text(record["properties"].get("hub_parent_sku") or "")
            if parent:
                parents[key] = parent.casefold()
            else:
                found[key] = {**record, "item": record["id"]}
        wanted = list(dict.fromkeys(parents.values()))
        families = self._families(api, wanted, list(singles.values()))
        found |= {key: families[p] for key, p in parents.items() if p in families}
        self._dressed(api, [r for r in found.values() if not isinstance(r, RecordError)])
        return {key: found[key] for key in keys if key in found}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """By SKU, at once and a hundred a request; by EAN through search."""
        if by == "sku":
            return find_by_sku(api, values)
        names = ["hub_ean", "hs_sku", "hub_parent_sku", "name", "price", "hs_status"]
        found = found_among(api, "products", "hub_ean", values, names)
        return {value: product_writing.shown(record) for value, record in found.items()}

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Basis of prices, categories, and what variants differ in."""
        settings = context.connection if isinstance(context.connection, Settings) else None
        document["prices"] = settings.prices if settings else "net"
        own = record["properties"]
        path = [p.strip() for p in str(own.get("hub_category") or "").split(";") if p.strip()]
        document["categories"] = [
            {"name": names[-1], "path": names}
            for names in ([n.strip() for n in one.split(">") if n.strip()] for one in path)
            if names
        ]
        document["features"] = attributes_of(own.get("hub_features"))
        document["modified_at"] = record.get("updatedAt")
        rows = record.get("variants") or ()
        for variant, row in zip(document.get("variants") or (), rows, strict=False):
            variant["attributes"] = attributes_of(row["properties"].get("hub_variant_options"))
        if rows:
            document["name"] = name_without(record)
            for name in ("stock", "ean"):
                document.pop(name, None)
            first: list[Json] = (document.get("variants") or [{}])[0].get("attributes", [])
            document["attributes"] = [{"name": one["name"]} for one in first]

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Plain description, categories as text, and a name and family for each variant."""
        assert isinstance(document, Product)
        own = payload.setdefault("properties", {})
        if document.description:
            plain = html.unescape(_TAG.sub(" ", document.description))
            own["description"] = " ".join(plain.split())
        if document.categories:
            paths = [c.path or [c.name or ""] for c in document.categories]
            own["hub_category"] = "; ".join(SEPARATOR.join(p) for p in paths if any(p))
        if document.features:
            own["hub_features"] = options_text(document.features)
        settings = context.settings
        if context.creating and isinstance(settings, ProductsSettings) and settings.product_type:
            own.setdefault("hs_product_type", settings.product_type)
        if not document.variants:
            payload.pop("variants", None)
            return
        parent = document.sku or document.number or document.key
        own["hs_sku"] = parent
        for variant, row in zip(document.variants, payload.get("variants") or (), strict=False):
            there = row.setdefault("properties", {})
            values = [a.value for a in variant.attributes if a.value]
            there["hub_parent_sku"] = parent
            there["hub_variant_options"] = options_text(variant.attributes)
            base = variant.name or document.name
            if not variant.name and base and values:
                base = f"{base}{DASH}{' / '.join(values)}"
            if base:
                there["name"] = base
            if variant.price is None and document.price is not None:
                there["price"] = document.price

    def create_many(
        self, api: Api, payloads: Sequence[Json], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """A hundred products or variants a request; what is there by its SKU is updated."""
        return product_writing.create(api, payloads)

    def update_many(
        self, api: Api, changes: Sequence[tuple[str, Json]], effects: Sequence[Effect]
    ) -> Sequence[Written | RecordError]:
        """The same. Variants that are no more are made inactive."""
        return product_writing.update(api, changes)

    def writable(self, api: Api) -> Iterable[str]:
        """Every property, also of variants."""
        yield from named(api, "products", "properties.")
        yield from named(api, "products", "variants[].properties.")

    def discover(self, api: Api) -> Iterable[Field]:
        """Custom properties."""
        return discovered(api, "products", "properties.", self.fields)

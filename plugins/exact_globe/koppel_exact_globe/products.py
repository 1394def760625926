"""Items as products: read with price, VAT and family, recognised by code and EAN, and written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hub.model import Document, Json, Prices, Product
from hub.sdk import (
    Api,
    Blocked,
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
    Written,
)

from . import api as globe
from . import families, names, odata, pictures, product_writing, variants
from .forms import Settings
from .forms_goods import ProductSettings, ProductsFilter
from .lookups import vat_codes
from .masters import free_field_labels
from .reading import code, cursor_at, gathered, index_pages, localised, paths_of, zone_in

ITEM = families.ITEM
_KNOWN = ("ItemCode", "GTIN", "SalesVATCode", "IsSalesItem", "Condition")
_NOT_SOLD = ("B", "E")
"""Conditions (blocked, inactive) under which an item is refused on an order."""


def _active(value: Any) -> bool:
    return value in ("A", None)


def _condition(value: bool) -> str:
    return "A" if value else "E"


def _variant_fields() -> tuple[Field, ...]:
    """What variants have of their own; the same properties as the item they are."""
    return (
        Field("items[].ItemCode", "variants[].key", read=code, only="read", label="Variant: item"),
        Field("items[].ItemCode", "variants[].sku", read=code, max_length=30, label="Variant: SKU"),
        Field("items[].GTIN", "variants[].ean", read=code, max_length=20, label="Variant: EAN"),
        Field("items[].SalesPrice", "variants[].price", label="Variant: sales price"),
        Field("items[].CostPriceStandard", "variants[].cost_price", label="Variant: cost price"),
        Field("items[].NetWeight", "variants[].weight", label="Variant: net weight"),
        Field(
            "items[].Condition",
            "variants[].active",
            read=_active,
            write=_condition,
            label="Variant: condition",
        ),
        Field("items[].Attributes[].Name", "variants[].attributes[].name", label="Variant: name"),
        Field(
            "items[].Attributes[].Value", "variants[].attributes[].value", label="Variant: value"
        ),
    )


class Products(Entity):
    """Items. Each variant is an item of its own in Globe; prices come as the VAT code says.

    Items with the same value in the family field (a setting of the connection) are one product
    with variants.
    """

    name = "products"
    title = "Items"
    document = Product
    key = "ItemCode"
    modified = "ModifiedDate"
    match = ("sku", "ean")
    ignored = ("Pictures",)
    max_images = 1
    filter = ProductsFilter
    settings = ProductSettings
    fields = (
        Field("ItemCode", "sku", read=code, required=True, max_length=30, label="Item code"),
        Field("GTIN", "ean", read=code, max_length=20, label="EAN"),
        Field("Description0", "name", max_length=60, cut=True, label="Description"),
        Field("TextDescription", "description", max_length=8191, label="Long text"),
        Field("SalesPrice", "price", label="Sales price"),
        Field("SalesCurrency", "currency", read=code, max_length=3, label="Currency"),
        Field(
            "SalesVATCode",
            "vat_code",
            read=code,
            max_length=3,
            label="VAT code",
            help="It says the rate, and whether the sales price includes the VAT.",
        ),
        Field("VAT.Percentage", "tax_rate", label="VAT, percent"),
        Field(
            "VAT.Prices",
            "prices",
            label="What the price holds",
            help="A price of the other kind is converted by the VAT code's rate.",
        ),
        Field("CostPriceStandard", "cost_price", label="Cost price"),
        Field("PackageDescription", "unit", read=code, max_length=8, cut=True, label="Sales unit"),
        Field("NetWeight", "weight", label="Net weight"),
        Field("AssortmentDescription", "assortment", read=code, label="Assortment"),
        Field("Condition", "active", read=_active, write=_condition, label="Condition"),
        Field("IsStockItem", "stock_managed", label="Stock item"),
        Field("ModifiedDate", "modified_at", read=odata.wall_clock, only="read", label="Changed"),
        Field("CreatedDate", "created_at", read=odata.wall_clock, only="read", label="Made"),
        Field("Features[].Name", "features[].name", label="Feature: field"),
        Field("Features[].Value", "features[].value", label="Feature: value"),
        *_variant_fields(),
        Field("Picture", only="write", label="Picture"),
        Field("PictureFilename", label="Picture's file name"),
        Field("MessageID", only="read", label="Picture's key"),
        *(
            Field(name, label=name)
            for name in (
                "IsSalesItem",
                "SearchCode",
                "Assortment",
                "Warehouse",
                "GrossWeight",
                "GLAccountRevenue",
                "SalesUnit",
                "Type",
                *(f"Description{n}" for n in range(1, 5)),
                *(f"Class{n:02}Code" for n in range(1, 11)),
                *(f"TextFreeField{n}" for n in range(1, 11)),
                *(f"NumberFreeField{n}" for n in range(1, 14)),
                *(f"YesNoFreeField{n}" for n in range(1, 6)),
            )
        ),
        Field("AssortmentCode", only="read", label="AssortmentCode"),
    )

    # -- reading -------------------------------------------------------------------------------

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Items that changed since; a changed one brings its family."""
        yield from families.pages(api, query, self._select())

    def cursor_at(self, moment: dt.datetime) -> Json:
        """What changed at that moment and later."""
        return cursor_at(moment)

    def complete(self, api: Api, records: Sequence[Raw]) -> Sequence[Raw]:
        """Pictures, where the connection wants them: one call each."""
        return [pictures.fetched(api, record) for record in records]

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """Families and items of these codes, many a call."""
        found: dict[str, Raw] = {}
        select = self._select()
        for key, rows in families.members(api, keys, select).items():
            if rows:
                found[key] = families.family(api, key.strip(), rows)
        left = [key for key in dict.fromkeys(keys) if key not in found]
        for key, rows in _items(api, left, select).items():
            if rows:
                found[key] = families.single(api, rows[0])
        return {key: pictures.fetched(api, record) for key, record in found.items()}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Items by code (`sku`) or EAN (`ean`), all at once; by `sku` families as well."""
        index = item_index(api)
        found = dict(api.find(index, by, values))
        left = [value for value in values if value not in found]
        if by == "sku" and left and api.settings.family is not None:
            begun = product_writing.begun(api)
            for value, row in api.find(index, "family", left).items():
                if value.strip().casefold() not in begun:
                    found[value] = {"ItemCode": row["Family"], "IsSalesItem": False} | {
                        name: row.get(name) for name in ("Family", "SalesVATCode")
                    }
        return found

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Whether an order for it would be taken; the family's name; categories and pictures."""
        localised(document, zone_in(context))
        sold = record.get("IsSalesItem") is not False
        document["sellable"] = sold and record.get("Condition") not in _NOT_SOLD
        variants.name_variants(document, record.get("items") or ())
        if group := code(record.get("AssortmentDescription")):
            key = code(record.get("Assortment"))
            document["categories"] = [{"key": key, "name": group, "path": [group]}]
        pictures.understood(document, record)
        if filename := code(record.get("PictureFilename")):
            document.setdefault("custom", {})["picture_filename"] = filename

    def writable(self, api: Api) -> Iterable[str]:
        """Every property of an item, and of those that are variants."""
        yield from names.writable(api, ITEM)
        yield from names.writable(api, ITEM, "items[].")

    def discover(self, api: Api) -> Iterable[Field]:
        """Free fields under the names that the assortments give them."""
        for name, label in free_field_labels(api).items():
            yield Field(name, label=label)
            yield Field(f"items[].{name}", label=f"Variant: {label}")

    def prices(self, api: Api) -> Prices | None:
        """What the VAT codes say, where all that carry VAT say the same."""
        bases = {vat.prices for vat in vat_codes(api).values() if vat.rate and vat.prices}
        return bases.pop() if len(bases) == 1 else None

    # -- writing -------------------------------------------------------------------------------

    def rendered(self, payload: Json, document: Document, context: Context) -> None:
        """Variants as items, the picture, and what new items get."""
        assert isinstance(document, Product)
        settings = context.connection
        family = settings.family if isinstance(settings, Settings) else None
        variants.tidy(payload)
        pictures.rendered(payload, document)
        if not isinstance(settings, Settings) or not settings.feature_fields:
            payload.pop("Features", None)
        if document.variants:
            if family is None:
                raise Blocked(
                    "The product has variants, and Globe knows none. Choose in the connection's "
                    "settings which field of an item holds its family.",
                    field="variants",
                    code="no_family_field",
                    fix="family_field",
                )
            variants.rendered(payload, document, 13 if family == "SearchCode" else 255)
        elif "items" in payload:
            del payload["items"]
        self._with_defaults(payload, document, context)
        payload.update(odata.wire(payload, zone_in(context)))

    @staticmethod
    def _with_defaults(payload: Json, document: Product, context: Context) -> None:
        settings = context.settings
        if not isinstance(settings, ProductSettings):
            settings = ProductSettings()
        if settings.use_category and not document.assortment and document.categories:
            category = document.categories[0]
            name = category.name or (category.path[-1] if category.path else None)
            if name and "Assortment" not in payload:
                payload["AssortmentDescription"] = name
        if not context.creating:
            return
        if settings.assortment and "AssortmentDescription" not in payload:
            payload.setdefault("Assortment", int(settings.assortment))
        if settings.vat_code:
            payload.setdefault("SalesVATCode", settings.vat_code)
        if settings.revenue_account:
            payload.setdefault("GLAccountRevenue", settings.revenue_account)
        payload.setdefault("IsSalesItem", True)
        if settings.stock_item == "source":
            payload.setdefault("IsStockItem", True)
        else:
            payload["IsStockItem"] = settings.stock_item == "yes"
        if "Description0" not in payload:
            raise Blocked("Globe needs a description for a new item.", field="name", code="missing")
        if "SalesVATCode" not in payload:
            raise Blocked(
                "Globe needs a VAT code for a new item, and the product brings none. Choose one in "
                "the flow's settings.",
                field="vat_code",
                code="missing_vat_code",
                fix="product_vat_codes",
            )

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One call an item, one more for a picture; of a family all, those that are there too."""
        return product_writing.create(api, payload, item_index(api), index_row)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """One call to read, one for each item that differs."""
        return product_writing.update(api, key, payload, item_index(api), index_row)

    def _select(self) -> list[str]:
        names = paths_of(type(self), "MessageID")
        return [name for name in names if name not in ("Features", "Picture")]


def _items(api: Api, keys: Sequence[str], select: Sequence[str]) -> dict[str, list[Json]]:
    if not keys:
        return {}
    if len(keys) == 1:
        row = globe.one(api, ITEM, odata.text_key(keys[0]), select=select)
        return {keys[0]: [row] if row else []}
    return gathered(api, ITEM, "ItemCode", keys, odata.text, select=select)


# -- the map of items that are there ---------------------------------------------------------------


def index_row(api: Api, row: Json) -> IndexRow:
    """An item in the index; several items may share a family."""
    family = code(row.get(api.settings.family)) if api.settings.family else None
    values = {"sku": code(row["ItemCode"]), "ean": code(row.get("GTIN")), "family": family}
    facts = {name: row.get(name) for name in _KNOWN}
    if family:
        facts["Family"] = family
    return IndexRow(key=str(row["ItemCode"]), values=values, data=facts)


def item_index(api: Api) -> Index:
    """The index of all items. Another family field makes another index."""
    family = api.settings.family
    names = (*_KNOWN, family) if family else _KNOWN

    def changed(api: Api, since: Json | None) -> Iterator[IndexPage]:
        return index_pages(api, ITEM, since, names, lambda row: index_row(api, row))

    def one(api: Api, by: str, value: str) -> IndexRow | None:
        wanted = value.strip()
        if by == "sku":
            found = globe.one(api, ITEM, odata.text_key(wanted), select=names)
            return index_row(api, found) if found else None
        prop = family if by == "family" and family else "GTIN"
        rows = globe.some(
            api, ITEM, where=[f"{prop} eq {odata.text(wanted)}"], select=names, top=10
        )
        rows.sort(key=_retired)
        return index_row(api, rows[0]) if rows else None

    name = f"items by {family}" if family else "items"
    return Index(name=name, read=changed, one=one, last=_retired)


def _retired(row: Json) -> bool:
    """An EAN may stand on an item that is no longer sold as well as on its successor."""
    return not row.get("IsSalesItem") or row.get("Condition") in _NOT_SOLD

"""Items: recognised by code and by EAN, and read with price and VAT."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.model import Json, Product
from hub.sdk import Api, Context, Entity, Field, Index, IndexPage, IndexRow, Page, Query, Raw

from . import api as globe
from . import odata
from .forms import ProductsFilter
from .lookups import vat_codes
from .reading import changed_pages, code, cursor_at, index_pages, localised, paths_of, zone_in

ITEM = "Item"
_KNOWN = ("ItemCode", "GTIN", "SalesVATCode", "IsSalesItem", "Condition")
_NOT_SOLD = ("B", "E")
"""Conditions (blocked, inactive) under which an item is refused on an order."""


def _active(value: Any) -> bool:
    return value in ("A", None)


class Products(Entity):
    """Items. Each variant is an item of its own in Globe; prices come as the VAT code says."""

    name = "products"
    title = "Items"
    document = Product
    key = "ItemCode"
    modified = "ModifiedDate"
    match = ("sku", "ean")
    filter = ProductsFilter
    fields = (
        Field("ItemCode", "sku", read=code, only="read", required=True, label="Item code"),
        Field("GTIN", "ean", read=code, only="read", label="EAN"),
        Field("Description0", "name", only="read", label="Description"),
        Field("TextDescription", "description", only="read", label="Long text"),
        Field("SalesPrice", "price", only="read", label="Sales price"),
        Field("SalesCurrency", "currency", read=code, only="read", label="Currency"),
        Field("SalesVATCode", "vat_code", read=code, only="read", label="VAT code"),
        Field("VAT.Percentage", "tax_rate", only="read", label="VAT, percent"),
        Field("VAT.Prices", "prices", only="read", label="What the price holds"),
        Field("CostPriceStandard", "cost_price", only="read", label="Cost price"),
        Field("PackageDescription", "unit", read=code, only="read", label="Sales unit"),
        Field("NetWeight", "weight", only="read", label="Net weight"),
        Field("AssortmentDescription", "assortment", only="read", label="Assortment"),
        Field("Condition", "active", read=_active, only="read", label="Condition"),
        Field("IsStockItem", "stock_managed", only="read", label="Stock item"),
        Field("ModifiedDate", "modified_at", read=odata.wall_clock, only="read", label="Changed"),
        Field("CreatedDate", "created_at", read=odata.wall_clock, only="read", label="Made"),
        *(
            Field(name, only="read", label=name)
            for name in (
                "IsSalesItem",
                "SearchCode",
                "Assortment",
                "AssortmentCode",
                "Warehouse",
                "GrossWeight",
                *(f"Description{n}" for n in range(1, 5)),
                *(f"Class{n:02}Code" for n in range(1, 11)),
                *(f"TextFreeField{n}" for n in range(1, 11)),
                *(f"NumberFreeField{n}" for n in range(1, 14)),
                *(f"YesNoFreeField{n}" for n in range(1, 6)),
            )
        ),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Items that changed since."""
        wanted = query.filter if isinstance(query.filter, ProductsFilter) else ProductsFilter()
        where = []
        if wanted.assortment:
            where.append(f"Assortment eq {int(wanted.assortment)}")
        if wanted.sales_only:
            where.append("IsSalesItem eq true")
        for page in changed_pages(api, ITEM, query, where, self._select()):
            yield Page([self._with_vat(api, row) for row in page.records], page.cursor)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """What changed at that moment and later."""
        return cursor_at(moment)

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """One call an item."""
        found: dict[str, Raw] = {}
        for key in keys:
            row = globe.one(api, ITEM, odata.text_key(key), select=self._select())
            if row is not None:
                found[key] = self._with_vat(api, row)
        return found

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Items by code (`sku`) or EAN (`ean`), all at once."""
        return api.find(ITEMS, by, values)

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Whether an order for it would be taken."""
        localised(document, zone_in(context))
        sold = record.get("IsSalesItem") is not False
        document["sellable"] = sold and record.get("Condition") not in _NOT_SOLD

    def _select(self) -> list[str]:
        return paths_of(type(self))

    @staticmethod
    def _with_vat(api: Api, row: Raw) -> Raw:
        vat = vat_codes(api).get(code(row.get("SalesVATCode")) or "")
        return {**row, "VAT": {"Percentage": vat.rate, "Prices": vat.prices}} if vat else row


def _row(row: Json) -> IndexRow:
    values = {"sku": code(row["ItemCode"]), "ean": code(row.get("GTIN"))}
    facts = {name: row.get(name) for name in _KNOWN}
    return IndexRow(key=str(row["ItemCode"]), values=values, data=facts)


def _changed(api: Api, since: Json | None) -> Iterator[IndexPage]:
    return index_pages(api, ITEM, since, _KNOWN, _row)


def _one(api: Api, by: str, value: str) -> IndexRow | None:
    if by == "sku":
        found = globe.one(api, ITEM, odata.text_key(value.strip()), select=_KNOWN)
        return _row(found) if found else None
    where = [f"GTIN eq {odata.text(value.strip())}"]
    rows = globe.some(api, ITEM, where=where, select=_KNOWN, top=10)
    # An EAN may stand on an item that is no longer sold as well as on its successor.
    rows.sort(key=lambda row: not row.get("IsSalesItem") or row.get("Condition") in _NOT_SOLD)
    return _row(rows[0]) if rows else None


ITEMS = Index(name="items", read=_changed, one=_one)

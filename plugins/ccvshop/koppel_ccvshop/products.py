"""Products of the shop: read with their variants and pictures, the changed ones only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.model import Json, Product
from hub.sdk import Api, Context, Entity, Field, Page, Query, Raw, RecordError

from .api import everything, shop_settings, walk
from .forms import ProductsFilter
from .reading import moment_of, one_by_one, since, stamp, time_text
from .understanding import ZERO, code, number, text

#: Clocks may differ by five minutes, else the shop refuses every request.
CLOCKS = dt.timedelta(minutes=10)
PARTS = "attributecombinations,productphotos"


class Products(Entity):
    """Products of the webshop with price, stock and variants, 250 complete ones a request.

    After the first time only what has changed since is read. The shop may leave a change of
    stock alone out of that.
    """

    name = "products"
    title = "Products"
    document = Product
    key = "id"
    number = "productnumber"
    modified = "modifydate"
    filter = ProductsFilter
    fields = (
        Field("id", "key", read=code, label="Id"),
        Field("productnumber", "sku", read=text, label="Product number"),
        Field("eannumber", "ean", read=text, label="EAN"),
        Field("mpnnumber", "mpn", read=text, label="Manufacturer's number"),
        Field("name", "name", read=text, label="Name"),
        Field("shortdescription", "short_description", read=text, label="Short description"),
        Field("description", "description", read=text, label="Description"),
        Field("price", "price", label="Price"),
        Field("discount", "discount", label="Discount"),
        Field("purchaseprice", "cost_price", label="Purchase price, without VAT"),
        Field("vatrate", "tax_rate", label="VAT percentage"),
        Field("unit", "unit", read=text, label="Unit"),
        Field("weight", "weight", label="Weight in kilograms"),
        Field("brand.name", "brand", read=text, label="Brand"),
        Field("maincategory", "assortment", read=text, label="Main category for feeds"),
        Field("is_active", "active", label="Switched on"),
        Field("can_be_ordered", "sellable", label="Can be ordered"),
        Field("stockenabled", "stock_managed", label="Stock is kept"),
        Field("stock", "stock", label="Stock"),
        Field("createdate", "created_at", read=time_text, label="Created at"),
        Field("modifydate", "modified_at", read=time_text, label="Changed at"),
        Field("shop_settings.currency", "currency", read=text, label="Currency"),
        Field("productphotos.collection[].deeplink", "images[].url", read=text, label="Picture"),
        Field(
            "productphotos.collection[].alttext", "images[].alt", read=text, label="Picture text"
        ),
        Field("productphotos.collection[].is_mainphoto", "images[].main", label="Main picture"),
        Field("attributecombinations.collection[].id", "variants[].key", read=code),
        Field("attributecombinations.collection[].ean_number", "variants[].ean", read=text),
        Field("attributecombinations.collection[].stock", "variants[].stock"),
        Field("attributecombinations.collection[].active", "variants[].active"),
        *(
            Field(path, label=label)
            for path, label in (
                ("taxtariff", "VAT tariff"),
                ("stocklocation", "Stock location"),
                ("memo", "Memo"),
                ("subcategory", "Subcategory for feeds"),
                ("condition.name", "Condition"),
                ("color.name", "Colour"),
                ("supplier.name", "Supplier"),
                ("package.id", "Package id"),
                ("tradecodesystem.code", "HS code"),
                ("tradecodesystem.coo", "Country of origin"),
                ("stock_delivery_standard", "Delivery time"),
                ("minimal_order_amount", "Least to order"),
                ("deeplink", "Address in the shop"),
            )
        ),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Everything by id at first; then the changed ones, until the mark of the last time."""
        wanted = query.filter
        assert isinstance(wanted, ProductsFilter)
        mark = since(query, "changed")
        params: dict[str, Any] = {"expand": PARTS}
        if wanted.active_only:
            params["active"] = "true"
        params["orderby"] = "id" if mark is None else "modifydate_desc"
        # What changes while we read is read again next time, by a mark set before we began.
        cursor = {"changed": stamp(query.now - CLOCKS)}
        for records in walk(api, "/products/", params):
            changed = [r for r in records if not _older(r, mark)]
            if wanted.active_only:
                changed = [r for r in changed if r.get("is_active") is not False]
            yield Page(self._with_settings(api, changed))
            if any(_older(record, mark) for record in records):
                break
        yield Page([], cursor)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Products changed since then."""
        return {"changed": stamp(moment)}

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """One request a product; two where the shop gives no variants with it."""
        found = one_by_one(api, "products", keys, {"expand": PARTS})
        light = {key: r for key, r in found.items() if not isinstance(r, RecordError)}
        for record in light.values():
            variants = record.get("attributecombinations")
            if isinstance(variants, dict) and "collection" not in variants:
                path = f"/products/{self.key_of(record)}/attributecombinations/"
                variants["collection"] = everything(api, path)
        whole = self._with_settings(api, list(light.values()))
        return {**found, **dict(zip(light, whole, strict=True))}

    @staticmethod
    def _with_settings(api: Api, records: Sequence[Raw]) -> list[Raw]:
        """Whether prices include VAT, only the shop's settings know."""
        if not records:
            return []
        settings = shop_settings(api)
        known = {name: settings.get(name) for name in ("prices_include_vat", "currency")}
        return [{**record, "shop_settings": known} for record in records]

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Basis of the price; SKU, price and attributes of each variant."""
        settings = record.get("shop_settings") or {}
        if settings.get("prices_include_vat") is not None:
            document["prices"] = "gross" if settings["prices_include_vat"] else "net"
        parts = record.get("attributecombinations")
        combinations = (parts or {}).get("collection") if isinstance(parts, Mapping) else None
        price = number(record.get("price"))
        for variant, raw in zip(document.get("variants") or (), combinations or (), strict=False):
            _variant_understood(variant, raw, price)


def _older(record: Raw, mark: dt.datetime | None) -> bool:
    changed = moment_of(record.get("modifydate"))
    return mark is not None and changed is not None and changed < mark


def _variant_understood(variant: Json, raw: Any, price: Any) -> None:
    if not isinstance(raw, Mapping):
        return
    variant["sku"] = text(raw.get("sku_number") or raw.get("product_number") or "")
    options = [o for o in raw.get("combination") or () if isinstance(o, Mapping)]
    if price is not None:
        variant["price"] = price + sum(
            (number(o.get("extra_price")) or ZERO for o in options), ZERO
        )
    variant["attributes"] = [
        {
            "name": text((o.get("attribute") or {}).get("name") or ""),
            "value": text((o.get("attribute_value") or {}).get("name") or ""),
        }
        for o in options
    ]

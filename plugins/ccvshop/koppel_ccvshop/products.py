"""Products of the shop: read complete, the changed ones only; written with all their parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hub.model import Json, Prices, Product
from hub.sdk import Api, Context, Effect, Entity, Page, Query, Raw, RecordError, Written

from . import numbers, productwrite
from .api import everything, shop_settings, walk
from .forms import ProductsFilter, ProductsSettings
from .numbers import combinations_of
from .placing import SEPARATOR, Categories, features_of, groups_of
from .productfields import FIELDS, rendered, understood
from .productwrite import EXPAND
from .reading import Changes, many, since, stamp
from .understanding import ZERO, code, number


class Products(Entity):
    """Products of the webshop with price, stock, variants, categories, features and pictures.

    After the first time only what has changed since is read. The shop may leave a change of
    stock alone out of that. What is written: the product's own fields, its variants with their
    attributes, the categories and features it has, and its main picture.
    """

    name = "products"
    title = "Products"
    document = Product
    key = "id"
    number = "productnumber"
    modified = "modifydate"
    match = ("sku", "ean")
    max_images = 1
    filter = ProductsFilter
    settings = ProductsSettings
    fields = FIELDS
    all_fields = True

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """Everything by id at first; then the changed ones, until the mark of the last time."""
        wanted = query.filter
        assert isinstance(wanted, ProductsFilter)
        changes = Changes(since(query, "changed"), query.now)
        path, params = _question(api, wanted)
        for records in walk(api, path, {**params, "orderby": changes.order}):
            changed = changes.among(records)
            yield Page([r for r in _whole(api, changed) if _fits(r, wanted)])
            if len(changed) < len(records):
                break
        yield Page([], {"changed": changes.next_mark()})

    def wanted(self, record: Raw, query: Query) -> bool:
        """By the whole filter but its limits, which only the shop keeps."""
        return not isinstance(query.filter, ProductsFilter) or _fits(record, query.filter)

    def cursor_at(self, moment: dt.datetime) -> Json:
        """Products changed since then."""
        return {"changed": stamp(moment)}

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw | RecordError]:
        """One request a product, or for many as many as the whole list takes."""
        found = many(api, "products", keys, {"expand": EXPAND})
        light = {key: r for key, r in found.items() if not isinstance(r, RecordError)}
        for record in light.values():
            for name in EXPAND.split(","):
                part = record.get(name)
                if isinstance(part, dict) and "collection" not in part:
                    part["collection"] = everything(api, f"/products/{record['id']}/{name}/")
        whole = _whole(api, list(light.values()))
        return {**found, **dict(zip(light, whole, strict=True))}

    def find(self, api: Api, by: str, values: Sequence[str]) -> Mapping[str, Raw]:
        """Products by product number or EAN (`sku`, `ean`), of their own or of a variant."""
        return {value: known for value, (known, _) in numbers.find(api, by, values).items()}

    def create(self, api: Api, payload: Json, effect: Effect) -> Written:
        """One request for the product, then its parts."""
        return productwrite.create(api, payload, effect)

    def update(self, api: Api, key: str, payload: Json, effect: Effect) -> Written:
        """Only what differs from what is there."""
        return productwrite.update(api, key, payload)

    def prices(self, api: Api) -> Prices | None:
        """As the shop is set."""
        included = shop_settings(api).get("prices_include_vat")
        return None if included is None else "gross" if included else "net"

    def understood(self, document: Json, record: Raw, context: Context) -> None:
        """Basis of the price, SKUs of variants, names of categories."""
        understood(document, record)

    def rendered(self, payload: Json, document: Any, context: Context) -> None:
        """Package and stock of a new product, how categories and features are made."""
        rendered(payload, document, context)


def _question(api: Api, wanted: ProductsFilter) -> tuple[str, dict[str, Any]]:
    """Where to ask and for what: as much of the filter as the shop takes."""
    params: dict[str, Any] = {"expand": EXPAND}
    if wanted.active_only:
        params["active"] = "true"
    bounds = {
        "minprice": wanted.min_price,
        "maxprice": wanted.max_price,
        "minstock": wanted.min_stock,
        "maxstock": wanted.max_stock,
    }
    params |= {name: f"{value:f}" for name, value in bounds.items() if value is not None}
    if wanted.name_part:
        params["productname"] = wanted.name_part
    if len(wanted.brands) == 1 and wanted.brands[0].isdigit():
        return f"/brands/{wanted.brands[0]}/products/", params
    return "/products/", params


def _fits(record: Raw, wanted: ProductsFilter) -> bool:
    """What the shop cannot be asked for, or may have left out of the answer."""
    if wanted.active_only and record.get("is_active") is False:
        return False
    if wanted.brands and code((record.get("brand") or {}).get("id") or "") not in wanted.brands:
        return False
    if not wanted.categories:
        return True
    starts = [
        tuple(p.strip().casefold() for p in c.split(SEPARATOR.strip())) for c in wanted.categories
    ]
    for link in _links(record):
        path = tuple(str(name).casefold() for name in link.get("path") or ())
        if any(path[: len(start)] == start for start in starts):
            return True
    return False


def _links(record: Raw) -> list[Json]:
    part = record.get("producttocategories")
    found = part.get("collection") if isinstance(part, Mapping) else None
    return [link for link in found or () if isinstance(link, dict)]


def _whole(api: Api, records: Sequence[Raw]) -> list[Raw]:
    """What other records of the shop know of these: settings, category and feature names."""
    if not records:
        return []
    settings = shop_settings(api)
    known = {name: settings.get(name) for name in ("prices_include_vat", "currency")}
    made = []
    for record in records:
        for link in _links(record):
            path = Categories.of(api).paths.get(link.get("category_id") or 0)
            if path is not None:
                link["path"] = list(path)
        base = number(record.get("price"))
        for combination in combinations_of(record):
            combination["price"] = _price(base, combination)
        more: Json = {"shop_settings": known}
        if groups_of(record):
            more["features"] = features_of(api, record)
        made.append({**record, **more})
    return made


def _price(base: Decimal | None, combination: Mapping[str, Any]) -> Decimal | None:
    """What a variant costs: the product's price, and a surcharge for each of its options."""
    if base is None:
        return None
    options = (o for o in combination.get("combination") or () if isinstance(o, Mapping))
    return base + sum((number(o.get("extra_price")) or ZERO for o in options), ZERO)

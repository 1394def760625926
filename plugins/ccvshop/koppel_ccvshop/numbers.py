"""Which product or variant has which SKU and EAN: an index, refreshed by what has changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Api, Index, IndexPage, IndexRow

from .api import everything, utc_now, walk
from .reading import Changes, moment_of, stamp
from .understanding import text

PARTS = {"expand": "attributecombinations"}
WALK_AGAIN = dt.timedelta(hours=24)
"""A variant's number may change and its product's date stay: so often all products are read."""


def combinations_of(record: Mapping[str, Any]) -> list[Json]:
    """The combinations that came with a product."""
    parts = record.get("attributecombinations")
    found = parts.get("collection") if isinstance(parts, Mapping) else None
    return [c for c in found or () if isinstance(c, dict)]


def sku_of(combination: Mapping[str, Any]) -> str | None:
    """What a variant is ordered by."""
    return text(combination.get("sku_number") or combination.get("product_number") or "")


def on_product(record: Mapping[str, Any]) -> bool:
    """Whether the stock is kept on the product even when it has variants."""
    return str(record.get("stocktype") or "").strip().casefold() == "product"


def facts(record: Mapping[str, Any]) -> Json:
    """What the index keeps of a product: its numbers, those of its variants, its kind of stock."""
    return {
        "id": record["id"],
        "productnumber": text(record.get("productnumber") or ""),
        "eannumber": text(record.get("eannumber") or ""),
        "stocktype": record.get("stocktype"),
        "variants": [
            [c["id"], sku_of(c), text(c.get("ean_number") or "")] for c in combinations_of(record)
        ],
    }


def rows(known: Json) -> Iterator[IndexRow]:
    """A row for the product, and one for each number of its variants.

    The rows of variants are kept under the number itself and point to the product, whose row
    says whether the number is still one of its own: a number that has gone is never found.
    """
    own = str(known["id"])
    values = {"id": own, "sku": known["productnumber"], "ean": known["eannumber"]}
    yield IndexRow(key=own, values=values, data=known)
    for _, sku, ean in known["variants"]:
        for by, value in (("variant_sku", sku), ("variant_ean", ean)):
            if value:
                pointer = {"product": own}
                yield IndexRow(key=f"{by} {_folded(value)}", values={by: value}, data=pointer)


def _folded(value: str) -> str:
    return value.strip().casefold()


def _read(api: Api, since: Json | None) -> Iterator[IndexPage]:
    """All products by id at first and once a day; in between the latest changes until the mark."""
    now = utc_now()
    walked = moment_of((since or {}).get("walked"))
    again = walked is None or now - walked >= WALK_AGAIN
    changes = Changes(None if again else moment_of((since or {}).get("changed")), now)
    for records in walk(api, "/products/", {**PARTS, "orderby": changes.order}):
        changed = changes.among(records)
        yield IndexPage([row for record in changed for row in rows(facts(record))])
        if len(changed) < len(records):
            break
    last = now if walked is None or again else walked
    yield IndexPage([], {"changed": changes.next_mark(), "walked": stamp(last)})


def _one(api: Api, by: str, value: str) -> IndexRow | None:
    """Ask the shop; products by their own number, variants through the product queries."""
    name = {"sku": "productnumber", "ean": "eannumber"}.get(by)
    if by == "id":
        return None  # only asked for what a row has pointed to
    if name is not None:
        query = {name: value.strip(), **PARTS, "orderby": "id", "start": 0, "size": 50}
        for record in api.get("/products/", query).get("items") or ():
            known = facts(record)
            if _folded(known[name] or "") == _folded(value):
                return IndexRow(key=str(known["id"]), values={by: value}, data=known)
        return None
    asked = ("productnumber", "skunumber") if by == "variant_sku" else ("eannumber",)
    for number in asked:
        answer = api.get("/productqueries/", {number: value.strip()})
        for record in answer.get("items") or ():
            if not isinstance(record.get("attributecombinations"), dict):
                continue
            path = f"/products/{record['id']}/attributecombinations/"
            record["attributecombinations"]["collection"] = everything(api, path)
            known = facts(record)
            if variant(known, by, value) is not None:
                return IndexRow(key=str(known["id"]), values={by: value}, data=known)
    return None


PRODUCTS = Index(name="products", read=_read, one=_one)


def variant(known: Json, by: str, value: str) -> Sequence[Any] | None:
    """The variant with this number among those that are known of a product."""
    place = 1 if by == "variant_sku" else 2
    wanted = _folded(value)
    return next((v for v in known["variants"] if v[place] and _folded(v[place]) == wanted), None)


def find(api: Api, by: str, values: Sequence[str]) -> dict[str, tuple[Json, int | None]]:
    """Value -> what is known of the product, and the id of the variant if it is one.

    Products first, for most are simple; a product may share its number with one of its variants.
    """
    found: dict[str, tuple[Json, int | None]] = {}
    wanted = list(dict.fromkeys(values))
    for value, known in api.find(PRODUCTS, by, wanted).items():
        hit = variant(known, f"variant_{by}", value)
        found[value] = (known, int(hit[0]) if hit else None)
    rest = [value for value in wanted if value not in found]
    variants = api.find(PRODUCTS, f"variant_{by}", rest) if rest else {}
    products = {str(d["product"]) for d in variants.values() if "variants" not in d}
    kept = api.find(PRODUCTS, "id", sorted(products)) if products else {}
    for value, pointer in variants.items():
        whole = pointer if "variants" in pointer else kept.get(str(pointer["product"]))
        hit = variant(whole, f"variant_{by}", value) if whole else None
        if whole is not None and hit is not None:
            found[value] = (whole, int(hit[0]))
    return found


def remember(api: Api, record: Mapping[str, Any]) -> None:
    """Put a product in that was just written, with its combinations."""
    for row in rows(facts(record)):
        api.remember(PRODUCTS, row)

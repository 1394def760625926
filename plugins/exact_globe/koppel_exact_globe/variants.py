"""Variants and the items they are: their names, and a payload with one part per item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.model import Json, Product
from hub.sdk import RecordError

LONGEST = 60
"""Characters of an item's description."""
_EACH = ("SalesPrice", "CostPriceStandard", "NetWeight", "Condition", "Picture", "PictureFilename")
"""What a product says for all its variants and each item has of its own."""


def composed(name: str, values: Sequence[str]) -> str:
    """What a variant's item is called: the product and what tells the variant from the others."""
    end = " ".join(values)[: LONGEST - 1]
    if not end or name.casefold().endswith(f" {end}".casefold()):
        return name[:LONGEST].rstrip()
    return f"{name[: LONGEST - len(end) - 1].rstrip()} {end}"


def shared_name(names: Sequence[str], values: Sequence[Sequence[str]]) -> str:
    """What a family is called: the variants' names without what tells them apart."""
    bare = []
    for name, own in zip(names, values, strict=True):
        end = " " + " ".join(own)
        fits = len(end) > 1 and name.casefold().endswith(end.casefold())
        bare.append(name[: -len(end)].rstrip() if fits else name)
    if len({name.casefold() for name in bare}) == 1:
        return bare[0]
    words = [name.split(" ") for name in names]
    common = []
    for column in zip(*words, strict=False):
        if len({word.casefold() for word in column}) > 1:
            break
        common.append(column[0])
    return " ".join(common).rstrip(" -,/(:") or names[0]


def name_variants(document: Json, items: Sequence[Json]) -> None:
    """The family's name, and the name of a variant that is not just family and attributes."""
    if not items:
        return
    names = [str(item.get("Description0") or item["ItemCode"]) for item in items]
    values = [_values(item) for item in items]
    document["name"] = shared_name(names, values)
    for variant, name, own in zip(document["variants"], names, values, strict=False):
        if name != composed(document["name"], own):
            variant["name"] = name


def _values(item: Json) -> list[str]:
    return [str(pair.get("Value") or "") for pair in item.get("Attributes") or ()]


def tidy(payload: Json) -> None:
    """Nothing is no value, in lists either."""
    for name in ("Features",):
        if name in payload:
            payload[name] = [pair for pair in payload[name] if pair and pair.get("Name")]
    payload["items"] = [dict(item or {}) for item in payload.get("items") or ()]


def rendered(payload: Json, document: Product, longest: int) -> None:
    """One part of the payload per variant, complete in what variants have of their own."""
    family = str(payload.get("ItemCode") or "")
    if len(family) > longest:
        raise RecordError(
            f"The product's number {family} becomes the family's code, which may be {longest} "
            "characters long in the field that was chosen for it.",
            field="sku",
            code="too_long",
        )
    items: list[Json] = payload["items"]
    items += [{} for _ in range(len(document.variants) - len(items))]
    seen: dict[str, int] = {}
    for position, (variant, item) in enumerate(zip(document.variants, items, strict=True)):
        where = f"variants[{position}].sku"
        if not variant.sku:
            raise RecordError(
                "A variant has no SKU, which becomes its item code in Globe",
                field=where,
                code="missing",
            )
        first = seen.setdefault(variant.sku.strip().casefold(), position)
        if first != position:
            raise RecordError(
                f"Two variants (numbers {first + 1} and {position + 1}) have the SKU {variant.sku}",
                field=where,
                code="same_sku",
            )
        item["Attributes"] = [
            {"Name": a.name, "Value": a.value} for a in variant.attributes if a.name and a.value
        ]
        if variant.name:
            item["Description0"] = variant.name[:LONGEST].rstrip()
        elif document.name:
            item["Description0"] = composed(document.name, _values(item))
        for name in _EACH:
            if name in payload:
                item.setdefault(name, payload[name])
    for name in (*_EACH, "GTIN"):
        payload.pop(name, None)


def bodies(payload: Json, family: str | None) -> list[Json]:
    """The items that a payload makes, each with what the product says for all."""
    shared: dict[str, Any] = {name: v for name, v in payload.items() if name != "items"}
    if not payload.get("items"):
        return [shared]
    assert family is not None
    return [
        {**shared, **item, family: payload["ItemCode"]} | {"ItemCode": item["ItemCode"]}
        for item in payload["items"]
    ]

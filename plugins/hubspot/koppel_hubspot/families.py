"""Variants that HubSpot keeps as products of their own, seen as one product."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.model import Json
from hub.sdk import Raw

FAMILY = "family-"
DASH = " – "
SEPARATOR = " > "


def family(members: Sequence[Json]) -> Raw:
    """One record for all variants; what they share is taken from the first that is active."""
    own = sorted(members, key=lambda record: int(record["id"]))
    first = next((m for m in own if m["properties"].get("hs_status") != "inactive"), own[0])
    parent = str(first["properties"]["hub_parent_sku"]).strip()
    switched_on = any(m["properties"].get("hs_status") != "inactive" for m in own)
    return {
        "id": f"{FAMILY}{parent.casefold()}",
        "item": first["id"],
        "properties": {
            **first["properties"],
            "hs_sku": parent,
            "hs_status": "active" if switched_on else "inactive",
        },
        "variants": [
            {"id": m["id"], "properties": m["properties"], "updatedAt": m.get("updatedAt")}
            for m in own
        ],
        "createdAt": first.get("createdAt"),
        "updatedAt": max(str(m.get("updatedAt") or "") for m in own) or None,
    }


def options_text(attributes: Sequence[Any]) -> str:
    """What a variant differs in: `Kleur=Rood;Maat=M`."""
    return ";".join(f"{a.name}={a.value}" for a in attributes if a.name and a.value)


def attributes_of(value: Any) -> list[Json]:
    """The same read back: names and values."""
    pairs = [one.partition("=") for one in str(value or "").split(";") if "=" in one]
    return [{"name": name.strip(), "value": value.strip()} for name, _, value in pairs]


def name_without(record: Raw) -> str | None:
    """The name of a family: without what its variants' names say of their options."""
    found = str(record["properties"].get("name") or "")
    told = next(
        (
            str(v["properties"].get("hub_variant_options") or "")
            for v in record["variants"]
            if v["id"] == record["item"]
        ),
        "",
    )
    values = [one.partition("=")[2].strip() for one in told.split(";") if "=" in one]
    return found.removesuffix(f"{DASH}{' / '.join(values)}").strip() or None if values else found

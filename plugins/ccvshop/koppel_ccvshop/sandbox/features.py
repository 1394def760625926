"""The features of the pretend shop's products: property groups, properties, options, values."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from .asked import Asked, Refused, invalid, missing
from .assortment import Assortment
from .goods import JSON, PRODUCT_ID, words
from .schemas import (
    GROUP_LINK,
    NAME,
    OPTION,
    PROPERTY,
    PROPERTY_VALUE,
    PROPERTY_VALUE_PATCH,
    same,
    taken,
)

Answered = tuple[int, Any]


class Features:
    """Property groups, and which product has which values."""

    def __init__(self, goods: Assortment) -> None:
        self.goods = goods
        self.groups: dict[int, str] = {}
        self.properties: dict[int, JSON] = {}
        self.options: dict[int, JSON] = {}
        self.group_links: dict[int, JSON] = {}
        self.values: dict[int, JSON] = {}
        self._ids = {
            name: itertools.count(first)
            for name, first in (
                *(("groups", 3101), ("properties", 21001), ("options", 22001)),
                *(("group_links", 23001), ("values", 24001)),
            )
        }
        self._seed()
        self.routes: dict[str, Callable[..., JSON]] = {
            "productpropertygroups": self._groups,
            "productpropertygroups/#": self._group,
            "productpropertygroups/#/productproperties": self._group_properties,
            "productproperties/#": self._property,
            "productproperties/#/productpropertyoptions": self._property_options,
            "products/#/producttopropertygroups": self._of_product,
            "productpropertyvalues/#": self._value,
        }
        self.writes: dict[tuple[str, str], Callable[..., Answered]] = {
            ("POST", "productpropertygroups"): self._post_group,
            ("POST", "productpropertygroups/#/productproperties"): self._post_property,
            ("POST", "productproperties/#/productpropertyoptions"): self._post_option,
            ("POST", "producttopropertygroups"): self._post_group_link,
            ("POST", "productpropertyvalues"): self._post_value,
            ("PATCH", "productpropertyvalues/#"): self._patch_value,
            ("DELETE", "productpropertyvalues/#"): self._delete_value,
        }

    def _next(self, name: str) -> int:
        return next(self._ids[name])

    def _seed(self) -> None:
        group = self._next("groups")
        self.groups[group] = "Kenmerken"
        for place, (name, kind) in enumerate(
            (("Materiaal", "text"), ("Land van herkomst", "option"), ("Waterdicht", "checkbox")), 1
        ):
            own = self._next("properties")
            self.properties[own] = {"group": group, "name": name, "type": kind, "position": place}
        material, origin, waterproof = self.properties
        for name in ("NL", "CN", "TW"):
            self.options[self._next("options")] = {"property": origin, "name": name}
        coat = PRODUCT_ID["JAS-REGEN-M"]
        for own, value in ((material, "Polyester"), (origin, next(iter(self.options))),
                           (waterproof, True)):  # fmt: skip
            self._make_value(coat, own, value)
        self._make_value(PRODUCT_ID["KET-8V"], material, "Staal")

    def _must_be(self, product_id: int) -> None:
        if product_id not in self.goods.products:
            raise missing("products", product_id)

    def _of_product(self, asked: Asked, own: int) -> JSON:
        self._must_be(own)
        links = [k for k, v in self.group_links.items() if v["product_id"] == own]
        return asked.all(self.group_link(asked, link) for link in links)

    def _groups(self, asked: Asked) -> JSON:
        return asked.all(self._group(asked, own) for own in self.groups)

    def _group(self, asked: Asked, own: int) -> JSON:
        if own not in self.groups:
            raise missing("productpropertygroups", own)
        href = f"{asked.at}/productpropertygroups/{own}/"
        properties = f"{href}productproperties/"
        return {"href": href, "id": own, "name": self.groups[own], "productproperties": properties}

    def _post_group(self, asked: Asked) -> Answered:
        own = self._next("groups")
        self.groups[own] = NAME.check(asked.json())["name"]
        return 201, self._group(asked, own)

    def _group_properties(self, asked: Asked, own: int) -> JSON:
        self._group(asked, own)
        mine = [p for p, kept in self.properties.items() if kept["group"] == own]
        return asked.all(self._property(asked, p) for p in mine)

    def _property(self, asked: Asked, own: int) -> JSON:
        if own not in self.properties:
            raise missing("productproperties", own)
        kept = self.properties[own]
        href = f"{asked.at}/productproperties/{own}/"
        return {
            "href": href,
            "id": own,
            "parent": kept["group"],
            **{name: kept[name] for name in words("name type position")},
            "description": "",
            "icon": None,
            "options": {
                "href": f"{href}productpropertyoptions/",
                "collection": self._options_of(asked, own),
            },
        }

    def _options_of(self, asked: Asked, own: int) -> list[JSON]:
        return [
            {
                "href": f"{asked.at}/productpropertyoptions/{option}/",
                "id": option,
                "name": kept["name"],
                "position": 1,
            }
            for option, kept in self.options.items()
            if kept["property"] == own
        ]

    def _property_options(self, asked: Asked, own: int) -> JSON:
        self._property(asked, own)
        return asked.all(self._options_of(asked, own))

    def _post_property(self, asked: Asked, own: int) -> Answered:
        self._group(asked, own)
        values = PROPERTY.check(asked.json())
        made = self._next("properties")
        kept = {"type": values.get("type", "text"), "position": values.get("position", 1)}
        self.properties[made] = {"group": own, "name": values["name"], **kept}
        return 201, self._property(asked, made)

    def _post_option(self, asked: Asked, own: int) -> Answered:
        self._property(asked, own)
        values = OPTION.check(asked.json())
        made = self._next("options")
        self.options[made] = {"property": own, "name": values["name"]}
        return 201, next(o for o in self._options_of(asked, own) if o["id"] == made)

    def group_link(self, asked: Asked, own: int) -> JSON:
        kept = self.group_links[own]
        group, product_id = kept["product_property_group_id"], kept["product_id"]
        mine = [
            v
            for v, value in self.values.items()
            if value["product_id"] == product_id
            and self.properties[value["product_property_id"]]["group"] == group
        ]
        return {
            "href": f"{asked.at}/producttopropertygroups/{own}/",
            "id": own,
            **kept,
            "product_href": f"{asked.at}/products/{product_id}/",
            "product_property_group_href": f"{asked.at}/productpropertygroups/{group}/",
            "values": {"collection": [self._value(asked, v) for v in mine]},
        }

    def _linked(self, product_id: int, group: int) -> bool:
        return any(
            (k["product_id"], k["product_property_group_id"]) == (product_id, group)
            for k in self.group_links.values()
        )

    def _post_group_link(self, asked: Asked) -> Answered:
        values = GROUP_LINK.check(asked.json())
        self._must_be(values["product_id"])
        self._group(asked, values["product_property_group_id"])
        if self._linked(values["product_id"], values["product_property_group_id"]):
            raise taken("product_property_group_id")
        own = self._next("group_links")
        self.group_links[own] = values
        return 201, self.group_link(asked, own)

    def _value(self, asked: Asked, own: int) -> JSON:
        if own not in self.values:
            raise missing("productpropertyvalues", own)
        kept = self.values[own]
        # Answers give every value as a text, as the schema says.
        shown = kept["value"]
        shown = ("1" if shown else "0") if isinstance(shown, bool) else str(shown)
        return {
            "href": f"{asked.at}/productpropertyvalues/{own}/",
            "id": own,
            **kept,
            "value": shown,
        }

    def _make_value(self, product_id: int, property_id: int, value: Any) -> int:
        group = self.properties[property_id]["group"]
        if not self._linked(product_id, group):
            link = {"product_id": product_id, "product_property_group_id": group}
            self.group_links[self._next("group_links")] = link
        own = self._next("values")
        self.values[own] = {
            "product_id": product_id,
            "product_property_id": property_id,
            "value": value,
        }
        return own

    def _fits(self, property_id: int, value: Any) -> None:
        kind = self.properties[property_id]["type"]
        right = {
            "text": isinstance(value, str),
            "checkbox": isinstance(value, bool),
            "option": not isinstance(value, bool) and value in self.options,
        }[kind]
        if not right:
            raise invalid(f"value: does not fit a property of type {kind}")

    def _post_value(self, asked: Asked) -> Answered:
        values = PROPERTY_VALUE.check(asked.json())
        product_id, own = values["product_id"], values["product_property_id"]
        self._must_be(product_id)
        self._property(asked, own)
        if not self._linked(product_id, self.properties[own]["group"]):
            raise Refused(500, "500.70", "The product does not have this property group.")
        if any(
            (v["product_id"], v["product_property_id"]) == (product_id, own)
            for v in self.values.values()
        ):
            raise taken("product_property_id")
        self._fits(own, values["value"])
        self.goods.touch(product_id)
        return 201, self._value(asked, self._make_value(product_id, own, values["value"]))

    def _patch_value(self, asked: Asked, own: int) -> Answered:
        self._value(asked, own)
        value = PROPERTY_VALUE_PATCH.check(asked.json(), patch=True)["value"]
        kept = self.values[own]
        self._fits(kept["product_property_id"], value)
        if kept["value"] == value:
            raise same()
        kept["value"] = value
        self.goods.touch(kept["product_id"])
        return 204, None

    def _delete_value(self, asked: Asked, own: int) -> Answered:
        self._value(asked, own)
        self.goods.touch(self.values.pop(own)["product_id"])
        return 204, None

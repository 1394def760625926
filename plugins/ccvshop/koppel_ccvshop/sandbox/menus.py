"""Attributes of the pretend shop, what products come in, and the combinations made of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .asked import Asked, invalid, missing
from .assortment import Assortment
from .goods import JSON
from .schemas import (
    ATTRIBUTE,
    ATTRIBUTE_VALUE,
    COMBINATION,
    PRODUCT_VALUE,
    PRODUCT_VALUE_PATCH,
    same,
    taken,
)

Answered = tuple[int, Any]


class Menus:
    """Attributes, values and combinations, shown and written."""

    def __init__(self, goods: Assortment) -> None:
        self.goods = goods
        self.routes: dict[str, Callable[..., JSON]] = {
            "products/#/attributecombinations": self._combinations,
            "products/#/productattributevalues": self._chosen_values,
            "productattributevalues/#": self._chosen_value,
            "attributecombinations/#": self._combination,
            "attributes": self._attributes,
            "attributes/#": self._attribute,
            "attributes/#/attributevalues": self._values,
            "attributevalues/#": self._value,
        }
        self.writes: dict[tuple[str, str], Callable[..., Answered]] = {
            ("POST", "attributes"): self._post_attribute,
            ("POST", "attributes/#/attributevalues"): self._post_value,
            ("POST", "products/#/productattributevalues"): self._choose,
            ("PATCH", "productattributevalues/#"): self._patch_choice,
            ("DELETE", "productattributevalues/#"): self._drop_choice,
            ("PATCH", "attributecombinations/#"): self._patch_combination,
        }

    def _must_be(self, product_id: int) -> None:
        if product_id not in self.goods.products:
            raise missing("products", product_id)

    def _attributes(self, asked: Asked) -> JSON:
        return asked.all(self._attribute(asked, own) for own in self.goods.attributes)

    def _attribute(self, asked: Asked, own: int) -> JSON:
        if own not in self.goods.attributes:
            raise missing("attributes", own)
        href = f"{asked.at}/attributes/{own}/"
        links = {"attributevalues": {"href": f"{href}attributevalues/"}}
        return {"href": href, "id": own, **self.goods.attributes[own], **links}

    def _post_attribute(self, asked: Asked) -> Answered:
        values = ATTRIBUTE.check(asked.json())
        own = self.goods.add_attribute(values["name"], values["type"])
        return 201, self._attribute(asked, own)

    def _values(self, asked: Asked, own: int) -> JSON:
        self._attribute(asked, own)
        return asked.all(
            self._value(asked, value)
            for value, kept in self.goods.values.items()
            if kept["attribute"] == own
        )

    def _value(self, asked: Asked, own: int) -> JSON:
        if own not in self.goods.values:
            raise missing("attributevalues", own)
        kept = self.goods.values[own]
        return {
            "href": f"{asked.at}/attributevalues/{own}/",
            "id": own,
            "name": kept["name"],
            "default_price": kept["default_price"],
            "parent": {"href": f"{asked.at}/attributes/{kept['attribute']}/"},
        }

    def _post_value(self, asked: Asked, own: int) -> Answered:
        self._attribute(asked, own)
        values = ATTRIBUTE_VALUE.check(asked.json())
        made = self.goods.add_value(own, values["name"], values["default_price"])
        return 201, self._value(asked, made)

    # -- what a product comes in ---------------------------------------------------------------

    def _chosen_values(self, asked: Asked, own: int) -> JSON:
        asked.only("start", "size")
        self._must_be(own)
        mine = self.goods.chosen_of.get(own, [])
        return asked.paged(list(mine), lambda c: self._chosen_value(asked, c))

    def _chosen_value(self, asked: Asked, own: int) -> JSON:
        if own not in self.goods.chosen:
            raise missing("productattributevalues", own)
        made = self.goods.chosen[own]
        value = self.goods.values[made.value_id]
        return {
            "href": f"{asked.at}/productattributevalues/{own}/",
            "id": own,
            "optionid": value["attribute"],
            "optionname": self.goods.attributes[value["attribute"]]["name"],
            "optionposition": 1,
            "optionvalue_id": made.value_id,
            "optionvalue_name": value["name"],
            "position": made.position,
            "price": made.price,
            "enable": made.enable,
        }

    def _choose(self, asked: Asked, own: int) -> Answered:
        self._must_be(own)
        values = PRODUCT_VALUE.check(asked.json())
        value = values["optionvalue"]
        if value not in self.goods.values:
            raise invalid(f"optionvalue: there is no value {value}")
        if any(self.goods.chosen[c].value_id == value for c in self.goods.chosen_of.get(own, [])):
            raise taken("optionvalue")
        made = self.goods.choose(own, value, values["price"], values.get("position", 1))
        self.goods.combine(own, values.get("stock", 0))
        self.goods.touch(own)
        return 201, self._chosen_value(asked, made.id)

    def _patch_choice(self, asked: Asked, own: int) -> Answered:
        self._chosen_value(asked, own)
        values = PRODUCT_VALUE_PATCH.check(asked.json(), patch=True)
        made = self.goods.chosen[own]
        values.pop("optionposition", None)
        if all(getattr(made, name) == value for name, value in values.items()):
            raise same()
        for name, value in values.items():
            setattr(made, name, value)
        self.goods.touch(made.product_id)
        return 204, None

    def _drop_choice(self, asked: Asked, own: int) -> Answered:
        self._chosen_value(asked, own)
        product_id = self.goods.chosen[own].product_id
        self.goods.drop_choice(own)
        self.goods.combine(product_id, 0)
        self.goods.touch(product_id)
        return 204, None

    # -- combinations --------------------------------------------------------------------------

    def _combinations(self, asked: Asked, own: int) -> JSON:
        asked.only("expand")
        self._must_be(own)
        mine = self.goods.combinations_of_product(own)
        return {"href": asked.href, "items": [self.combination(asked, c) for c in mine]}

    def _combination(self, asked: Asked, own: int) -> JSON:
        asked.only("expand")
        if own not in self.goods.combinations:
            raise missing("attributecombinations", own)
        return self.combination(asked, own)

    def combination(self, asked: Asked, own: int) -> JSON:
        """A variant as `attributecombinations` shows it."""
        made, at = self.goods.combinations[own], asked.at
        options, extra = [], 0.0
        for value_id in made.values:
            value = self.goods.values[value_id]
            attribute = value["attribute"]
            surcharge = self.goods.surcharge(made, value_id)
            extra += surcharge
            options.append(
                {
                    "attribute": {
                        "id": attribute,
                        "name": self.goods.attributes[attribute]["name"],
                        "href": f"{at}/attributes/{attribute}/",
                    },
                    "attribute_value": {
                        "id": value_id,
                        "name": value["name"],
                        "href": f"{at}/attributevalues/{value_id}/",
                    },
                    "extra_price": surcharge,
                }
            )
        if self.goods.vat_included:
            extra = extra / (1 + self.goods.rate(made.product_id) / 100)
        href = f"{at}/attributecombinations/{own}/"
        return {
            "href": href,
            "id": own,
            "note": "",
            "product_id": made.product_id,
            "stock": number_of(made.stock),
            "netto_extra_price": number_of(round(extra, 2)),
            "ordering_without_stock": "global_setting",
            "product_number": made.product_number,
            "ean_number": made.ean_number,
            "sku_number": made.sku_number,
            "delivery_time": 0,
            "delivery_time_type": "unknown",
            "delivery_default_text": "",
            **made.more,
            "active": made.active,
            "combination": options,
            "attributecombinationphotos": {"href": f"{href}attributecombinationphotos/"},
            "attributes": {"href": f"{href}attributes/"},
            "attributevalues": {"href": f"{href}attributevalues/"},
            "parent": {"href": f"{at}/products/{made.product_id}/"},
        }

    def _patch_combination(self, asked: Asked, own: int) -> Answered:
        if own not in self.goods.combinations:
            raise missing("attributecombinations", own)
        values = COMBINATION.check(asked.json(), patch=True)
        made = self.goods.combinations[own]
        before = self.combination(asked, own)
        if all(before[name] == value for name, value in values.items()):
            raise same()
        for name, value in values.items():
            if hasattr(made, name):
                setattr(made, name, value)
            else:
                made.more[name] = value
        self.goods.touch(made.product_id)
        return 204, None


def number_of(value: float) -> int | float:
    """A JSON number as the shop writes it: 12, never 12.0."""
    return int(value) if value == int(value) else value

"""What the pretend shop has on its shelves: products, attributes, combinations, and their stock.

Only what differs between products is kept; the rest is the same for all of them, so that a shop
with 10,000 products costs little memory.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .goods import (
    BRAND_IDS,
    CATALOGUE,
    COMBINATION_ID,
    JSON,
    OPTION_IDS,
    PACKAGES,
    PRODUCT_ID,
    PRODUCT_SAME,
    TARIFF,
    VALUE_IDS,
    articles_of,
    ean13,
    number,
    stock_of,
    when,
)

FIRST_MADE = 840000001  # the first product that was not seeded out of the catalogue
COLOURS = ("Rood", "Blauw", "Groen", "Zwart", "Wit", "Geel", "Paars", "Oranje", "Grijs", "Bruin")
RATES = {"normal": 21, "low a": 9, "low b": 9, "extra low": 9, "zero": 0}
MENUS = ("option_menu", "option_menu_required")


@dataclass
class Combination:
    """One sellable choice out of the values of a product's option menus."""

    id: int
    product_id: int
    values: tuple[int, ...]
    product_number: str = ""
    sku_number: str = ""
    ean_number: str = ""
    stock: float = 0
    active: bool = True
    more: JSON = field(default_factory=dict)


@dataclass
class Chosen:
    """A value of an attribute that a product comes in, with its surcharge."""

    id: int
    product_id: int
    value_id: int
    price: float = 0
    position: int = 1
    enable: bool = True


class Assortment:
    """Products and what makes variants of them. Every change moves a product's modifydate."""

    def __init__(
        self, until: datetime, vat_included: bool, products: int = 0, variants: int = 0
    ) -> None:
        self.until, self.vat_included = until, vat_included
        self.products: dict[int, JSON] = {}
        self.brands: dict[int, str] = {own: name for name, own in BRAND_IDS.items()}
        self.attributes: dict[int, JSON] = {}
        self.values: dict[int, JSON] = {}
        self.chosen: dict[int, Chosen] = {}
        self.chosen_of: dict[int, list[int]] = {}
        self.combinations: dict[int, Combination] = {}
        self.combinations_of: dict[int, list[int]] = {}
        self._ids = itertools.count(91_300_501)
        self._product_ids = itertools.count(FIRST_MADE + products)
        self._combination_ids = itertools.count(60_000_001)
        self._clock = 0
        self._seed()
        for position in range(products):
            self._make(position, variants)

    # -- seeds ---------------------------------------------------------------------------------

    def _seed(self) -> None:
        for name, own in OPTION_IDS.items():
            self.attributes[own] = {"name": name, "type": "option_menu"}
        for (option, name), own in VALUE_IDS.items():
            self.values[own] = {"attribute": OPTION_IDS[option], "name": name, "default_price": 0}
        for position, (product_number, own) in enumerate(PRODUCT_ID.items()):
            members = articles_of(product_number)
            first, has_variants = members[0], bool(members[0].parent)
            name = first.name
            if has_variants:
                name = first.name.split(" maat ")[0].split(", 37 mm")[0]
            # Two products at a time were changed in the same second, as by an import.
            changed = self.until - timedelta(hours=5 * (position // 2))
            self.products[own] = {
                "productnumber": product_number,
                "eannumber": "" if has_variants else first.ean,
                "name": name,
                "shortdescription": first.name,
                "description": f"<p>{first.name}.</p>",
                "taxtariff": TARIFF[first.vat],
                "price": self._basis(float(first.price - first.surcharge), float(first.vat)),
                "purchaseprice": number(first.purchase),
                "stocktype": "Attribute" if has_variants else "Product",
                "stock": 0 if has_variants else stock_of(first),
                "weight": number(first.weight),
                "alias": product_number.lower(),
                "brand_id": BRAND_IDS.get(first.brand),
                "package_id": 12002,
                "createdate": "2025-03-01T09:00:00Z",
                "modifydate": when(changed),
            }
            if not has_variants:
                continue
            for place, article in enumerate(members, 1):
                value, extra = VALUE_IDS[article.option], float(article.surcharge)
                surcharge = self._basis(extra, float(article.vat))
                self._choose(Chosen(next(self._ids), own, value, surcharge, place))
                self._keep(
                    Combination(
                        *(COMBINATION_ID[article.sku], own, (value,), article.sku, article.sku),
                        *(article.ean, stock_of(article)),
                    )
                )

    def _basis(self, gross: float, rate: float) -> float:
        amount = gross if self.vat_included else round(gross / (1 + rate / 100), 2)
        return int(amount) if amount == int(amount) else round(amount, 2)

    def _make(self, position: int, variants: int) -> None:
        own, sku = FIRST_MADE + position, f"P{position + 1:05}"
        changed = self.until - timedelta(days=10, seconds=position)
        self.products[own] = {
            "productnumber": sku,
            "eannumber": "" if variants else ean13(8719100 * 10**5 + position * 20),
            "name": f"Artikel {position + 1}",
            "price": self._basis(5 + position % 200 + 0.95, 21),
            "purchaseprice": 2 + position % 90,
            "stocktype": "Attribute" if variants else "Product",
            "stock": 0 if variants else position % 50,
            "weight": 0.25,
            "alias": sku.lower(),
            "package_id": 12002,
            "createdate": "2025-03-01T09:00:00Z",
            "modifydate": when(changed),
        }
        for place in range(variants):
            value = self._colour(place)
            self._choose(Chosen(next(self._ids), own, value, 0, place + 1))
            self._keep(
                Combination(
                    *(next(self._combination_ids), own, (value,), f"{sku}-{place + 1}"),
                    *(f"{sku}-{place + 1}", ean13(8719100 * 10**5 + position * 20 + place + 1)),
                    *(float((position + place) % 50),),
                )
            )

    def _colour(self, place: int) -> int:
        name = COLOURS[place] if place < len(COLOURS) else f"Kleur {place + 1}"
        for own, value in self.values.items():
            if value["name"] == name:
                return own
        attribute = next(
            (own for own, a in self.attributes.items() if a["name"] == "Kleur"), 301299
        )
        self.attributes.setdefault(attribute, {"name": "Kleur", "type": "option_menu"})
        return self.add_value(attribute, name, 0)

    # -- writing -------------------------------------------------------------------------------

    def now(self) -> str:
        """The shop's clock for changes; no two seconds apart for a whole import."""
        return when(max(datetime.now(UTC), self.until))

    def touch(self, product_id: int) -> None:
        """Something about the product has changed."""
        self.products[product_id]["modifydate"] = self.now()

    def add_product(self, values: JSON) -> int:
        own = next(self._product_ids)
        self.products[own] = {**values, "createdate": self.now(), "modifydate": self.now()}
        return own

    def remove_product(self, product_id: int) -> None:
        del self.products[product_id]
        for own in self.combinations_of.pop(product_id, []):
            del self.combinations[own]
        for own in self.chosen_of.pop(product_id, []):
            del self.chosen[own]

    def brand(self, name: str) -> int:
        """The id of a brand by name; a new name makes a new brand."""
        for own, known in self.brands.items():
            if known.casefold() == name.casefold():
                return own
        own = max(self.brands) + 1
        self.brands[own] = name
        return own

    def add_attribute(self, name: str, kind: str) -> int:
        own = max(self.attributes, default=301200) + 1
        self.attributes[own] = {"name": name, "type": kind}
        return own

    def add_value(self, attribute: int, name: str, price: float) -> int:
        own = max(self.values, default=1402300) + 1
        self.values[own] = {"attribute": attribute, "name": name, "default_price": price}
        return own

    def choose(self, product_id: int, value_id: int, price: float, position: int) -> Chosen:
        made = Chosen(next(self._ids), product_id, value_id, price, position)
        self._choose(made)
        return made

    def _choose(self, made: Chosen) -> None:
        self.chosen[made.id] = made
        self.chosen_of.setdefault(made.product_id, []).append(made.id)

    def drop_choice(self, own: int) -> None:
        made = self.chosen.pop(own)
        self.chosen_of[made.product_id].remove(own)

    def _keep(self, made: Combination) -> None:
        self.combinations[made.id] = made
        self.combinations_of.setdefault(made.product_id, []).append(made.id)

    def combine(self, product_id: int, stock: float) -> None:
        """Make what is lacking of every value of each option menu with every other.

        A second menu replaces the single combinations by pairs, with new ids.
        """
        menus: dict[int, list[int]] = {}
        for own in self.chosen_of.get(product_id, []):
            value = self.chosen[own].value_id
            attribute = self.values[value]["attribute"]
            if self.attributes[attribute]["type"] in MENUS:
                menus.setdefault(attribute, []).append(value)
        wanted = list(itertools.product(*menus.values())) if menus else []
        here = {
            self.combinations[own].values: own for own in self.combinations_of_product(product_id)
        }
        for values, own in here.items():
            if values not in wanted:
                del self.combinations[own]
                self.combinations_of[product_id].remove(own)
        for values in wanted:
            if values not in here:
                own = next(self._combination_ids)
                self._keep(Combination(own, product_id, values, stock=stock))

    # -- looking -------------------------------------------------------------------------------

    def combinations_of_product(self, product_id: int) -> list[int]:
        return list(self.combinations_of.get(product_id, []))

    def surcharge(self, made: Combination, value_id: int) -> float:
        for own in self.chosen_of.get(made.product_id, []):
            if self.chosen[own].value_id == value_id:
                return self.chosen[own].price
        return 0

    def rate(self, product_id: int) -> int:
        return RATES[self.record(product_id)["taxtariff"]]

    def record(self, product_id: int) -> JSON:
        """What is kept of a product, with what is the same for all that say nothing else."""
        return {**PRODUCT_SAME, **self.products[product_id]}

    def stock(self, product_id: int) -> float:
        record = self.record(product_id)
        mine: Sequence[int] = self.combinations_of.get(product_id, ())
        if mine and record["stocktype"] == "Attribute":
            return sum(c.stock for c in map(self.combinations.__getitem__, mine) if c.active)
        found: float = record["stock"]
        return found

    def numbers(self, product_id: int) -> Iterator[tuple[str, str, str]]:
        """Product number, SKU and EAN of the product and of each of its combinations."""
        record = self.record(product_id)
        yield record["productnumber"], "", record["eannumber"]
        for own in self.combinations_of.get(product_id, ()):
            made = self.combinations[own]
            yield made.product_number, made.sku_number, made.ean_number

    def skus(self) -> list[str]:
        """Every number that can be ordered."""
        found: list[str] = []
        for own in self.products:
            mine = self.combinations_of.get(own)
            if mine:
                found += [self.combinations[c].sku_number for c in mine]
            else:
                found.append(self.record(own)["productnumber"])
        return found


def known_package(own: Any) -> bool:
    """Whether the shop has a package of that id."""
    return own in PACKAGES


__all__ = ["CATALOGUE", "Assortment", "Chosen", "Combination", "known_package"]

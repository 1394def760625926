"""Variants on their way into the shop: attributes, values, surcharges and combinations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.model import Json
from hub.sdk import Api, KoppelError, RecordError, RejectedError

from .api import everything, posted, walk
from .numbers import combinations_of
from .surcharges import Options, Surcharges, surcharges
from .understanding import number, text

MENUS = ("option_menu", "option_menu_required")
"""Attributes whose values make combinations; the others only ask the customer something."""
_KINDS = (*MENUS, "text", "text_required", "additional_menu", "additional_menu_required")
"""All types there are, in the order of the older `attribute_type` 1 to 6."""
_NUMBERS = ("product_number", "sku_number", "ean_number")
_WRITTEN = (
    *_NUMBERS,
    "stock",
    "note",
    "delivery_time",
    "delivery_time_type",
    "delivery_default_text",
)


@dataclass(frozen=True)
class Wanted:
    """One variant as it is to be. values: what to write to its combination."""

    name: str
    options: Options
    price: Decimal | None
    values: Json


def wanted_of(collection: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """The variants of a payload, checked. Raises RecordError naming the variant."""
    found: list[Wanted] = []
    by_sku: dict[str, int] = {}
    by_options: dict[tuple[tuple[str, str], ...], int] = {}
    for position, variant in enumerate(collection):
        where = f"variants[{position}]"
        options = tuple(_options(variant, where))
        sku = text(variant.get("sku_number") or variant.get("product_number") or "")
        name = sku or " ".join(value for _, value in options) or str(position + 1)
        if not options:
            raise RecordError(
                f"Variant {name} has no attributes that tell it from the others, such as a size",
                field=f"{where}.attributes",
                code="no_attributes",
            )
        if sku and by_sku.setdefault(sku.casefold(), position) != position:
            raise RecordError(
                f"Variants {by_sku[sku.casefold()] + 1} and {position + 1} have the same SKU "
                f"{sku}. Give one of them another SKU in the source.",
                field=f"{where}.sku",
                code="duplicate_sku",
            )
        same = tuple(sorted((a.casefold(), v.casefold()) for a, v in options))
        if by_options.setdefault(same, position) != position:
            raise RecordError(
                f"Variants {found[by_options[same]].name} and {name} have the same attributes: "
                + ", ".join(f"{a} {v}" for a, v in options),
                field=f"{where}.attributes",
                code="duplicate_variant",
            )
        if found and {a.casefold() for a, _ in options} != {
            a.casefold() for a, _ in found[0].options
        }:
            raise RecordError(
                f"Variant {name} differs in {_named(options)}, but {found[0].name} in "
                f"{_named(found[0].options)}: in CCV Shop all variants of a product differ in the "
                "same attributes",
                field=f"{where}.attributes",
                code="attributes_differ",
            )
        found.append(
            Wanted(name, _ordered(options, found), _price(variant, where, name), _values(variant))
        )
    return found


def _options(variant: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    for option in variant.get("combination") or ():
        name = text((option.get("attribute") or {}).get("name") or "")
        value = text((option.get("attribute_value") or {}).get("name") or "")
        if not name or not value:
            raise RecordError(
                f"An attribute of the variant lacks its {'value' if name else 'name'}"
                + (f" ({name})" if name else ""),
                field=f"{where}.attributes",
                code="no_attributes",
            )
        yield name, value


def _ordered(options: Options, before: Sequence[Wanted]) -> Options:
    """In the order of the first variant's attributes, spelled as its attributes and values were."""
    if not before:
        return options
    names = [name for name, _ in before[0].options]
    spelled = {(a.casefold(), v.casefold()): (a, v) for other in before for a, v in other.options}
    by_name = {name.casefold(): (name, value) for name, value in options}
    ordered = ((name, by_name[name.casefold()][1]) for name in names)
    return tuple(spelled.get((a.casefold(), v.casefold()), (a, v)) for a, v in ordered)


def _named(options: Options) -> str:
    return " and ".join(name for name, _ in options)


def _price(variant: Mapping[str, Any], where: str, name: str) -> Decimal | None:
    value = variant.get("price")
    if value is None:
        return None
    price = number(value)
    if price is None or not price.is_finite() or abs(price) >= Decimal("1e9"):
        raise RecordError(
            f"The price of variant {name} is no amount: {str(value)[:40]}",
            field=f"{where}.price",
            code="bad_value",
        )
    return price


def _values(variant: Mapping[str, Any]) -> Json:
    made = {name: variant[name] for name in _WRITTEN if variant.get(name) is not None}
    return {**made, "active": variant.get("active") is not False}


def priced(variants: Sequence[Wanted], base: Decimal | None) -> Surcharges | None:
    """The surcharges that make these prices; None when prices are not to be touched."""
    if base is None or all(v.price is None for v in variants):
        return None
    return surcharges(base, [(v.name, v.options, v.price) for v in variants])


# -- what all products share -----------------------------------------------------------------------


def _kind_of(attribute: Mapping[str, Any]) -> str:
    """The type of an attribute, however it is spelled; by its number where it cannot be told."""
    said = str(attribute.get("type") or "")
    folded = {kind.replace("_", ""): kind for kind in _KINDS}
    known = folded.get(re.sub(r"[\s_-]", "", said).casefold())
    place = str(attribute.get("attribute_type") or "")
    if known is None and place in [str(n) for n in range(1, len(_KINDS) + 1)]:
        return _KINDS[int(place) - 1]
    return known or said


class Attributes:
    """The shop's attributes and their values, read once and made when missing."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids: dict[str, int] = {}
        self._kinds: dict[int, str] = {}
        self._values: dict[int, dict[str, int]] = {}
        for record in everything(api, "/attributes/"):
            own, kind = int(record["id"]), _kind_of(record)
            self._kinds[own] = kind
            if kind in MENUS or not kind:
                self._ids.setdefault(str(record.get("name")).strip().casefold(), own)

    @classmethod
    def of(cls, api: Api) -> Attributes:
        """Those of this connection."""
        if "attributes" not in api.memo:
            api.memo["attributes"] = cls(api)
        found: Attributes = api.memo["attributes"]
        return found

    def is_menu(self, attribute: int) -> bool:
        """Whether its values make combinations; not of one that nobody knows here."""
        return self._kinds.get(attribute) in (*MENUS, "")

    def attribute(self, name: str) -> int:
        """The id of an attribute, made when there is none of that name."""
        known = self._ids.get(name.casefold())
        if known is None:
            made = posted(self._api, "/attributes/", {"name": name, "type": MENUS[0]})
            known = self._ids[name.casefold()] = int(made["id"])
            self._kinds[known], self._values[known] = MENUS[0], {}
        return known

    def value(self, attribute: int, name: str) -> int:
        """The id of a value, made when there is none of that name."""
        path = f"/attributes/{attribute}/attributevalues/"
        if attribute not in self._values:
            self._values[attribute] = {
                str(v.get("name")).strip().casefold(): int(v["id"])
                for v in everything(self._api, path)
            }
        values = self._values[attribute]
        if name.casefold() not in values:
            made = posted(self._api, path, {"name": name, "default_price": 0})
            values[name.casefold()] = int(made["id"])
        return values[name.casefold()]


# -- writing ---------------------------------------------------------------------------------------


def write(
    api: Api,
    product: int,
    variants: Sequence[Wanted],
    prices: Surcharges | None,
    present: Mapping[str, Any] | None,
) -> list[Json]:
    """Make the product come in these variants; returns its combinations as they are then.

    present: the product as it is, None when it was just made. Repeating it does no harm.
    """
    combinations = combinations_of(present) if present is not None else []
    if not variants:
        _switch_off(api, combinations)
        return combinations
    attributes = Attributes.of(api)
    try:
        ids = {
            (name, value): attributes.value(attributes.attribute(name), value)
            for variant in variants
            for name, value in variant.options
        }
        changed = _choose(api, product, ids, prices, attributes, fresh=present is None)
    except KoppelError:
        # What was made meanwhile, nobody knows: read it again the next time.
        api.memo.pop("attributes", None)
        raise
    if changed:
        combinations = everything(api, f"/products/{product}/attributecombinations/")
    by_values = {_value_ids(c): c for c in combinations}
    work: list[tuple[Json, Json]] = []
    for variant in variants:
        found = by_values.pop(frozenset(ids[option] for option in variant.options), None)
        if found is None:
            raise RecordError(
                f"CCV Shop made no combination for variant {variant.name} "
                f"({', '.join(f'{a} {v}' for a, v in variant.options)})",
                field="variants",
                code="no_combination",
            )
        work.append((found, _differing(variant.values, found)))
    work += [(c, {"active": False}) for c in by_values.values() if c.get("active") is not False]
    _patch(api, work)
    return combinations


def _choose(
    api: Api,
    product: int,
    ids: Mapping[tuple[str, str], int],
    prices: Surcharges | None,
    attributes: Attributes,
    *,
    fresh: bool,
) -> bool:
    """Give the product the values it lacks, with their surcharges; whether combinations changed."""
    path = f"/products/{product}/productattributevalues/"
    pages = () if fresh else walk(api, path)
    there = {int(v["optionvalue_id"]): v for page in pages for v in page}  # ids come as text, too
    wanted_attributes = {attributes.attribute(name) for name, _ in ids}
    changed = fresh
    for value in there.values():
        attribute = int(value["optionid"])
        if attribute not in wanted_attributes and attributes.is_menu(attribute):
            # Another menu would go on multiplying the combinations.
            api.delete(f"/productattributevalues/{value['id']}/", safe=True)
            changed = True
    places: dict[str, int] = {}
    for (name, label), own in ids.items():
        places[name] = places.get(name, 0) + 1
        price = None if prices is None else prices[name, label]
        known = there.get(own)
        if known is None:
            body = {"optionvalue": own, "price": price or 0, "position": places[name]}
            try:
                api.post(path, body)
            except RejectedError as error:
                if error.code != "duplicate":
                    raise
            changed = True
        elif price is not None and number(known.get("price")) != price:
            api.patch(f"/productattributevalues/{known['id']}/", {"price": price}, safe=True)
    return changed


def _value_ids(combination: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(
        int(option["attribute_value"]["id"])
        for option in combination.get("combination") or ()
        if option.get("attribute_value")
    )


def _differing(values: Json, present: Mapping[str, Any]) -> Json:
    return {name: value for name, value in values.items() if not equal(value, present.get(name))}


def equal(value: Any, present: Any) -> bool:
    """Whether a field says what it is to say; numbers by what they amount to."""
    if isinstance(value, bool) or isinstance(present, bool):
        return value is present
    if isinstance(value, (int, float, Decimal)):
        return number(present) == number(value)
    return (value or "") == (present or "")


def _switch_off(api: Api, combinations: Sequence[Json]) -> None:
    _patch(api, [(c, {"active": False}) for c in combinations if c.get("active") is not False])


def _patch(api: Api, work: Sequence[tuple[Json, Json]]) -> None:
    """One request for each combination that differs; notes what it says now."""

    def patch(item: tuple[Json, Json]) -> None:
        combination, values = item
        api.patch(f"/attributecombinations/{combination['id']}/", values, safe=True)
        combination.update(values)

    for outcome in api.map(patch, [item for item in work if item[1]]):
        if isinstance(outcome, KoppelError):
            raise outcome

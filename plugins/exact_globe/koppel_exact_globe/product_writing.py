"""How products become items: one call each, only what differs, and never an item twice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hub.model import Json
from hub.sdk import Api, Index, IndexRow, NotFound, RecordError, RejectedError, Written

from . import api as globe
from . import masters, odata, variants
from .booking import kept
from .families import GONE, ITEM, members
from .lookups import VatCode, vat_codes
from .pictures import BINARY, content_of
from .reading import code
from .writing import changes

RowOf = Callable[[Api, Json], IndexRow]
_ASKED = frozenset({"VAT", "Features", "Attributes", "items", "Picture", "AssortmentDescription"})
"""Parts of a payload that are no properties of an item: they say what the properties are to be."""
_LIKE_ITS_KIN = (
    "IsSalesItem",
    "IsStockItem",
    "SalesVATCode",
    "SalesCurrency",
    "Assortment",
    "PackageDescription",
    "Type",
    "GLAccountRevenue",
    "Description0",
    "SalesPrice",
)
"""What a variant that joins a family takes from the others."""
_CENT, _FINE = Decimal("0.01"), Decimal("0.0001")
_KEPT = {"SalesPrice": 4, "CostPriceStandard": 4, "NetWeight": 2}
"""How many decimals the columns have: what is finer would differ from what is there for ever."""


def begun(api: Api) -> set[str]:
    """Families of which not all items are made yet: they are not found, so that the work on them
    is taken up again."""
    found: set[str] = api.memo.setdefault("families begun", set())
    return found


def create(api: Api, payload: Json, index: Index, row_of: RowOf) -> Written:
    """Make one item, or all of a family; an item of a variant that is there already joins it."""
    family = api.settings.family
    made: Json | None = None
    if not payload.get("items"):
        made = _post(api, variants.bodies(payload, family)[0], payload)
        api.remember(index, row_of(api, made))
        return Written(key=str(made["ItemCode"]), number=str(made["ItemCode"]), record=made)
    name = str(payload["ItemCode"])
    begun(api).add(name.strip().casefold())
    bodies = variants.bodies(payload, family)
    known = api.find(index, "sku", [body["ItemCode"] for body in bodies])
    for position, body in enumerate(bodies):
        with _named(body, position):
            there = known.get(body["ItemCode"])
            if there is not None:
                row = globe.one(api, ITEM, odata.text_key(body["ItemCode"]))
                if row is not None:
                    _merge(api, row, body, payload)
                    api.remember(index, row_of(api, {**row, str(family): name}))
                    continue
            made = _post(api, body, payload)
            api.remember(index, row_of(api, made))
    begun(api).discard(name.strip().casefold())
    return Written(key=name, number=name)


def update(api: Api, key: str, payload: Json, index: Index, row_of: RowOf) -> Written:
    """Make the item, or the items of the family, as the payload says."""
    if not payload.get("items"):
        _update_one(api, key, payload)
        return Written(key=key, number=key)
    family = str(api.settings.family)
    there = members(api, [key], ()).get(key, [])
    payload = {**payload, "ItemCode": payload.get("ItemCode") or key}
    by_code = {_fold(row["ItemCode"]): row for row in there}
    wanted = variants.bodies(payload, family)
    for position, body in enumerate(wanted):
        with _named(body, position):
            row = by_code.pop(_fold(body["ItemCode"]), None)
            if row is None:  # it may be there and be of no family, or of another one
                row = globe.one(api, ITEM, odata.text_key(body["ItemCode"]))
            if row is not None:
                _merge(api, row, body, payload)
                continue
            kin = there[0] if there else {}
            like = {n: kin[n] for n in _LIKE_ITS_KIN if kin.get(n) is not None}
            like |= {"IsSalesItem": kin.get("IsSalesItem", True)}
            api.remember(index, row_of(api, _post(api, {**like, **body}, payload)))
    if api.settings.retire_variants:
        for row in by_code.values():
            if row.get("Condition") not in (GONE, "B", "D"):
                globe.merge(api, ITEM, odata.text_key(row["ItemCode"]), {"Condition": GONE})
    begun(api).discard(_fold(key))
    return Written(key=key, number=key)


def _update_one(api: Api, key: str, payload: Json) -> None:
    body = variants.bodies(payload, api.settings.family)[0]
    row = globe.one(api, ITEM, odata.text_key(key))
    if row is None:
        rows = members(api, [key], ("ItemCode",)).get(key, [])
        if rows:
            raise RecordError(
                f"{key} is a family of {len(rows)} items in Globe, and the product has no variants "
                "(any more). Give it its variants back, or another number.",
                field="variants",
                code="no_variants",
            )
        raise NotFound(f"The item {key} is no longer in Exact Globe", code="not_found")
    _merge(api, row, {**body, "ItemCode": row["ItemCode"]}, payload)


class _named:
    """Says which variant a refusal is about."""

    def __init__(self, body: Json, position: int) -> None:
        self._code, self._position = body["ItemCode"], position

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, RejectedError) and not error.field:
            error.field = f"variants[{self._position}]"
            error.args = (f"{self._code}: {error}",)


def _post(api: Api, body: Json, payload: Json) -> Json:
    return globe.create(api, ITEM, _properties(api, body, payload, {}))


def _merge(api: Api, there: Json, body: Json, payload: Json) -> None:
    wanted = _properties(api, body, payload, there)
    del wanted["ItemCode"]
    differing = changes(api, there, wanted)
    differing.pop("MessageID", None)  # another key of the same picture is no difference
    if "PictureFilename" in differing and "MessageID" in wanted:
        differing["MessageID"] = wanted["MessageID"]
    if differing:
        globe.merge(api, ITEM, odata.text_key(there["ItemCode"]), differing)


def _properties(api: Api, body: Json, payload: Json, there: Json) -> Json:
    """The item's own properties; codes that are missing are made on the way."""
    made = {name: value for name, value in body.items() if name not in _ASKED}
    if body.get("AssortmentDescription"):
        made["Assortment"] = masters.assortment_number(api, body["AssortmentDescription"])
    elif "Assortment" in made:
        made["Assortment"] = int(made["Assortment"])
    for pair in (*(body.get("Features") or ()), *(body.get("Attributes") or ())):
        field = masters.field_called(api, str(pair["Name"]))
        if field is None:
            raise _no_field(api, str(pair["Name"]))
        if pair.get("Value"):
            masters.put_value(api, made, field, str(pair["Value"]))
    _price(api, made, payload, there)
    for name, decimals in _KEPT.items():
        number = odata.number(made.get(name))
        if number is not None and number != (rounded := kept(number, decimals)):
            made[name] = rounded.normalize()
    picture = body.get("Picture")
    if picture and made.get("PictureFilename") != there.get("PictureFilename"):
        made["MessageID"] = _picture(api, made["PictureFilename"], picture)
    elif not picture:
        made.pop("PictureFilename", None)  # a name without a picture says nothing
    return made


def _no_field(api: Api, name: str) -> RecordError:
    names = masters.field_names(api)
    chosen = [*api.settings.attributes, *api.settings.feature_fields]
    known = ", ".join(f"{names[field]} ({field})" for field in chosen)
    return RecordError(
        f"No field of Globe's items is called “{name}”. Those that were chosen in the connection's "
        f"settings are {known}. Choose one more, or give the attribute one of these names in the "
        "flow's settings.",
        field="variants[].attributes",
        code="no_field",
        fix="attribute_names",
    )


def _picture(api: Api, name: str, picture: Json) -> str:
    """The key of the picture; variants that share one share the key."""
    sent: dict[str, str] = api.memo.setdefault("pictures sent", {})
    if name not in sent:
        made = globe.create(api, BINARY, {"Data": content_of(api, picture)})
        sent[name] = str(made["MessageID"])
    return sent[name]


def _price(api: Api, made: Json, payload: Json, there: Json) -> None:
    """The VAT code says what Globe takes the price for: convert one of the other kind."""
    said = payload.get("VAT") or {}
    vat = vat_codes(api).get(code(made.get("SalesVATCode") or there.get("SalesVATCode")) or "")
    price = odata.number(made.get("SalesPrice"))
    basis = said.get("Prices")
    if vat is None or price is None or not basis or vat.prices in (None, basis):
        return
    rate = odata.number(said.get("Percentage"))
    if rate is not None and rate != vat.rate:
        raise RecordError(
            f"The price is {basis} with {rate.normalize():f}% VAT, but VAT code {vat.code} of "
            f"Globe is {vat.rate.normalize():f}% and wants {vat.prices} prices. Choose another "
            "VAT code for it.",
            field="vat_code",
            code="vat_differs",
            fix="product_vat_codes",
        )
    made["SalesPrice"] = _converted(price, vat)


def _converted(price: Decimal, vat: VatCode) -> Decimal:
    if vat.prices == "gross":
        return (price * (100 + vat.rate) / 100).quantize(_CENT, ROUND_HALF_UP)
    return (price * 100 / (100 + vat.rate)).quantize(_FINE, ROUND_HALF_UP).normalize()


def _fold(value: Any) -> str:
    return str(value).strip().casefold()

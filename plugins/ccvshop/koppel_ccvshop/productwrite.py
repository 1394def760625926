"""Products on their way into the shop: one payload becomes the calls that make it so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from hub.model import Json
from hub.sdk import (
    Api,
    Effect,
    RecordError,
    TemporaryError,
    UnknownOutcome,
    Written,
)

from . import numbers, pictures, placing, variants
from .api import everything
from .surcharges import Surcharges
from .tariffs import tariff_for
from .understanding import number, text
from .variants import equal

EXPAND = "attributecombinations,productphotos,producttocategories,producttopropertygroups"
TRIES = 4
PARTS = ("attributecombinations", "productphotos", "producttocategories", "features")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEXT = _names(
    "productnumber eannumber mpnnumber name shortdescription description taxtariff unit "
    "stocktype stocklocation ordering_without_stock brand condition maincategory subcategory "
    "meta_description meta_keywords page_title alias specs stock_delivery_type "
    "stock_delivery_standard show_order_button photo_size hide_without_category memo "
    "marktplaats_status marktplaats_price_type google_shopping_category"
)
_NUMBER = _names(
    "vatrate price discount purchaseprice container_deposit_price safety_deposit_price stock "
    "weight amount_sold minimal_order_amount marktplaats_cpc marktplaats_daily_budget "
    "marktplaats_total_budget"
)
_WHOLE = _names(
    "credit_points_custom brand_id condition_id color_id package_id decimal_amount "
    "stock_delivery_number product_layout supplier_id marktplaats_category_id"
)
_FLAG = _names(
    "active stockenabled no_index no_follow show_in_template show_on_beginpage show_on_facebook "
    "fixed_staggered_prices marktplaats_active is_included_for_export_feed"
)
_PART_OF = {
    **{name: (name, "name") for name in ("brand", "condition")},
    **{
        f"{name}_id": (name, "id")
        for name in ("brand", "condition", "color", "supplier", "package")
    },
}
"""Written as a name or id, read as an object: the object, and what of it."""
_REQUIRED = (
    ("productnumber", "sku", "a product number (SKU)"),
    ("name", "name", "a name"),
    ("price", "price", "a price"),
)


@dataclass(frozen=True)
class Plan:
    """A payload taken apart: the product's own fields, and each part that is to be written."""

    body: Json
    variants: list[variants.Wanted] | None
    pictures: Sequence[Json] | None
    categories: Sequence[Json] | None
    create_categories: bool
    features: Sequence[Json] | None
    features_group: str

    @property
    def has_parts(self) -> bool:
        """Whether more than the product itself is to be written."""
        parts = (self.variants, self.pictures, self.categories, self.features)
        return any(part is not None for part in parts)


def plan_of(api: Api, payload: Json) -> Plan:
    """Check a payload before anything is sent. Raises RecordError naming the field."""
    body = {
        name: _typed(name, value)
        for name, value in payload.items()
        if name not in (*PARTS, "features_group") and value is not None
    }
    rate = body.pop("vatrate", None)
    if rate is not None and "taxtariff" not in body:
        body["taxtariff"] = tariff_for(api, rate)
    wanted = _part(payload, "attributecombinations")
    categories = _part(payload, "producttocategories")
    placing.check_categories(categories or ())
    features = payload.get("features")
    return Plan(
        body,
        None if wanted is None else variants.wanted_of(wanted),
        _part(payload, "productphotos"),
        categories,
        bool((payload.get("producttocategories") or {}).get("create_missing", True)),
        features if isinstance(features, list) else None,
        str(payload.get("features_group") or "Kenmerken"),
    )


def _part(payload: Json, name: str) -> list[Json] | None:
    part = payload.get(name)
    found = part.get("collection") if isinstance(part, Mapping) else part
    return [p for p in found if isinstance(p, dict)] if isinstance(found, list) else None


def _typed(name: str, value: Any) -> Any:
    """A value as the shop's schema wants it; texts from rules become numbers where they can."""
    try:
        if name in _TEXT:
            return value if isinstance(value, str) else str(value)
        if name in _NUMBER or name in _WHOLE:
            if isinstance(value, bool):
                raise ValueError
            amount = Decimal(str(value).strip())
            if not amount.is_finite() or abs(amount) >= Decimal("1e9"):
                raise ValueError
            if name in _NUMBER:
                return amount
            if amount != amount.to_integral_value():
                raise ValueError
            return int(amount)
        if name in _FLAG:
            if isinstance(value, bool):
                return value
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
                str(value).strip().casefold()
            ]
    except (InvalidOperation, ValueError, KeyError):
        kind = "yes or no" if name in _FLAG else "a number"
        raise RecordError(
            f"{name} must be {kind} for CCV Shop, not “{str(value)[:40]}”",
            field=name,
            code="bad_value",
        ) from None
    raise RecordError(
        f"CCV Shop's products have no field {name} that can be written",
        field=name,
        code="unknown_field",
    )


# -- create ----------------------------------------------------------------------------------------


def create(api: Api, payload: Json, effect: Effect) -> Written:
    """Make a product with all its parts; taken up again it goes on where it was."""
    plan = plan_of(api, payload)
    for name, field, what in _REQUIRED:
        if plan.body.get(name) in (None, ""):
            raise RecordError(f"A product in CCV Shop needs {what}", field=field, code="missing")
    if "taxtariff" not in plan.body:
        raise RecordError(
            "A product in CCV Shop needs a VAT tariff: the source says no VAT percentage",
            field="tax_rate",
            code="missing",
        )
    if "package_id" not in plan.body:
        raise RecordError(
            "A product in CCV Shop needs a package, which decides its shipping costs: choose one "
            "in the flow's settings",
            field="package_id",
            code="missing",
            fix="package",
        )
    prices = variants.priced(plan.variants or (), number(plan.body["price"]))
    loaded = pictures.load(api, plan.pictures) if plan.pictures else None
    body = {"discount": Decimal(0), **plan.body}
    if plan.variants:
        body.pop("stock", None)  # kept by the combinations
    product, fresh = _made(api, body, effect)

    def parts(again: bool) -> None:
        present = None if fresh and not again else _present(api, product)
        _write_parts(api, product, plan, prices, present, loaded)

    if plan.has_parts:
        _until_sure(api, product, parts)
    else:
        numbers.remember(api, {**body, "id": product})
    return Written(str(product), number=plan.body["productnumber"])


def _made(api: Api, body: Json, effect: Effect) -> tuple[int, bool]:
    """The product's id, and whether it was made just now."""
    stage = effect.stage or ""
    if stage.startswith("product "):
        return int(stage.removeprefix("product ")), False
    if stage == "posting" and (known := _by_number(api, body["productnumber"])) is not None:
        effect.reach(f"product {known}")
        return known, False
    effect.reach("posting")
    fresh = True
    try:
        answer = api.post("/products/", body)
        own = answer.get("id") if isinstance(answer, dict) else None
    except UnknownOutcome:
        own = _by_number(api, body["productnumber"])
        if own is None:
            raise
        fresh = False
    if own is None:
        own, fresh = _by_number(api, body["productnumber"]), False
    if own is None:
        raise UnknownOutcome("CCV Shop took the product and did not show it")
    effect.reach(f"product {own}")
    return int(own), fresh


def _by_number(api: Api, wanted: str) -> int | None:
    """The newest product with exactly this number, asked live."""
    query = {"productnumber": wanted, "orderby": "id_desc", "start": 0, "size": 50}
    page = api.get("/products/", query)
    for record in page.get("items") or ():
        if text(record.get("productnumber") or "") == wanted.strip():
            return int(record["id"])
    return None


def _until_sure(api: Api, product: int, write: Callable[[bool], None]) -> None:
    """Write the parts; what stays unclear is looked at and written again.

    A part that cannot be written fails the record: the product alone is not what was asked for.
    """
    for attempt in range(1, TRIES + 1):
        try:
            write(attempt > 1)
            return
        except TemporaryError as error:
            if attempt == TRIES:
                raise RecordError(
                    f"Product {product} was made in CCV Shop, but not all of its variants, "
                    f"categories, features and pictures: {error}. Retry it to complete it.",
                    code="unfinished",
                ) from error
            api.sleep(0.2 * 2**attempt)


# -- update ----------------------------------------------------------------------------------------


def update(api: Api, key: str, payload: Json) -> Written:
    """Write what differs: one request where only the product's own fields are given."""
    plan = plan_of(api, payload)
    product = int(key)
    prices: Surcharges | None = None
    if plan.variants and "price" in plan.body:
        prices = variants.priced(plan.variants, number(plan.body["price"]))
    body = dict(plan.body)
    if plan.variants:
        body.pop("stock", None)
    if not plan.has_parts:
        if body:
            api.patch(f"/products/{key}/", body, safe=True)
        return Written(key, number=body.get("productnumber"))
    present = _present(api, product)
    if plan.variants and "price" not in plan.body:
        prices = variants.priced(plan.variants, number(present.get("price")))
    differing = {
        name: value for name, value in body.items() if not equal(value, _read(present, name))
    }
    if differing:
        api.patch(f"/products/{key}/", differing, safe=True)
    _write_parts(api, product, plan, prices, {**present, **differing})
    return Written(
        key, number=body.get("productnumber") or text(present.get("productnumber") or "")
    )


def _read(present: Mapping[str, Any], name: str) -> Any:
    """What is there now of something that may be written under another name."""
    if name == "active":
        return present.get("is_active")
    if name in _PART_OF:
        whole, part = _PART_OF[name]
        return (present.get(whole) or {}).get(part)
    return present.get(name)


def _present(api: Api, product: int) -> Json:
    found = api.get(f"/products/{product}/", {"expand": EXPAND})
    record: Json = found if isinstance(found, dict) else {}
    for name in EXPAND.split(","):
        part = record.setdefault(name, {})
        if "collection" not in part:
            part["collection"] = everything(api, f"/products/{product}/{name}/")
    return record


# -- parts -----------------------------------------------------------------------------------------


def _write_parts(
    api: Api,
    product: int,
    plan: Plan,
    prices: Surcharges | None,
    present: Json | None,
    loaded: Sequence[pictures.Picture] | None = None,
) -> None:
    """Variants first: they are what is sold. present: None when the product was just made."""

    def there(name: str) -> list[Json]:
        return [] if present is None else present[name].get("collection") or []

    combinations = there("attributecombinations")
    if plan.variants is not None and (plan.variants or combinations):
        combinations = variants.write(api, product, plan.variants, prices, present)
    if plan.categories is not None:
        placing.write_categories(
            api,
            product,
            plan.categories,
            there("producttocategories"),
            create=plan.create_categories,
        )
    if plan.features is not None and (plan.features or placing.groups_of(present)):
        placing.write_features(api, product, plan.features, present, plan.features_group)
    if plan.pictures is not None:
        pictures.write(api, product, plan.pictures, there("productphotos"), loaded)
    known = {**(present or {}), **plan.body, "id": product}
    numbers.remember(api, {**known, "attributecombinations": {"collection": combinations}})

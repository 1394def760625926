"""A product as the target will be told: attributes, prices, VAT code, categories and pictures."""

from __future__ import annotations

from dataclasses import replace

from hub.mapping.policies.facts import Facts
from hub.mapping.policies.product_attributes import assign_attributes
from hub.mapping.policies.product_checks import check_attributes, check_product
from hub.mapping.policies.product_prices import choose_vat_code, convert_prices
from hub.mapping.settings import ProductSettings
from hub.model import Category, Image, Product
from hub.sdk import Blocked

_ARROW = ">"


def adjust_product(
    product: Product, settings: ProductSettings, facts: Facts, *, creating: bool = True
) -> tuple[Product, list[str]]:
    """The product as the target will be told, and what was decided on the way, in words.

    creating: whether it is made and not changed. The product given is not changed. Raises Blocked
    naming what is wrong with it and where to mend that.
    """
    product = replace(
        product,
        attributes=[replace(one) for one in product.attributes],
        features=[replace(one) for one in product.features],
        variants=[
            replace(variant, attributes=[replace(one) for one in variant.attributes])
            for variant in product.variants
        ],
    )
    notes = check_product(product, settings, facts)
    notes += assign_attributes(product, settings)
    check_attributes(product)
    notes += choose_vat_code(product, settings, facts)
    notes += convert_prices(product, settings, facts)
    notes += sort_categories(product, settings, creating=creating)
    notes += choose_images(product, settings, facts)
    return product, notes


def sort_categories(product: Product, settings: ProductSettings, *, creating: bool) -> list[str]:
    """Each category at its place in the target's tree. Raises Blocked when a path is a circle."""
    if settings.categories == "none" or (settings.categories == "create" and not creating):
        product.categories = []
        return []
    table = settings.category_names
    rows = {_folded_path(key): value for key, value in table.rows.items()}
    found: dict[tuple[str, ...], Category] = {}
    notes = []
    for category in product.categories:
        path = [name for name in category.path or [category.name or ""] if name.strip()]
        if not path:
            continue
        said = f" {_ARROW} ".join(path)
        mapped = None if table.force else rows.get(_folded_path(said))
        mapped = mapped or table.default
        if mapped:
            path = [name.strip() for name in mapped.split(_ARROW) if name.strip()]
            notes.append(f"Category {mapped} for {said}")
            category = replace(category, key=None)
        _check_path(path)
        found.setdefault(
            tuple(name.casefold() for name in path), replace(category, name=path[-1], path=path)
        )
    product.categories = list(found.values())
    return notes


def choose_images(product: Product, settings: ProductSettings, facts: Facts) -> list[str]:
    """The main picture first, and no more than the target can hold."""
    if not settings.images:
        product.images = []
        for variant in product.variants:
            variant.image = None
        return []
    product.images = sorted(product.images, key=lambda image: not image.main)
    most = facts.max_images
    if most is None or len(product.images) <= most:
        return []
    left = product.images[most:]
    product.images = product.images[:most]
    which = f": {', '.join(_picture(one) for one in left[:3])}" if any(map(_picture, left)) else ""
    holds = f"{most} picture{'' if most == 1 else 's'}"
    return [f"{facts.target} holds {holds}; {len(left)} left out{which}"]


def _picture(image: Image) -> str:
    return image.filename or (image.url or "").rpartition("/")[2]


def _folded_path(text: str) -> tuple[str, ...]:
    return tuple(name.strip().casefold() for name in text.split(_ARROW) if name.strip())


def _check_path(path: list[str]) -> None:
    """A name that comes back below itself is a category that hangs under its own child."""
    seen: dict[str, str] = {}
    for name in path:
        key = name.strip().casefold()
        if key in seen:
            raise Blocked(
                f"The category {f' {_ARROW} '.join(path)} goes round in a circle: {name!r} is "
                f"below itself. Mend the tree in the source, or give this path a name of its own "
                f"in the table of categories.",
                field="categories",
                code="category_cycle",
                fix="category_names",
            )
        seen[key] = name

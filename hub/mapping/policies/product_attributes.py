"""Which attributes make variants, which only inform, and what the target calls them."""

from __future__ import annotations

from hub.mapping.policies.facts import folded
from hub.mapping.settings import ProductSettings
from hub.model import Attribute, Product


def assign_attributes(product: Product, settings: ProductSettings) -> list[str]:
    """Give each attribute its role and its name by the tables (P16, P17, P18).

    What variants differ in becomes a feature of the product with all its values; a feature can
    make variants only in a product that has none yet, for a variant must say its own value.
    """
    moved: dict[str, list[str]] = {}
    for variant in product.variants:
        variant.attributes = [
            attribute
            for attribute in variant.attributes
            if _stays(attribute, settings, moved, "variant")
        ]
    own: dict[str, list[str]] = {}
    product.attributes = [a for a in product.attributes if _stays(a, settings, own, "variant")]
    to_attributes: dict[str, list[str]] = {}
    notes = []
    features = []
    for feature in product.features:
        role = _role(feature, settings, "feature")
        if role == "variant" and product.variants:
            notes.append(
                f"{feature.name} stays a feature: its value is the product's, not each variant's"
            )
            role = "feature"
        if role == "feature":
            features.append(feature)
        elif role == "variant":
            to_attributes.setdefault(feature.name or "", []).append(feature.value or "")
    for name, values in {**own, **moved}.items():
        known = {folded(one.name) for one in features}
        if folded(name) not in known and any(values):
            features.append(Attribute(name=name, value=", ".join(v for v in values if v)))
            notes.append(f"{name} only informs, as the table says")
    product.features = features
    product.attributes += [
        Attribute(name=name, value=value)
        for name, values in to_attributes.items()
        for value in values
    ]
    _rename(product, settings)
    return notes


def _stays(
    attribute: Attribute, settings: ProductSettings, moved: dict[str, list[str]], usual: str
) -> bool:
    role = _role(attribute, settings, usual)
    if role == "feature":
        values = moved.setdefault(attribute.name or "", [])
        if attribute.value and attribute.value not in values:
            values.append(attribute.value)
    return role == "variant"


def _role(attribute: Attribute, settings: ProductSettings, usual: str) -> str:
    return settings.attribute_roles.look_up(attribute.name) or usual


def _rename(product: Product, settings: ProductSettings) -> None:
    rows = {folded(name): value for name, value in settings.attribute_names.rows.items()}
    variants = (attribute for variant in product.variants for attribute in variant.attributes)
    for attribute in (*product.attributes, *product.features, *variants):
        attribute.name = rows.get(folded(attribute.name), attribute.name)

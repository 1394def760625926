"""What is wrong with a product, said before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from stdnum import ean as european

from hub.mapping.policies.facts import Facts, folded
from hub.mapping.settings import ProductSettings
from hub.model import Product, Variant
from hub.sdk import Blocked

_LARGEST = Decimal("1e12")
DEEPEST = 50
"""Categories above each other, of which nobody has so many: they go round in a circle."""


def check_product(product: Product, settings: ProductSettings, facts: Facts) -> list[str]:
    """Codes, prices and currency. Raises Blocked naming the first thing that cannot go on."""
    label = label_of(product)
    _check_codes(product, settings, facts, label)
    for where, price in _prices(product):
        if not price.is_finite() or abs(price) >= _LARGEST:
            raise Blocked(
                f"{label} has a price of {str(price)[:40]}, which cannot be right.",
                field=where,
                code="bad_price",
            )
        if price < 0:
            raise Blocked(
                f"{label} has a price below zero: {price:f}.", field=where, code="bad_price"
            )
    _check_currency(product, settings, facts, label)
    if settings.categories != "none":
        _check_categories(product, facts, label)
    return _check_eans(product, settings, label)


def label_of(product: Product) -> str:
    """How people would call the product in a sentence."""
    code = product.sku or product.number or product.ean or product.key
    name = (product.name or "")[:60]
    return " ".join(filter(None, ("Product", code, f"({name})" if name else "")))


def name_of(variant: Variant, position: int) -> str:
    """How people would call a variant."""
    said = variant.sku or variant.name or variant.ean
    values = ", ".join(a.value for a in variant.attributes if a.value)
    return f"variant {said or position + 1}" + (f" ({values})" if values else "")


def _check_codes(product: Product, settings: ProductSettings, facts: Facts, label: str) -> None:
    by, word = settings.match, settings.match.upper()
    seen: dict[str, int] = {}
    for position, variant in enumerate(product.variants):
        code = getattr(variant, by)
        where = f"variants[{position}].{by}"
        if not folded(code):
            raise Blocked(
                f"{label}: {name_of(variant, position)} has no {word}. Give it one in "
                f"{facts.source}.",
                field=where,
                code=f"no_{by}",
            )
        if folded(code) in seen:
            first = product.variants[seen[folded(code)]]
            raise Blocked(
                f"{label}: {name_of(first, seen[folded(code)])} and "
                f"{name_of(variant, position)} have the same {word} {code!r}. Each needs its own.",
                field=where,
                code=f"same_{by}",
            )
        seen[folded(code)] = position
    if by == "ean":
        _same_skus(product, label)
    if not product.variants and not folded(getattr(product, by)):
        raise Blocked(
            f"{label} has no {word}, and products are recognised by it. Give it one in "
            f"{facts.source}.",
            field=by,
            code=f"no_{by}",
            fix="match",
        )


def _same_skus(product: Product, label: str) -> None:
    seen: set[str] = set()
    for position, variant in enumerate(product.variants):
        sku = folded(variant.sku)
        if sku and sku in seen:
            raise Blocked(
                f"{label}: two variants have the same SKU {variant.sku!r}. Each needs its own.",
                field=f"variants[{position}].sku",
                code="same_sku",
            )
        seen.add(sku)


def _prices(product: Product) -> Iterator[tuple[str, Decimal]]:
    for name in ("price", "discount", "cost_price"):
        value = getattr(product, name)
        if value is not None:
            yield name, value
    for position, variant in enumerate(product.variants):
        for name in ("price", "cost_price"):
            value = getattr(variant, name)
            if value is not None:
                yield f"variants[{position}].{name}", value


def _check_currency(product: Product, settings: ProductSettings, facts: Facts, label: str) -> None:
    wanted = settings.currency
    if not wanted:
        return
    if product.currency and product.currency.strip().upper() != wanted:
        raise Blocked(
            f"{label} is priced in {product.currency}, and {facts.target} in {wanted}. Prices are "
            f"not converted: give it a price in {wanted}.",
            field="currency",
            code="other_currency",
            fix="currency",
        )
    product.currency = wanted


def _check_categories(product: Product, facts: Facts, label: str) -> None:
    """A category must have its place: one in a circle has no root, and so no path."""
    for position, category in enumerate(product.categories):
        names = [folded(name) for name in category.path or [category.name or ""]]
        around = len(names) > DEEPEST
        if all(names) and names and not around:
            continue
        why = (
            "the categories above it go round in a circle"
            if around
            else "the categories above it go round in a circle, or are gone"
        )
        raise Blocked(
            f"{label} is in category {category.name or category.key or position + 1}, which has "
            f"no place in the tree of {facts.source}: {why}. Put it right there, or let this flow "
            "leave categories alone.",
            field=f"categories[{position}]",
            code="category_circle",
            fix="categories",
        )


def _check_eans(product: Product, settings: ProductSettings, label: str) -> list[str]:
    notes = []
    holders: list[tuple[str, Product | Variant, str]] = [("ean", product, label)]
    for position, variant in enumerate(product.variants):
        words = f"{label}: {name_of(variant, position)}"
        holders.append((f"variants[{position}].ean", variant, words))
    for where, holder, words in holders:
        if not (holder.ean or "").strip():
            continue
        holder.ean = "".join(char for char in holder.ean or "" if char not in " -\t")
        wrong = ean_problem(holder.ean)
        if wrong is None:
            continue
        if settings.ean_check == "block" or settings.match == "ean":
            raise Blocked(
                f"{words} has EAN {holder.ean!r}, {wrong}.",
                field=where,
                code="bad_ean",
                fix="ean_check" if settings.match != "ean" else None,
            )
        left_out = settings.ean_check == "drop"
        notes.append(f"EAN {holder.ean!r} of {words}: {wrong}{'; left out' if left_out else ''}")
        if left_out:
            holder.ean = None
    return notes


def ean_problem(code: str) -> str | None:
    """What is wrong with an EAN, GTIN or UPC; None when it is one."""
    if not (code.isascii() and code.isdigit()):
        return "which has other signs than digits"
    if len(code) not in (8, 12, 13, 14):
        return f"which has {len(code)} digits; an EAN has 8, 12, 13 or 14"
    if not european.is_valid(code):
        wanted = european.calc_check_digit(code[:-1])
        return f"whose check digit is wrong: it ends in {code[-1]} and should end in {wanted}"
    return None


def check_attributes(product: Product) -> None:
    """Variants must be told apart by their attributes. Raises Blocked naming two that are not."""
    label = label_of(product)
    seen: dict[tuple[tuple[str, str], ...], int] = {}
    names = {folded(a.name): a.name for v in product.variants for a in v.attributes if a.name}
    for position, variant in enumerate(product.variants):
        values = {folded(a.name): folded(a.value) for a in variant.attributes if a.name}
        where = f"variants[{position}].attributes"
        name = name_of(variant, position)
        if not any(values.values()):
            raise Blocked(
                f"{label}: {name} has no attribute that tells it from other variants.",
                field=where,
                code="no_attributes",
                fix="attribute_roles",
            )
        lacking = [names[key] for key in names if not values.get(key)]
        if lacking:
            raise Blocked(
                f"{label}: {name} has no {lacking[0]}, which other variants have.",
                field=where,
                code="no_attributes",
                fix="attribute_roles",
            )
        combination = tuple(sorted(values.items()))
        if combination in seen:
            other = name_of(product.variants[seen[combination]], seen[combination])
            raise Blocked(
                f"{label}: {other} and {name} have the same attributes; nothing tells them apart.",
                field=where,
                code="same_attributes",
                fix="attribute_roles",
            )
        seen[combination] = position

"""Prices of products in the basis the target wants, and the VAT code that goes with them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hub.mapping.money import cents, to_gross, to_net
from hub.mapping.policies.facts import Facts, folded
from hub.mapping.policies.product_checks import label_of
from hub.mapping.policies.vat import Case, check_code, row_for
from hub.mapping.settings import ProductSettings
from hub.mapping.unmapped import Unmapped, rate_row
from hub.model import Prices, Product
from hub.sdk import Blocked


def convert_prices(product: Product, settings: ProductSettings, facts: Facts) -> list[str]:
    """Net to gross or gross to net where the target wants it so; cost prices stay as they are.

    Raises Blocked when it is not known what a price holds, or how much VAT there is.
    """
    wanted = facts.prices if settings.price_basis == "target" else settings.price_basis
    priced = [v for v in product.variants if v.price is not None]
    if wanted is None or wanted == product.prices or (product.price is None and not priced):
        return []
    label = label_of(product)
    if product.prices is None:
        raise Blocked(
            f"{label}: it is not known whether its price includes VAT, and {facts.target} wants "
            f"it {_words(wanted)}.",
            field="prices",
            code="no_price_basis",
            fix="price_basis",
        )
    rate = product.tax_rate
    if rate is None:
        raise Blocked(
            f"{label} has no VAT rate, and its price has to be told {_words(wanted)}.",
            field="tax_rate",
            code="no_tax_rate",
            fix="price_basis",
        )
    notes = []
    most = settings.price_decimals
    if product.price is not None:
        before, product.price = product.price, converted(product.price, rate, wanted, most)
        if product.discount is not None:
            reduced = converted(before - product.discount, rate, wanted, most)
            product.discount = product.price - reduced
        notes.append(
            f"Price {before:f} {_words(product.prices)} is {product.price:f} {_words(wanted)} "
            f"({rate.normalize():f}%)"
        )
        if wanted == "net" and cents(to_gross(product.price, rate)) != cents(before):
            notes.append(f"With VAT that is {cents(to_gross(product.price, rate)):f}")
    for variant in priced:
        assert variant.price is not None
        variant.price = converted(variant.price, rate, wanted, most)
    product.prices = wanted
    return notes


def converted(price: Decimal, rate: Decimal, wanted: Prices, decimals: int) -> Decimal:
    """A price in the other basis.

    With VAT: in cents. Without: the shortest that comes back to the price it was made of.
    """
    if wanted == "gross":
        return cents(to_gross(price, rate))
    exact = to_net(price, rate)
    for places in range(2, decimals + 1):
        net = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        if cents(to_gross(net, rate)) == cents(price):
            return net
    return exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def choose_vat_code(product: Product, settings: ProductSettings, facts: Facts) -> list[str]:
    """The target's VAT code by rate and assortment, when there is a table.

    Without one, the source's own code is not passed off as the target's. Raises Blocked when the
    table does not know the rate, or the code is gone.
    """
    table = settings.product_vat_codes
    if not table.rows and not table.default:
        there = facts.vat_codes.get(product.vat_code or "")
        if facts.vat_codes and (there is None or there.rate not in (None, product.tax_rate)):
            product.vat_code = None
        return []
    rate = product.tax_rate
    goods = frozenset({"product", folded(product.assortment)} - {""})
    row = None
    if rate is not None:
        country = settings.product_country
        row = row_for(table, Case(country, rate, "person", goods, country))
    code = row.code if row else table.default
    if code is None:
        said = "no VAT rate" if rate is None else f"{rate.normalize():f}% VAT"
        raise Unmapped(
            f"{label_of(product)} has {said}, and the table of VAT codes of products has no row "
            f"for it.",
            field="tax_rate",
            code="no_vat_code",
            fix="product_vat_codes",
            row={} if rate is None else rate_row(rate),
        )
    check_code(code, rate, facts, "tax_rate", "product_vat_codes")
    product.vat_code = code
    return [f"VAT code {code} ({'from the VAT table' if row else 'the default'})"]


def _words(prices: Prices) -> str:
    return "with VAT" if prices == "gross" else "without VAT"

"""Every line needs a product that the target sells."""

from __future__ import annotations

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import SaleSettings
from hub.model import Order
from hub.sdk import Blocked


def find_items(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Set on each line what the target calls its product, and the kind of goods it is there.

    Raises Blocked naming the first SKU that is not there or may not be sold.
    """
    for position, line in enumerate(order.lines):
        where = f"lines[{position}].sku"
        label = f"Line {position + 1}" + (f" ({line.name})" if line.name else "")
        if not line.sku and not line.ean:
            raise Blocked(
                f"{label} has no SKU, so its product cannot be found in {facts.target}. "
                f"Give the product a SKU in {facts.source} and retry the order.",
                field=where,
                code="no_sku",
            )
        if line.quantity is None or line.quantity == 0:
            raise Blocked(f"{label} has no quantity.", field=f"lines[{position}].quantity")
        if facts.products is None:
            line.item = line.sku
            continue
        product = facts.product(line.sku, line.ean)
        if product is None and facts.makes_products and line.sku:
            continue  # made when the rest of the order is known to be fine
        if product is None:
            code = f"SKU {line.sku!r}" if line.sku else f"EAN {line.ean!r}"
            raise Blocked(
                f"No product with {code} in {facts.target}",
                field=where,
                code="missing_product",
                fix="missing_products",
            )
        if product.sellable is False:
            raise Blocked(
                f"Product {product.item or line.sku} in {facts.target} cannot be sold: it is "
                f"blocked or not a sales item there.",
                field=where,
                code="not_sellable",
            )
        line.item = product.item or product.sku or line.sku
        line.goods = line.goods or product.assortment
    return []

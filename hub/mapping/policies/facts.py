"""Facts: what policies know about the target, looked up before they run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from hub.mapping.money import Rounding
from hub.model import Prices, Product


@dataclass(frozen=True, kw_only=True)
class VatCode:
    """One VAT code of the target. rate: percentage. prices: whether prices under it include VAT."""

    code: str
    rate: Decimal | None = None
    prices: Prices | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was looked up. source, target: the connections' names, for sentences.

    vat_codes: by code; empty when the target has no such list. products: by folded SKU, and by
    "ean:" with the EAN; None when the target has no products to look up. makes_products: those
    that are not there are made. prices: the basis in which the target wants product prices; None:
    either. max_images: how many pictures a product can hold there; None: as many as there are.
    rounding: where the target rounds the VAT of an order, over all lines of one code or line by
    line. price_decimals: how many decimals of a line's price it keeps.
    """

    source: str = "the source"
    target: str = "the target"
    vat_codes: Mapping[str, VatCode] = field(default_factory=dict)
    products: Mapping[str, Product] | None = None
    makes_products: bool = False
    prices: Prices | None = None
    max_images: int | None = None
    rounding: Rounding = "code"
    price_decimals: int = 6

    def product(self, sku: str | None, ean: str | None = None) -> Product | None:
        """The target's product, by SKU, else by EAN."""
        if not self.products:
            return None
        found = self.products.get(folded(sku)) if sku else None
        return found or (self.products.get(folded(f"ean:{ean}")) if ean else None)


def folded(text: str | None) -> str:
    """How codes are compared: without regard to case and outer blanks."""
    return (text or "").strip().casefold()

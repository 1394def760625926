"""Products: recognised by SKU or EAN, made to fit the target, switched off when they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.engine.facts import FactFinder
from hub.engine.kinds import Kind
from hub.mapping.policies.products_out import adjust_product
from hub.mapping.settings import ProductSettings
from hub.model import Document, Product

if TYPE_CHECKING:
    from hub.engine.context import FlowRun


class ProductKind(Kind):
    """A flow of products, simple ones and such that come in variants."""

    def __init__(self, run: FlowRun) -> None:
        super().__init__(run)
        assert isinstance(run.settings, ProductSettings)
        self.settings: ProductSettings = run.settings
        self._finder = FactFinder(run)

    def recognised_by(self) -> str | None:
        """By SKU or EAN, as the settings say."""
        by = self.settings.match
        return by if by in self.run.target.entity.match else super().recognised_by()

    def adjust(self, document: Document, *, creating: bool) -> tuple[Document, list[str]]:
        """Attributes, prices, VAT code, categories and pictures as the target wants them."""
        assert isinstance(document, Product)
        return adjust_product(document, self.settings, self._finder.facts(), creating=creating)

    def recognisable(self, document: Document, by: str) -> str | None:
        """The product's own, or that of its first variant that has one."""
        assert isinstance(document, Product)
        values = [document.ean if by == "ean" else document.sku]
        values += [v.ean if by == "ean" else v.sku for v in document.variants]
        return next((value.strip() for value in values if value and value.strip()), None)

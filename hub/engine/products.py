"""Products: recognised by SKU or EAN, made to fit the target, switched off when they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.engine.kinds import Kind
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

    def recognised_by(self) -> str | None:
        """By SKU or EAN, as the settings say."""
        by = self.settings.match
        return by if by in self.run.target.entity.match else super().recognised_by()

    def recognisable(self, document: Document, by: str) -> str | None:
        """The product's own, or that of its first variant that has one."""
        assert isinstance(document, Product)
        values = [document.ean if by == "ean" else document.sku]
        values += [v.ean if by == "ean" else v.sku for v in document.variants]
        return next((value.strip() for value in values if value and value.strip()), None)

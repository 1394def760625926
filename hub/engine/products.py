"""Products: recognised by SKU or EAN, made to fit the target, switched off when they are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hub.engine.facts import FactFinder
from hub.engine.kinds import Kind
from hub.mapping.policies.facts import folded
from hub.mapping.policies.products_out import adjust_product
from hub.mapping.settings import ProductSettings
from hub.model import Document, Product
from hub.sdk import RecordError

if TYPE_CHECKING:
    from hub.engine.context import FlowRun
    from hub.engine.job import Job


class ProductKind(Kind):
    """A flow of products, simple ones and such that come in variants."""

    one_to_one = True

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

    def found(self, job: Job) -> None:
        """A simple product that is but one variant of a product there must not overwrite it."""
        assert job.existing is not None
        document, record = job.document, job.existing.record
        if not isinstance(document, Product) or document.variants or record is None:
            return
        try:
            there = self.run.target.table.understand(record, self.run.target.context)
        except RecordError:
            return  # what is there is not told well enough to judge it
        assert isinstance(there, Product)
        by = self.recognised_by()
        own = document.ean if by == "ean" else document.sku
        if folded(there.ean if by == "ean" else there.sku) == folded(own):
            return
        # It was found by this very number: if not by its own, then by that of a variant.
        job.end(
            "blocked",
            f"{own} is a variant of the product {there.sku or there.name} in "
            f"{self.run.target.name}, and a product of its own in {self.run.source.name}. "
            f"Keep its family together in {self.run.source.name}, so that it comes as one "
            "product with variants, or leave it out with a filter.",
            code="is_variant",
            field=by or "sku",
        )

    def recognisable(self, document: Document, by: str) -> str | None:
        """The product's own, or that of its first variant that has one."""
        assert isinstance(document, Product)
        values = [document.ean if by == "ean" else document.sku]
        values += [v.ean if by == "ean" else v.sku for v in document.variants]
        return next((value.strip() for value in values if value and value.strip()), None)

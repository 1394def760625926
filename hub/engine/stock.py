"""Stock: levels of the source become the quantity the target is told, less what is on order."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlmodel import col, select

from hub.engine.job import Job
from hub.engine.kinds import Kind
from hub.mapping.policies.facts import folded
from hub.mapping.settings import StockSettings
from hub.mapping.stock import adjust_stock
from hub.model import Document, StockLevel
from hub.store.tables import Flow, Waiting

if TYPE_CHECKING:
    from hub.engine.context import FlowRun


class StockKind(Kind):
    """A flow of stock levels: products are recognised and never made."""

    def __init__(self, run: FlowRun) -> None:
        super().__init__(run)
        assert isinstance(run.settings, StockSettings)
        self.settings: StockSettings = run.settings
        self._unbooked = unbooked(run)

    def recognised_by(self) -> str | None:
        """By SKU or EAN, as the settings say."""
        by = self.settings.match
        return by if by in self.run.target.entity.match else super().recognised_by()

    def known(self, job: Job, *, forced: bool, accepted: bool) -> None:
        """Reckon again even if the record is as it was: orders or settings may have changed."""

    def may_create(self) -> bool:
        """A product that is not there gets no stock."""
        return False

    def not_there(self, job: Job) -> None:
        """Say so; it is looked for again at every run."""
        name = job.outcome.reference or job.outcome.key
        job.end("skipped", f"{self.run.target.name} has no product {name}.", code="not_there")

    def adjust(self, document: Document, *, creating: bool) -> tuple[Document, list[str]]:
        """Work out the quantity."""
        assert isinstance(document, StockLevel)
        unbooked = self._unbooked.get(folded(document.sku), Decimal(0))
        return adjust_stock(document, self.settings, unbooked)


def unbooked(run: FlowRun) -> dict[str, Decimal]:
    """SKU -> how many are in orders from the target that the source of this stock has not booked.

    They wait because something is wrong with them, and would be sold again meanwhile.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    with run.hub.database.session() as session:
        rows = session.exec(
            select(Waiting.wants)
            .join(Flow, col(Flow.id) == Waiting.flow_id)
            .where(
                Flow.source_id == run.target.id,
                Flow.target_id == run.source.id,
                col(Waiting.wants).is_not(None),
            )
        )
        for wants in rows:
            for sku, quantity in (wants or {}).items():
                sums[folded(sku)] += Decimal(str(quantity))
    return dict(sums)

"""Facts: what policies must know of both sides, looked up once per run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

from hub.engine import lookups
from hub.mapping.policies import Facts, VatCode
from hub.model import Product

if TYPE_CHECKING:
    from hub.engine.context import FlowRun


class FactFinder:
    """Looks up when it is first asked, and remembers."""

    def __init__(self, run: FlowRun) -> None:
        self._run = run
        self._known: Facts | None = None

    def facts(
        self, products: Mapping[str, Product] | None = None, *, makes_products: bool = False
    ) -> Facts:
        """What is known, with the target's products of this page. Raises a KoppelError."""
        if self._known is None:
            run = self._run
            self._known = Facts(
                source=run.source.name,
                target=run.target.name,
                vat_codes=self._vat_codes(),
                prices=run.target.entity.prices(run.target.api),
                max_images=run.target.entity.max_images,
                rounding=run.target.entity.rounding,
                price_decimals=run.target.entity.price_decimals,
            )
        if products is None:
            return self._known
        return replace(self._known, products=products, makes_products=makes_products)

    def _vat_codes(self) -> dict[str, VatCode]:
        target = self._run.target
        codes = {}
        for option in lookups.options(
            self._run.hub, target.connection, "vat_codes", api=target.api
        ):
            rate = option.data.get("rate")
            codes[option.value] = VatCode(
                code=option.value,
                rate=None if rate is None else Decimal(str(rate)),
                prices=option.data.get("prices"),
            )
        return codes

"""Shelf: the products that orders name, found in the target, and made there if the flow wants."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from hub.engine.ledger import Pair
from hub.engine.port import Intent, Recognise, Target, Write
from hub.engine.writing import write_all
from hub.mapping.fieldtable import FieldTable
from hub.mapping.policies import Facts, folded
from hub.mapping.policies.products_out import adjust_product
from hub.mapping.settings import ProductSettings
from hub.model import Json, Order, Product
from hub.sdk import Blocked, Context, Form, NoForm, RecordError, TemporaryError

if TYPE_CHECKING:
    from hub.engine.context import FlowRun


@dataclass
class Shelf:
    """What the target holds of the products of a page of orders.

    products: by folded SKU, and by "ean:" with the EAN. making: whether one that is not there
    is made.
    """

    run: FlowRun
    target: Target
    table: FieldTable
    making: bool = False
    products: dict[str, Product] = dataclasses.field(default_factory=dict)
    _drafts: dict[str, Product] = dataclasses.field(default_factory=dict)

    def look_up(self, orders: Sequence[Order], items: Sequence[str]) -> None:
        """Ask for all products at once, also for those that costs are booked on.

        Forgets the last page.
        """
        self.products.clear()
        self._drafts.clear()
        skus = {line.sku for order in orders for line in order.lines if line.sku} | set(items)
        self._find("sku", "", skus)
        if "ean" in self.target.entity.match:
            lines = [line for order in orders for line in order.lines]
            rest = {x.ean for x in lines if x.ean and folded(x.sku) not in self.products}
            self._find("ean", "ean:", rest)

    def _find(self, by: str, prefix: str, values: set[str]) -> None:
        entity, context = self.target.entity, Context(connection=self.run.target.context.connection)
        for value, record in entity.find(self.target.api, by, sorted(values)).items():
            product = self.table.understand(record, context)
            assert isinstance(product, Product)
            product.item = product.item or entity.known_as_of(record)
            self.products[folded(f"{prefix}{value}")] = product

    # -- those that are not there --------------------------------------------------------------

    def draft(self, order: Order) -> None:
        """Keep what an order says of products that are not there, before anything is changed."""
        if not self.making:
            return
        for line in order.lines:
            code = folded(line.sku)
            if line.kind in (None, "product") and code and code not in self.products:
                self._drafts[code] = Product(
                    sku=line.sku,
                    ean=line.ean,
                    name=line.name or line.sku,
                    price=line.unit_price,
                    prices=line.prices or order.prices,
                    currency=order.currency,
                    tax_rate=line.tax_rate,
                    unit=line.unit,
                    weight=line.weight,
                )

    def ensure(
        self, orders: Sequence[Order], facts: Facts
    ) -> list[list[str] | RecordError | TemporaryError]:
        """Make the products that are not there, each once, and name them on the lines.

        In place of the notes of an order whose products cannot be had is why. A price is told as
        a flow of products would tell it by itself.
        """
        wanted = [
            {
                folded(x.sku): None
                for x in order.lines
                if not x.item and folded(x.sku) in self._drafts
            }
            for order in orders
        ]
        self._take_vat_codes(orders)
        due = {code: None for codes in wanted for code in codes if code not in self.products}
        failed: dict[str, RecordError | TemporaryError] = {}
        writes: dict[str, Write] = {}
        if due:
            entity, api = self.target.entity, self.target.api
            facts = replace(facts, prices=entity.prices(api), max_images=entity.max_images)
            effects = self.run.ledger.effects(self._pair, [_key(code) for code in due], "create")
            for code in due:
                try:
                    writes[code] = self._write(code, facts, doubtful=_key(code) in effects)
                except RecordError as error:
                    failed[code] = error
        answers = write_all(self.run.port, self.target, list(writes.values()), creating=True)
        for code, answer in zip(writes, answers, strict=True):
            if isinstance(answer, RecordError | TemporaryError):
                failed[code] = answer
            else:
                made = replace(self._drafts[code], item=answer.known_as or answer.key)
                self.products[code] = made
        return [
            self._named(order, codes, failed) for order, codes in zip(orders, wanted, strict=True)
        ]

    def _take_vat_codes(self, orders: Sequence[Order]) -> None:
        """The code that a line got is the product's own, unless no VAT was charged on this sale."""
        for order in orders:
            for line in order.lines:
                draft = self._drafts.get(folded(line.sku))
                if draft is not None and line.tax_rate and not draft.vat_code:
                    draft.vat_code = line.vat_code

    @property
    def _pair(self) -> Pair:
        """Links of products that came with orders are kept under the source's products."""
        run = self.run
        return Pair(run.source.id, "products", run.target.id, self.target.entity.name)

    def _write(self, code: str, facts: Facts, *, doubtful: bool) -> Write:
        product, _ = adjust_product(self._drafts[code], ProductSettings(), facts)
        context = Context(connection=self.run.target.context.connection, settings=self._answers())
        payload: Json = self.table.render(product, context)
        return Write(
            intent=Intent(
                pair=self._pair,
                key=_key(code),
                payload=payload,
                recognise=Recognise("sku", product.sku or code),
                doubtful=doubtful,
            )
        )

    def _answers(self) -> Form:
        """What a flow of products is told when nobody has answered anything."""
        try:
            return self.target.entity.settings()
        except ValidationError:
            return NoForm()

    def _named(
        self, order: Order, codes: dict[str, None], failed: dict[str, RecordError | TemporaryError]
    ) -> list[str] | RecordError | TemporaryError:
        for code in codes:
            if code in failed:
                return _of_product(self._drafts[code], self.run.target.name, failed[code])
        for line in order.lines:
            if not line.item and folded(line.sku) in codes:
                line.item = self.products[folded(line.sku)].item
        verb = "would be made" if self.run.port.planning else "was made"
        there = self.run.target.name
        return [f"Product {self._drafts[code].sku} {verb} in {there}" for code in codes]


def _key(code: str) -> str:
    """The key of a link; it cannot be mistaken for the key of a product."""
    return f"sku:{code}"


def _of_product(
    product: Product, there: str, error: RecordError | TemporaryError
) -> RecordError | TemporaryError:
    """Why an order has to wait for one of its products."""
    said = f"Product {product.sku} could not be made in {there}: {error}"
    if isinstance(error, TemporaryError):
        return TemporaryError(said, retry_after=error.retry_after)
    return Blocked(said, field="lines[].sku", code="missing_product")

"""Orders: the ten steps from a shop's order to a booked one, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from hub.engine import changes
from hub.engine.customers import CustomerDesk
from hub.engine.facts import FactFinder
from hub.engine.kinds import Kind
from hub.mapping import policies
from hub.mapping.fieldtable import FieldTable
from hub.mapping.settings import SaleSettings
from hub.mapping.statuses import status_update
from hub.model import Document, Json, Order, Product
from hub.sdk import Blocked, Context, SkipRecord

if TYPE_CHECKING:
    from hub.engine.context import FlowRun
    from hub.engine.job import Job
    from hub.engine.port import Target


class OrderKind(Kind):
    """A flow of orders: customer, products, VAT, costs and totals are settled before the write."""

    def __init__(self, run: FlowRun) -> None:
        super().__init__(run)
        assert isinstance(run.settings, SaleSettings)
        self.settings: SaleSettings = run.settings
        self.products: dict[str, Product] = {}
        self._finder = FactFinder(run)
        self._desk = self._open_desk()
        self._shelf: tuple[Target, FieldTable] | None = run.target.other("product", "find")

    def _open_desk(self) -> CustomerDesk | None:
        found = self.run.target.other("customer", "find", "create")
        if found is None:
            return None
        target, table = found
        by = self.settings.customer_match
        return CustomerDesk(self, target, table, by if by in target.entity.match else "email")

    # -- who and what --------------------------------------------------------------------------

    def name(self, document: Document) -> None:
        """The order number, with the flow's prefix, is the reference in the target.

        A flow that makes no orders goes by the reference, less the prefix it was given.
        """
        assert isinstance(document, Order)
        document.debtor = None  # the source's own name of the customer means nothing in the target
        prefix = self.settings.reference_prefix
        if self.settings.new_orders or document.reference is None:
            document.reference = f"{prefix}{document.number}"
        else:  # on its way back: by what the other system called it
            came = document.reference.startswith(prefix)
            document.reference = document.reference.removeprefix(prefix) if came else None
        if document.cancelled and self.settings.skip_cancelled:
            raise SkipRecord(
                f"Order {document.number} is cancelled in {self.run.source.name}.",
                field="cancelled",
                code="cancelled",
            )

    def person(self, document: Document) -> str | None:
        """The customer's e-mail address."""
        assert isinstance(document, Order)
        return document.customer.email

    def may_create(self) -> bool:
        """Unless the flow only follows the status of orders that are there."""
        return self.settings.new_orders

    def not_there(self, job: Job) -> None:
        """Leave it out, quietly."""
        job.end("skipped", f"{self.run.target.name} does not know this order.", code="not_there")

    def follow(self) -> bool:
        """Whether the status of orders that both sides know is passed on."""
        return self.settings.send_status and self.run.target.entity.can("update")

    def known(self, job: Job, *, forced: bool, accepted: bool) -> None:
        """A booked document is not changed, but its status may be passed on."""
        assert job.link is not None
        same = job.link.received == job.received
        if self.follow():
            if same and not forced:
                job.end("unchanged")
        elif job.came_back or same:
            job.end("unchanged")
        else:
            changes.judge(
                self.run,
                job,
                changed=self.settings.changed_orders,
                cancelled=self.settings.cancelled_orders,
                accepted=accepted,
            )

    def found(self, job: Job) -> None:
        """A document is there already: ours if we were writing it when something broke."""
        if self.follow():
            return
        target, number = self.run.target.name, job.target_number
        if job.effect is not None:
            job.end("created", f"Written earlier and found again in {target} as {number}.")
        else:
            job.end("skipped", f"Already in {target} as {number}.", code="exists")

    def essence(self, document: Document) -> Json | None:
        """Total, addresses, and whether it is cancelled."""
        assert isinstance(document, Order)
        return changes.essence(self.run, document)

    def closed(self, document: Document) -> bool:
        """Nothing follows on a cancelled order, nor on one that its system says is closed."""
        assert isinstance(document, Order)
        return bool(document.cancelled or document.closed)

    def wants(self, document: Document | None) -> Json | None:
        """What an order that waits will take out of stock."""
        if not isinstance(document, Order) or document.cancelled:
            return None
        wants: dict[str, Decimal] = {}
        for line in document.lines:
            if line.sku and line.quantity and line.kind in (None, "product"):
                wants[line.sku] = wants.get(line.sku, Decimal(0)) + line.quantity
        return {sku: f"{quantity:f}" for sku, quantity in wants.items()} or None

    # -- resolve -------------------------------------------------------------------------------

    def prepare(self, documents: Sequence[Document]) -> None:
        """Look up customers, products and VAT codes of a whole page."""
        orders = [d for d in documents if isinstance(d, Order)]
        self.products.clear()
        if not orders:
            return
        self._find_products(orders)
        if self._desk is not None and not self._always_default():
            self._desk.look_up([order.customer for order in orders])

    def _always_default(self) -> bool:
        return bool(self.settings.default_debtor) and self.settings.default_debtor_use == "always"

    def _find_products(self, orders: Sequence[Order]) -> None:
        if self._shelf is None:
            return
        target, table = self._shelf
        skus = {line.sku for order in orders for line in order.lines if line.sku}
        skus |= set(self.settings.items())
        context = Context(connection=self.run.target.context.connection)
        entity = target.entity
        for sku, record in entity.find(target.api, "sku", sorted(skus)).items():
            self._keep(sku, table, entity.known_as_of(record), record, context)
        if "ean" not in entity.match:
            return
        eans = {
            line.ean
            for order in orders
            for line in order.lines
            if line.ean and policies.folded(line.sku) not in self.products
        }
        for ean, record in entity.find(target.api, "ean", sorted(eans)).items():
            self._keep(f"ean:{ean}", table, entity.known_as_of(record), record, context)

    def _keep(
        self, name: str, table: FieldTable, item: str, record: Json, context: Context
    ) -> None:
        product = table.understand(record, context)
        assert isinstance(product, Product)
        product.item = product.item or item
        self.products[policies.folded(name)] = product

    def _facts(self) -> policies.Facts:
        return self._finder.facts(self.products if self._shelf is not None else None)

    # -- adjust and check ----------------------------------------------------------------------

    def adjust(self, document: Document, *, creating: bool) -> tuple[Document, list[str]]:
        """Find every product, then apply the policies; of one that is there, its status."""
        assert isinstance(document, Order)
        if not creating:
            return status_update(document, self.settings, self._facts())
        return policies.adjust_order(document, self.settings, self._facts())

    def ensure(self, document: Document) -> list[str]:
        """Find or make the customer; sets the debtor."""
        assert isinstance(document, Order)
        if document.debtor or self._desk is None or not document.lines:
            return []
        document.debtor, notes = self._desk.ensure(
            document.customer,
            create=self.settings.create_customers,
            update=self.settings.update_customers,
        )
        return notes

    def check_total(self, document: Document, payload: Json) -> None:
        """Raise Blocked when the target says it would come to another total."""
        assert isinstance(document, Order)
        expected = self.run.target.entity.expected_total(payload)
        if expected is None or document.total is None or expected == document.total:
            return
        raise Blocked(
            f"The order comes to {document.total:.2f} in {self.run.source.name}, but would be "
            f"{expected:.2f} in {self.run.target.name}: a difference of "
            f"{expected - document.total:+.2f}.",
            field="total",
            code="total_differs",
            fix="rounding_item",
        )

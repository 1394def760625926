"""Orders: the ten steps from a shop's order to a booked one, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from hub.engine import changes
from hub.engine.customers import CustomerDesk, Settled
from hub.engine.facts import FactFinder
from hub.engine.kinds import Ensured, Kind
from hub.engine.shelf import Shelf
from hub.mapping import policies
from hub.mapping.settings import SaleSettings
from hub.mapping.statuses import status_update
from hub.model import Document, Json, Order
from hub.sdk import Blocked, ConfigurationError, SkipRecord

if TYPE_CHECKING:
    from hub.engine.context import FlowRun
    from hub.engine.job import Job


class OrderKind(Kind):
    """A flow of orders: customer, products, VAT, costs and totals are settled before the write."""

    def __init__(self, run: FlowRun) -> None:
        super().__init__(run)
        assert isinstance(run.settings, SaleSettings)
        self.settings: SaleSettings = run.settings
        self._finder = FactFinder(run)
        self._desk = self._open_desk()
        self._shelf = self._open_shelf()

    def _open_desk(self) -> CustomerDesk | None:
        found = self.run.target.other("customer", "find", "create")
        if found is None:
            return None
        target, table = found
        by = self.settings.customer_match
        return CustomerDesk(self, target, table, by if by in target.entity.match else "email")

    def _open_shelf(self) -> Shelf | None:
        found = self.run.target.other("product", "find")
        if found is None:
            return None
        making = getattr(self.settings, "missing_products", "block") == "create"
        if making and not found[0].entity.can("create"):
            raise ConfigurationError(
                f"{self.run.target.name} takes no new products: hold orders until they are there.",
                setting="missing_products",
            )
        return Shelf(self.run, *found, making=making)

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
        same, following = job.link.received == job.received, self.follow()
        if (same and not (following and forced)) or (job.came_back and not following):
            job.end("unchanged")
        else:
            changes.judge(
                self.run,
                job,
                changed=self.settings.changed_orders,
                cancelled=self.settings.cancelled_orders,
                accepted=accepted,
                following=following,
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
        if orders and self._shelf is not None:
            self._shelf.look_up(orders, self.settings.items())
        if orders and self._desk is not None and not self._always_default():
            self._desk.look_up([order.customer for order in orders])

    def _always_default(self) -> bool:
        return bool(self.settings.default_debtor) and self.settings.default_debtor_use == "always"

    def _facts(self) -> policies.Facts:
        if self._shelf is None:
            return self._finder.facts()
        return self._finder.facts(self._shelf.products, makes_products=self._shelf.making)

    # -- adjust and check ----------------------------------------------------------------------

    def adjust(self, document: Document, *, creating: bool) -> tuple[Document, list[str]]:
        """Find every product, then apply the policies; of one that is there, its status."""
        assert isinstance(document, Order)
        if not creating:
            return status_update(document, self.settings, self._facts())
        if self._shelf is not None:
            self._shelf.draft(document)
        return policies.adjust_order(document, self.settings, self._facts())

    def ensure(self, documents: Sequence[Document]) -> list[Ensured]:
        """Make products that are not there, where the flow says so; find or make the customers."""
        orders = [document for document in documents if isinstance(document, Order)]
        found: list[Ensured] = [[] for _ in orders]
        if self._shelf is not None:
            found = list(self._shelf.ensure(orders, self._facts()))
        due = [n for n, order in enumerate(orders) if self._wants_debtor(order, found[n])]
        if self._desk is None or not due:
            return found
        answers = self._desk.ensure(
            [orders[n].customer for n in due],
            create=self.settings.create_customers,
            update=self.settings.update_customers,
        )
        for n, answer, notes in zip(due, answers, [found[n] for n in due], strict=True):
            if isinstance(answer, Settled) and isinstance(notes, list):
                orders[n].debtor = answer.known_as
                found[n] = [*notes, answer.note]
            elif not isinstance(answer, Settled):
                found[n] = answer
        return found

    def _wants_debtor(self, order: Order, so_far: Ensured) -> bool:
        return isinstance(so_far, list) and not order.debtor and bool(order.lines)

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

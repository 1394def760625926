"""The pretend shop's books: orders, customers and invoices, seeded and made on demand.

Nothing is kept but what was changed: order number 12,345 is worked out when somebody asks for it,
the same each time, so that a shop with 20,000 orders costs hardly more memory than one with 40.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from .goods import JSON, when, words
from .orders import Draft, transaction_of, write_out
from .people import Person, person
from .scenarios import KINDS, SCENARIOS, Scenario

FIRST_ORDER, FIRST_NUMBER, FIRST_ROW, FIRST_INVOICE = 284119301, 10001, 512345001, 30118801
FIRST_CREDIT = 39000001  # credit invoices: the id of the order's own, so much later
CREDITED = words(
    "total_shipping total_discounts total_price total_tax paymethod_costs extra_costs "
    "total_price_inc_tax total_price_exc_tax"
)
ROWS_PER_ORDER = 20  # row ids are given out in blocks


@dataclass(frozen=True, slots=True)
class Brief:
    """What the filters of the orders list look at."""

    index: int
    id: int
    created: datetime
    number: int
    status: int | None
    paid: bool
    completed: bool
    paymethod_id: int
    transaction_id: str


class Shop:
    """Orders, customers and invoices by number; `changes` holds what was written."""

    def __init__(
        self,
        orders: int,
        seed: int,
        until: datetime,
        extra: Iterable[str | Scenario] = (),
        users: int = 0,
    ) -> None:
        self.seed, self.until, self.seeded = seed, until, orders
        self.customers = max(20, (orders // 40 + 1) * 10)
        # Eight of ten people have an account.
        self.people = max(self.customers, -(-users // 8) * 10)
        # The newest order is a few minutes old, the oldest at most 25 days.
        self.gap = min(timedelta(hours=6), timedelta(days=25) / max(orders, 1))
        self.placed: list[tuple[datetime, int | None, Scenario]] = []
        self.changes: dict[int, JSON] = {}
        self.invoice_changes: dict[int, JSON] = {}
        self.credits: dict[int, tuple[datetime, float]] = {}
        self.lock = threading.RLock()
        self._briefs: list[Brief] = []
        self._made = lru_cache(maxsize=2048)(self._make)
        for scenario in extra:
            self.place(scenario, until)

    def __len__(self) -> int:
        return self.seeded + len(self.placed)

    def place(self, scenario: str | Scenario, moment: datetime) -> int:
        """One more order, made at *moment*: a name out of `KINDS`, or a function; gives its id."""
        who, kind = KINDS[scenario] if isinstance(scenario, str) else (None, scenario)
        with self.lock:
            self.placed.append((moment, who, kind))
            return self.order_id(len(self) - 1)

    @staticmethod
    def order_id(index: int) -> int:
        return FIRST_ORDER + 7 * index

    def index_of(self, order_id: int) -> int | None:
        index, rest = divmod(order_id - FIRST_ORDER, 7)
        return index if not rest and 0 <= index < len(self) else None

    def created(self, index: int) -> datetime:
        if index >= self.seeded:
            return self.placed[index - self.seeded][0]
        # Now and then two orders come within the same second.
        twin = index - 1 if index % 20 == 11 else index
        moment = self.until - self.gap * (self.seeded - twin)
        return moment.replace(microsecond=0)

    def order(self, index: int) -> tuple[JSON, list[JSON]]:
        """The order and its rows: copies, with what was written to it."""
        order, rows = self._made(index)
        return {**order, **self.changes.get(order["id"], {})}, [dict(row) for row in rows]

    def _make(self, index: int) -> tuple[JSON, list[JSON]]:
        ids = (self.order_id(index), FIRST_ROW + ROWS_PER_ORDER * index, FIRST_NUMBER + index)
        return write_out(self._draft(index), ids)

    def _draft(self, index: int) -> Draft:
        rng = random.Random(self.seed * 1_000_003 + index)
        if index < self.seeded:
            kind, scenario = SCENARIOS[index % len(SCENARIOS)]
        else:
            _, kind, scenario = self.placed[index - self.seeded]
        # Some customers order often: half of the orders come from a quarter of them.
        most = self.customers // 10
        decade = rng.randrange(most if rng.random() < 0.5 else max(1, most // 4))
        who = person(10 * decade + (rng.randrange(5) if kind is None else kind), self.seed)
        draft = Draft(index, self.created(index), who, rng)
        scenario(draft)
        return draft

    def briefs(self) -> list[Brief]:
        """All orders as the filters see them, oldest first."""
        with self.lock:
            for index in range(len(self._briefs), len(self)):
                self._briefs.append(self._brief(index))
            return list(self._briefs)

    def _brief(self, index: int) -> Brief:
        """From the draft: to write every order out would take seconds in a large shop."""
        draft, order_id = self._draft(index), self.order_id(index)
        changes = self.changes.get(order_id, {})
        return Brief(
            index,
            order_id,
            draft.created,
            FIRST_NUMBER + index,
            changes.get("status", draft.status if draft.completed else None),
            changes.get("paid", draft.paid),
            draft.completed,
            draft.paymethod_id,
            transaction_of(order_id) if draft.paid else "",
        )

    def change(self, order_id: int, values: JSON) -> bool:
        """Write to an order; False when everything was so already."""
        index = self.index_of(order_id)
        assert index is not None
        before, _ = self.order(index)
        if all(before.get(name) == value for name, value in values.items()):
            return False
        self.briefs()
        with self.lock:
            self.changes[order_id] = {**self.changes.get(order_id, {}), **values}
            self._briefs[index] = self._brief(index)
        return True

    def accounts(self) -> list[Person]:
        """Customers who can log in."""
        everybody = (person(k, self.seed) for k in range(self.people))
        return [who for who in everybody if who.has_account]

    def change_invoice(self, invoice_id: int, values: JSON) -> None:
        """Write to an invoice."""
        with self.lock:
            before = self.invoice_changes.get(invoice_id, {})
            self.invoice_changes[invoice_id] = {**before, **values}

    def give_back(self, order_id: int, amount: float, moment: datetime) -> None:
        """Make a credit invoice of an order, on so much."""
        index = self.index_of(order_id)
        assert index is not None
        with self.lock:
            self.credits[index] = (moment.replace(microsecond=0), amount)

    def is_invoiced(self, brief: Brief) -> bool:
        """Orders that were paid or sent on account have an invoice."""
        return brief.completed and (brief.status in (2, 5, 7, 8) or brief.index in self.credits)

    def is_credited(self, brief: Brief) -> bool:
        """A cancelled order was billed before, and has a credit invoice; others when made."""
        return brief.completed and (brief.status == 8 or brief.index in self.credits)

    def credit(self, index: int) -> tuple[JSON, list[JSON]]:
        """The credit invoice of an order, and its rows: the same, with amounts below zero."""
        invoice, rows = self.invoice(index)
        own = FIRST_CREDIT + index
        for name in CREDITED:
            if invoice[name]:
                invoice[name] = -invoice[name]
        for row in rows:
            for name in ("count", "total_price", "total_price_with_attributes"):
                row[name] = -row[name]
            row["invoice_id"] = str(own)
        number = invoice["invoicenumber"] + 5000
        invoice |= {"id": own, "invoicenumber": number, "invoicenumber_full": str(number)}
        invoice |= {"type": "credit", "status": "reimbursed", "status_name": "Terugbetaald"}
        invoice["external_reference"] = None
        if index in self.credits:
            moment, amount = self.credits[index]
            invoice |= {"create_date": when(moment), "total_price_inc_tax": -amount}
        return {**invoice, **self.invoice_changes.get(own, {})}, rows

    def invoice(self, index: int) -> tuple[JSON, list[JSON]]:
        """The invoice of an order, and its rows."""
        order, rows = self.order(index)
        same = words(
            "ordernumber_prefix ordernumber ordernumber_full create_date taxes_included "
            "is_intra_community_order shipping_taxes_included shipping_tax_percentage "
            "total_shipping total_discounts total_price total_tax currency extra_payment_option "
            "extra_payment_option_price paymethod_costs credit_point_discount extra_costs "
            "extra_costs_description user customer discountcoupon"
        )
        number = int(when(self.created(index))[:4]) * 10_000 + index + 1
        invoice: JSON = {
            "id": FIRST_INVOICE + index,
            "invoicenumber_prefix": None,
            "invoicenumber": number,
            "invoicenumber_full": str(number),
            **{name: order[name] for name in same},
            "status": "paid" if order["paid"] else "unpaid",
            "status_name": "Betaald" if order["paid"] else "Openstaand",
            "type": "debit",
            "payment_link_sent": None,
            "invoice_row_taxes_included": order["order_row_taxes_included"],
            "total_price_inc_tax": order["total_price"],
            "total_price_exc_tax": round(order["total_price"] - order["total_tax"], 2),
            "external_reference": None,
            **self.invoice_changes.get(FIRST_INVOICE + index, {}),
        }
        kept = [
            {
                k: v
                for k, v in row.items()
                if k not in ("order_id", "product_name_google", "uploads")
            }
            | {"invoice_id": str(invoice["id"])}
            for row in rows
        ]
        return invoice, kept

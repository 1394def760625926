"""Credits: what the shop gave back on an order, which its invoices tell and the order does not."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hub.model import Json
from hub.sdk import Api, ConfigurationError, NotFound, Raw, RecordError

from .api import walk
from .reading import FEW, moment_of, records_of, stamp
from .understanding import ZERO, number, text

CREDITS = "credits"
"""Where the invoices that give something back are put in an order; the shop itself has no such."""
_KEPT = ("id", "invoicenumber_full", "type", "status", "total_price_inc_tax", "total_price")
_ORDER = "order"


def gives_back(invoice: Mapping[str, Any]) -> bool:
    """A credit invoice, or one that was paid back."""
    return invoice.get("type") == "credit" or invoice.get("status") == "reimbursed"


def refunded(record: Raw) -> Decimal | None:
    """What was given back, VAT included; None when nothing is known of it.

    An invoice that was paid back and the credit invoice made for it are one refund. The sign of
    a credit invoice's amounts is not the same in all shops.
    """
    invoices = record.get(CREDITS)
    if not isinstance(invoices, list) or not invoices:
        return None
    credited, reimbursed = ZERO, ZERO
    for invoice in invoices:
        amount = number(invoice.get("total_price_inc_tax"))
        if amount is None:
            amount = number(invoice.get("total_price")) or ZERO
        if invoice.get("type") == "credit":
            credited += abs(amount)
        else:
            reimbursed += abs(amount)
    return max(credited, reimbursed)


@dataclass
class Credits:
    """The invoices of a time that give something back. newest: the highest id among them."""

    by_order: dict[str, list[Json]] = field(default_factory=dict)
    newest: int = 0

    def added(self, record: Raw) -> Raw:
        """The order with those that belong to it; as it is when there are none."""
        found = self.by_order.get(str(record.get("id")))
        return {**record, CREDITS: found} if found else record

    def since(self, newest: int) -> list[str]:
        """Orders with an invoice later than that one."""
        return [
            key
            for key, invoices in self.by_order.items()
            if any(int(invoice["id"]) > newest for invoice in invoices)
        ]


def credits_since(api: Api, first: dt.datetime | None) -> Credits:
    """All of them since a moment: one request for 250 invoices."""
    params = {} if first is None else {"min_create_date": stamp(first)}
    return _gathered(
        invoice
        for invoices in walk(api, "/invoices/", {**params, "orderby": "id"})
        for invoice in invoices
    )


def with_credits(api: Api, records: Sequence[Raw | RecordError]) -> list[Raw | RecordError]:
    """Orders with theirs: a request for each that was billed, or for many by the list."""
    billed = [r for r in records if isinstance(r, dict) and r.get("invoicenumber")]
    if not billed:
        return list(records)
    if len(billed) > FEW:
        made = [m for m in (moment_of(r.get("create_date")) for r in billed) if m]
        credits = credits_since(api, min(made, default=None))
    else:
        answers = records_of(api.map(lambda r: {"items": _of_order(api, r)}, billed))
        credits = _gathered(
            {**invoice, _ORDER: f"orders/{record['id']}/"}
            for record, answer in zip(billed, answers, strict=True)
            if isinstance(answer, dict)
            for invoice in answer["items"]
        )
    return [credits.added(r) if isinstance(r, dict) else r for r in records]


def _of_order(api: Api, record: Raw) -> list[Raw]:
    """The invoices of one order, out of the list: below an order they can only be made."""
    number = text(record.get("ordernumber_full") or "")
    if number is None:
        return []
    query = {"ordernumber_full": number, "orderby": "id"}
    try:
        found = [invoice for page in walk(api, "/invoices/", query) for invoice in page]
    except (NotFound, ConfigurationError):  # a shop that makes no invoices
        return []
    # Several orders may have one number, where numbers began again.
    return [invoice for invoice in found if _order_of(invoice) in ("", str(record["id"]))]


def _order_of(invoice: Raw) -> str:
    """The id of the order an invoice is of."""
    return str(invoice.get(_ORDER) or "").rstrip("/").rpartition("/")[2]


def _gathered(invoices: Iterable[Raw]) -> Credits:
    credits, by_order = Credits(), defaultdict(list)
    for invoice in invoices:
        if gives_back(invoice):
            by_order[_order_of(invoice)].append({name: invoice.get(name) for name in _KEPT})
            credits.newest = max(credits.newest, int(invoice["id"]))
    credits.by_order = dict(by_order)
    return credits

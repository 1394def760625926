"""One kind of document made of another: an order billed, an invoice booked, and so on."""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hub.model import Cost, Document, Invoice, JournalEntry, Line, Order
from hub.sdk.errors import Blocked

_ORDER_FIELDS = tuple(field.name for field in dataclasses.fields(Order))


def convertible(source: type[Document], target: type[Document]) -> bool:
    """Whether a document of one kind can be made of another."""
    return source is target or target in _WAYS.get(source, {})


def convert(document: Document, kind: type[Document], zone: dt.tzinfo = dt.UTC) -> Document:
    """The document as another kind. The one given is not changed.

    zone: where the books are kept; the day that an entry counts for is that of the calendar
    there. Raises Blocked when the one cannot be made of the other.
    """
    if type(document) is kind:
        return document
    make = _WAYS.get(type(document), {}).get(kind)
    if make is None:
        raise Blocked(
            f"{_named(type(document))} cannot become {_named(kind).lower()}.",
            code="not_convertible",
        )
    made: Document = make(document, zone)
    return made


def as_invoice(order: Order, zone: dt.tzinfo = dt.UTC) -> Invoice:
    """An order as it is billed; one that gives money back becomes a credit invoice."""
    credit = order.total is not None and order.total < 0
    invoice = Invoice(**_order_values(_turned(order) if credit else order))
    invoice.order_number = order.number
    invoice.invoiced_at = order.ordered_at
    invoice.credit = True if credit else None
    return invoice


def as_order(invoice: Invoice, zone: dt.tzinfo = dt.UTC) -> Order:
    """An invoice as an order of the same goods; a credit invoice becomes one of goods returned."""
    order = Order(**_order_values(_turned(invoice) if invoice.credit else invoice))
    order.number = invoice.order_number or invoice.number
    order.ordered_at = invoice.ordered_at or invoice.invoiced_at
    return order


def as_journal_entry(order: Order, zone: dt.tzinfo = dt.UTC) -> JournalEntry:
    """A sale as it is booked. The postings come with the policies, which know the VAT codes.

    What a credit invoice gives back is negative in the ledger.
    """
    invoice = order if isinstance(order, Invoice) else None
    credit = invoice is not None and bool(invoice.credit)
    entry = JournalEntry(**_order_values(_turned(order) if credit else order))
    moment = (invoice.invoiced_at if invoice else None) or order.ordered_at
    entry.entry_date = moment.astimezone(zone).date() if moment else None
    entry.description = order.number
    if invoice is not None:
        entry.due_date = invoice.due_date
        entry.outstanding = _minus(invoice.outstanding) if credit else invoice.outstanding
    return entry


_WAYS: dict[type[Document], dict[type[Document], Any]] = {
    Order: {Invoice: as_invoice, JournalEntry: as_journal_entry},
    Invoice: {Order: as_order, JournalEntry: as_journal_entry},
}


def _order_values(order: Order) -> dict[str, Any]:
    """The fields of an order, with lists and parts of its own."""
    values = {name: getattr(order, name) for name in _ORDER_FIELDS}
    values["lines"] = [replace(line) for line in order.lines]
    values["costs"] = [replace(cost) for cost in order.costs]
    values["shipments"] = list(order.shipments)
    values["custom"] = dict(order.custom)
    for part in ("customer", "billing", "delivery"):
        values[part] = replace(values[part])
    return values


def _turned(order: Order) -> Order:
    """The same order the other way round: what was paid is given back."""
    return replace(
        order,
        lines=[_turned_line(line) for line in order.lines],
        costs=[_turned_cost(cost) for cost in order.costs],
        discount=_minus(order.discount),
        total=_minus(order.total),
        total_tax=_minus(order.total_tax),
    )


def _turned_line(line: Line) -> Line:
    return replace(
        line,
        quantity=_minus(line.quantity),
        total=_minus(line.total),
        net=_minus(line.net),
        tax=_minus(line.tax),
    )


def _turned_cost(cost: Cost) -> Cost:
    return replace(cost, amount=_minus(cost.amount))


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else Decimal(0) - amount  # 0 - 0 is 0, and -0 would be shown


def _named(kind: type[Document]) -> str:
    word = kind.kind.replace("_", " ")
    return f"{'An' if word[0] in 'aeio' else 'A'} {word}"

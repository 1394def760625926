"""Invoice and journal entry: an order as it is billed, and as it is booked."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from hub.model.base import Part
from hub.model.order import Order


@dataclass(slots=True, kw_only=True)
class Invoice(Order):
    """What was billed: an order with what an invoice adds.

    number: the invoice's own. order_number: of the order it bills, where it is known.
    invoiced_at: when it was made. due_date: the last day to pay. credit: whether it gives money
    back; amounts are positive all the same. outstanding: what is still to be paid, in `currency`.
    external_reference: what a third system calls it. invoice_code: the target's type of invoice.
    """

    kind: ClassVar[str] = "invoice"

    order_number: str | None = None
    invoiced_at: dt.datetime | None = None
    due_date: dt.date | None = None
    credit: bool | None = None
    outstanding: Decimal | None = None
    external_reference: str | None = None
    invoice_code: str | None = None


@dataclass(slots=True, kw_only=True)
class Posting(Part):
    """One line of a journal entry: so much revenue on an account, under a VAT code.

    amount: net, in the entry's currency, positive for revenue. vat_amount: the VAT on it.
    """

    account: str | None = None
    amount: Decimal | None = None
    vat_code: str | None = None
    vat_amount: Decimal | None = None
    cost_center: str | None = None
    cost_unit: str | None = None
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class JournalEntry(Order):
    """What is booked in the ledger for a sale, without goods: the financial mutation.

    postings: revenue per account, VAT code and cost centre; with their VAT they come to `total`.
    journal: the target's code. entry_date: the day it counts for. due_date: the last day to pay.
    description: what stands on it. entry_number: what the ledger calls it.
    """

    kind: ClassVar[str] = "journal_entry"

    journal: str | None = None
    entry_date: dt.date | None = None
    due_date: dt.date | None = None
    description: str | None = None
    entry_number: str | None = None
    outstanding: Decimal | None = None
    postings: list[Posting] = field(default_factory=list)

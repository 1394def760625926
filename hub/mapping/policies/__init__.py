"""Policies: pure functions that settle what a bookkeeper decides, in their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from hub.mapping.policies.accounts import choose_accounts
from hub.mapping.policies.costs import book_costs
from hub.mapping.policies.discount import book_discount
from hub.mapping.policies.facts import Facts, VatCode, folded
from hub.mapping.policies.people import adjust_customer, choose_debtor, fill_addresses
from hub.mapping.policies.postings import make_postings
from hub.mapping.policies.products import find_items
from hub.mapping.policies.status import map_status
from hub.mapping.policies.tables import map_codes
from hub.mapping.policies.totals import add_up, complete_lines
from hub.mapping.policies.vat import choose_vat_codes
from hub.mapping.settings import SaleSettings
from hub.model import JournalEntry, Order

POLICIES = (
    find_items,
    fill_addresses,
    choose_debtor,
    map_codes,
    map_status,
    complete_lines,
    book_costs,
    book_discount,
    choose_accounts,
    choose_vat_codes,
    add_up,
)
"""Each takes an order of its own, settings and facts, changes the order, says what it did."""

LEDGER = (
    fill_addresses,
    choose_debtor,
    map_codes,
    map_status,
    complete_lines,
    book_costs,
    book_discount,
    choose_accounts,
    choose_vat_codes,
    make_postings,
)
"""The same for what is booked without goods: no items, but postings."""

D = TypeVar("D", bound=Order)


def adjust_order(order: D, settings: SaleSettings, facts: Facts) -> tuple[D, list[str]]:
    """The order as the target will be told, and what was decided on the way, in words.

    Invoices and journal entries are orders too. The one given is not changed. Raises Blocked
    naming what is missing and where to mend it.
    """
    order = replace(
        order,
        customer=replace(order.customer),
        billing=replace(order.billing),
        delivery=replace(order.delivery),
        lines=[replace(line) for line in order.lines],
        costs=list(order.costs),
    )
    notes: list[str] = []
    for policy in LEDGER if isinstance(order, JournalEntry) else POLICIES:
        notes += policy(order, settings, facts)
    return order, list(dict.fromkeys(notes))


__all__ = ["LEDGER", "POLICIES", "Facts", "VatCode", "adjust_customer", "adjust_order", "folded"]

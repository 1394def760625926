"""The status of an order in the other system's words."""

from __future__ import annotations

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import SaleSettings
from hub.mapping.unmapped import Unmapped, key_row
from hub.model import Order


def status_of(order: Order, settings: SaleSettings, facts: Facts) -> tuple[str | None, list[str]]:
    """The target's code for the order's status, by the table; None: leave the status there alone.

    Raises Unmapped when the table does not know the status and the settings say to ask.
    """
    table = settings.statuses
    if not table.rows and table.default is None:
        return None, []
    said = order.status_name or order.status
    found = table.look_up(order.status)
    if found is None and order.status_name:
        found = table.look_up(order.status_name)
    if found is not None:
        return found, [f"Status {found} for {said or 'an order without a status'}"]
    if settings.other_statuses == "leave" or order.status is None:
        return None, [f"Status {said} is not in the table and is not sent"] if said else []
    named = f" ({order.status_name})" if order.status_name else ""
    raise Unmapped(
        f"No status in {facts.target} for {order.status!r}{named} of {facts.source}: add a row or "
        f"a default to the table of order statuses.",
        field="status",
        code="no_statuses",
        fix="statuses",
        row=key_row(order.status),
    )


def map_status(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """The policy for orders that are created: the source's status must not pass for the target's.

    Without a table, or without a row where that is allowed, a new order gets no status.
    """
    order.status, notes = status_of(order, settings, facts)
    return notes

"""Mapping tables: what the source calls it becomes what the target calls it, value by value."""

from __future__ import annotations

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import SaleSettings
from hub.model import Order
from hub.sdk import Blocked
from hub.sdk.forms import MappingTable


def map_codes(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Payment condition, payment method, shipping method; cost centre and cost unit.

    Raises Blocked when a table is filled in and does not know the order's value.
    """
    notes: list[str] = []
    order.payment_condition = (
        _look_up(
            settings.payment_conditions,
            order.payment_method,
            "payment condition",
            "payment method",
            "payment_conditions",
            "payment_method",
            notes,
        )
        or order.payment_condition
    )
    order.payment_code = (
        _look_up(
            settings.payment_methods,
            order.payment_method,
            "payment method",
            "payment method",
            "payment_methods",
            "payment_method",
            notes,
        )
        or order.payment_code
    )
    order.shipping_via = (
        _look_up(
            settings.shipping_methods,
            order.shipping_method,
            "shipping method",
            "shipping method",
            "shipping_methods",
            "shipping_method",
            notes,
        )
        or order.shipping_via
    )
    order.cost_center = settings.cost_center or order.cost_center
    order.cost_unit = settings.cost_unit or order.cost_unit
    for line in order.lines:
        line.cost_center = line.cost_center or order.cost_center
        line.cost_unit = line.cost_unit or order.cost_unit
    return notes


def _look_up(
    table: MappingTable,
    value: str | None,
    what: str,
    by: str,
    setting: str,
    field: str,
    notes: list[str],
) -> str | None:
    """The target's value; an empty table says nothing, a filled one must know every value."""
    if not table.rows and table.default is None:
        return None
    found = table.look_up(value)
    if found is None:
        said = f"{by} {value!r}" if value else f"orders without a {by}"
        raise Blocked(
            f"No {what} for {said}: add a row or a default to the table.",
            field=field,
            code=f"no_{setting}",
            fix=setting,
        )
    notes.append(f"{what.capitalize()} {found} for {by} {value or 'not given'}")
    return found

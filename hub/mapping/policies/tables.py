"""Mapping tables: what the source calls it becomes what the target calls it, value by value."""

from __future__ import annotations

from typing import Any

from hub.mapping.policies.facts import Facts
from hub.mapping.settings import SaleSettings
from hub.mapping.unmapped import Unmapped, key_row
from hub.mapping.values import text_of
from hub.model import Order
from hub.sdk.forms import MappingTable


def map_codes(order: Order, settings: SaleSettings, facts: Facts) -> list[str]:
    """Payment condition, payment method, shipping method; cost centre and cost unit.

    Raises Unmapped when a table is filled in and does not know the order's value.
    """
    notes: list[str] = []
    for setting, name, what, table, by in (
        (
            "payment_conditions",
            "payment_condition",
            "payment condition",
            settings.payment_conditions,
            settings.payment_conditions_by,
        ),
        (
            "payment_methods",
            "payment_code",
            "payment method",
            settings.payment_methods,
            settings.payment_methods_by,
        ),
        (
            "shipping_methods",
            "shipping_via",
            "shipping method",
            settings.shipping_methods,
            settings.shipping_methods_by,
        ),
    ):
        value = _value(order, by)
        found = _look_up(table, value, what, by.replace("_", " "), setting, by, notes)
        if found is not None:
            setattr(order, name, found)
    if settings.cost_center:
        order.cost_center = settings.cost_center
        notes.append(f"Cost centre {order.cost_center}, as the flow says")
    if settings.cost_unit:
        order.cost_unit = settings.cost_unit
        notes.append(f"Cost unit {order.cost_unit}, as the flow says")
    for line in order.lines:
        line.cost_center = line.cost_center or order.cost_center
        line.cost_unit = line.cost_unit or order.cost_unit
    return notes


def _value(order: Order, path: str) -> str | None:
    found: Any = order
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else getattr(found, step, None)
    return None if found is None else text_of(found)


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
        raise Unmapped(
            f"No {what} for {said}: add a row or a default to the table.",
            field=field,
            code=f"no_{setting}",
            fix=setting,
            row=key_row(value),
        )
    notes.append(f"{what.capitalize()} {found} for {by} {value or 'not given'}")
    return found

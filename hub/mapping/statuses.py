"""What is told of an order that both systems know: its status, its payment, its shipments."""

from __future__ import annotations

from dataclasses import replace

from hub.mapping.policies.facts import Facts
from hub.mapping.policies.status import status_of
from hub.mapping.settings import SaleSettings
from hub.model import Invoice, Order

__all__ = ["status_of", "status_update"]


def status_update(order: Order, settings: SaleSettings, facts: Facts) -> tuple[Order, list[str]]:
    """What is written to an order that both systems know: status, payment and shipments only.

    And what was refunded, where the settings say so. Raises Blocked as `status_of` does.
    """
    told = type(order)(
        key=order.key, number=order.number, reference=order.reference, custom=dict(order.custom)
    )
    notes: list[str] = []
    if settings.refunded_orders == "write" and order.refunded is not None:
        told.refunded = order.refunded
        notes.append(f"Refunded {order.refunded:.2f}")
    if not settings.send_status:
        return told, notes
    told.status, more = status_of(order, settings, facts)
    notes += more
    told.paid = order.paid
    told.shipments = [replace(shipment) for shipment in order.shipments]
    if isinstance(told, Invoice) and isinstance(order, Invoice):
        told.external_reference = order.external_reference
        named = told.external_reference or told.number
        notes += [f"Invoice {named} in the books"] if named else []
    for shipment in told.shipments:
        if shipment.tracking_code:
            by = f" with {shipment.carrier}" if shipment.carrier else ""
            notes.append(f"Shipment {shipment.tracking_code}{by}")
    return told, notes

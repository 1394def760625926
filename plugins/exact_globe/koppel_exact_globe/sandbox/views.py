"""Entities that hold nothing themselves: what they show is reckoned from others when asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .query import Condition, Query
from .table import Row, Table
from .values import fold
from .world import World

# Conditions on these are questions, not filters: they say what is to be reckoned.
_INPUTS = (
    "Warehouse",
    "AccountCode",
    "Quantity",
    "IsRetrievePriceList",
    "IsRetrieveStockBalance",
    "IsRetrieveStockConfiguration",
)


def table(world: World, entity: str, query: Query) -> tuple[Table, Query]:
    """The table to read for this query, and what is left of the query."""
    if entity == "BrowserData_Debtors":
        return _filled(world, entity, _debtors(world)), query
    if entity == "ItemCatalog":
        asked = {c.prop.name: c.value for c in query.conditions if _is_input(c)}
        rest = tuple(c for c in query.conditions if not _is_input(c))
        return _filled(world, entity, _catalog(world, asked, rest)), replace(query, conditions=rest)
    return world.tables[entity], query


def _is_input(condition: Condition) -> bool:
    return condition.op == "eq" and condition.prop.name in _INPUTS


def _filled(world: World, entity: str, rows: Iterable[Row]) -> Table:
    made = Table(world.types[entity])
    for row in rows:
        made.add(row)
    return made


def _debtors(world: World) -> Iterable[Row]:
    for account in world.tables["Account"]:
        if "DebtorNumber" in account:
            yield {
                "Code": account["AccountCode"],
                "ID": account["ID"],
                "Name": account["AccountName"],
                "Status": account["CustomerStatus"],
                "Type": account["CustomerType"],
            }


def _catalog(world: World, asked: dict[str, Any], conditions: Iterable[Condition]) -> Iterable[Row]:
    on_codes = [c for c in conditions if c.prop.name == "ItemCode"]
    for item in world.tables["Item"]:
        if not all(c.holds(item) for c in on_codes):  # nothing to reckon for it
            continue
        warehouse = asked.get("Warehouse") or item["Warehouse"]
        row: Row = {**asked, "ItemCode": item["ItemCode"], "Warehouse": warehouse}
        if asked.get("IsRetrieveStockBalance") and item["IsStockItem"]:
            shelf = world.stock.get((fold(item["ItemCode"]), fold(warehouse)), 0)
            reserved = world.open_orders(item["ItemCode"], warehouse)
            coming = world.incoming.get((fold(item["ItemCode"]), fold(warehouse)), 0)
            row |= {"ShelfStock": shelf, "ToBeDelivered": reserved, "ToBeReceived": coming}
            row |= {"FreeStock": shelf - reserved, "AvailableStock": shelf - reserved + coming}
        if asked.get("IsRetrievePriceList"):
            price = item["SalesPrice"]
            row |= {"SalesPrice": price, "NetPrice": price, "Discount": 0, "CurrencyCode": "EUR"}
        yield row

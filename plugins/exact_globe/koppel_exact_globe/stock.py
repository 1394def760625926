"""Stock per warehouse, read a thousand items a call; Globe offers no way to write it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from hub.model import Json, StockLevel
from hub.sdk import Api, Entity, Field, Page, Query, Raw

from . import api as globe
from . import odata
from .forms_goods import StockFilter
from .reading import code, gathered

CATALOG = "ItemCatalog"
_FIGURES = ("ShelfStock", "ToBeDelivered", "ToBeReceived", "FreeStock", "AvailableStock")
_SELECT = ("ItemCode", "Warehouse", *_FIGURES)


class Stock(Entity):
    """What lies in each warehouse, is reserved by sales orders and is coming in.

    Globe notes no time with it: everything is read each time, and the hub tells what changed.
    Items whose stock is not counted are left out.
    """

    name = "stock"
    title = "Stock"
    document = StockLevel
    key = "ItemCode"
    filter = StockFilter
    cannot: ClassVar[Mapping[str, str]] = {
        "write": "Exact Globe's interface has no way to write stock: it is changed by deliveries, "
        "receipts and counts in Globe itself. Let Globe be the master of stock."
    }
    fields = (
        Field("ItemCode", "sku", read=code, only="read", required=True, label="Item code"),
        Field("Warehouses[].Warehouse", "levels[].warehouse", read=code, label="Warehouse"),
        Field("Warehouses[].ShelfStock", "levels[].physical", label="On the shelf"),
        Field("Warehouses[].ToBeDelivered", "levels[].reserved", label="To be delivered"),
        Field("Warehouses[].FreeStock", "levels[].available", label="Free stock"),
        Field("Warehouses[].ToBeReceived", "levels[].incoming", label="To be received"),
        Field("Warehouses[].AvailableStock", label="Available stock, as Globe reckons it"),
    )

    def read(self, api: Api, query: Query) -> Iterator[Page]:
        """A thousand items of each warehouse at a time, put together by item.

        The first warehouse is read batch by batch; the others are asked for the same stretch of
        items, so that no more than one batch of each is held.
        """
        first, *others = self._warehouses(api, query)
        where = [*_asking(first)]
        after: str | None = None
        held: list[Json] | None = None
        for rows in globe.batches(api, CATALOG, where=where, select=_SELECT, order="ItemCode"):
            if held is not None:
                last = str(held[-1]["ItemCode"]) if held else after
                yield _page(first, held, self._stretch(api, others, after, last))
                after = last
            held = rows
        yield _page(first, held or [], self._stretch(api, others, after, None))

    @staticmethod
    def _stretch(
        api: Api, warehouses: Sequence[str], after: str | None, last: str | None
    ) -> dict[str, list[Json]]:
        between = [f"ItemCode gt {odata.text(after)}"] if after is not None else []
        between += [f"ItemCode le {odata.text(last)}"] if last is not None else []
        return {
            warehouse: [
                row
                for rows in globe.batches(
                    api,
                    CATALOG,
                    where=[*_asking(warehouse), *between],
                    select=_SELECT,
                    order="ItemCode",
                )
                for row in rows
            ]
            for warehouse in warehouses
        }

    def get(self, api: Api, keys: Sequence[str]) -> Mapping[str, Raw]:
        """The stock of these items, for every warehouse that is not blocked."""
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return {}
        first, *others = self._warehouses(api, Query())
        rows = {
            warehouse: [
                row
                for found in gathered(
                    api,
                    CATALOG,
                    "ItemCode",
                    wanted,
                    odata.text,
                    select=_SELECT,
                    where=_asking(warehouse),
                ).values()
                for row in found
            ]
            for warehouse in (first, *others)
        }
        page = _page(first, rows.pop(first), rows)
        known = {str(record["ItemCode"]).strip().casefold(): record for record in page.records}
        found = {key: known.get(key.strip().casefold()) for key in wanted}
        return {key: record for key, record in found.items() if record is not None}

    @staticmethod
    def _warehouses(api: Api, query: Query) -> list[str]:
        chosen = query.filter.warehouses if isinstance(query.filter, StockFilter) else []
        if chosen:
            return list(dict.fromkeys(chosen))
        known: list[str] | None = api.memo.get("warehouses")
        if known is None:
            rows = globe.batches(api, "Warehouse", select=("Code", "Blocked"))
            known = [
                str(row["Code"]).strip() for batch in rows for row in batch if not row["Blocked"]
            ]
            api.memo["warehouses"] = known = known or ["1"]
        return known


def _asking(warehouse: str) -> list[str]:
    """These conditions are questions: which warehouse, and that the stock is to be reckoned."""
    return [f"Warehouse eq {odata.text(warehouse)}", "IsRetrieveStockBalance eq true"]


def _page(first: str, rows: Sequence[Json], others: Mapping[str, Sequence[Json]]) -> Page:
    """Records with one part per warehouse, in the order of the warehouses."""
    records: dict[str, Raw] = {}
    for warehouse, found in {first: rows, **others}.items():
        for row in found:
            if all(row.get(name) is None for name in _FIGURES):
                continue  # its stock is not counted
            item = str(row["ItemCode"])
            record = records.setdefault(item.casefold(), {"ItemCode": item, "Warehouses": []})
            figures = {name: row.get(name) for name in _FIGURES}
            record["Warehouses"].append({"Warehouse": warehouse, **figures})
    return Page(list(records.values()))

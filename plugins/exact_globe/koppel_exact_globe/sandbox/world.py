"""What the pretended administration holds: a table per entity, numbers given out, and the clock."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from .errors import EntityFault
from .schema import entity_types
from .table import Row, Table
from .values import fold, wall_clock_ms

_INDEXED = {
    "Account": ("EmailAddress", "DebtorNumber", "AccountCode", "VATNumber"),
    "ContactPerson": ("AccountID", "EmailAddress"),
    "Address": ("Account",),
    "Item": ("GTIN", "SearchCode", "TextFreeField1"),
    "ItemCategoryProperty": ("ItemClassCode",),
    "OrderHistoryHeader": ("SalesOrderNumber",),
    "InvoiceHistoryHeader": ("YourReference", "InvoiceNumber", "SalesOrderNumber"),
    "InvoiceHistoryLine": ("InvoiceNumber",),
    "SalesOrderHeader": ("YourReference", "OrderDebtor", "TransactionKey", "ID"),
    "SalesOrderLine": ("SalesOrderNumber", "TransactionKey", "Itemcode"),
    "InvoiceHeader": ("YourReference", "OrderDebtor", "TransactionKey"),
    "InvoiceLine": ("TransactionKey", "ItemCode"),
    "FinancialHeader": ("YourReference", "DebtorNumber", "TransactionKey"),
    "FinancialLine": ("EntryNumber", "TransactionKey"),
    "VAT": ("VATCode",),
    "PaymentCondition": ("PaymentConditionCode",),
    "ShippingMethod": ("ShippingMethodProperty",),
    "GeneralLedgerAccount": ("GeneralLedgerCode",),
    "Title": ("TitleCode",),
    "Country": ("Code",),
}

# Where a code is looked up, and how the service calls it when it is not there.
CODES = {
    "VAT": ("VATCode", "VAT code"),
    "PaymentCondition": ("PaymentConditionCode", "Payment condition"),
    "ShippingMethod": ("ShippingMethodProperty", "Shipping method"),
    "GeneralLedgerAccount": ("GeneralLedgerCode", "G/L account"),
    "Title": ("TitleCode", "Title"),
    "Country": ("Code", "Country"),
    "Currency": ("CurrencyCode", "Currency"),
    "CostCenter": ("Code", "Cost center"),
    "CostUnit": ("Code", "Cost unit"),
    "Warehouse": ("Code", "Warehouse"),
    "Classification": ("ID", "Classification"),
    "ItemAssortment": ("Assortment", "Assortment"),
    "BrowserData_SelectionCode": ("Code", "Selection code"),
    "BrowserData_Journal": ("JournalNumber", "Journal"),
}


class World:
    """The administration: its records, and what every kind of record needs to be made."""

    def __init__(
        self, *, clock: Callable[[], datetime], zone: str, seed: int, database: str
    ) -> None:
        self.types = entity_types()
        self.tables = {n: Table(t, _INDEXED.get(n, ())) for n, t in self.types.items()}
        self.pending: dict[str, dict[str, list[Row]]] = defaultdict(dict)
        self.stock: dict[tuple[str, str], float] = {}
        self.incoming: dict[tuple[str, str], float] = {}
        self.dice = random.Random(seed)
        self.database = database
        self.history: int | None = None  # the time at which what was there before was made
        self._clock, self._zone = clock, ZoneInfo(zone)
        self._numbers: dict[str, count[int]] = defaultdict(lambda: count(1))

    def now(self) -> int:
        """The server's wall clock, in milliseconds."""
        if self.history is not None:
            return self.history
        return wall_clock_ms(self._clock().astimezone(self._zone))

    def today(self) -> int:
        return self.now() // 86_400_000 * 86_400_000

    def guid(self) -> str:
        return str(UUID(int=self.dice.getrandbits(128), version=4))

    def number(self, what: str, first: int = 1) -> int:
        """The next number of a range."""
        if what not in self._numbers:
            self._numbers[what] = count(first)
        return next(self._numbers[what])

    def code(self, entity: str, value: Any) -> Row | None:
        """The record with this code, or None where there is no such code."""
        table, (name, _) = self.tables[entity], CODES[entity]
        if name == table.entity.key:
            return table.get(value)
        found = table.where(name, value)
        return found[0] if found else None

    def unknown(self, entity: str, value: Any) -> list[str]:
        """What to say about a code that does not exist; nothing when it does, or is not given."""
        if value is None or self.code(entity, value) is not None:
            return []
        return [f"Does not exist: {CODES[entity][1]} - {str(value).strip()}"]

    def mandatory(self, entity: str, values: Row) -> list[str]:
        return [f"Mandatory: {n}" for n in self.types[entity].required if values.get(n) is None]

    def debtor(self, number: str) -> Row | None:
        """The account with this (padded) debtor number."""
        found = self.tables["Account"].where("DebtorNumber", number)
        return found[0] if found else None

    def item(self, code: str) -> Row | None:
        return self.tables["Item"].get(code)

    def add(self, entity: str, values: Row) -> Row:
        """Keep a new record; a key that is taken is refused."""
        try:
            return self.tables[entity].add(values)
        except KeyError as taken:
            key = self.types[entity].key
            raise EntityFault(f"Already exists: {key} - {taken.args[0]}") from None

    def stamp(self, values: Row) -> Row:
        """The moment of making, put on a new record."""
        now = self.now()
        return values | {"CreatedDate": now, "ModifiedDate": now}

    def orphans(self) -> int:
        """Lines that wait for a header, perhaps for ever."""
        return sum(len(lines) for kind in self.pending.values() for lines in kind.values())

    def open_orders(self, item: str, warehouse: str) -> float:
        """How much of an item is still to be delivered from a warehouse."""
        lines = self.tables["SalesOrderLine"].where("Itemcode", item)
        left = (
            line["Quantity"] - line.get("QuantityDelivered", 0)
            for line in lines
            if fold(line.get("Warehouse", "1")) == fold(warehouse)
        )
        return float(sum(left))

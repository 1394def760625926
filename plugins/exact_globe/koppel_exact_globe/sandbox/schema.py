"""What the pretended entities look like: their properties, what is required, what may change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Literal, cast

Kind = Literal["text", "upper", "right", "int", "number", "date", "flag", "guid"]


@dataclass(frozen=True)
class Property:
    """One property: its kind of value and, for text, how long it may be (0: any length).

    For a number, to how many decimals it is kept (0: as it came).
    """

    name: str
    kind: Kind
    length: int = 0

    @property
    def is_text(self) -> bool:
        return self.kind in ("text", "upper", "right")


@dataclass(frozen=True)
class EntityType:
    """One entity: its key, its properties and the verbs it takes besides GET."""

    name: str
    key: str
    properties: dict[str, Property]
    verbs: frozenset[str] = frozenset()
    required: tuple[str, ...] = ()
    read_only: frozenset[str] = frozenset()
    values: dict[str, str] = field(default_factory=dict)

    @property
    def key_property(self) -> Property:
        return self.properties[self.key]


_MASTER = frozenset({"POST", "MERGE", "DELETE"})
_DOCUMENT = frozenset({"POST"})  # made once, never changed over REST
_VERBS = {
    **dict.fromkeys(("Account", "ContactPerson", "Address", "Item", "ItemAssortment"), _MASTER),
    **dict.fromkeys(("ItemCategoryProperty", "Binary"), _MASTER),
    **dict.fromkeys(
        (
            "SalesOrderHeader",
            "SalesOrderLine",
            "InvoiceHeader",
            "InvoiceLine",
            "FinancialHeader",
            "FinancialLine",
        ),
        _DOCUMENT,
    ),
}

_REQUIRED = {
    "Account": ("AccountName",),
    "ContactPerson": ("AccountID", "LastName"),
    "Address": ("Account", "Type"),
    "Item": ("ItemCode", "Description0"),
    "ItemAssortment": ("Assortment", "Code"),
    "ItemCategoryProperty": ("ClassID", "ItemClassCode"),
    "Binary": ("Data",),
    "SalesOrderLine": ("Itemcode", "Quantity"),
    "SalesOrderHeader": ("TransactionKey", "OrderDebtor", "YourReference"),
    "InvoiceLine": ("ItemCode", "Quantity"),
    "InvoiceHeader": ("TransactionKey", "OrderDebtor", "InvoiceCode", "YourReference"),
    "FinancialLine": ("GLAccount", "Amount"),
    "FinancialHeader": ("TransactionKey", "Journal"),
}

_STAMPS = "CreatedDate ModifiedDate Creator CreatorName Modifier ModifierName"
_READ_ONLY = {
    "Account": "ID ContactID ContactFullName CompanyName",
    "ContactPerson": "ContactID FullName AccountName AccountCode",
    "Address": "ID AddressID",
    "Item": "AssortmentCode AssortmentDescription",
    "ItemCategoryProperty": "ID ClassDescription",
    "Binary": "MessageID",
    "SalesOrderLine": "ID SalesOrderNumber QuantityDelivered LineNumber PurchaseOrderLine"
    " PurchaseOrderNumber AmountExcludingDiscountIncludingVAT",
    "SalesOrderHeader": "ID SalesOrderNumber TotalAmount TotalAmountExcludingVAT TotalVATAmount"
    " Completed",
    "InvoiceLine": "ID LineNumber AmountInclDiscExclVAT",
    "InvoiceHeader": "ID TotalAmount TotalAmountExclVAT TotalVAT",
    "FinancialLine": "ID LineNumber EntryNumber",
    "FinancialHeader": "ID EntryNumber JournalType JournalTypeDescription DebtorName"
    " OutstandingAmount OutstandingAmountTC PaymentReceived PaymentReceivedTC",
}

_VALUES = {
    "Account": {
        "CustomerType": "ABCDELNPRST",
        "CustomerStatus": "ABENPRS",
        "AccountStatus": "BCEHPRS",
        "ContactGender": "MVO",
    },
    "ContactPerson": {"Gender": "MVO"},
    "Item": {"Condition": "ABDEF", "Type": "SPBLMCR"},
}


@cache
def entity_types() -> dict[str, EntityType]:
    """Every entity that the pretended service knows, by name."""
    text = files(__package__).joinpath("properties.txt").read_text(encoding="utf-8")
    return {entity.name: entity for entity in _parse(text)}


def _parse(text: str) -> Iterator[EntityType]:
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for match in re.finditer(r"^\[(\w+) (\w+)\]\n([^\[]*)", plain, re.MULTILINE):
        name, key, body = match.groups()
        properties: dict[str, Property] = {}
        for line in re.sub(r"\n +", " ", body).splitlines():
            kind, _, names = line.partition(":")
            for word in names.split():
                properties |= {p.name: p for p in _expand(word, kind)}
        read_only = f"{_READ_ONLY.get(name, '')} {_STAMPS}".split()
        yield EntityType(
            name=name,
            key=key,
            properties=dict(sorted(properties.items())),
            verbs=_VERBS.get(name, frozenset()),
            required=_REQUIRED.get(name, ()),
            read_only=frozenset(read_only),
            values=_VALUES.get(name, {}),
        )


def _expand(word: str, kind: str) -> Iterator[Property]:
    """`text80` and `X1..3`: three properties of that kind."""
    shape = re.fullmatch(r"([a-z]+)(\d*)", kind)
    assert shape is not None
    base, length = cast(Kind, shape[1]), int(shape[2] or 0)
    span = re.fullmatch(r"(.*?)(\d+)\.\.(\d+)(\D*)", word)
    if span is None:
        yield Property(word, base, length)
        return
    before, first, last, after = span.groups()
    for number in range(int(first), int(last) + 1):
        yield Property(f"{before}{number:0{len(first)}}{after}", base, length)

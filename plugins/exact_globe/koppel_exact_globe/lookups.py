"""Live choices: VAT codes, payment conditions, warehouses and the like, as this Globe has them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from hub.model import Json
from hub.sdk import Api, Lookup, Option

from . import api as globe
from . import masters, odata

ORDER_STATUSES = {
    "open": "Open",
    "partial": "Delivered in part",
    "delivered": "Delivered",
    "invoiced": "Invoiced",
    "cancelled": "Cancelled (deleted in Globe)",
}
BLOCKED = ("B", "E")
"""Customer statuses (blocked, exit) that Globe refuses on orders."""


@dataclass(frozen=True)
class VatCode:
    """What a VAT code does to a price. prices: whether a price under it includes the VAT."""

    code: str
    rate: Decimal
    prices: Literal["gross", "net"] | None
    label: str


def vat_codes(api: Api) -> dict[str, VatCode]:
    """The VAT codes that can stand on a sale, by code; asked once while the connection is open.

    Without those whose prices are "inclusive: net": nobody says what becomes of a price under them.
    """
    known: dict[str, VatCode] | None = api.memo.get("vat codes")
    if known is None:
        known = api.memo["vat codes"] = {}
        names = ("VATCode", "Description", "Percentage", "Excluded", "SalesPurchase")
        for row in _rows(api, "VAT", names):
            code = _code(row, "VATCode")
            if code and row.get("SalesPurchase") != "I" and _excluded(row) != "T":
                known[code] = _vat_code(code, row)
    return known


def _vat_code(code: str, row: Json) -> VatCode:
    rate = odata.number(row.get("Percentage")) or Decimal(0)
    excluded = _excluded(row)
    label = " ".join(str(row.get("Description") or "").split())
    if excluded == "I":
        return VatCode(code, rate, "gross", label)
    return VatCode(code, rate, "net" if excluded == "E" else None, label)


def _excluded(row: Json) -> str:
    return str(row.get("Excluded") or "").strip().upper()


def _vat_options(api: Api) -> Iterator[Option]:
    words = {"gross": "prices include it", "net": "prices exclude it", None: "no VAT"}
    for vat in vat_codes(api).values():
        label = f"{vat.code} {vat.label} ({vat.rate.normalize():f}%, {words[vat.prices]})"
        data = {"rate": vat.rate, "prices": vat.prices}
        yield Option(value=vat.code, label=label, data=data)


def _rows(api: Api, entity: str, names: Sequence[str]) -> Iterator[Json]:
    for batch in globe.batches(api, entity, select=names):
        yield from batch


def _code(row: Json, name: str) -> str:
    value = row.get(name)
    return "" if value is None else str(value).strip()


def _plain(
    entity: str,
    code: str,
    description: str,
    *more: str,
    usable: Callable[[Json], bool] = lambda row: True,
) -> Callable[[Api], Iterator[Option]]:
    """Options of an entity that has a code and a description; *more* goes along as data."""

    def fetch(api: Api) -> Iterator[Option]:
        for row in _rows(api, entity, (code, description, *more)):
            value = _code(row, code)
            if value and usable(row):
                said = _code(row, description)
                label = f"{value} {said}" if said and said != value else value
                yield Option(value=value, label=label, data={name: row.get(name) for name in more})

    return fetch


def _debtors(api: Api) -> Iterator[Option]:
    """The first thousand debtors; more would make a list that nobody can choose from."""
    names = ("DebtorNumber", "AccountName", "CustomerStatus")
    where = ("CustomerType eq 'C'",)
    rows = globe.some(
        api, "Account", where=where, select=names, order="DebtorNumber", top=globe.BATCH
    )
    for row in rows:
        number = _code(row, "DebtorNumber")
        if number and row.get("CustomerStatus") not in BLOCKED:
            yield Option(value=number, label=f"{number} {_code(row, 'AccountName')}".strip())


def _item_fields(api: Api) -> Iterator[Option]:
    for field, said in masters.field_names(api).items():
        yield Option(value=field, label=f"{field} {said}" if said != field else field)


def _attributes(api: Api) -> Iterator[Option]:
    """The names under which attributes and features are known."""
    names = masters.field_names(api)
    for field in (*api.settings.attributes, *api.settings.feature_fields):
        yield Option(value=names[field], label=f"{names[field]} ({field})")


def _statuses(api: Api) -> Iterator[Option]:
    yield from (Option(value=value, label=label) for value, label in ORDER_STATUSES.items())


def _sales_journals(api: Api) -> Iterator[Option]:
    for option in _journals(api):
        if str(option.data["JournalType"]).strip() == "V":
            yield option


_journals = _plain("BrowserData_Journal", "JournalNumber", "Description", "JournalType")

LOOKUPS = (
    Lookup("vat_codes", "VAT codes", _vat_options),
    Lookup(
        "payment_conditions",
        "Payment conditions",
        _plain("PaymentCondition", "PaymentConditionCode", "Description"),
    ),
    Lookup(
        "shipping_methods",
        "Shipping methods",
        _plain("ShippingMethod", "ShippingMethodProperty", "Description"),
    ),
    Lookup(
        "warehouses",
        "Warehouses",
        _plain(
            "Warehouse", "Code", "Description", "Blocked", usable=lambda row: not row.get("Blocked")
        ),
    ),
    Lookup(
        "cost_centers",
        "Cost centres",
        _plain(
            "CostCenter",
            "Code",
            "Description",
            "Enabled",
            usable=lambda row: row.get("Enabled") is not False,
        ),
    ),
    Lookup("cost_units", "Cost units", _plain("CostUnit", "Code", "Description")),
    Lookup(
        "gl_accounts",
        "General ledger accounts",
        _plain("GeneralLedgerAccount", "GeneralLedgerCode", "GeneralLedgerDescription"),
    ),
    Lookup("journals", "Journals", _journals),
    Lookup("sales_journals", "Sales journals", _sales_journals),
    Lookup("order_statuses", "Order statuses", _statuses),
    Lookup(
        "selection_codes",
        "Selection codes",
        _plain("BrowserData_SelectionCode", "Code", "Description"),
    ),
    Lookup("classifications", "Classifications", _plain("Classification", "ID", "Description")),
    Lookup("assortments", "Assortments", _plain("ItemAssortment", "Assortment", "Description")),
    Lookup("customer_classes", "Classifications", _plain("Classification", "ID", "Description")),
    Lookup("categories", "Assortments", _plain("ItemAssortment", "Description", "Code")),
    Lookup("item_fields", "Classes and free fields of items", _item_fields),
    Lookup("product_attributes", "Attributes", _attributes),
    Lookup("debtors", "Debtors", _debtors),
)

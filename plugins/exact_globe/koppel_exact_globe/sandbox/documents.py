"""The business rules of documents made from lines and a header: orders, invoices, entries."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .errors import EntityFault
from .table import Row
from .values import stored_number, stored_text
from .world import World

HEADERS = {
    "SalesOrderHeader": "SalesOrderLine",
    "InvoiceHeader": "InvoiceLine",
    "FinancialHeader": "FinancialLine",
}
LINES = {line: header for header, line in HEADERS.items()}

_LINE_CODES = {
    "VATCode": "VAT",
    "CostCenter": "CostCenter",
    "CostUnit": "CostUnit",
    "Warehouse": "Warehouse",
}
_HEADER_CODES = {
    "PaymentCondition": "PaymentCondition",
    "ShippingVia": "ShippingMethod",
    "SelectionCode": "BrowserData_SelectionCode",
    "Warehouse": "Warehouse",
    "CostCenter": "CostCenter",
    "CurrencyCode": "Currency",
}
_ENTRY_LINE_CODES = {"VATCode": "VAT", "CostCenter": "CostCenter", "CostUnit": "CostUnit"}
_ENTRY_CODES = {
    "Journal": "BrowserData_Journal",
    "PaymentCondition": "PaymentCondition",
    "CostCenter": "CostCenter",
    "CostUnit": "CostUnit",
    "CurrencyCode": "Currency",
}
_INVOICE_CODES = ("  1", "  2")
_CENT = Decimal("0.01")


def create(world: World, entity: str, values: Row) -> Row:
    """A line waits, unseen, for the header with its TransactionKey, which makes the document."""
    given = {name: value for name, value in values.items() if value is not None}
    if entity in LINES:
        return _line(world, entity, given)
    return _header(world, entity, given)


def _line(world: World, entity: str, given: Row) -> Row:
    _unused(world, LINES[entity], given.get("TransactionKey"))
    faults = world.mandatory(entity, given)
    faults += _unknown(
        world, _ENTRY_LINE_CODES if entity == "FinancialLine" else _LINE_CODES, given
    )
    if faults:
        raise EntityFault(*faults)
    if entity == "FinancialLine":
        made = _entry_line(world, given)
    else:
        made = _item_line(world, given)
        made["NetPrice"] = stored_number(
            world.types[entity].properties["NetPrice"], made["NetPrice"]
        )
    key = made.setdefault("TransactionKey", world.guid())
    waiting = world.pending[entity].setdefault(key, [])
    made |= {"ID": world.number(entity, 101), "LineNumber": len(waiting) + 1}
    waiting.append(made)
    return made


def _item_line(world: World, given: Row) -> Row:
    code = given.get("Itemcode") or given["ItemCode"]
    item = world.item(code)
    if item is None:
        raise EntityFault(f"Does not exist: Item - {code}")
    if item["Condition"] in ("B", "E", "F"):
        raise EntityFault(f"Item is blocked or not active: {code}")
    if not item["IsSalesItem"]:
        raise EntityFault(f"Not a sales item: {code}")
    percent = given.get("DiscountPercentage", 0)
    if not 0 <= percent <= 100:
        raise EntityFault(f"Invalid value: DiscountPercentage - {percent}")
    if given.get("Action", "ADDNEW") != "ADDNEW":
        raise EntityFault(f"Invalid value: Action - {given['Action']}")
    price = given.get("Price", item["SalesPrice"])
    net = _exact(price) * (100 - _exact(percent)) / 100
    made: Row = {
        "Description": item["Description0"],
        "VATCode": item["SalesVATCode"],
        "Unit": item["PackageDescription"][:5],
        "Price": price,
        "DiscountPercentage": percent,
        "NetPrice": float(net),
    }
    if "Itemcode" in given:
        made |= {"Action": "ADDNEW", "QuantityDelivered": 0}
    return made | given


def _entry_line(world: World, given: Row) -> Row:
    faults = world.unknown("GeneralLedgerAccount", given["GLAccount"].strip().rjust(9))
    if faults:
        raise EntityFault(*faults)
    percentage = _exact(_vat(world, given)["Percentage"]) if "VATCode" in given else Decimal(0)
    made: Row = {
        "VATBasis": given["Amount"],
        "VATAmount": float(cents(_exact(given["Amount"]) * percentage / 100)),
    }
    return made | given | {"GLAccount": given["GLAccount"].strip().rjust(9)}


def _header(world: World, entity: str, given: Row) -> Row:
    faults = world.mandatory(entity, given)
    if faults:
        raise EntityFault(*faults)
    key = given["TransactionKey"]
    _unused(world, entity, key)
    lines = world.pending[HEADERS[entity]].get(key, [])
    if not lines:
        raise EntityFault(f"There are no lines for transaction key {key}")
    if entity == "FinancialHeader":
        made = _entry(world, given, lines)
    else:
        made = _sale(world, entity, given, lines)
    made["ID"] = world.number(entity)
    shared = _shown(world, entity, made)
    row = world.add(entity, made)
    del world.pending[HEADERS[entity]][key]
    for line in lines:
        world.add(HEADERS[entity], shared | line)
    return row


def _unused(world: World, header: str, key: str | None) -> None:
    if key is not None and world.tables[header].where("TransactionKey", key):
        raise EntityFault(f"Already used: TransactionKey - {key}")


def _shown(world: World, entity: str, made: Row) -> Row:
    """Number the document; what its lines take from it where they say nothing themselves."""
    if entity == "SalesOrderHeader":
        made["SalesOrderNumber"] = str(made["ID"]).rjust(8)
        shared = {n: made[n] for n in ("SalesOrderNumber", "DeliveryDate", "Warehouse")}
    elif entity == "InvoiceHeader":
        shared = {"Warehouse": made["Warehouse"]}
    else:
        number = world.number(f"entry {made['Journal']}")
        year = f"{made['FinancialYear'] % 100:02}"
        made["EntryNumber"] = f"{year}{made['Journal'].strip():0<3}{number:03}"
        names = ("EntryNumber", "Journal", "Description", "YourReference", "DebtorNumber")
        shared = {
            name: made[name] for name in (*names, "EntryDate", "ReportingDate") if name in made
        }
        if "DebtorNumber" in shared:
            shared["DebtorNumber"] = shared["DebtorNumber"].strip()
    if "CostCenter" in made:
        shared["CostCenter"] = made["CostCenter"]
    return shared


def _sale(world: World, entity: str, given: Row, lines: list[Row]) -> Row:
    order = entity == "SalesOrderHeader"
    faults = _unknown(world, _HEADER_CODES, given)
    for name in ("OrderDebtor", "DeliveryDebtor", "InvoiceDebtor"):
        if name in given:
            faults += _debtor_faults(world, given[name])
    if not order and given["InvoiceCode"] not in _INVOICE_CODES:
        faults.append(f"Does not exist: Invoice code - {given['InvoiceCode'].strip()}")
    billed = "" if order else given.get("SalesOrderNumber", "")
    if billed and world.tables["SalesOrderHeader"].get(billed) is None:
        faults.append(f"Does not exist: Sales order - {billed.strip()}")
    if faults:
        raise EntityFault(*faults)
    account = world.debtor(given["OrderDebtor"])
    assert account is not None
    made: Row = {
        "DeliveryDebtor": given["OrderDebtor"],
        "InvoiceDebtor": account.get("InvoiceDebtor", given["OrderDebtor"]),
        "PaymentCondition": account.get("PaymentCondition", "30"),
        "ShippingVia": account.get("DeliveryMethod"),
        "CurrencyCode": account["CurrencyCode"],
        "Warehouse": "1",
        "SalesOrderDate": world.today(),
        "DeliveryDate": world.today(),
    }
    made |= {"Completed": False} if order else {"TranscationDate": world.today()}
    made |= given
    _addresses(world, entity, made, given)
    net, vat = _totals(world, lines)
    if order:
        made |= {"TotalAmountExcludingVAT": float(net), "TotalVATAmount": float(vat)}
    else:
        made |= {"TotalAmountExclVAT": float(net), "TotalVAT": float(vat)}
    return made | {"TotalAmount": float(net + vat)}


def _debtor_faults(world: World, number: str) -> list[str]:
    account = world.debtor(number)
    if account is None:
        return [f"Does not exist: Debtor - {number.strip()}"]
    if account["CustomerStatus"] in ("B", "E") or account.get("Blocked"):
        return [f"Debtor is blocked: {number.strip()} - {account['AccountName']}"]
    return []


# Role, and for orders and invoices the names of: line 1, line 2, postcode, city, country.
_ORDER_NAMES = ("{}DebtorAddress1", "{}DebtorAddress2", "{}DebtorPostCode", "{}DebtorCity")
_INVOICE_NAMES = ("{}AddressLine1", "{}AddressLine2", "{}PostCode", "{}City")
_ACCOUNT_ADDRESS = {
    "Order": ("MailingAddress1", "MailingAddress2", "MailingPostcode", "MailingCity"),
    "Delivery": (
        "DeliveryAddressline1",
        "DeliveryAddressline2",
        "DeliveryPostCode",
        "DeliveryCity",
    ),
    "Invoice": ("InvoiceAddress", "InvoiceAddress2", "InvoiceAddressPostCode", "InvoiceCity"),
}


def _addresses(world: World, entity: str, made: Row, given: Row) -> None:
    """Each role's address comes from its account, unless any part of it is given."""
    properties = world.types[entity].properties
    order = entity == "SalesOrderHeader"
    for role, theirs in _ACCOUNT_ADDRESS.items():
        account = world.debtor(made[f"{role}Debtor"])
        if account is None:
            continue
        ours = [name.format(role) for name in (_ORDER_NAMES if order else _INVOICE_NAMES)]
        country = f"{role}DebtorCountryCode" if order else f"{role}CountryCode"
        ours = [f"{role}DebtorName", *ours, country]
        source = ["AccountName", *theirs, f"{'Mailing' if role == 'Order' else role}Country"]
        if not any(name in given for name in ours):
            made |= {n: account.get(s) for n, s in zip(ours, source, strict=True)}
        middle = "Debtor" if order else ""
        for name, taken in (
            (f"{role}{middle}ContactPerson", "ContactFullName"),
            (f"{role}{middle}ContactEmail", "ContactEmail"),
            (f"{role}{middle}Phone", "PhoneNumber"),
        ):
            if name in properties and account.get(taken) is not None:
                made.setdefault(name, stored_text(properties[name], account[taken]))


def _totals(world: World, lines: list[Row]) -> tuple[Decimal, Decimal]:
    """Amount without VAT and the VAT, reckoned per VAT code; the code says what the prices hold.

    A line's amount is whole cents, as its column is.
    """
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line["VATCode"]] += cents(_exact(line["NetPrice"]) * _exact(line["Quantity"]))
    net = vat = Decimal(0)
    for code, amount in sums.items():
        row = _vat(world, {"VATCode": code})
        rate = _exact(row["Percentage"]) / 100
        if row["Excluded"] == "I":
            gross = cents(amount)
            part = cents(gross / (1 + rate))
            net, vat = net + part, vat + gross - part
        else:
            part = cents(amount)
            net, vat = net + part, vat + cents(part * rate)
    return net, vat


def _entry(world: World, given: Row, lines: list[Row]) -> Row:
    faults = _unknown(world, _ENTRY_CODES, given)
    journal = world.code("BrowserData_Journal", given["Journal"])
    if journal is None:
        raise EntityFault(*faults)
    kind = journal["JournalType"]
    if kind not in ("V", "M"):
        faults.append(f"Journal {given['Journal']} is not a sales or general journal")
    if kind == "V" and "DebtorNumber" not in given:
        faults.append("Mandatory: DebtorNumber")
    if "DebtorNumber" in given:
        faults += _debtor_faults(world, given["DebtorNumber"])
    faults += [
        f"Line {line['LineNumber']} is of journal {line['Journal']}, not {given['Journal']}"
        for line in lines
        if line.get("Journal", given["Journal"]) != given["Journal"]
    ]
    gross = sum((_exact(n["Amount"]) + _exact(n["VATAmount"]) for n in lines), Decimal(0))
    balance = sum((_exact(line["Amount"]) for line in lines), Decimal(0))
    if kind == "V" and "Amount" in given and _exact(given["Amount"]) != gross:
        faults.append(f"Amount {given['Amount']} does not equal the lines: {gross}")
    if kind == "M" and balance != 0:
        faults.append(f"Entry is not in balance: {balance}")
    if faults:
        raise EntityFault(*faults)
    date = given.get("EntryDate", world.today())
    year, month = _year_and_month(date)
    amount = float(gross) if kind == "V" else 0
    debtor = world.debtor(given["DebtorNumber"]) if "DebtorNumber" in given else None
    made: Row = {
        "EntryDate": date,
        "ReportingDate": date,
        "InvoiceDueDate": date + 30 * 86_400_000,
        "FinancialYear": year,
        "FinancialPeriod": month,
        "CurrencyCode": "EUR",
        "JournalAccount": "     1300",
    }
    return (
        made
        | given
        | {
            "JournalType": kind,
            "Amount": amount,
            "OutstandingAmount": amount,
            "PaymentReceived": 0,
            "DebtorName": debtor["AccountName"] if debtor else None,
        }
    )


def _year_and_month(ms: int) -> tuple[int, int]:
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    return moment.year, moment.month


def _unknown(world: World, codes: dict[str, str], given: Row) -> list[str]:
    faults = [f for name, kind in codes.items() for f in world.unknown(kind, given.get(name))]
    warehouse = world.tables["Warehouse"].get(given.get("Warehouse", ""))
    if warehouse is not None and warehouse.get("Blocked"):
        faults.append(f"Warehouse is blocked: {warehouse['Code']}")
    return faults


def _vat(world: World, line: Row) -> Row:
    row = world.code("VAT", line["VATCode"])
    assert row is not None  # checked when the line came in
    return row


def _exact(value: Any) -> Decimal:
    return Decimal(str(value))


def cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, ROUND_HALF_UP)

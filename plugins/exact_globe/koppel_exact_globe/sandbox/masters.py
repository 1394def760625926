"""The business rules of records that can be changed: accounts, contacts, addresses, items."""

from __future__ import annotations

import base64
from typing import Any

from .errors import EntityFault
from .table import Row
from .values import fold
from .world import World

_ACCOUNT_CODES = {
    "PaymentCondition": "PaymentCondition",
    "VatCode": "VAT",
    "CurrencyCode": "Currency",
    "DeliveryMethod": "ShippingMethod",
    "ClassificationID": "Classification",
    "ContactTitle": "Title",
    "MailingCountry": "Country",
    "InvoiceCountry": "Country",
    "DeliveryCountry": "Country",
    "PostalCountry": "Country",
    "DebtorCreditorAccount": "GeneralLedgerAccount",
}
_ITEM_CODES = {
    "SalesVATCode": "VAT",
    "SalesCurrency": "Currency",
    "CostPriceCurrency": "Currency",
    "Assortment": "ItemAssortment",
    "Warehouse": "Warehouse",
    "GLAccountRevenue": "GeneralLedgerAccount",
    "GLAccountCost": "GeneralLedgerAccount",
}
_ADDRESS_CODES = {"Country": "Country", "VatCode": "VAT", "ShipVia": "ShippingMethod"}
_CODES = {"Account": _ACCOUNT_CODES, "Item": _ITEM_CODES, "Address": _ADDRESS_CODES}

# The main contact person is a part of the account.
_CONTACT = {
    "ContactFirstName": "FirstName",
    "ContactMiddleName": "MiddleName",
    "ContactLastName": "LastName",
    "ContactInitials": "Initials",
    "ContactGender": "Gender",
    "ContactTitle": "Title",
    "ContactEmail": "EmailAddress",
    "ContactPhoneNumber": "PhoneNumber",
    "ContactMobileNumber": "MobileNumber",
    "ContactLanguage": "Language",
    "JobDescription": "JobDescription",
}
_ACCOUNT_DEFAULTS: Row = {
    "CustomerType": "N",
    "CustomerStatus": "N",
    "AccountStatus": "S",
    "ContactGender": "O",
    "JobDescription": "--",
    "ContactTitle": "LS",
    "CurrencyCode": "EUR",
    "DebtorCreditorAccount": "     1300",
    "SectorCode": "UNKNOWN",
    "CompanySize": "UNKNOWN",
    "Source": "P",
    "Rating": "1",
    "Blocked": False,
    "MailingCountry": "NL",
    "InvoiceCountry": "NL",
    "DeliveryCountry": "NL",
    "PostalCountry": "NL",
}
_ITEM_DEFAULTS: Row = {
    "SalesVATCode": "0",
    "SalesCurrency": "EUR",
    "CostPriceCurrency": "EUR",
    "SalesPrice": 0,
    "CostPriceStandard": 0,
    "NetWeight": 0,
    "Assortment": 0,
    "PackageDescription": "stuk",
    "Condition": "A",
    "Type": "S",
    "Warehouse": "1",
    "IsSalesItem": False,
    "IsStockItem": False,
    "IsPurchaseItem": False,
    "IsSerialNumberItem": False,
    "IsBatchItem": False,
    "IsFractionAllowedItem": False,
}


def create(world: World, entity: str, values: Row) -> Row:
    """Make a record, computed values filled in."""
    given = {name: value for name, value in values.items() if value is not None}
    _refuse(world.mandatory(entity, given) + _unknown_codes(world, entity, given))
    made: Row = _MAKERS[entity](world, given)
    return made


def change(world: World, entity: str, row: Row, values: Row) -> None:
    """MERGE: only what is given changes."""
    table = world.tables[entity]
    after = {n: v for n, v in {**row, **values}.items() if v is not None}
    faults = world.mandatory(entity, after) + _unknown_codes(world, entity, values)
    fixed = {"Account": ("AccountCode",), "ItemAssortment": ("Assortment",)}
    for name in (*fixed.get(entity, ()), table.entity.key):
        if name in values and fold(values[name]) != fold(row.get(name)):
            faults.append(f"Cannot be changed: {name}")
    if entity == "Account":
        faults += _account_faults(world, after, row)
    _refuse(faults)
    table.change(row, values | {"ModifiedDate": world.now()})
    if entity == "Account":
        _number_debtor(world, row)
        _follow_account(world, row, values)
    if entity == "Item" and "Assortment" in values:
        table.change(row, _assortment_names(world, row))


def delete(world: World, entity: str, row: Row) -> None:
    """Take a record away, unless something was done with it."""
    if entity == "Account":
        number = row.get("DebtorNumber")
        for kind, name in (
            ("SalesOrderHeader", "OrderDebtor"),
            ("InvoiceHeader", "OrderDebtor"),
            ("FinancialHeader", "DebtorNumber"),
        ):
            if number and world.tables[kind].where(name, number):
                raise EntityFault(f"Cannot be deleted: {row['AccountName']} - There are entries")
        for contact in world.tables["ContactPerson"].where("AccountID", row["ID"]):
            world.tables["ContactPerson"].delete(contact)
    if entity == "Item":
        code = row["ItemCode"]
        used = world.tables["SalesOrderLine"].where("Itemcode", code)
        if used or world.tables["InvoiceLine"].where("ItemCode", code):
            raise EntityFault(f"Cannot be deleted: {code} - There are entries")
    world.tables[entity].delete(row)


def _unknown_codes(world: World, entity: str, values: Row) -> list[str]:
    faults = [
        fault
        for name, kind in _CODES.get(entity, {}).items()
        for fault in world.unknown(kind, values.get(name))
    ]
    return faults + _item_faults(world, values) if entity == "Item" else faults


def _item_faults(world: World, values: Row) -> list[str]:
    """Class codes must be there, in the class with that number; a picture as well."""
    faults = []
    for number in range(1, 11):
        code = values.get(f"Class{number:02}Code")
        known = world.tables["ItemCategoryProperty"].where("ItemClassCode", code or "")
        if code is not None and not any(row["ClassID"] == number for row in known):
            faults.append(f"Does not exist: Item category {number} - {code}")
    picture = values.get("MessageID")
    if picture is not None and world.tables["Binary"].get(picture) is None:
        faults.append(f"Does not exist: Binary - {picture}")
    return faults


def _refuse(faults: list[str]) -> None:
    if faults:
        raise EntityFault(*faults)


def _account(world: World, given: Row) -> Row:
    values = _ACCOUNT_DEFAULTS | given
    values.setdefault("ContactLastName", values["AccountName"][:50])
    values.setdefault("CompanyCode", world.database[:3])
    _refuse(_account_faults(world, values, None))
    values |= {"ID": world.guid(), "ContactID": world.guid()}
    if "AccountCode" not in values:
        values["AccountCode"] = str(_free_number(world)).rjust(20)
    values["DebtorCode"] = values["AccountCode"]
    row = world.add("Account", world.stamp(values))
    _number_debtor(world, row)
    contact = {
        "ContactID": row["ContactID"],
        "AccountID": row["ID"],
        "MainContact": True,
        "Active": True,
    }
    world.add("ContactPerson", world.stamp(contact))
    _follow_account(world, row, row)
    return row


def _account_faults(world: World, values: Row, mine: Row | None) -> list[str]:
    faults = []
    for name in ("AccountCode", "DebtorNumber"):
        value = values.get(name)
        if value is None:
            continue
        if not value.strip().isdigit():
            faults.append(f"Invalid value: {name} - {value.strip()}")
        elif any(other is not mine for other in world.tables["Account"].where(name, value)):
            faults.append(f"Already exists: {name} - {value.strip()}")
    payer = values.get("InvoiceDebtor")
    if payer is not None and world.debtor(payer) is None:
        faults.append(f"Does not exist: Debtor - {payer.strip()}")
    return faults


def _free_number(world: World) -> int:
    """One number for account and debtor, as most administrations have it."""
    table = world.tables["Account"]
    while True:
        number = world.number("Account", 1001)
        code, debtor = str(number).rjust(20), str(number).rjust(6)
        if not table.where("AccountCode", code) and not table.where("DebtorNumber", debtor):
            return number


def _number_debtor(world: World, row: Row) -> None:
    """A customer has a debtor number: the account's own where that is free and fits."""
    if row["CustomerType"] != "C" or "DebtorNumber" in row:
        return
    number = row["AccountCode"].strip()
    taken = world.tables["Account"].where("DebtorNumber", number.rjust(6))
    if len(number) > 6 or taken:
        number = str(_free_number(world))
    world.tables["Account"].change(row, {"DebtorNumber": number.rjust(6)})


def _follow_account(world: World, row: Row, values: Row) -> None:
    """The main contact person says what the account says."""
    names = ("ContactFirstName", "ContactMiddleName", "ContactLastName")
    full = " ".join(row[name] for name in names if name in row)[:100]
    world.tables["Account"].change(row, {"ContactFullName": full})
    contact = world.tables["ContactPerson"].get(row["ContactID"])
    if contact is None:
        return
    told: dict[str, Any] = {
        theirs: values[ours] for ours, theirs in _CONTACT.items() if ours in values
    }
    told |= {"FullName": full, "AccountName": row["AccountName"], "AccountCode": row["AccountCode"]}
    world.tables["ContactPerson"].change(contact, told | {"ModifiedDate": world.now()})


def _contact(world: World, given: Row) -> Row:
    account = world.tables["Account"].get(given["AccountID"])
    if account is None:
        raise EntityFault(f"Does not exist: Account - {given['AccountID']}")
    names = ("FirstName", "MiddleName", "LastName")
    values: Row = {"Gender": "O", "Title": "LS", "JobDescription": "--", "Active": True} | given
    values["MainContact"] = False
    values["FullName"] = " ".join(values[name] for name in names if name in values)[:100]
    values |= {"ContactID": world.guid(), "AccountName": account["AccountName"]}
    return world.add("ContactPerson", world.stamp(values | {"AccountCode": account["AccountCode"]}))


def _address(world: World, given: Row) -> Row:
    if world.tables["Account"].get(given["Account"]) is None:
        raise EntityFault(f"Does not exist: Account - {given['Account']}")
    if given["Type"] not in ("VIS", "POS", "INV", "DEL"):
        raise EntityFault(f"Invalid value: Type - {given['Type']}")
    return world.add("Address", world.stamp({"Country": "NL"} | given | {"ID": world.guid()}))


def _item(world: World, given: Row) -> Row:
    values = _ITEM_DEFAULTS | {"CountrySpecificDescription": given["Description0"]} | given
    values |= {"CompanyCode": world.database[:3].rjust(3)}
    return world.add("Item", world.stamp(values | _assortment_names(world, values)))


def _assortment_names(world: World, values: Row) -> Row:
    assortment = world.code("ItemAssortment", values["Assortment"]) or {}
    return {
        "AssortmentCode": assortment.get("Code"),
        "AssortmentDescription": assortment.get("Description"),
    }


def _assortment(world: World, given: Row) -> Row:
    return world.add("ItemAssortment", world.stamp({"Description": given["Code"]} | given))


def _property(world: World, given: Row) -> Row:
    category = world.tables["ItemCategory"].get(given["ClassID"])
    if category is None:
        raise EntityFault(f"Does not exist: Item category - {given['ClassID']}")
    same = world.tables["ItemCategoryProperty"].where("ItemClassCode", given["ItemClassCode"])
    if any(row["ClassID"] == given["ClassID"] for row in same):
        raise EntityFault(f"Already exists: ItemClassCode - {given['ItemClassCode']}")
    made: Row = {"Description": given["ItemClassCode"], "ItemJobLevel": 0} | given
    made |= {"ID": world.guid(), "ClassDescription": category["Description"]}
    return world.add("ItemCategoryProperty", made)


def _binary(world: World, given: Row) -> Row:
    try:
        base64.b64decode(given["Data"], validate=True)
    except ValueError:
        raise EntityFault("Invalid value: Data - not a base64 text") from None
    return world.add("Binary", {"Sequence": 1} | given | {"MessageID": world.guid()})


_MAKERS = {
    "Account": _account,
    "ContactPerson": _contact,
    "Address": _address,
    "Item": _item,
    "ItemAssortment": _assortment,
    "ItemCategoryProperty": _property,
    "Binary": _binary,
}

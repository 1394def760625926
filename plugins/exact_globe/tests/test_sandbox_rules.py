"""The pretended administration's business rules: what it refuses and what it works out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from .conftest import Bare


def _line(bare: Bare, key: str, **values: Any) -> dict[str, Any]:
    body = {"TransactionKey": key, "Itemcode": "KET-8V", "Quantity": 1} | values
    return bare.made("SalesOrderLine", body)


def _head(key: str, **values: Any) -> dict[str, Any]:
    return {"TransactionKey": key, "OrderDebtor": "1001", "YourReference": "WEB-1"} | values


# ---- orders


def test_a_header_without_lines_is_refused(bare: Bare) -> None:
    assert "no lines" in bare.refused("SalesOrderHeader", _head(str(uuid4())))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"Itemcode": "NIETS"}, "Does not exist: Item - NIETS"),
        ({"Itemcode": "INKOOP-DOOS"}, "Not a sales item: INKOOP-DOOS"),
        ({"Itemcode": "OUD-MODEL"}, "Item is blocked or not active: OUD-MODEL"),
        ({"VATCode": "99"}, "Does not exist: VAT code - 99"),
        ({"CostCenter": "NIETS"}, "Does not exist: Cost center - NIETS"),
        ({"CostUnit": "NIETS"}, "Does not exist: Cost unit - NIETS"),
        ({"Warehouse": "9"}, "Does not exist: Warehouse - 9"),
        ({"Warehouse": "RET"}, "Warehouse is blocked: RET"),
        ({"DiscountPercentage": 110}, "Invalid value: DiscountPercentage - 110"),
        ({"Quantity": None}, "Mandatory: Quantity"),
        ({"SalesOrderNumber": "1"}, "Read-only: SalesOrderNumber"),
        ({"Description": "x" * 61}, "Too long: Description - at most 60 characters"),
    ],
)
def test_a_line_is_refused_for(bare: Bare, values: dict[str, Any], text: str) -> None:
    body = {"Itemcode": "KET-8V", "Quantity": 1} | values
    assert bare.refused("SalesOrderLine", body) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"OrderDebtor": "999999"}, "Does not exist: Debtor - 999999"),
        ({"OrderDebtor": "1003"}, "Debtor is blocked: 1003 - Gesloten Zaak B.V."),
        ({"YourReference": None}, "Mandatory: YourReference"),
        ({"PaymentCondition": "99"}, "Does not exist: Payment condition - 99"),
        ({"ShippingVia": "TRAM"}, "Does not exist: Shipping method - TRAM"),
        ({"SelectionCode": "ZZ"}, "Does not exist: Selection code - ZZ"),
        ({"CurrencyCode": "XXX"}, "Does not exist: Currency - XXX"),
        ({"TotalAmount": 5}, "Read-only: TotalAmount"),
    ],
)
def test_a_header_is_refused_and_may_be_repeated(
    bare: Bare, values: dict[str, Any], text: str
) -> None:
    key = str(uuid4())
    _line(bare, key)
    assert bare.refused("SalesOrderHeader", _head(key, **values)) == text
    assert bare.rows("SalesOrderHeader") == []
    assert bare.made("SalesOrderHeader", _head(key))["SalesOrderNumber"] == "       1"


def test_several_refusals_come_together(bare: Bare) -> None:
    key = str(uuid4())
    _line(bare, key)
    text = bare.refused("SalesOrderHeader", _head(key, PaymentCondition="99", ShippingVia="TRAM"))
    assert text.split("\r\n") == [
        "Does not exist: Payment condition - 99",
        "Does not exist: Shipping method - TRAM",
    ]


def test_lines_show_only_once_the_header_is_there(bare: Bare) -> None:
    key = str(uuid4())
    number = _line(bare, key)["ID"]
    assert bare.rows("SalesOrderLine") == []
    assert bare.get(f"SalesOrderLine({number})").status_code == 404
    bare.made("SalesOrderHeader", _head(key))
    lines = bare.rows("SalesOrderLine", filter="SalesOrderNumber eq '       1'")
    assert [line["ID"] for line in lines] == [number]
    assert bare.rows("SalesOrderLine", filter="SalesOrderNumber eq '1'") == []


def test_a_used_key_is_refused_for_header_and_lines(bare: Bare) -> None:
    key = str(uuid4())
    _line(bare, key)
    bare.made("SalesOrderHeader", _head(key))
    assert "Already used" in bare.refused("SalesOrderHeader", _head(key))
    body = {"TransactionKey": key, "Itemcode": "KET-8V", "Quantity": 1}
    assert "Already used" in bare.refused("SalesOrderLine", body)


def test_a_line_sent_twice_under_one_key_is_there_twice(bare: Bare) -> None:
    key = str(uuid4())
    assert [_line(bare, key)["LineNumber"] for _ in range(2)] == [1, 2]
    bare.made("SalesOrderHeader", _head(key))
    assert len(bare.rows("SalesOrderLine")) == 2


def test_without_a_key_the_first_line_gets_one(bare: Bare) -> None:
    line = bare.made("SalesOrderLine", {"Itemcode": "KET-8V", "Quantity": 1})
    assert bare.made("SalesOrderHeader", _head(line["TransactionKey"]))["TotalAmount"] == 18.95


def test_prices_hold_vat_or_not_as_the_vat_code_says(bare: Bare) -> None:
    key = str(uuid4())
    _line(bare, key, Itemcode="ket-8v", Quantity=2, Price=19.95, DiscountPercentage=10)
    _line(bare, key, Itemcode="VERZENDKOSTEN", Price=4.95)
    made = bare.made("SalesOrderHeader", _head(key))
    totals = [made[n] for n in ("TotalAmountExcludingVAT", "TotalVATAmount", "TotalAmount")]
    assert totals == [33.77, 7.09, 40.86]
    key = str(uuid4())
    _line(bare, key, Price=100, VATCode="1")
    _line(bare, key, Itemcode="KAART-FIETS", Price=10.9)
    made = bare.made("SalesOrderHeader", _head(key))
    totals = [made[n] for n in ("TotalAmountExcludingVAT", "TotalVATAmount", "TotalAmount")]
    assert totals == [110.0, 21.9, 131.9]


def test_a_price_of_nought_is_free_and_no_price_is_the_items(bare: Bare) -> None:
    key = str(uuid4())
    assert _line(bare, key, Price=0)["NetPrice"] == 0
    assert _line(bare, key)["NetPrice"] == 18.95


def test_the_address_is_the_accounts_unless_a_part_is_given(bare: Bare) -> None:
    key = str(uuid4())
    _line(bare, key)
    made = bare.made("SalesOrderHeader", _head(key, DeliveryDebtorCity="Delft"))
    assert made["OrderDebtorName"] == "Fietsenmaker Om de Hoek B.V."
    assert made["OrderDebtorCity"] == "Utrecht"
    assert (made["DeliveryDebtorName"], made["DeliveryDebtorCity"]) == (None, "Delft")


def test_dates_are_the_wall_clock(bare: Bare) -> None:
    key = str(uuid4())
    _line(bare, key)
    body = _head(key, SalesOrderDate="/Date(1795219200000)/", DeliveryDate="2026-11-22T00:00:00")
    made = bare.made("SalesOrderHeader", body)
    assert made["SalesOrderDate"] == "/Date(1795219200000)/"
    assert made["DeliveryDate"] == "/Date(1795305600000)/"


def test_new_orders_are_read_after_the_last_one_seen(bare: Bare) -> None:
    for number in range(3):
        key = str(uuid4())
        _line(bare, key)
        bare.made("SalesOrderHeader", _head(key, YourReference=f"WEB-{number}"))
    rows = bare.rows("SalesOrderHeader", filter="ID gt 1", orderby="ID", select="ID,YourReference")
    assert [(r["ID"], r["YourReference"]) for r in rows] == [(2, "WEB-1"), (3, "WEB-2")]


# ---- invoices and entries


def test_a_direct_invoice_is_lines_and_a_header(bare: Bare) -> None:
    line = bare.made("InvoiceLine", {"ItemCode": "KET-8V", "Quantity": 2, "Price": 19.95})
    body = _head(line["TransactionKey"], InvoiceCode="1")
    made = bare.made("InvoiceHeader", body)
    assert (made["InvoiceCode"], made["TotalAmount"]) == ("  1", 39.9)
    assert (made["TotalAmountExclVAT"], made["TotalVAT"]) == (32.98, 6.92)


def test_a_sales_entry_must_add_up(bare: Bare) -> None:
    line = {"Journal": "70", "GLAccount": "8000", "Amount": 32.98, "VATCode": "1"}
    key = bare.made("FinancialLine", line)["TransactionKey"]
    body = {"TransactionKey": key, "Journal": "70", "DebtorNumber": "1001", "Amount": 39.90}
    assert "does not equal" in bare.refused("FinancialHeader", body)
    made = bare.made(
        "FinancialHeader", body | {"Amount": 39.91, "EntryDate": "2026-11-21T00:00:00"}
    )
    assert (made["EntryNumber"], made["JournalType"]) == ("26700001", "V")
    assert (made["OutstandingAmount"], made["FinancialPeriod"]) == (39.91, 11)


def test_a_general_entry_must_be_in_balance(bare: Bare) -> None:
    line = {"Journal": "90", "GLAccount": "1100", "Amount": 10}
    key = bare.made("FinancialLine", line)["TransactionKey"]
    assert "balance" in bare.refused("FinancialHeader", {"TransactionKey": key, "Journal": "90"})
    bare.made("FinancialLine", line | {"TransactionKey": key, "GLAccount": "1300", "Amount": -10})
    bare.made("FinancialHeader", {"TransactionKey": key, "Journal": "90"})


# ---- accounts and items


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"AccountName": None}, "Mandatory: AccountName"),
        ({"CustomerType": "X"}, "Invalid value: CustomerType - X"),
        ({"PaymentCondition": "99"}, "Does not exist: Payment condition - 99"),
        ({"MailingCountry": "XX"}, "Does not exist: Country - XX"),
        ({"ContactTitle": "ING"}, "Does not exist: Title - ING"),
        ({"AccountCode": "AB"}, "Invalid value: AccountCode - AB"),
        ({"DebtorNumber": "1001"}, "Already exists: DebtorNumber - 1001"),
        ({"ContactFullName": "A"}, "Read-only: ContactFullName"),
        ({"AccountName": "x" * 51}, "Too long: AccountName - at most 50 characters"),
    ],
)
def test_an_account_is_refused_for(bare: Bare, values: dict[str, Any], text: str) -> None:
    assert bare.refused("Account", {"AccountName": "Nieuw"} | values) == text


def test_a_customer_gets_numbers_and_a_contact_person(bare: Bare) -> None:
    body = {"AccountName": "Nieuw", "CustomerType": "C", "CustomerStatus": "a"}
    made = bare.made("Account", body | {"ContactFirstName": "Bo", "ContactLastName": "Vos"})
    assert made["DebtorNumber"].strip() == made["AccountCode"].strip()
    assert (len(made["DebtorNumber"]), len(made["AccountCode"])) == (6, 20)
    assert made["ContactFullName"] == "Bo Vos"
    contacts = bare.rows("ContactPerson", filter=f"AccountID eq guid'{made['ID']}'")
    assert [(c["LastName"], c["MainContact"]) for c in contacts] == [("Vos", True)]
    assert made["CustomerStatus"] == "A"


def test_a_prospect_has_no_debtor_number_until_it_is_a_customer(bare: Bare) -> None:
    made = bare.made("Account", {"AccountName": "Later", "CustomerType": "P"})
    assert made["DebtorNumber"] is None
    path = f"Account(guid'{made['ID']}')"
    assert bare.http.request("MERGE", path, json={"CustomerType": "C"}).status_code == 204
    assert bare.get(path).json()["d"]["DebtorNumber"] is not None


@pytest.mark.parametrize("tunnel", [False, True])
def test_merge_changes_only_what_is_given(bare: Bare, tunnel: bool) -> None:
    (before,) = bare.rows("Account", filter="DebtorNumber eq '  1001'")
    path = f"Account(guid'{before['ID']}')"
    if tunnel:
        answer = bare.post(path, {"PhoneNumber": "1"}, **{"X-HTTP-Method": "MERGE"})
    else:
        answer = bare.http.request("MERGE", path, json={"PhoneNumber": "1"})
    assert (answer.status_code, answer.content) == (204, b"")
    after = bare.get(path).json()["d"]
    changed = {name for name in after if after[name] != before[name]}
    assert changed - {"ModifiedDate"} == {"PhoneNumber"}


def test_the_code_of_an_account_cannot_change(bare: Bare) -> None:
    (row,) = bare.rows("Account", filter="DebtorNumber eq '  1001'")
    answer = bare.http.request("MERGE", f"Account(guid'{row['ID']}')", json={"AccountCode": "7"})
    assert (answer.status_code, "Cannot be changed: AccountCode" in answer.text) == (500, True)


def test_an_account_with_orders_is_not_deleted(bare: Bare) -> None:
    (row,) = bare.rows("Account", filter="DebtorNumber eq '  1001'")
    key = str(uuid4())
    _line(bare, key)
    bare.made("SalesOrderHeader", _head(key))
    assert bare.http.delete(f"Account(guid'{row['ID']}')").status_code == 500
    (other,) = bare.rows("Account", filter="DebtorNumber eq '  1002'")
    assert bare.http.delete(f"Account(guid'{other['ID']}')").status_code == 204
    assert bare.get(f"Account(guid'{other['ID']}')").status_code == 404


def test_item_codes_differ_by_more_than_case(bare: Bare) -> None:
    body = {"ItemCode": "ket-8v", "Description0": "Nog een"}
    assert "Already exists: ItemCode" in bare.refused("Item", body)


def test_a_new_item_is_no_sales_item_by_itself(bare: Bare) -> None:
    bare.made("Item", {"ItemCode": "NIEUW", "Description0": "Nieuw"})
    assert "Not a sales item" in bare.refused(
        "SalesOrderLine", {"Itemcode": "NIEUW", "Quantity": 1}
    )


def test_stock_is_shown_when_asked_for_and_orders_reserve_it(bare: Bare) -> None:
    key = str(uuid4())
    _line(bare, key, Quantity=4)
    bare.made("SalesOrderHeader", _head(key))
    asked = "ItemCode eq 'KET-8V' and Warehouse eq '1'"
    (plain,) = bare.rows("ItemCatalog", filter=asked)
    assert plain["ShelfStock"] is None
    (row,) = bare.rows("ItemCatalog", filter=f"{asked} and IsRetrieveStockBalance eq true")
    assert (row["ShelfStock"], row["ToBeDelivered"], row["FreeStock"]) == (40, 4, 36)


def test_changed_accounts_are_read_from_the_last_change_seen(bare: Bare) -> None:
    newest = max(r["ModifiedDate"] for r in bare.rows("Account"))
    made = bare.made("Account", {"AccountName": "Nieuw"})
    moment = datetime.fromtimestamp(int(newest[6:-2]) / 1000, UTC).isoformat()[:23]
    rows = bare.rows("Account", filter=f"ModifiedDate ge DateTime'{moment}'")
    assert made["ID"] in [r["ID"] for r in rows]

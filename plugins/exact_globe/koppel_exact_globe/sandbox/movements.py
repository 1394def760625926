"""What people do in Globe itself: deliver, invoice, print and delete; over `/_sandbox/...`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import Flask, Response, jsonify, request

from hub.sdk.sandbox import Sandbox

from . import documents
from .table import Row
from .values import fold
from .world import World


def add_rules(app: Flask, world: World, sandbox: Sandbox) -> None:
    """POST `/_sandbox/orders/NUMBER/deliver|invoice|delete`, `/_sandbox/invoices/ID/process`."""

    def order(number: int, deed: str) -> Response:
        body: dict[str, Any] = request.get_json(silent=True) or {}
        with sandbox.lock:
            if deed == "deliver":
                deliver(world, number, body.get("share", 1), body.get("tracking"))
            elif deed == "invoice":
                invoice(world, number)
            else:
                delete(world, number)
        return jsonify({"done": deed})

    def printed(key: int) -> Response:
        with sandbox.lock:
            return jsonify({"InvoiceNumber": process(world, key)})

    rule = "/_sandbox/orders/<int:number>/<any(deliver,invoice,delete):deed>"
    app.add_url_rule(rule, view_func=order, methods=["POST"], endpoint="order_deed")
    rule = "/_sandbox/invoices/<int:key>/process"
    app.add_url_rule(rule, view_func=printed, methods=["POST"], endpoint="invoice_deed")


def fill(world: World, count: int) -> None:
    """Orders that were delivered and invoiced before anybody looked."""
    for position in range(1, count + 1):
        wanted = {"KET-8V": position, "KAART-FIETS": position}
        number = book(world, f"BALIE-{position}", wanted)
        deliver(world, number)
        invoice(world, number)


def fill_counter(world: World, count: int) -> None:
    """Invoices of goods that were sold at the counter, printed at once."""
    for position in range(1, count + 1):
        line: Row = {"ItemCode": "BEL-DINGDONG", "Description": "Bel ding-dong", "VATCode": "3"}
        line |= {"Quantity": position, "Price": 9.95, "NetPrice": 9.95, "DiscountPercentage": 0}
        header: Row = {"YourReference": f"KASSA-{position}", "CurrencyCode": "EUR"}
        header |= {"PaymentCondition": "00", "SalesOrderNumber": ""}
        header |= {"SalesOrderDate": world.today(), "TotalAmount": 9.95 * position}
        _historic(world, header, [line | {"LineNumber": 1}], "  1000")


def book(world: World, reference: str, wanted: Mapping[str, float], debtor: str = "1001") -> int:
    """Somebody enters a sales order for a debtor who is known."""
    key = world.guid()
    for item, quantity in wanted.items():
        line = {"TransactionKey": key, "Itemcode": item, "Quantity": quantity}
        documents.create(world, "SalesOrderLine", line)
    header = {"TransactionKey": key, "OrderDebtor": debtor.rjust(6), "YourReference": reference}
    made = documents.create(world, "SalesOrderHeader", header)
    return int(made["SalesOrderNumber"])


def _order(world: World, number: int) -> tuple[Row, list[Row]]:
    text = str(number).rjust(8)
    header = world.tables["SalesOrderHeader"].get(text)
    assert header is not None, f"no sales order {number}"
    return header, world.tables["SalesOrderLine"].where("SalesOrderNumber", text)


def deliver(world: World, number: int, share: float = 1, tracking: str | None = None) -> None:
    """Goods leave: *share* of what is still to go; *tracking* is typed in a free field."""
    header, lines = _order(world, number)
    note, now = world.number("delivery note", 500), world.now()
    for line in lines:
        left = line["Quantity"] - line.get("QuantityDelivered", 0)
        sent = left * share
        if not sent:
            continue
        done = line.get("QuantityDelivered", 0) + sent
        world.tables["SalesOrderLine"].change(line, {"QuantityDelivered": done})
        shelf = (fold(line["Itemcode"]), fold(line.get("Warehouse", "1")))
        world.stock[shelf] = world.stock.get(shelf, 0) - sent
        world.add(
            "OrderHistoryLine",
            {"ID": world.number("OrderHistoryLine"), "SalesOrderNumber": number}
            | {"DeliveryNoteNumber": note, "LineNumber": line["LineNumber"]}
            | {"ItemCode": line["Itemcode"], "Quantity": f"{sent:g}"[:6], "DeliveryDate": now}
            | {"VATCode": line["VATCode"]},
        )
    world.add(
        "OrderHistoryHeader",
        {"ID": world.number("OrderHistoryHeader"), "SalesOrderNumber": number}
        | {"DeliveryNoteNumber": note, "DeliveryDate": now, "OrderDate": header["SalesOrderDate"]}
        | {"DeliveryDebtorName": header.get("DeliveryDebtorName")},
    )
    completed = all(line["QuantityDelivered"] >= line["Quantity"] for line in lines)
    changes: Row = {"Completed": completed}
    if tracking:
        changes["FreeField3"] = tracking
    world.tables["SalesOrderHeader"].change(header, changes)


def invoice(world: World, number: int) -> str:
    """The order is billed: it appears in the history of invoices."""
    header, lines = _order(world, number)
    debtor = header["OrderDebtor"]
    return _historic(world, header | {"SalesOrderNumber": str(number)}, lines, debtor)


def process(world: World, key: int) -> str:
    """An invoice is printed: it leaves InvoiceHeader for the history, and is booked."""
    header = world.tables["InvoiceHeader"].get(key)
    assert header is not None, f"no invoice {key}"
    lines = world.tables["InvoiceLine"].where("TransactionKey", header["TransactionKey"])
    number = header.get("SalesOrderNumber", "").strip()
    made = _historic(world, header | {"SalesOrderNumber": number}, lines, header["OrderDebtor"])
    world.tables["InvoiceHeader"].delete(header)
    for line in lines:
        world.tables["InvoiceLine"].delete(line)
    return made


def delete(world: World, number: int) -> None:
    """Somebody cancels the order: it is gone, without a trace."""
    header, lines = _order(world, number)
    for line in lines:
        world.tables["SalesOrderLine"].delete(line)
    world.tables["SalesOrderHeader"].delete(header)


def _historic(world: World, header: Row, lines: list[Row], debtor: str) -> str:
    number, now = str(world.number("invoice number", 26700001)), world.now()
    account = world.debtor(debtor) or {}
    for line in lines:
        net = _net(world, line)
        world.add(
            "InvoiceHistoryLine",
            {"ID": world.number("InvoiceHistoryLine"), "InvoiceNumber": number}
            | {"JournalCode": "70", "LineNumber": str(line["LineNumber"]), "InvoiceDate": now}
            | {"ItemCode": line.get("Itemcode") or line["ItemCode"]}
            | {"ItemDescription": line["Description"], "Quantity": line["Quantity"]}
            | {"SalesPrice": line["Price"], "NetPrice": line["NetPrice"]}
            | {"DiscountPercentage": line["DiscountPercentage"], "TaxCode": line["VATCode"]}
            | {"AmountInclDiscExclVAT": net, "SalesOrderNumber": header["SalesOrderNumber"]},
        )
    world.add(
        "InvoiceHistoryHeader",
        {"ID": world.number("InvoiceHistoryHeader"), "InvoiceNumber": number, "JournalCode": "70"}
        | {"InvoiceDate": now, "OrderDate": header.get("SalesOrderDate"), "InvoiceType": "V"}
        | {"SalesOrderNumber": header["SalesOrderNumber"] or None}
        | {"YourReference": header["YourReference"], "CurrencyCode": header["CurrencyCode"]}
        | {"PaymentCondition": header["PaymentCondition"], "InvoiceDebtor": debtor.strip()}
        | {"InvoiceDebtorName": account.get("AccountName")}
        | {"InvoiceDebtorAddress1": account.get("MailingAddress1")}
        | {"InvoiceDebtorPostCode": account.get("MailingPostcode")}
        | {"InvoiceDebtorCity": account.get("MailingCity")}
        | {"InvoiceDebtorCountry": account.get("MailingCountry")}
        | {"SalesPrice": header["TotalAmount"], "VATNumber": account.get("VATNumber")},
    )
    return number


def _net(world: World, line: Row) -> float:
    """The amount of a line without VAT."""
    vat = world.code("VAT", line["VATCode"])
    assert vat is not None
    amount = Decimal(str(line["NetPrice"])) * Decimal(str(line["Quantity"]))
    if vat["Excluded"] == "I":
        amount = amount / (1 + Decimal(str(vat["Percentage"])) / 100)
    return float(documents.cents(amount))

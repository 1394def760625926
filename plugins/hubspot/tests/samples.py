"""Documents to be written in tests."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hub.model import Address, Attribute, Category, Contact, Customer, Line, Order, Product, Variant


def address(**more: Any) -> Address:
    values: dict[str, Any] = {
        "line1": "Keizersgracht 123 A",
        "postal_code": "1015 CJ",
        "city": "Amsterdam",
        "country": "NL",
    }
    return Address(**{**values, **more})


def person(number: int, **more: Any) -> Customer:
    values: dict[str, Any] = {
        "number": str(20000 + number),
        "type": "person",
        "name": f"Anna Jansen {number}",
        "first_name": "Anna",
        "last_name": f"Jansen {number}",
        "email": f"anna{number}@example.com",
        "billing": address(),
    }
    return Customer(**{**values, **more})


def company(number: int, *contacts: Contact, **more: Any) -> Customer:
    values: dict[str, Any] = {
        "number": str(50000 + number),
        "type": "company",
        "name": f"Bakkerij {number} B.V.",
        "company": f"Bakkerij {number} B.V.",
        "vat_number": "NL812345678B01",
        "billing": address(),
        "contacts": list(contacts) or [contact(number)],
    }
    values["email"] = values["contacts"][0].email
    return Customer(**{**values, **more})


def contact(number: int, **more: Any) -> Contact:
    values: dict[str, Any] = {
        "first_name": "Bram",
        "last_name": f"de Vries {number}",
        "email": f"bram{number}@bakkerij.example.com",
    }
    return Contact(**{**values, **more})


def product(number: int, **more: Any) -> Product:
    values: dict[str, Any] = {
        "sku": f"NEW-{number:05d}",
        "name": f"Fietsbel {number}",
        "price": Decimal("12.10"),
        "prices": "net",
        "ean": f"87200000{number:05d}",
        "active": True,
        "stock": Decimal(5),
    }
    return Product(**{**values, **more})


def shirt(*skus: str, **more: Any) -> Product:
    sizes = ("S", "M", "L", "XL")
    variants = [
        Variant(sku=sku, attributes=[Attribute(name="Maat", value=sizes[n % 4])])
        for n, sku in enumerate(skus)
    ]
    values: dict[str, Any] = {
        "sku": "SHIRT",
        "name": "T-shirt",
        "description": "<p>Van <b>katoen</b></p>",
        "price": Decimal("20.62"),
        "active": True,
        "categories": [Category(name="Shirts", path=["Kleding", "Shirts"])],
        "variants": variants,
    }
    return Product(**{**values, **more})


def order(number: int, lines: int = 1, **more: Any) -> Order:
    goods = [
        Line(
            key=str(n + 1),
            kind="product",
            sku="FIETSBEL-01",
            name="Fietsbel koper",
            quantity=Decimal(2),
            unit_price=Decimal("10.00"),
            total=Decimal("20.00"),
            tax_rate=Decimal(21),
            vat_code="15970230",
            prices="net",
        )
        for n in range(lines)
    ]
    values: dict[str, Any] = {
        "number": str(900000 + number),
        "reference": f"WEB-{900000 + number}",
        "ordered_at": dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC),
        "currency": "EUR",
        "prices": "net",
        "paid": True,
        "customer": person(number),
        "billing": address(name="Anna Jansen"),
        "delivery": address(name="Anna Jansen"),
        "lines": goods,
        "total": Decimal("24.20") * lines,
        "total_tax": Decimal("4.20") * lines,
    }
    return Order(**{**values, **more})

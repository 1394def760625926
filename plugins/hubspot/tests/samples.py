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


def person(n: int, **more: Any) -> Customer:
    values: dict[str, Any] = {
        "number": str(20000 + n),
        "type": "person",
        "name": f"Anna Jansen {n}",
        "first_name": "Anna",
        "last_name": f"Jansen {n}",
        "email": f"anna{n}@example.com",
        "billing": address(),
    }
    return Customer(**{**values, **more})


def company(n: int, *contacts: Contact, **more: Any) -> Customer:
    values: dict[str, Any] = {
        "number": str(50000 + n),
        "type": "company",
        "name": f"Bakkerij {n} B.V.",
        "company": f"Bakkerij {n} B.V.",
        "vat_number": "NL812345678B01",
        "billing": address(),
        "contacts": list(contacts) or [contact(n)],
    }
    values["email"] = values["contacts"][0].email
    return Customer(**{**values, **more})


def contact(n: int, **more: Any) -> Contact:
    values: dict[str, Any] = {
        "first_name": "Bram",
        "last_name": f"de Vries {n}",
        "email": f"bram{n}@bakkerij.example.com",
    }
    return Contact(**{**values, **more})


def product(n: int, **more: Any) -> Product:
    values: dict[str, Any] = {
        "sku": f"NEW-{n:05d}",
        "name": f"Fietsbel {n}",
        "price": Decimal("12.10"),
        "prices": "net",
        "ean": f"87200000{n:05d}",
        "active": True,
        "stock": Decimal(5),
    }
    return Product(**{**values, **more})


def shirt(*skus: str, **more: Any) -> Product:
    sizes = ("S", "M", "L", "XL")
    variants = [
        Variant(sku=sku, attributes=[Attribute(name="Maat", value=sizes[place % 4])])
        for place, sku in enumerate(skus)
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


def order(n: int, lines: int = 1, **more: Any) -> Order:
    goods = [
        Line(
            key=str(place + 1),
            kind="product",
            sku="BEL-DINGDONG",
            name="Fietsbel koper",
            quantity=Decimal(2),
            unit_price=Decimal("10.00"),
            total=Decimal("20.00"),
            tax_rate=Decimal(21),
            vat_code="15970230",
            prices="net",
        )
        for place in range(lines)
    ]
    values: dict[str, Any] = {
        "number": str(900000 + n),
        "reference": f"WEB-{900000 + n}",
        "ordered_at": dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC),
        "currency": "EUR",
        "prices": "net",
        "paid": True,
        "customer": person(n),
        "billing": address(name="Anna Jansen"),
        "delivery": address(name="Anna Jansen"),
        "lines": goods,
        "total": Decimal("24.20") * lines,
        "total_tax": Decimal("4.20") * lines,
    }
    return Order(**{**values, **more})

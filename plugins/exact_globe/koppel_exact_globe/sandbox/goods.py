"""Families of items with classes, stock in two warehouses, a picture; and sizes for big tests."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from . import masters, seeds
from .table import Row
from .world import World

_CATEGORIES = [(1, "Maat"), (2, "Kleur"), (3, "Merk"), (4, "Seizoen")]
_PROPERTIES = [
    (1, "S", "Small"),
    (1, "M", "Medium"),
    (1, "L", "Large"),
    (1, "XL", "Extra large"),
    (2, "ROOD", "Rood"),
    (2, "BLAUW", "Blauw"),
    (3, "NOORD", "Noorderwind"),
]
# code, name, colour, price, sizes
_FAMILIES = [
    ("TS-RED", "T-shirt rood", "ROOD", 19.95, ("S", "M", "L")),
    ("TRUI-BL", "Trui blauw", "BLAUW", 49.95, ("M", "L", "XL")),
]
_LABELS: Row = {
    "ItemTextFreeFieldLabel1": "Familie",
    "ItemTextFreeFieldLabel2": "Materiaal",
    "ItemNumberFreeFieldLabel1": "Levertijd in dagen",
    "ItemYesNoFreeFieldLabel1": "In de webshop",
}
_SIZES = ("S", "M", "L")
# One red pixel.
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)


def fill(world: World, *, items: int, families: int) -> None:
    """Classes with their properties, *families*, and plain items until there are *items*."""
    world.history = world.now() - 100 * 86_400_000
    for number, name in _CATEGORIES:
        world.add("ItemCategory", {"ClassID": number, "Description": name})
    for number, name in [(1, "Branche"), (2, "Bron")]:
        world.add("AccountCategoryName", {"CategoryID": number, "Description": name})
    for number, code, text in _PROPERTIES:
        values = {"ClassID": number, "ItemClassCode": code, "Description": text}
        masters.create(world, "ItemCategoryProperty", values)
    for assortment in list(world.tables["ItemAssortment"]):
        world.tables["ItemAssortment"].change(assortment, _LABELS)
    for number, (code, name, colour, price, sizes) in enumerate(_FAMILIES[:families]):
        for size in sizes:
            _variant(world, number, code, f"{name} {size}", size, price, {"Class02Code": colour})
    for number in range(len(_FAMILIES), families):
        for size in _SIZES:
            _variant(world, number, f"FAM-{number:05}", f"Model {number:05} {size}", size, 25.0, {})
    for number in range(1, items - len(world.tables["Item"]) + 1):
        code = f"ART-{number:05}"
        item = {"ItemCode": code, "Description0": f"Artikel {number:05}", "SalesPrice": 10.0}
        _make(world, item, number)
    helmet = world.item("HELM-M")
    if helmet is not None:
        picture = masters.create(
            world, "Binary", {"Data": base64.b64encode(_PICTURE).decode(), "Encoded": True}
        )
        shown = {"MessageID": picture["MessageID"], "PictureFilename": "helm.png"}
        world.tables["Item"].change(helmet, shown)
    world.history = None


def fill_debtors(world: World, count: int) -> None:
    """Debtors until there are *count* accounts."""
    world.history = world.now() - 50 * 86_400_000
    for number in range(1, count - len(world.tables["Account"]) + 1):
        email = f"klant{number:05}@post.example"
        values: Mapping[str, Any] = {
            "AccountName": f"Klant {number:05} B.V.",
            "CustomerType": "C",
            "CustomerStatus": "A",
            "EmailAddress": email,
            "ContactEmail": email,
            "MailingCity": "Utrecht",
        }
        seeds.make(world, "Account", values)
    world.history = None


def _variant(
    world: World, number: int, family: str, text: str, size: str, price: float, more: Row
) -> None:
    values = {"ItemCode": f"{family}-{size}", "Description0": text, "SalesPrice": price}
    values |= {"TextFreeField1": family, "SearchCode": family, "Class01Code": size, **more}
    values |= {"Assortment": 1, "TextFreeField2": "Katoen", "YesNoFreeField1": True}
    _make(world, values, number)


def _make(world: World, values: Row, number: int) -> None:
    seeds.make(
        world,
        "Item",
        {"SalesVATCode": "3", "IsSalesItem": True, "IsStockItem": True, "Assortment": 7} | values,
    )
    code = values["ItemCode"].casefold()
    world.stock[code, "1"] = 5 + number % 20
    world.stock[code, "web"] = number % 3
    world.incoming[code, "1"] = 10 * (number % 2)

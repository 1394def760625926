"""What items refer to: assortments, the ten classes and their codes, and free fields by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.model import Json
from hub.sdk import Api, Blocked, UnknownOutcome

from . import api as globe
from . import odata
from .forms import ITEM_FIELDS

_LABELS = tuple(
    f"Item{kind}FreeFieldLabel{n}"
    for kind, count in (("Text", 10), ("Number", 5), ("YesNo", 5))
    for n in range(1, count + 1)
)


@dataclass(frozen=True)
class Assortment:
    """A group of items: what Globe has for a category."""

    number: int
    code: str
    name: str


def _text(row: Json, name: str) -> str:
    return str(row.get(name) or "").strip()


def _assortment_rows(api: Api) -> list[Json]:
    known: list[Json] | None = api.memo.get("assortments")
    if known is None:
        select = ("Assortment", "Code", "Description", *_LABELS)
        known = [r for rows in globe.batches(api, "ItemAssortment", select=select) for r in rows]
        api.memo["assortments"] = known
    return known


def assortments(api: Api) -> dict[int, Assortment]:
    """All assortments by their number; asked once while the connection is open."""
    return {
        int(row["Assortment"]): Assortment(
            int(row["Assortment"]), _text(row, "Code"), _text(row, "Description")
        )
        for row in _assortment_rows(api)
        if row.get("Assortment") is not None
    }


def assortment_number(api: Api, wanted: str) -> int:
    """The assortment with this description, code or number; made where the settings allow it."""
    text = wanted.strip()
    known = assortments(api)
    for pick in (lambda a: a.name, lambda a: a.code, lambda a: str(a.number)):
        for assortment in known.values():
            if pick(assortment).casefold() == text.casefold():
                return assortment.number
    # A description is cut at 60 characters when it is made.
    for assortment in known.values():
        if assortment.name.casefold() == text[:60].rstrip().casefold():
            return assortment.number
    if not api.settings.create_assortments:
        raise Blocked(
            f"Globe has no assortment “{text}”. Make it there, choose another one in the "
            "mapping, or let the connection make assortments that are missing.",
            field="assortment",
            code="missing_assortment",
            fix="create_assortments",
        )
    number = max(known, default=0) + 1
    body = {"Assortment": number, "Code": text[:30].rstrip(), "Description": text[:60].rstrip()}
    made = _made(api, "assortments", "ItemAssortment", body)
    _assortment_rows(api).append(made)
    return number


def _made(api: Api, memo: str, entity: str, body: Json) -> Json:
    try:
        return globe.create(api, entity, body)
    except UnknownOutcome:
        api.memo.pop(memo, None)  # it may be there: look again before it is made again
        raise


# -- fields that hold attributes and features ------------------------------------------------------


def field_names(api: Api) -> dict[str, str]:
    """Every field that can hold an attribute, and what people call it."""
    known: dict[str, str] | None = api.memo.get("item fields")
    if known is None:
        labels = free_field_labels(api)
        classes = {
            int(row["ClassID"]): _text(row, "Description")
            for rows in globe.batches(api, "ItemCategory", select=("ClassID", "Description"))
            for row in rows
            if row.get("ClassID") is not None
        }
        known = {}
        for name in ITEM_FIELDS:
            number = re.fullmatch(r"Class(\d\d)", name)
            said = classes.get(int(number[1])) if number else labels.get(name)
            known[name] = said or name
        api.memo["item fields"] = known
    return known


def free_field_labels(api: Api) -> dict[str, str]:
    """The free fields of items that an assortment gives a name: the first one that does."""
    found: dict[str, str] = {}
    for row in _assortment_rows(api):
        for label in _LABELS:
            if said := _text(row, label):
                name = label.removeprefix("Item").replace("FreeFieldLabel", "FreeField")
                found.setdefault(name, said)
    return found


def field_called(api: Api, name: str) -> str | None:
    """The chosen field that is called so, by Globe or by its own name."""
    names = field_names(api)
    for field in (*api.settings.attributes, *api.settings.feature_fields):
        if name.strip().casefold() in (names[field].casefold(), field.casefold()):
            return str(field)
    return None


def _properties(api: Api) -> dict[tuple[int, str], tuple[str, str]]:
    """(class, code in small letters) -> code and description."""
    known: dict[tuple[int, str], tuple[str, str]] | None = api.memo.get("class codes")
    if known is None:
        select = ("ClassID", "ItemClassCode", "Description")
        known = api.memo["class codes"] = {
            (int(row["ClassID"]), _text(row, "ItemClassCode").casefold()): (
                _text(row, "ItemClassCode"),
                _text(row, "Description"),
            )
            for rows in globe.batches(api, "ItemCategoryProperty", select=select)
            for row in rows
            if row.get("ClassID") is not None
        }
    return known


def values_of(api: Api, row: Json, fields: tuple[str, ...] | list[str]) -> Iterator[Json]:
    """What an item has in these fields, as name and value; empty ones are left out."""
    names = field_names(api) if fields else {}
    for field in fields:
        value = _value(api, row, field)
        if value:
            yield {"Name": names[field], "Value": value}


def _value(api: Api, row: Json, field: str) -> str:
    if not field.startswith("Class"):
        value = row.get(field)
        number = odata.number(value)
        if field.startswith("Number") and number is not None:
            return f"{number.normalize():f}" if number else ""
        return str(value or "").strip()
    code = _text(row, f"{field}Code")
    if not code:
        return ""
    return _properties(api).get((int(field[5:]), code.casefold()), ("", ""))[1] or code


def put_value(api: Api, body: Json, field: str, value: str) -> None:
    """Put an attribute's value where it belongs; a class code is looked up, or made."""
    text = value.strip()
    if field.startswith("Number"):
        number = odata.number(text.replace(",", "."))
        if number is None:
            raise Blocked(
                f"{field_names(api)[field]} ({field}) holds numbers, and the product says "
                f"“{text[:40]}”.",
                field="features",
                code="bad_value",
                fix="feature_fields",
            )
        body[field] = number
    elif field.startswith("Text"):
        body[field] = text
    else:
        body[f"{field}Code"] = _class_code(api, int(field[5:]), text)


def _class_code(api: Api, number: int, text: str) -> str:
    known = _properties(api)
    wanted = text.casefold()
    for (at, _), (code, said) in known.items():
        if at == number and said.casefold() in (wanted, wanted[:60].rstrip()):
            return code
    if (at_code := known.get((number, wanted[:30].rstrip()))) is not None:
        return at_code[0]
    name = field_names(api)[f"Class{number:02}"]
    if not api.settings.create_properties:
        raise Blocked(
            f"Class {number} ({name}) of Globe's items has no “{text}”. Make it there, or let the "
            "connection make class codes that are missing.",
            field="variants[].attributes",
            code="missing_attribute_value",
            fix="create_properties",
        )
    code = text[:30].rstrip()
    body: dict[str, Any] = {"ClassID": number, "ItemClassCode": code}
    body["Description"] = text[:60].rstrip()
    body |= {"ClassOrder": 0, "ItemJobLevel": 10}  # mandatory; what Globe itself puts in
    _made(api, "class codes", "ItemCategoryProperty", body)
    known[number, code.casefold()] = (code, body["Description"])
    return code

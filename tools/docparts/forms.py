"""Declared forms as tables: key, what it is, type, default."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.engine import forms
from hub.model import Json
from hub.sdk import Form
from tools.docparts.markdown import code, sentence, table, value

_TYPES = {
    "text": "text",
    "textarea": "text, several lines",
    "secret": "secret",
    "flag": "`true` or `false`",
    "date": "day, as `2026-03-31`",
    "multichoice": "list",
    "choice": "choice",
    "table": "table",
    "vat_table": "VAT table",
}
SIDES = {"own": "this connection", "source": "the source", "target": "the target"}


def form_table(form: type[Form]) -> str:
    """All fields of a form; a sentence when it asks nothing."""
    rows = [(code(f["name"]), _what(f), _type(f), _default(f)) for f in forms.fields(form)]
    return table(("key", "what", "type", "default"), rows) or "Nothing is asked."


def _what(field: Json) -> str:
    parts = [f"**{field['label']}**", sentence(field["help"]), *_choices(field)]
    if field["example"]:
        parts.append(f"Example: {code(field['example'])}.")
    return ". ".join(parts[:1]) + ". " + " ".join(part for part in parts[1:] if part)


def _choices(field: Json) -> Iterator[str]:
    options = [f"{code(o['value'])}: {o['label']}" for o in field["options"]]
    if options:
        yield f"{'; '.join(options)}."
    if field["widget"] in ("table", "vat_table") and field["keys"]:
        yield f"Keys: lookup {code(field['keys'])} of {SIDES[field['keys_side'] or 'source']}."
    if field["lookup"]:
        what = "Codes" if field["widget"] in ("table", "vat_table") else "Choices"
        yield f"{what}: lookup {code(field['lookup'])} of {SIDES[field['side'] or 'own']}."


def _type(field: Json) -> str:
    shown = _TYPES.get(field["widget"], "")
    if field["widget"] == "number":
        shown = "whole number" if field["whole"] else "number"
    limits = [
        f"{word} {field[key]:,}"
        if key != "max_length"
        else f"{word} {field[key]} character{'s' * (field[key] != 1)}"
        for key, word in (("min", "from"), ("max", "to"), ("max_length", "at most"))
        if key in field
    ]
    if limits:
        shown = shown or "text"
        shown += f", {' '.join(limits)}"
    return shown


def _default(field: Json) -> str:
    if field["required"]:
        return "**required**"
    default: Any = field["default"]
    if default is None or default == "":
        return "none"
    if field["widget"] in ("table", "vat_table"):
        return "empty"
    if default == []:
        return "empty"
    if field["widget"] in ("number", "flag"):
        return code(str(default).lower())
    return code(value(default))

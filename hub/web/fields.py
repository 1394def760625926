"""Fields of a declared form as the form macros show them: with values, choices and complaints."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from hub.engine import forms, lookups
from hub.engine.forms import Filled
from hub.engine.hub import Hub
from hub.engine.lookups import Choices
from hub.model import Json
from hub.sdk import ConfigurationError, Form
from hub.store.tables import Connection

Posted = Mapping[str, Sequence[str]]
BLOCK = "Block the record and ask me"
_CUSTOMERS = [
    {"value": "business", "label": "A company with a VAT number"},
    {"value": "company", "label": "Any company"},
    {"value": "person", "label": "A person"},
]
_VAT = ("country", "rate", "customer", "goods", "code")
_COLUMN = {
    "country": "Country",
    "rate": "Rate",
    "customer": "Customer",
    "goods": "Goods",
    "code": "VAT code",
}
_SPARE_ROWS = 1


@dataclass
class Live:
    """The live choices that one page needs; a system that is down is asked only once."""

    hub: Hub
    own: Connection | None = None
    source: Connection | None = None
    target: Connection | None = None
    refresh: bool = False
    _known: dict[tuple[int, str], Choices] = field(default_factory=dict)
    _down: dict[int, Choices] = field(default_factory=dict)

    def find(self, side: str | None, name: str | None) -> Choices | None:
        """The choices of a lookup; None when that side has no such list."""
        row = {"own": self.own, "source": self.source, "target": self.target}.get(side or "own")
        if row is None or row.id is None or not name or not self._offers(row, name):
            return None
        at = (row.id, name)
        if at not in self._known:
            down = self._down.get(row.id)
            if down is not None and not self.refresh:
                return Choices(name=name, title=down.title, message=down.message, error=down.error)
            found = lookups.choices(self.hub, row.id, name, refresh=self.refresh)
            if found.error is not None:
                self._down[row.id] = found
            self._known[at] = found
        return self._known[at]

    def title(self, side: str | None) -> str:
        """What people call the connection on a side."""
        row = {"own": self.own, "source": self.source, "target": self.target}.get(side or "own")
        return (row.title or row.name) if row else ""

    def _offers(self, row: Connection, name: str) -> bool:
        try:
            return self.hub.registry.system(row.system).lookup(name) is not None
        except ConfigurationError:
            return False


def answers(form: type[Form], posted: Posted, prefix: str = "") -> Json:
    """What the browser posted for a form; a list that was typed has one value on each line."""
    lists = {prefix + f["name"] for f in forms.fields(form) if f["widget"] == "multichoice"}
    split = {
        name: [line for text in texts for line in text.splitlines()] if name in lists else texts
        for name, texts in posted.items()
    }
    return forms.from_post(form, split, prefix=prefix)


def half_rows(form: type[Form], posted: Posted, prefix: str = "") -> dict[str, str]:
    """Rows of mapping tables of which one side was left empty: path -> what to do."""
    found = {}
    for about in forms.fields(form):
        if about["widget"] != "table":
            continue
        for row in _rows(prefix + about["name"], "table", {}, posted):
            key, value = (row["cells"].get(name, "").strip() for name in ("key", "value"))
            if not key or not value:
                path = f"{about['name']}.rows.{key}"
                found[path] = "choose what it becomes" if key else "choose what comes in"
    return found


def shown(
    form: type[Form],
    *,
    prefix: str = "",
    values: Mapping[str, Any] | None = None,
    posted: Posted | None = None,
    filled: Filled[Any] | None = None,
    kept: Collection[str] = (),
    live: Live | None = None,
    choices_url: Callable[[str], str] | None = None,
    only: str | None = None,
) -> list[Json]:
    """Every field of a form for the macros.

    values: stored answers. posted: what was just typed, which is shown instead. kept: names of
    secrets that are stored. choices_url: where a field's live choices can be fetched again.
    """
    made = []
    for about in forms.fields(form):
        if only is not None and about["name"] != only:
            continue
        one = _field(about, prefix, values or {}, posted, live)
        if one is None:
            continue
        name = about["name"]
        one["kept"] = name in kept
        if filled is not None:
            _complain(one, filled, name)
        if choices_url is not None and about["lookup"]:
            one["choices_url"] = choices_url(one["name"])
        made.append(one)
    return made


def simple(form: type[Form], posted: Posted | None = None, filled: Any = None) -> list[Json]:
    """The fields of a small form of the hub's own."""
    return shown(form, posted=posted, filled=filled)


def complaint(message: str, name: str | None = None) -> Filled[Any]:
    """One thing that is wrong, found after the form itself was in order."""
    return Filled(errors={name or "": message})


def general(filled: Filled[Any] | None, *known: Sequence[Json], prefix: str = "") -> list[str]:
    """Complaints that belong to none of the fields that are shown."""
    if filled is None:
        return []
    names = {one["name"].removeprefix(prefix) for fields in known for one in fields}
    return [
        f"{path}: {message}" if path else message
        for path, message in filled.errors.items()
        if path.partition(".")[0] not in names
    ]


def _complain(one: Json, filled: Filled[Any], name: str) -> None:
    """Put each complaint at its row where it is about one, else at the field."""
    rest = []
    for path, message in filled.errors.items():
        first, _, below = path.partition(".")
        if first != name:
            continue
        steps = below.split(".")
        row = _row_of(one, steps, below)
        if row is not None:
            about = _COLUMN.get(steps[-1], steps[-1]) if one["widget"] == "vat_table" else ""
            row["error"] = f"{about}: {message}" if about else message
        else:
            rest.append(f"{below}: {message}" if below else message)
    one["error"] = "; ".join(rest) or None
    if not rest and any(row.get("error") for row in one.get("rows", ())):
        one["error"] = "See the marked rows."


def _row_of(one: Json, steps: Sequence[str], path: str) -> Json | None:
    if len(steps) < 2 or steps[0] != "rows":
        return None
    rows: list[Json] = one.get("rows", [])
    if one["widget"] == "vat_table":
        number = int(steps[1]) if steps[1].isdigit() else -1
        return rows[number] if 0 <= number < len(rows) else None
    key = path.removeprefix("rows.")  # it may have dots of its own
    return next((row for row in rows if row["cells"].get("key", "").strip() == key), None)


def _field(
    about: Json, prefix: str, values: Mapping[str, Any], posted: Posted | None, live: Live | None
) -> Json | None:
    at, widget = prefix + about["name"], about["widget"]
    one: Json = {
        "name": at,
        "label": about["label"],
        "widget": widget,
        "help": about["help"],
        "example": about["example"] or None,
        "required": about["required"],
        "advanced": about["advanced"],
        "group": about["group"],
        "min": about.get("min"),
        "max": about.get("max"),
        "step": 1 if about["whole"] else "any",
        "choices": None,
        "error": None,
    }
    stored = values.get(about["name"], about["default"])
    if widget in ("table", "vat_table"):
        return _table(one, about, stored, posted, live)
    one["value"] = None if widget == "secret" else _value(about, at, stored, posted)
    if about["options"]:
        one["choices"] = about["options"]
        one["required"] = one["required"] or not about["nullable"]
    elif about["lookup"] and live is not None:
        found = live.find(about["side"], about["lookup"])
        _offer(one, found)
        value = one["value"]
        _flag(one, found, value if isinstance(value, list) else [value], live.title(about["side"]))
    return one


def _value(about: Json, at: str, stored: Any, posted: Posted | None) -> Any:
    if about["widget"] == "textarea" and isinstance(stored, (dict, list)):
        stored = yaml.safe_dump(stored, sort_keys=False, allow_unicode=True).rstrip()
    if posted is None:
        return stored
    texts = list(posted.get(at, ()))
    if about["widget"] == "flag":
        return bool(texts)
    if about["widget"] == "multichoice":
        return [line for text in texts for line in text.splitlines()]
    return texts[0] if texts else stored


def _offer(one: Json, found: Choices | None) -> None:
    """Add live choices to a field, or why there are none."""
    if found is None:
        return
    if found.options or found.error is None:
        one["choices"] = [{"value": o.value, "label": o.label} for o in found.options]
        one["choices_at"] = found.fetched_at
    if found.error is not None:
        one["choices_error"] = found.message


def _flag(one: Json, found: Choices | None, values: Sequence[Any], where: str) -> None:
    """Say of values that were chosen once, and are gone since, that they are; they stay.

    A list that could not be fetched says nothing about what is gone.
    """
    gone = gone_from(found, values)
    if not gone:
        return
    one["advanced"] = False
    one["gone"] = gone
    named = ", ".join(f"“{value}”" for value in gone)
    one["gone_text"] = (
        f"{named} {'are' if len(gone) > 1 else 'is'} not in {where} any more. It stays as it is "
        f"until you choose another, but records that need it will not get through."
    )


def gone_from(found: Choices | None, values: Sequence[Any]) -> list[str]:
    """Which values a list that was fetched just now does not have."""
    if found is None or found.error is not None:
        return []
    there = {option.value for option in found.options}
    return list(dict.fromkeys(str(v) for v in values if v not in (None, "") and v not in there))


# ---- tables


def _table(
    one: Json, about: Json, stored: Any, posted: Posted | None, live: Live | None
) -> Json | None:
    """A mapping table; None when the target has no such list and nothing was answered."""
    kept = stored if isinstance(stored, Mapping) else {}
    values = live.find(about["side"], about["lookup"]) if live else None
    answered = kept.get("rows") or kept.get("default")
    if about["options"]:
        one["choices"] = about["options"]
    elif live and values is None and about["widget"] == "table" and not answered:
        return None
    keys = live.find(about["keys_side"], about["keys"]) if live else None
    _offer(one, values)
    if keys is not None and keys.error is not None and "choices_error" not in one:
        one["choices_error"] = keys.message
    rows = _rows(one["name"], about["widget"], kept, posted)
    vat = about["widget"] == "vat_table"
    one["columns"] = _vat_columns(one) if vat else _columns(one, keys, live)
    if posted is None:
        one["default"], one["force"] = kept.get("default"), bool(kept.get("force"))
    else:
        one["default"] = next(iter(posted.get(f"{one['name']}.default", ())), None) or None
        one["force"] = bool(posted.get(f"{one['name']}.force"))
    if vat:
        one["force"] = None
        one["default_blank"] = BLOCK if rows else about["blank"] or BLOCK
    else:
        one["missing"] = _missing(keys, rows)
        one["default_blank"] = about["blank"] or (BLOCK if rows else "Leave it to the target")
    one["rows"] = rows
    if live is not None and not about["options"]:
        last = "code" if vat else "value"
        chosen = [row["cells"].get(last) for row in rows]
        _flag(one, values, [*chosen, one["default"]], live.title(about["side"]))
        for row in rows:
            row["gone"] = row["cells"].get(last) in one.get("gone", ())
    return one


def _columns(one: Json, keys: Choices | None, live: Live | None) -> list[Json]:
    source = (live.source.title or live.source.name) if live and live.source else "Comes in as"
    target = (live.target.title or live.target.name) if live and live.target else "Becomes"
    known = [{"value": o.value, "label": o.label} for o in keys.options] if keys else None
    return [
        {"name": "key", "label": source, "choices": known or None, "kind": "key"},
        {"name": "value", "label": target, "choices": one["choices"], "kind": "value"},
    ]


def _vat_columns(one: Json) -> list[Json]:
    return [
        {"name": "country", "label": "Country", "choices": None, "kind": "key", "narrow": True},
        {"name": "rate", "label": "Rate (%)", "choices": None, "kind": "key", "narrow": True},
        {
            "name": "customer",
            "label": "Customer",
            "choices": _CUSTOMERS,
            "kind": "key",
            "blank": "Any",
        },
        {"name": "goods", "label": "Goods", "choices": None, "kind": "key"},
        {"name": "code", "label": "VAT code", "choices": one["choices"], "kind": "value"},
    ]


def _rows(at: str, widget: str, kept: Mapping[str, Any], posted: Posted | None) -> list[Json]:
    names = _VAT if widget == "vat_table" else ("key", "value")
    if posted is not None:
        columns = [list(posted.get(f"{at}.{name}", ())) for name in names]
        longest = max(map(len, columns), default=0)
        padded = [column + [""] * (longest - len(column)) for column in columns]
        cells = [dict(zip(names, row, strict=True)) for row in zip(*padded, strict=True)]
        return [{"cells": c, "error": None} for c in cells if any(v.strip() for v in c.values())]
    rows = kept.get("rows") or ()
    if isinstance(rows, Mapping):
        return [
            {"cells": {"key": key, "value": value}, "error": None} for key, value in rows.items()
        ]
    return [{"cells": dict(row), "error": None} for row in rows]


def _missing(keys: Choices | None, rows: Sequence[Json]) -> list[str]:
    taken = {str(row["cells"].get("key", "")).strip().casefold() for row in rows}
    options = keys.options if keys else ()
    return [o.value for o in options if o.value.strip().casefold() not in taken]


def with_spare_rows(fields: Sequence[Json]) -> None:
    """Leave room for one more row in every table that is shown."""
    for one in fields:
        if "rows" in one and (not one["rows"] or one["rows"][-1]["cells"]):
            one["rows"].extend({"cells": {}, "error": None} for _ in range(_SPARE_ROWS))


def change_table(fields: Sequence[Json], does: str) -> bool:
    """Do what a button of a table says: `add-row:NAME[:KEY]` or `remove-row:NAME:INDEX`."""
    action, _, rest = does.partition(":")
    name, _, what = rest.partition(":")
    one = next((f for f in fields if f["name"] == name and "rows" in f), None)
    if one is None or action not in ("add-row", "remove-row"):
        return False
    rows: list[Json] = one["rows"]
    if action == "add-row":
        rows.append({"cells": {"key": what} if what else {}, "error": None})
        one["missing"] = [key for key in one.get("missing", ()) if key != what]
    elif what.isdecimal() and int(what) < len(rows):
        del rows[int(what)]
    return True

"""Declared forms at work: shown as fields, described as JSON Schema, read from pages and files."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Generic, TypeVar, cast, get_args
from weakref import WeakKeyDictionary

from pydantic import BaseModel, SecretStr, ValidationError, create_model

from hub.engine.complaints import explain
from hub.engine.fitting import fitted
from hub.mapping.settings import settings_for
from hub.model import Json
from hub.sdk import ConfigurationError, Entity, Form, NoForm

F = TypeVar("F", bound=Form)
LONGEST = 20_000
"""Characters that one answer may have; the longest that anybody needs is an XML template."""
_CONSTRAINTS = {
    "minimum": "min",
    "maximum": "max",
    "maxLength": "max_length",
    "minLength": "min_length",
    "pattern": "pattern",
}


@dataclass(frozen=True)
class Filled(Generic[F]):
    """A form as somebody filled it in: its value, or what is wrong, path by path.

    errors: `vat_codes.rows.0.code` -> "required"; the path "" is about the form as a whole.
    """

    value: F | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def of(self, name: str) -> list[str]:
        """What is wrong with one field; rows of tables are counted from 1, as people do."""
        found = []
        for path, message in self.errors.items():
            first, _, rest = path.partition(".")
            if first == name:
                found.append(f"{_row(rest)}: {message}" if rest else message)
        return found


def _row(rest: str) -> str:
    steps = [s for s in rest.split(".") if s != "rows"]
    shown = [f"row {int(s) + 1}" if s.isdigit() and n == 0 else s for n, s in enumerate(steps)]
    return ", ".join(shown)


# ---- describing


def fields(form: type[Form]) -> list[Json]:
    """Every field of a form, for templates: name, label, help, widget, options, default and so on.

    Always there: name, label, help, widget, required, nullable, default, options, group, advanced,
    example, lookup, side, keys, keys_side, blank, secret. Where they apply: min, max, max_length,
    pattern, whole (a number without decimals).
    """
    made = _described.get(form)
    if made is None:
        made = _described[form] = _describe(form)
    return copy.deepcopy(made)


_described: WeakKeyDictionary[type[Form], list[Json]] = WeakKeyDictionary()
"""Making the schema of a form takes longer than everything else that a page does."""


def _describe(form: type[Form]) -> list[Json]:
    properties = schema(form).get("properties", {})
    result = []
    for name, info in form.model_fields.items():
        about = properties[name]
        kinds = [about, *about.get("anyOf", ())]
        ui = about.get("ui", {})
        if ui.get("hidden"):
            continue  # the target has no use for it
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        described: Json = {
            "name": name,
            "label": info.title or name,
            "help": info.description or "",
            "widget": ui.get("widget", "text"),
            "required": info.is_required(),
            "nullable": any(k.get("type") == "null" for k in kinds),
            "default": "" if isinstance(default, SecretStr) else plain(default),
            "options": ui.get("options", []),
            "group": ui.get("group", ""),
            "advanced": bool(ui.get("advanced")),
            "example": ui.get("example", ""),
            "lookup": ui.get("lookup"),
            "side": ui.get("side"),
            "keys": ui.get("keys"),
            "keys_side": ui.get("keys_side"),
            "blank": ui.get("blank", ""),
            "secret": ui.get("widget") == "secret",
            "whole": any(k.get("type") == "integer" for k in kinds),
        }
        for kind in kinds:
            described.update({ours: kind[k] for k, ours in _CONSTRAINTS.items() if k in kind})
        result.append(described)
    return result


def schema(form: type[Form]) -> Json:
    """The form as JSON Schema; what only pages need is under `ui`."""
    return form.model_json_schema()


# ---- reading


def fill(
    form: type[F], data: Mapping[str, Any], *, kept: Mapping[str, Any] | None = None
) -> Filled[F]:
    """Validate answers, with every complaint in plain words.

    kept: stored values; a secret that *data* does not name, or names as empty, keeps its own.
    Numbers are taken where a text is asked: in a file a code such as 21 needs no quotes. Nothing
    (None) where something must be is no answer.
    """
    nullable = {name for name, info in form.model_fields.items() if _nullable(info.annotation)}
    values = {n: v for n, v in data.items() if v is not None or n in nullable}
    for name in secret_names(form):
        if name not in data and kept and kept.get(name):
            values[name] = kept[name]
    too_long = {
        path: f"is too long: {len(text):,} characters, at most {LONGEST:,}"
        for path, text in _texts(values)
        if len(text) > LONGEST
    }
    if too_long:
        return Filled(errors=too_long)
    try:
        return Filled(form.model_validate(values))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    if _numbers_to_text(values, problems):
        try:
            return Filled(form.model_validate(values))
        except ValidationError as error:
            problems = error.errors(include_url=False)
    return Filled(errors={_dotted(p["loc"]): explain(p, form) for p in problems})


def _nullable(annotation: Any) -> bool:
    return annotation is None or type(None) in get_args(annotation)


def filled(form: type[F], values: Mapping[str, Any], what: str) -> F:
    """A stored form, opened. Raises ConfigurationError naming the first thing that does not fit.

    what: as in "The *settings of flow shop-orders* do not fit any more".
    """
    result = fill(form, values)
    if result.value is not None:
        return result.value
    path, message = next(iter(result.errors.items()))
    raise ConfigurationError(
        f"The {what} do not fit any more: {path or 'they'}: {message}",
        setting=path.partition(".")[0] or None,
    )


def secret_names(form: type[Form]) -> list[str]:
    """The fields of a form that hold secrets."""
    return [f["name"] for f in fields(form) if f["secret"]]


def from_post(
    form: type[Form], posted: Mapping[str, Sequence[str]], *, prefix: str = ""
) -> dict[str, Any]:
    """What a browser posted -> what `fill` takes. *posted* has a list of texts per name.

    A table posts `NAME.default`, `NAME.force` and the repeated `NAME.key`, `NAME.value`; a VAT
    table `NAME.default` and the repeated `NAME.country`, `NAME.rate`, `NAME.customer`,
    `NAME.goods`, `NAME.code`; empty rows are left out. `NAME.clear` empties an optional secret.
    """
    answers: dict[str, Any] = {}
    for about in fields(form):
        name, at = about["name"], prefix + about["name"]
        texts = [text.strip() for text in posted.get(at, ())]
        widget = about["widget"]
        if widget == "flag":
            answers[name] = any(text not in ("", "0", "false") for text in texts)
        elif widget == "multichoice":
            answers[name] = [text for text in texts if text]
        elif widget == "table":
            answers[name] = _posted_table(posted, at)
        elif widget == "vat_table":
            answers[name] = _posted_vat_table(posted, at)
        elif about["secret"]:
            if texts and texts[0]:
                answers[name] = texts[0]
            elif posted.get(f"{at}.clear"):
                answers[name] = None
        elif texts:
            text = texts[0] if widget != "textarea" else texts[0].replace("\r\n", "\n")
            if text:
                answers[name] = text
            elif about["nullable"]:
                answers[name] = None
            elif widget in ("text", "textarea") and not about["required"]:
                answers[name] = ""
    return answers


def _posted_table(posted: Mapping[str, Sequence[str]], at: str) -> Json:
    keys, values = _columns(posted, at, ("key", "value"))
    rows = {k: v for k, v in zip(keys, values, strict=True) if k and v}
    return {
        "default": _first(posted, f"{at}.default") or None,
        "force": bool(_first(posted, f"{at}.force")),
        "rows": rows,
    }


def _posted_vat_table(posted: Mapping[str, Sequence[str]], at: str) -> Json:
    names = ("country", "rate", "customer", "goods", "code")
    rows = [
        {name: cell for name, cell in zip(names, cells, strict=True) if cell}
        for cells in zip(*_columns(posted, at, names), strict=True)
    ]
    for row in rows:
        if "rate" in row:
            row["rate"] = row["rate"].rstrip("% ").replace(",", ".")
        if "country" in row:
            row["country"] = row["country"].upper()
    return {
        "default": _first(posted, f"{at}.default") or None,
        "rows": [row for row in rows if row],
    }


def _columns(posted: Mapping[str, Sequence[str]], at: str, names: Sequence[str]) -> list[list[str]]:
    columns = [[t.strip() for t in posted.get(f"{at}.{name}", ())] for name in names]
    longest = max(map(len, columns))
    return [column + [""] * (longest - len(column)) for column in columns]


def _first(posted: Mapping[str, Sequence[str]], name: str) -> str:
    return next((text.strip() for text in posted.get(name, ())), "")


def _texts(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _texts(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, (list, tuple)):
        for index, below in enumerate(value):
            yield from _texts(below, f"{path}.{index}")


def _numbers_to_text(values: dict[str, Any], problems: Sequence[Any]) -> bool:
    """Put texts where numbers stand and a text is wanted; whether there were any."""
    changed = False
    for problem in problems:
        given = problem["input"]
        number = isinstance(given, (int, Decimal)) and not isinstance(given, bool)
        if problem["type"] != "string_type" or not number:
            continue
        steps = problem["loc"]
        holder: Any = values
        try:
            for index, step in enumerate(steps[:-1]):
                below = holder[step]
                if isinstance(below, (dict, list)):
                    below = holder[step] = type(below)(below)  # never change what was handed in
                holder = below
                del index
            holder[steps[-1]] = str(given)
            changed = True
        except (KeyError, IndexError, TypeError):
            continue
    return changed


def _dotted(steps: Iterable[Any]) -> str:
    return ".".join(str(step) for step in steps if step != "[key]")


# ---- keeping


def plain(value: Any) -> Any:
    """A value as JSON keeps it, secrets in clear: only for what is sealed right after."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, Mapping):
        return {str(key): plain(below) for key, below in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(below) for below in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return value


def answers(value: BaseModel, always: Collection[str] = ()) -> Json:
    """What differs from the defaults, as JSON keeps it, secrets in clear.

    What was not answered follows the default, also after the plugin has changed it. always: names
    of answers that are kept even when they equal the default.
    """
    result: Json = {}
    for name, info in type(value).model_fields.items():
        given = getattr(value, name)
        default = not info.is_required() and given == info.get_default(call_default_factory=True)
        if default and name not in always:
            continue
        if isinstance(given, BaseModel):
            result[name] = answers(given)
        elif isinstance(given, list) and given and isinstance(given[0], BaseModel):
            result[name] = [answers(row) for row in given]
        else:
            result[name] = plain(given)
    return result


def shown(value: Form) -> Json:
    """All values for a page; secrets are left out, `secret_names` tells which."""
    values: Json = plain(value)
    for name in secret_names(type(value)):
        values.pop(name, None)
    return values


# ---- the settings of a flow


def flow_form(target: Entity | type[Entity]) -> type[Form]:
    """All settings of a flow that writes *target*: the hub's for such documents, then its own.

    Users see one flat form; `split_settings` takes the answers apart again.
    """
    kind = target if isinstance(target, type) else type(target)
    made = _flow_forms.get(kind)
    if made is None:
        both = (kind.settings, settings_for(kind.document.kind))
        bases = tuple(form for form in dict.fromkeys(both) if form is not NoForm) or (NoForm,)
        name = f"{kind.__name__}FlowSettings"
        made = cast(type[Form], create_model(name, __base__=bases))
        other = fitted(made, kind)
        if other:
            made = cast(type[Form], create_model(name, __base__=bases, **cast(Any, other)))
        _flow_forms[kind] = made
    return made


_flow_forms: WeakKeyDictionary[type[Entity], type[Form]] = WeakKeyDictionary()


def split_settings(target: Entity, values: Mapping[str, Any]) -> tuple[Json, Json]:
    """One flat dict of settings -> those of the hub, and those of the target's own form.

    What neither knows stays with the hub's, where the validation names it.
    """
    own = type(target).settings.model_fields
    hub = {name: value for name, value in values.items() if name not in own}
    return hub, {name: value for name, value in values.items() if name in own}


def merge_settings(hub: Mapping[str, Any], own: Mapping[str, Any]) -> Json:
    """The way back: both forms' answers in one flat dict, as a flow and the config file have it."""
    return {**hub, **own}

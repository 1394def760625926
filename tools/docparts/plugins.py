"""docs/plugins.md: the tables of the plugin author's manual, from the SDK itself."""

from __future__ import annotations

import builtins
import dataclasses
import datetime as dt
import inspect
import re
import tempfile
import types
import typing
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, get_origin

from hub import sdk
from hub.mapping.settings import SETTINGS as PER_DOCUMENT
from hub.model import DOCUMENTS, Part
from hub.sdk import Api, Entity, Field, KoppelError, Lookup, System, hookspecs
from hub.sdk import forms as helpers
from hub.sdk.sandbox import Fault, Sandbox, running, server
from hub.testing import scaffold
from hub.testing.checks import CHECKS
from tools.docparts.markdown import code, lead, notes, paragraphs, sentence, table
from tools.docparts.sources import Sources

FILE = "plugins.md"
ABILITIES = ("read", "cursor_at", "complete", "get", "find", "create", "update", "discover")
HELPERS = ("text", "textarea", "secret", "number", "date", "flag", "choice", "multichoice", "table")


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """Every table of the manual."""
    for name, text in _example():
        yield FILE, f"example {name}", text
    yield FILE, "hooks", _hooks()
    yield FILE, "System", _attributes(System)
    yield FILE, "Entity", _entity()
    yield FILE, "what an entity can define", _methods(Entity, ABILITIES)
    others = [n for n in _own(Entity) if n not in (*ABILITIES, "can", "key_of", "number_of")]
    yield FILE, "what an entity can refine", _methods(Entity, others)
    yield FILE, "Field", _attributes(Field)
    yield FILE, "Api", _methods(Api, [n for n in _own(Api) if n not in ("close",)])
    for name in (
        *("Query", "Page", "Written", "Effect", "Context", "Account", "Http", "RateLimit"),
        *("Allowance", "OAuth2", "Webhook", "WebhookRequest", "WebhookEvent"),
    ):
        yield FILE, name, _attributes(getattr(sdk, name))
    yield FILE, "Index", f"{_attributes(sdk.Index)}\n\nA row of it:\n\n{_attributes(sdk.IndexRow)}"
    yield FILE, "form helpers", _functions(getattr(helpers, name) for name in HELPERS)
    yield FILE, "errors", _errors()
    yield FILE, "lookups", _lookups(sources)
    for kind, document in DOCUMENTS.items():
        yield FILE, f"document {kind}", _document(document)
    yield FILE, "parts of documents", _shared_parts()
    yield FILE, "faults", _attributes(Fault)
    yield FILE, "sandbox", f"{_endpoints()}\n\n{_functions((server, running))}"
    yield FILE, "contract", _contract()


# ---- the plugin that `koppel new-plugin` writes

SHOWN = ("__init__.py", "api.py", "forms.py", "entities.py", "lookups.py", "tests/test_contract.py")


def _example() -> Iterator[tuple[str, str]]:
    """Its files, as code. They pass the contract: a test runs it."""
    with tempfile.TemporaryDirectory() as into:
        folder, _ = scaffold.write("acme", Path(into))
        for name in SHOWN:
            file = folder / name if name.startswith("tests/") else folder / "koppel_acme" / name
            yield name, f"```python\n{file.read_text(encoding='utf-8').strip()}\n```"


# ---- functions and methods


def signature(function: Callable[..., Any]) -> str:
    """A call as an author writes it, without `self` and what goes without saying."""
    names = []
    starred = False
    if function.__init__ is Exception.__init__:  # type: ignore[misc]
        return f"{function.__name__}(message)"
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            names.append("*")
            starred = True
        prefix = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(
            parameter.kind, ""
        )
        starred = starred or parameter.kind is parameter.VAR_POSITIONAL
        shown = f"{prefix}{parameter.name}"
        if parameter.default is not parameter.empty:
            default = "..." if parameter.default is ... else repr(parameter.default)
            shown += f"={default}" if len(default) < 20 else "=…"
        names.append(shown)
    return f"{function.__name__}({', '.join(names)})"


def _own(kind: type) -> list[str]:
    """The public methods that a class defines, in its order."""
    return [
        name
        for name, member in vars(kind).items()
        if not name.startswith("_") and inspect.isfunction(member)
    ]


def _methods(kind: type, names: Iterable[str]) -> str:
    return _functions(inspect.unwrap(getattr(kind, name)) for name in names)


def _functions(functions: Iterable[Callable[..., Any]]) -> str:
    rows = [(code(signature(f)), _one_paragraph(f.__doc__)) for f in functions]
    return table(("call", "does"), rows)


def _one_paragraph(doc: str | None) -> str:
    return " ".join(paragraphs(doc).split())


def _hooks() -> str:
    found = [f for f in vars(hookspecs).values() if hasattr(f, "koppel_spec")]
    rows = [(code(signature(f)), _returns(f), sentence(f.__doc__)) for f in found]
    return table(("hook", "gives", "when"), rows)


def _returns(function: Callable[..., Any]) -> str:
    given = str(inspect.signature(function).return_annotation)
    return "nothing" if given == "None" else code(given)


# ---- attributes


def _attributes(kind: type) -> str:
    """Fields of a dataclass (or arguments of a class), with what its docstring says of each."""
    if dataclasses.is_dataclass(kind):
        rows = [
            (field.name, _type(field.type), _default(field)) for field in dataclasses.fields(kind)
        ]
        public = [row for row in rows if row[0] not in ("seen", "hits") and row[0][0] != "_"]
    else:
        public = [
            (p.name, _type(p.annotation), "" if p.default is p.empty else code(repr(p.default)))
            for p in inspect.signature(kind).parameters.values()
        ]
    names = [row[0] for row in public]
    said = notes(kind.__doc__, names)
    shown = [(code(n), code(t), default, sentence(said.get(n, ""))) for n, t, default in public]
    first = sentence(lead(kind.__doc__, names))
    return f"{first}\n\n{table(('name', 'type', 'default', 'what'), shown)}".strip()


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return str(text).replace("dt.", "").removeprefix("ClassVar[").rstrip() if text else ""


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is not dataclasses.MISSING:
        return code(_repr(field.default))
    if field.default_factory is not dataclasses.MISSING:
        return code(_repr(field.default_factory()))
    return "**required**"


def _repr(given: Any) -> str:
    if inspect.isclass(given):
        return given.__name__
    text = repr(given)
    return text if len(text) < 40 and " at 0x" not in text and " object" not in text else "…"


def _entity() -> str:
    hints = {
        name: hint
        for name, hint in inspect.get_annotations(Entity).items()
        if get_origin(hint) is ClassVar or str(hint).startswith("ClassVar")
    }
    said = notes(Entity.__doc__, hints)
    rows = []
    for name, hint in hints.items():
        kind = re.sub(r"^ClassVar\[(.*)\]$", r"\1", str(hint))
        default = code(_repr(getattr(Entity, name))) if hasattr(Entity, name) else "**required**"
        rows.append((code(name), code(kind), default, sentence(said.get(name, ""))))
    return table(("name", "type", "default", "what"), rows)


# ---- errors, lookups


def _errors() -> str:
    found = [
        error
        for name in sdk.__all__
        if inspect.isclass(error := getattr(sdk, name)) and issubclass(error, KoppelError)
    ]
    order = sorted(found, key=lambda error: [base.__name__ for base in reversed(error.__mro__)])
    rows = []
    for error in order:
        depth = [base.__name__ for base in error.__mro__[1:] if issubclass(base, KoppelError)]
        rows.append(
            (code(signature(error)), code(depth[0]) if depth else "", _one_paragraph(error.__doc__))
        )
    return table(("error", "is a", "what the hub does"), rows)


def _lookups(sources: Sources) -> str:
    doc = " ".join((Lookup.__doc__ or "").split())
    listed = doc.partition("offer them: ")[2].partition(". ")[0] + "."
    rows = []
    for name, data in re.findall(r"(\w+)(?: \(data: ([^)]*)\))?(?:, |\.)", listed):
        systems = [s.name for s in sources.systems if s.lookup(name)]
        rows.append(
            (code(name), sentence(data), ", ".join(map(code, _asked_by(name))), ", ".join(systems))
        )
    return table(("name", "data", "offered by the settings", "systems that have it"), rows)


def _asked_by(lookup: str) -> list[str]:
    """The hub's own settings that offer this lookup."""
    found = []
    for form in PER_DOCUMENT.values():
        for name, info in form.model_fields.items():
            extra = info.json_schema_extra
            ui = extra.get("ui", {}) if isinstance(extra, dict) else {}
            if isinstance(ui, dict) and lookup in (ui.get("lookup"), ui.get("keys")):
                found.append(name)
    return list(dict.fromkeys(found))


# ---- documents


def _document(kind: type[Part]) -> str:
    blocks = [_part(kind)]
    for below in _below(kind):
        if below not in _SHARED:
            blocks.append(f"#### {below.__name__}\n\n{_part(below)}")
    return "\n\n".join(blocks)


def _shared_parts() -> str:
    return "\n\n".join(f"#### {kind.__name__}\n\n{_part(kind)}" for kind in _SHARED)


def _part(kind: type[Part]) -> str:
    own = [field.name for field in dataclasses.fields(kind)]
    said: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        said |= notes(base.__doc__ if base is not object else "", own)
    hints = typing.get_type_hints(kind)
    rows = [(code(name), _field_type(hints[name]), sentence(said.get(name, ""))) for name in own]
    first = sentence(lead(kind.__doc__, own))
    return f"{first}\n\n{table(('field', 'type', 'what'), rows)}"


_WORDS = {str: "text", Decimal: "number", bool: "yes or no", dt.datetime: "time", dict: "table"}


def _field_type(hint: Any) -> str:
    """What a field holds, in words; every field may be left out."""
    inside = [one for one in typing.get_args(hint) if one is not types.NoneType]
    match typing.get_origin(hint):
        case typing.Literal:
            return " or ".join(map(str, inside))
        case builtins.list:
            return f"list of {_field_type(inside[0])}"
        case builtins.dict:
            return _WORDS[dict]
        case None:
            return _WORDS.get(hint, hint.__name__)
    return _field_type(inside[0])


def _below(kind: type[Part]) -> list[type[Part]]:
    """The parts that a document consists of, each once."""
    found: list[type[Part]] = []
    for hint in typing.get_type_hints(kind).values():
        for one in (hint, *typing.get_args(hint)):
            if inspect.isclass(one) and issubclass(one, Part) and one not in DOCUMENTS.values():
                found.append(one)
    return list(dict.fromkeys(found))


_SHARED = tuple(
    part
    for part in dict.fromkeys(p for kind in DOCUMENTS.values() for p in _below(kind))
    if sum(part in _below(kind) for kind in DOCUMENTS.values()) > 1
)


# ---- the sandbox kit, the contract


def _endpoints() -> str:
    """What the docstring of the kit says about its addresses, one row each."""
    lines = [line.strip() for line in (Sandbox.__doc__ or "").splitlines()]
    rows = [
        (match[1], sentence(match[2]))
        for line in lines
        if (match := re.match(r"((?:GET|POST|DELETE)[^`]*`[^`]+`): (.*)", line))
    ]
    return table(("request", "what"), rows)


def _contract() -> str:
    return table(("check", "promise"), [(code(c.name), sentence(c.sentence)) for c in CHECKS])

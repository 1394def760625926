"""docs/config.md: every key of the config file, and every form of every installed system."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from hub.mapping.rule import Rule
from hub.mapping.settings import SETTINGS as PER_DOCUMENT
from hub.mapping.settings import CountryTable, RoleTable, VatRow, VatTable
from hub.sdk import Entity, Form, MappingTable, NoForm, System
from hub.store.settings import SETTINGS
from tools.docparts.forms import form_table
from tools.docparts.markdown import code, notes, sentence, table, value
from tools.docparts.sources import Sources

FILE = "config.md"
KINDS = {
    "order": "orders",
    "invoice": "invoices",
    "journal_entry": "journal entries",
    "customer": "customers",
    "product": "products",
    "stock": "stock",
}


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """Overall settings, rules, the hub's own settings, and the forms of each system."""
    yield FILE, "overall settings", overall()
    yield FILE, "rule keys", keys_of(Rule)
    for kind, form in PER_DOCUMENT.items():
        yield FILE, f"settings of {KINDS[kind]}", form_table(form)
    yield FILE, "mapping table keys", keys_of(MappingTable)
    yield FILE, "VAT table keys", f"{keys_of(VatTable)}\n\nA row:\n\n{keys_of(VatRow)}"
    yield FILE, "country table keys", keys_of(CountryTable)
    yield FILE, "role table keys", keys_of(RoleTable)
    yield FILE, "systems", "\n\n".join(_system(system) for system in sources.systems)


def overall() -> str:
    """The settings of the hub itself."""
    rows = [
        (code(s.name), f"**{s.title}**. {sentence(s.help)}", code(value(s.default)))
        for s in SETTINGS
    ]
    return table(("key", "what", "default"), rows)


def keys_of(model: type[BaseModel]) -> str:
    """The keys of a model that stands inside a file, with what its docstring says of each."""
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    said = notes(model.__doc__, fields)
    rows = []
    for name, info in fields.items():
        if info.is_required():
            default = "**required**"
        else:
            made = info.get_default(call_default_factory=True)
            default = "none" if made is None else code(value(made))
        rows.append((code(name), sentence(said.get(name, "")), default))
    return table(("key", "what", "default"), rows)


def _system(system: System) -> str:
    blocks = [f"### {system.title} ({code(system.name)})", sentence(system.description)]
    blocks += [f"#### Credentials of {system.name}", form_table(system.credentials)]
    if system.settings is not NoForm:
        blocks += [f"#### Connection settings of {system.name}", form_table(system.settings)]
    for kind in system.entities:
        entity = kind()
        blocks += [part for part in entity_forms(system, entity, "####") if part]
    return "\n\n".join(blocks)


def entity_forms(system: System, entity: Entity, level: str) -> Iterator[str]:
    """Filter and settings of an entity, each below a heading."""
    where = f"{system.name}: {entity.name}"
    if entity.can("read"):
        yield f"{level} Filter of {where}"
        yield _asked(entity.filter)
    if entity.can("create"):
        kind = KINDS[entity.document.kind]
        place = f"#settings-of-{kind.replace(' ', '-')}"
        also = f", beside the hub's own [settings of {kind}]({place})"
        yield f"{level} Settings of {where}"
        if entity.settings is NoForm:
            yield f"None of its own{also}."
        else:
            yield f"For flows that write here{also}:"
            yield form_table(entity.settings)


def _asked(form: type[Form]) -> str:
    return "There is nothing to filter on." if form is NoForm else form_table(form)

"""docs/systems/NAME.md: what a system reads and writes, its setup, its forms and its limits."""

from __future__ import annotations

from collections.abc import Iterator

from hub.cli.describing import ABILITIES
from hub.sdk import Entity, Field, System
from tools.docparts.forms import form_table
from tools.docparts.markdown import code, paragraphs, sentence, table
from tools.docparts.sources import Sources

WORDS = {
    "read": "read",
    "get": "read one by one",
    "find": "found",
    "create": "created",
    "update": "updated",
    "discover": "asked for custom fields",
}


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """One file per system."""
    for system in sources.systems:
        file = f"systems/{system.name}.md"
        yield file, "what it couples", _couples(system)
        yield file, "setup", system.setup.strip()
        yield file, "credentials", form_table(system.credentials)
        yield file, "connection settings", form_table(system.settings)
        yield file, "flows", "\n\n".join(_flow(kind()) for kind in system.entities)
        yield file, "choices", _lookups(system)
        yield file, "limits", _limits(system)
        yield file, "fields", "\n\n".join(_fields(kind()) for kind in system.entities)


def _couples(system: System) -> str:
    rows = []
    for kind in system.entities:
        entity = kind()
        able = [WORDS[ability] for ability in ABILITIES if entity.can(ability)]
        if "found" in able and entity.match:
            by = " and ".join(code(path) for path in entity.match)
            able[able.index("found")] = f"found by {by}"
        rows.append((code(entity.name), entity.title, entity.document.kind, ", ".join(able)))
    return table(("entity", "called there", "document", "can be"), rows)


def _flow(entity: Entity) -> str:
    blocks = [f"### {entity.title} ({code(entity.name)})", paragraphs(entity.__doc__)]
    if entity.can("read"):
        blocks += ["As a source, the filter of a flow:", form_table(entity.filter)]
    if entity.can("create"):
        blocks += ["As a target, its own settings of a flow:", form_table(entity.settings)]
    return "\n\n".join(blocks)


def _lookups(system: System) -> str:
    rows = [
        (code(lookup.name), sentence(_doc(lookup.fetch) or lookup.title))
        for lookup in system.lookups
    ]
    return table(("lookup", "what"), rows)


def _doc(function: object) -> str:
    """The docstring of a function that was written for this lookup alone."""
    name = getattr(function, "__name__", "")
    return "" if name.startswith("_") or name == "fetch" else getattr(function, "__doc__", "") or ""


def _limits(system: System) -> str:
    found = [
        f"- At most {limit.count} requests in {limit.seconds:g} seconds"
        f"{'' if limit.bucket is None else ', some kinds of requests counted apart'}."
        for limit in system.limits_for(system.settings())
    ]
    calls = (
        "- One call at a time."
        if system.parallel == 1
        else f"- Up to {system.parallel} calls at the same time."
    )
    return "\n".join([*found, calls])


def _fields(entity: Entity) -> str:
    """What the field table of an entity couples; what has no meaning is only named."""
    meant = [f for f in entity.fields if f.meaning or f.value is not None]
    rows = [(code(f.path), f.label, _meaning(f), _directions(entity, f)) for f in meant]
    blocks = [f"### Fields of {entity.name}", table(("field there", "", "means", ""), rows)]
    free = [code(f.path) for f in entity.fields if not f.meaning and f.value is None]
    if free:
        blocks.append(f"For rules, without a common meaning: {', '.join(free)}.")
    return "\n\n".join(blocks)


def _meaning(field: Field) -> str:
    return code(field.meaning) if field.meaning else f"always {code(field.value)}"


def _directions(entity: Entity, field: Field) -> str:
    read = entity.can("read") and field.only != "write"
    write = entity.can("create") and field.only != "read" and field.when != "never"
    words = " and ".join(word for word, is_so in (("read", read), ("written", write)) if is_so)
    more = []
    if write and field.when == "create":
        more.append("only when created")
    if write and field.required:
        more.append("required")
    if write and field.max_length:
        more.append(f"at most {field.max_length} characters{', then cut' if field.cut else ''}")
    if field.when == "never":
        more.append("written only by a rule")
    return "; ".join([words, *more] if words else more)

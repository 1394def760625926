"""docs/transforms.md: every transform with its arguments and examples, as rules write them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from hub.mapping.transforms import Argument, Example, Transform
from tools.docparts.markdown import code, sentence, table, value
from tools.docparts.sources import Sources

FILE = "transforms.md"
FAMILIES = {
    "text": "Texts",
    "number": "Numbers and money",
    "date": "Dates and times",
    "address": "Addresses",
    "list": "Lists",
    "choice": "Choices and missing values",
}
_KINDS = {
    "text": "text",
    "whole": "whole number",
    "number": "number",
    "flag": "true or false",
    "date": "date or time",
    "list": "list",
    "table": "table `{a: b}`",
    "zone": "time zone",
    "pattern": "pattern",
    "any": "anything",
}


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """A table of all of them, then each family."""
    found = list(sources.registry.transforms.values())
    rows = [
        (f"[{code(t.name)}](#{t.name})", t.family, sentence(t.help.split("\n\n")[0]))
        for t in sorted(found, key=lambda t: t.name)
    ]
    yield FILE, "overview", table(("transform", "about", "does"), rows)
    for family, members in groupby(found, key=lambda t: t.family):
        shown = "\n\n".join(_transform(transform) for transform in members)
        yield FILE, FAMILIES.get(family, family), shown


def _transform(transform: Transform) -> str:
    blocks = [f"### {transform.name}", transform.help]
    if transform.sees_none:
        blocks.append("It also sees a missing value.")
    blocks.append(
        table(("argument", "what", "kind", "default"), map(_argument, transform.arguments))
    )
    rows = [(_step(transform, e), _shown(e.value), _shown(e.result)) for e in transform.examples]
    blocks.append(table(("example", "makes of", "this"), rows))
    return "\n\n".join(block for block in blocks if block)


def _argument(argument: Argument) -> tuple[str, str, str, str]:
    kind = _KINDS[argument.kind]
    if argument.options:
        kind = " or ".join(code(option) for option in argument.options)
    default = "**required**" if argument.required else _default(argument.default)
    return code(argument.name), sentence(argument.help), kind, default


def _default(given: Any) -> str:
    return "none" if given is None else _shown(given)


def _step(transform: Transform, example: Example) -> str:
    """The step as it stands in a rule's `via`."""
    if not example.arguments:
        return code(transform.name)
    return code(value({transform.name: example.arguments}))


def _shown(given: Any) -> str:
    return code(value(given)) if given is not None else "no value"

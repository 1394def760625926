"""Texts with placeholders: `Order {number} of {customer.name|upper}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from hub.mapping import paths
from hub.mapping.transforms import Bound, Registry
from hub.mapping.values import text_of

MAX_TEMPLATE: Final = 10_000
Origin = Literal["source", "document", "target"]


class TemplateError(ValueError):
    """A template that cannot be read; says where."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{path|transform}`."""

    text: str
    origins: tuple[Origin, ...]
    path: paths.Path
    steps: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled template: texts and placeholders in turn."""

    text: str
    parts: tuple[str | Placeholder, ...]
    placeholders: tuple[Placeholder, ...]
    depth: int  # of the deepest placeholder

    def fill(self, values: Sequence[Any]) -> Any:
        """The text with a value for each placeholder; None when there is none for any of them.

        Placeholders with `[]` give a text for every element, side by side with the others.
        """
        if self.depth:
            depths = [placeholder.path.depth for placeholder in self.placeholders]
            return self._fill(list(zip(values, depths, strict=True)))
        return self._text(values)

    def _fill(self, values: list[tuple[Any, int]]) -> Any:
        lists = [value for value, depth in values if depth and isinstance(value, list)]
        if lists:
            return [
                self._fill([_element(value, depth, index) for value, depth in values])
                for index in range(max(map(len, lists)))
            ]
        return self._text([value for value, _ in values])

    def _text(self, values: Sequence[Any]) -> str | None:
        if values and all(value is None for value in values):
            return None
        given = iter(values)
        return "".join(
            [part if part.__class__ is str else text_of(next(given)) for part in self.parts]
        )


def _element(value: Any, depth: int, index: int) -> tuple[Any, int]:
    if not depth or not isinstance(value, list):
        return value, 0
    return (value[index] if index < len(value) else None), depth - 1


def origin_of(path: paths.Path) -> tuple[tuple[Origin, ...], paths.Path]:
    """Where to look a path up: where its prefix says, else in the source and then the document."""
    if len(path.steps) > 1:
        if path.root == "source":
            return ("source",), path.below()
        if path.root == "document":
            return ("document",), path.below()
        if path.root == "target":
            return ("target",), path.below()
    return ("source", "document"), path


def look_up(path: paths.Path, origins: tuple[Origin, ...], records: Mapping[str, Any]) -> Any:
    """The value at a path, in the first of some records that has one."""
    for origin in origins:
        value = paths.get(records.get(origin), path)
        if value is not None and (not path.depth or _any_value(value)):
            return value
    return None


def _any_value(value: Any) -> bool:
    if isinstance(value, list):
        return any(_any_value(item) for item in value)
    return value is not None


def compile_template(text: str, transforms: Registry) -> Template:
    """Read a template. Raises TemplateError, PathError or ArgumentError."""
    if len(text) > MAX_TEMPLATE:
        raise TemplateError(f"the template is longer than {MAX_TEMPLATE:,} characters")
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if text[at : at + 2] in ("{{", "}}"):
            literal.append(char)
            at += 2
        elif char == "}":
            raise TemplateError(f"a }} without {{ at character {at + 1}; write }}}} for the sign")
        elif char == "{":
            end = _end(text, at)
            if literal:
                parts.append("".join(literal))
                literal = []
            parts.append(_placeholder(text[at + 1 : end], transforms))
            at = end + 1
        else:
            literal.append(char)
            at += 1
    if literal:
        parts.append("".join(literal))
    placeholders = tuple(part for part in parts if isinstance(part, Placeholder))
    depth = max((placeholder.path.depth for placeholder in placeholders), default=0)
    return Template(text, tuple(parts), placeholders, depth)


def _end(text: str, start: int) -> int:
    """Where the placeholder that opens at *start* closes, past any quoted names."""
    quoted = False
    at = start + 1
    while at < len(text):
        if quoted and text[at] == "\\":
            at += 1
        elif text[at] == '"':
            quoted = not quoted
        elif text[at] == "}" and not quoted:
            return at
        at += 1
    raise TemplateError(f"the {{ at character {start + 1} is never closed; write {{{{ for the sign")


def _placeholder(inner: str, transforms: Registry) -> Placeholder:
    head = _before_bar(inner)
    origins, path = origin_of(paths.compile_path(head.strip()))
    steps = []
    for name in (name.strip() for name in inner[len(head) :].split("|")[1:]):
        transform = transforms.get(name)
        if transform is None:
            near = transforms.nearest(name)
            hint = f"; did you mean {near!r}?" if near else ""
            raise TemplateError(f"there is no transform {name!r}{hint}")
        steps.append(transform.bind())
    return Placeholder(inner.strip(), origins, path, tuple(steps))


def _before_bar(inner: str) -> str:
    """The part before the first bar that is not inside a quoted name."""
    quoted = False
    at = 0
    while at < len(inner):
        if quoted and inner[at] == "\\":
            at += 1
        elif inner[at] == '"':
            quoted = not quoted
        elif inner[at] == "|" and not quoted:
            return inner[:at]
        at += 1
    return inner

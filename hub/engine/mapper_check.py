"""Rules checked as a whole: what cannot be read, and fields that an entity says do not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.mapping import paths
from hub.mapping.rule import CompiledRule, Problem, RulesError, compile_rules
from hub.mapping.rules import split
from hub.mapping.transforms import Registry
from hub.model import Document
from hub.sdk import Entity


def problems(
    rules: Sequence[Mapping[str, Any]],
    kind: type[Document],
    transforms: Registry,
    target: Entity,
    live: Iterable[str] | None = None,
) -> list[Problem]:
    """Everything that is wrong with rules for an entity.

    An entity that can name all its fields is held to that. live: what it named besides those that
    it declares; None: it could not be asked now, and nothing is said of fields that only it knows.
    """
    try:
        _, theirs = split(compile_rules(rules, transforms), kind)
    except RulesError as error:
        return list(error.problems)
    if not tells_all(target) or (asks(target) and live is None):
        return []
    return unknown(theirs, [*declared(target), *(live or ())], target.title)


def doubtful(
    rules: Sequence[Mapping[str, Any]],
    kind: type[Document],
    transforms: Registry,
    target: Entity,
) -> list[Problem]:
    """Rules for fields that the entity does not declare; only itself can say whether they exist."""
    try:
        _, theirs = split(compile_rules(rules, transforms), kind)
    except RulesError:
        return []  # named elsewhere
    return unknown(theirs, declared(target), target.title)


def declared(target: Entity) -> list[str]:
    """The fields that can be written, as far as the plugin's table has them."""
    return [field.path for field in target.fields if field.only != "read"]


def tells_all(target: Entity) -> bool:
    """Whether an entity can name every field that can be written."""
    return target.all_fields or target.can("writable")


def asks(target: Entity) -> bool:
    """Whether the system has to be asked for that."""
    return target.can("writable") or target.can("discover")


def unknown(rules: Sequence[CompiledRule], known: Sequence[str], title: str) -> list[Problem]:
    """Rules for fields that are not among those that are known."""
    names = set(known)
    return [
        Problem(rule.number, "to", f"{title} has no field {text!r}{near(text, known)}")
        for rule in rules
        if not covered(text := general(rule.to), names)
    ]


def general(path: paths.Path) -> str:
    """A path with every position in a list as `[]`."""
    return paths.spell(tuple(paths.EACH if isinstance(s, int) else s for s in path.steps))


def covered(path: str, known: Iterable[str]) -> bool:
    """Whether a field is known, or is a part of one, or is made of some."""
    return any(
        path == one
        or path.startswith((f"{one}.", f"{one}["))
        or one.startswith((f"{path}.", f"{path}["))
        for one in known
    )


def near(text: str, known: Sequence[str]) -> str:
    """A hint at the known name that looks most like this one."""
    found = difflib.get_close_matches(text, known, 1, 0.7)
    return f"; did you mean {found[0]!r}?" if found else ""

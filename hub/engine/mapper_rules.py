"""A flow's rules as somebody edits them: added, changed, moved, taken away, and checked at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engine.mapper import Mapper
from hub.engine.mapper_fields import SourceField, TargetField, all_fields
from hub.mapping import paths
from hub.mapping.rule import CompiledRule, Problem, RulesError, compile_rules
from hub.mapping.rules import is_document_path, split
from hub.mapping.transforms import Registry
from hub.model import Document, Json
from hub.sdk import Entity

Rules = Sequence[Mapping[str, Any]]


# ---- changing


def with_rule(rules: Rules, rule: Json, index: int | None = None) -> list[Json]:
    """The rules with one more at the end, or with one in the place of another."""
    made = [dict(one) for one in rules]
    if index is not None and 0 <= index < len(made):
        made[index] = rule
    else:
        made.append(rule)
    return made


def without(rules: Rules, index: int) -> list[Json]:
    """The rules without one of them."""
    return [dict(one) for number, one in enumerate(rules) if number != index]


def moved(rules: Rules, index: int, by: int) -> list[Json]:
    """The rules with one of them further up or down; at the end it stays."""
    made = [dict(one) for one in rules]
    to = index + by
    if 0 <= index < len(made) and 0 <= to < len(made):
        made[index], made[to] = made[to], made[index]
    return made


def about(rules: Rules, path: str) -> list[int]:
    """Which rules (from 0) write a field, however its path is spelled."""
    wanted = spelled(path)
    return [n for n, rule in enumerate(rules) if spelled(str(rule.get("to") or "")) == wanted]


def spelled(path: str) -> str:
    """A path in its own spelling, without the prefix that says on which side it is."""
    try:
        compiled = paths.compile_path(path)
    except paths.PathError:
        return path
    if compiled.root in ("target", "document") and len(compiled.steps) > 1:
        return str(compiled.below())
    return str(compiled)


# ---- checking


def problems(
    rules: Rules, kind: type[Document], transforms: Registry, target: Entity | None = None
) -> list[Problem]:
    """Everything that is wrong with rules. target: also fields that it says it does not have."""
    try:
        _, theirs = split(compile_rules(rules, transforms), kind)
    except RulesError as error:
        return list(error.problems)
    if target is None or not all_fields(target) or target.can("discover"):
        return []
    known = [one.path for one in target.fields if one.only != "read"]
    return unknown(theirs, known, target.title)


def unknown(rules: Sequence[CompiledRule], known: Sequence[str], title: str) -> list[Problem]:
    """Rules for fields that are not among those that are known."""
    names = set(known)
    return [
        Problem(rule.number, "to", f"{title} has no field {text!r}{_near(text, known)}")
        for rule in rules
        if not _covered(text := general(rule.to), names)
    ]


def general(path: paths.Path) -> str:
    """A path with every position in a list as `[]`."""
    return paths.spell(tuple(paths.EACH if isinstance(s, int) else s for s in path.steps))


def _covered(path: str, known: set[str]) -> bool:
    """Whether a field is known, or is a part of one, or is made of some."""
    return any(
        path == one
        or path.startswith((f"{one}.", f"{one}["))
        or one.startswith((f"{path}.", f"{path}["))
        for one in known
    )


def _near(text: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(text, known, 1, 0.7)
    return f"; did you mean {near[0]!r}?" if near else ""


@dataclass(frozen=True)
class Doubt:
    """Something that may be meant, but looks like a slip. rule: its number, from 1."""

    rule: int
    key: str
    message: str


def doubts(
    mapper: Mapper, rules: Rules, sources: Sequence[SourceField], targets: Sequence[TargetField]
) -> list[Doubt]:
    """Fields that nobody declared, discovered or has seen. Raises RulesError."""
    mine, theirs = split(compile_rules(rules, mapper.transforms), mapper.kind)
    read, written = (
        {one.path for one in sources},
        {one.path for one in targets if one.known != "rule"},
    )
    found = []
    for rule in [*mine, *theirs]:
        for origins, path in rule.reads:
            text = general(path)
            if origins == ("source", "document") and is_document_path(path, mapper.kind):
                continue
            if "source" in origins and not _covered(text, read):
                message = f"{mapper.source.title} has no field {text!r} that is known"
                found.append(Doubt(rule.number, rule.key, message + _near(text, sorted(read))))
    for rule in theirs:
        text = general(rule.to)
        if not _covered(text, written):
            message = f"{mapper.target.title} has no field {text!r} that is known"
            found.append(Doubt(rule.number, "to", message + _near(text, sorted(written))))
    return sorted(found, key=lambda doubt: doubt.rule)

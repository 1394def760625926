"""A flow's rules as somebody edits them: added, changed, moved, taken away, and checked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hub.engine.mapper import Mapper
from hub.engine.mapper_check import covered, general, near
from hub.engine.mapper_fields import SourceField, TargetField
from hub.mapping import paths
from hub.mapping.rule import compile_rules
from hub.mapping.rules import is_document_path, split
from hub.model import Json

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


# ---- doubting


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
            if "source" in origins and not covered(text, read):
                message = f"{mapper.source.title} has no field {text!r} that is known"
                found.append(Doubt(rule.number, rule.key, message + near(text, sorted(read))))
    for rule in theirs:
        text = general(rule.to)
        if not covered(text, written):
            message = f"{mapper.target.title} has no field {text!r} that is known"
            found.append(Doubt(rule.number, "to", message + near(text, sorted(written))))
    return sorted(found, key=lambda doubt: doubt.rule)

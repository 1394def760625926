"""Why a rule gives what it gives: what it found where, and what each transform made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.mapping import paths
from hub.mapping.rule import CompiledRule
from hub.mapping.rules import run_steps
from hub.mapping.template import look_up
from hub.mapping.transforms import TransformError
from hub.mapping.values import ValueProblem


@dataclass(frozen=True)
class Found:
    """A value that a rule read. origin: source, document or target; None: it is in none of them."""

    origin: str | None
    path: str
    value: Any


@dataclass(frozen=True)
class Step:
    """What one transform made."""

    name: str
    value: Any


@dataclass(frozen=True)
class Explained:
    """How one rule comes to its value. start: before any transform. problem: why there is none."""

    found: tuple[Found, ...]
    start: Any
    steps: tuple[Step, ...]
    value: Any
    problem: str | None = None


def explain(rule: CompiledRule, records: Mapping[str, Any]) -> Explained:
    """Run one rule over the records `source`, `document` and `target`; changes nothing."""
    found = tuple(_found(origins, path, records) for origins, path in rule.reads)
    start: Any = None
    steps: list[Step] = []
    try:
        value = start = _start(rule, records)
        for bound in rule.steps:
            value = run_steps(value, (bound,), rule.depth)
            steps.append(Step(str(bound), value))
    except (TransformError, ValueProblem, paths.PathError) as error:
        return Explained(found, start, tuple(steps), None, str(error))
    return Explained(found, start, tuple(steps), value)


def _found(origins: tuple[Any, ...], path: paths.Path, records: Mapping[str, Any]) -> Found:
    for origin in origins:
        value = look_up(path, (origin,), records)
        if value is not None:
            return Found(origin, str(path), value)
    return Found(None, str(path), None)


def _start(rule: CompiledRule, records: Mapping[str, Any]) -> Any:
    if rule.path is not None:
        return look_up(rule.path, rule.origins, records)
    if rule.formula is not None:
        return rule.formula.evaluate(records)
    if rule.template is None:
        return rule.value
    return rule.template.fill(
        [
            run_steps(look_up(p.path, p.origins, records), p.steps, p.path.depth)
            for p in rule.template.placeholders
        ]
    )

"""Rules at work: what each of them does to a record, and why a value is what it is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from hub.mapping import paths
from hub.mapping.rule import (
    CompiledRule,
    Problem,
    Rule,
    RulesError,
    Side,
    When,
    compile_rules,
)
from hub.mapping.template import look_up
from hub.mapping.transforms import Bound, TransformError
from hub.mapping.values import ValueProblem
from hub.model import Document, Json, field_paths
from hub.sdk.errors import Blocked

__all__ = [
    "Applied",
    "CompiledRule",
    "Problem",
    "Rule",
    "RulesError",
    "Side",
    "When",
    "apply",
    "compile_rules",
    "hold_back",
    "is_document_path",
    "split",
]


class Applied(NamedTuple):  # a tuple, because one record makes a hundred of them
    """What one rule did. before and after are the values at `to`.

    source: where the value came from, as the rule says it. withheld: the field was taken out
    because it is not written now.
    """

    rule: int
    to: str
    side: Side
    source: str
    before: Any
    after: Any
    transforms: tuple[str, ...]
    withheld: bool

    @property
    def changed(self) -> bool:
        """Whether the rule made a difference."""
        return bool(self.before != self.after)


# --- which side ------------------------------------------------------------------------------


def split(
    rules: Iterable[CompiledRule], document_class: type[Document]
) -> tuple[list[CompiledRule], list[CompiledRule]]:
    """Rules for the document, and rules for the target's own record.

    A `to` without a prefix is a document path when the document has such a field. Raises
    RulesError when a rule insists on a document path that does not exist.
    """
    document: list[CompiledRule] = []
    target: list[CompiledRule] = []
    problems: list[Problem] = []
    for rule in rules:
        known = is_document_path(rule.to, document_class)
        problems += _unknown_sources(rule, document_class)
        if rule.side == "document" and not known:
            problems.append(Problem(rule.number, "to", _no_such(rule.to, document_class)))
        elif rule.side == "document" or (rule.side is None and known):
            document.append(replace(rule, side="document"))
        else:
            target.append(replace(rule, side="target"))
    if problems:
        raise RulesError(problems)
    return document, target


def _unknown_sources(rule: CompiledRule, document_class: type[Document]) -> list[Problem]:
    """Paths that a rule reads from the document by name, and that a document cannot have."""
    return [
        Problem(rule.number, rule.key, _no_such(path, document_class))
        for origins, path in rule.reads
        if origins == ("document",) and not is_document_path(path, document_class)
    ]


def _no_such(path: paths.Path, document_class: type[Document]) -> str:
    near = difflib.get_close_matches(str(path), _document_paths(document_class), 1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"the {document_class.__name__.lower()} has no field {str(path)!r}{hint}"


def is_document_path(path: paths.Path | str, document_class: type[Document]) -> bool:
    """Whether a path names a field of a document (`custom` takes anything below it)."""
    steps = paths.as_path(path).steps
    known = _document_paths(document_class)
    spelled = ""
    for index, step in enumerate(steps):
        if not isinstance(step, str):
            continue  # the list was already met with its name
        name = f"{spelled}.{step}" if spelled else step
        indexed = index + 1 < len(steps) and not isinstance(steps[index + 1], str)
        last = index == len(steps) - 1
        if indexed or (last and name not in known):
            name += "[]"
        if name not in known:
            return False
        if known[name] is dict:
            return True
        spelled = name
    return True


_PATHS: dict[str, dict[str, type]] = {}


def _document_paths(document_class: type[Document]) -> dict[str, type]:
    name = f"{document_class.__module__}.{document_class.__qualname__}"
    if name not in _PATHS:
        _PATHS[name] = field_paths(document_class)
    return _PATHS[name]


# --- applying --------------------------------------------------------------------------------


def apply(
    rules: Iterable[CompiledRule],
    source_record: Json,
    document: Json,
    payload: Json,
    *,
    creating: bool | None,
) -> list[Applied]:
    """Run rules over one record; changes *document* and *payload*, and tells what it did.

    creating: None while nobody knows yet whether the record will be created; rules that depend on
    it then run as if it will, and `hold_back` takes their fields out again when it is known.
    Rules without a value for this record leave what is there alone. Raises Blocked naming the rule.
    """
    applied: list[Applied] = []
    records = {"source": source_record, "document": document, "target": payload}
    for rule in rules:
        side: Side = rule.side or ("document" if rule.to.root in document else "target")
        place = document if side == "document" else payload
        when = rule.when
        if when == "never" or (when == "create" and creating is False):
            if creating is not None:
                _withhold(rule, side, place, applied)
            continue
        if not rule.gives:
            continue
        try:
            value = _value(rule, records)
            before = paths.get(place, rule.to)
            after = _write(rule, place, value, before)
        except (TransformError, ValueProblem, paths.PathError) as error:
            raise Blocked(
                f"Rule {rule.number}, to {rule.rule.to}: {error}",
                field=rule.to.text,
                code="rule",
                fix="rules",
            ) from error
        applied.append(
            Applied(rule.number, rule.to.text, side, rule.said, before, after, rule.used, False)
        )
    return applied


def hold_back(
    rules: Iterable[CompiledRule], document: Json, payload: Json, *, creating: bool
) -> list[Applied]:
    """Take out the fields that rules say are not written now (`when: create` or `never`)."""
    applied: list[Applied] = []
    for rule in rules:
        when = rule.when
        if when == "never" or (when == "create" and not creating):
            side: Side = rule.side or ("document" if rule.to.root in document else "target")
            _withhold(rule, side, document if side == "document" else payload, applied)
    return applied


def _withhold(rule: CompiledRule, side: Side, place: Json, applied: list[Applied]) -> None:
    before = paths.get(place, rule.to)
    if before is None:
        return
    _clear(place, rule.to)
    after = paths.get(place, rule.to)
    applied.append(
        Applied(rule.number, rule.to.text, side, f"when: {rule.when}", before, after, (), True)
    )


def _clear(place: Json, to: paths.Path) -> None:
    if isinstance(to.steps[-1], str):
        paths.remove(place, to)
    else:
        paths.set(place, to, None)


def _write(rule: CompiledRule, place: Json, value: Any, before: Any) -> Any:
    if value is None:
        if rule.fixed and rule.value is None:
            _clear(place, rule.to)  # `value: null` says so in so many words
            return None
        return before
    if value.__class__ is dict or value.__class__ is list:
        value = _own(value)
    paths.set(place, rule.to, value, keep_none=True)
    return value if rule.to.depth == 0 else paths.get(place, rule.to)


def _own(value: Any) -> Any:
    """A copy: what is written may be changed later, the raw record and the rule may not."""
    if isinstance(value, dict):
        return {key: _own(below) for key, below in value.items()}
    return [_own(below) for below in value] if isinstance(value, list) else value


def _value(rule: CompiledRule, records: Mapping[str, Json]) -> Any:
    if rule.path is not None:
        value = look_up(rule.path, rule.origins, records)
    elif rule.template is not None:
        value = rule.template.fill(
            [
                run_steps(look_up(p.path, p.origins, records), p.steps, p.path.depth)
                if p.steps
                else look_up(p.path, p.origins, records)
                for p in rule.template.placeholders
            ]
        )
    elif rule.formula is not None:
        value = rule.formula.evaluate(records)
    else:
        value = rule.value
    return run_steps(value, rule.steps, rule.depth) if rule.steps else value


def run_steps(value: Any, steps: tuple[Bound, ...], depth: int) -> Any:
    """A value after transforms; those for single values work on every element of a list."""
    if depth and isinstance(value, list):
        return [run_steps(item, steps, depth - 1) for item in value]
    for step in steps:
        if value.__class__ is list and not step.takes_list:
            value = _each(value, step)
        else:
            value = step.apply(value)
    return value


def _each(value: Any, step: Bound) -> Any:
    if isinstance(value, list):
        return [_each(item, step) for item in value]
    return step.apply(value)

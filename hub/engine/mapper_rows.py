"""Each target field of a flow: where its value comes from, before and after, and its policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.engine.mapper import Mapper, Tried
from hub.engine.mapper_fields import TargetField
from hub.engine.mapper_rules import Rules, spelled
from hub.engine.mapper_samples import Sample
from hub.mapping import paths
from hub.mapping.template import look_up, origin_of

SHOWN = 3


@dataclass(frozen=True)
class Row:
    """One field of the target (or of the document) as the page shows it.

    how: rule, default, constant, computed (on the way, by the hub's settings), plugin or nothing.
    source: where it comes from, in words. before: what is found there. after: what is pushed.
    rules: numbers of the rules that write it, from 1.
    """

    target: TargetField
    how: str
    source: str
    when: str
    before: tuple[tuple[str, Any], ...] = ()
    after: Any = None
    rules: tuple[int, ...] = ()
    steps: tuple[str, ...] = field(default=())

    @property
    def differs(self) -> bool:
        """Whether it is not as the plugins set it up."""
        return bool(self.rules)


def rows(
    mapper: Mapper,
    targets: Iterable[TargetField],
    rules: Rules,
    sample: Sample | None = None,
    tried: Tried | None = None,
) -> list[Row]:
    """Every field with where its value comes from."""
    by_path: dict[str, list[int]] = {}
    for number, rule in enumerate(rules, 1):
        by_path.setdefault(spelled(str(rule.get("to") or "")), []).append(number)
    return [
        _row(mapper, target, by_path.get(spelled(target.path), []), rules, sample, tried)
        for target in targets
    ]


def _row(
    mapper: Mapper,
    target: TargetField,
    numbers: list[int],
    rules: Rules,
    sample: Sample | None,
    tried: Tried | None,
) -> Row:
    after: Any = None
    if tried is not None:
        after = _at(tried.document if target.side == "document" else tried.payload, target.path)
    how, source, read = default_of(mapper, target)
    when: str = target.field.when if target.field else "always"
    steps: tuple[str, ...] = ()
    for number in numbers:
        rule = rules[number - 1]
        when = str(rule.get("when") or "always")
        if any(rule.get(key) is not None for key in ("from", "template", "formula")) or (
            "value" in rule
        ):
            how, source, read = "rule", in_words(rule), _read_by(rule)
            steps = tuple(map(step_words, rule.get("via") or ()))
    before = tuple((path, _found(path, sample, tried)) for path in read[:SHOWN]) if sample else ()
    return Row(target, how, source, when, before, after, tuple(numbers), steps)


def default_of(mapper: Mapper, target: TargetField) -> tuple[str, str, list[str]]:
    """How the plugins fill a field: the way, in words, and the paths that are read."""
    meaning = target.path if target.side == "document" else None
    if target.field is not None:
        if target.field.value is not None:
            return "constant", str(target.field.value), []
        meaning = target.field.meaning
    elif target.side == "target":
        how = "plugin" if target.known == "seen" else "nothing"
        return how, "", []
    if meaning is None:
        return "nothing", "", []
    read = [one.path for one in mapper.source.table.reads(meaning)]
    if read:
        return "default", read[-1], [f"source.{read[-1]}"]
    return "computed", meaning, [f"document.{meaning}"] if target.side == "target" else []


def in_words(rule: Mapping[str, Any]) -> str:
    """Where a rule takes its value from."""
    for key in ("from", "template", "formula"):
        if rule.get(key) is not None:
            return str(rule[key])
    if "value" in rule:
        return "empty" if rule["value"] is None else str(rule["value"])
    return ""


def step_words(step: Any) -> str:
    """A transform of a rule with its arguments."""
    if isinstance(step, Mapping) and len(step) == 1:
        name, arguments = next(iter(step.items()))
        inner = ", ".join(f"{key}: {value}" for key, value in (arguments or {}).items())
        return f"{name}({inner})" if inner else str(name)
    return str(step)


def _read_by(rule: Mapping[str, Any]) -> list[str]:
    return [str(rule["from"])] if rule.get("from") is not None else []


def _found(path: str, sample: Sample | None, tried: Tried | None) -> Any:
    if sample is None:
        return None
    try:
        origins, compiled = origin_of(paths.compile_path(path))
    except paths.PathError:
        return None
    records = {
        "source": sample.received,
        "document": tried.document if tried else sample.understood or {},
        "target": tried.payload if tried else {},
    }
    return look_up(compiled, origins, records)


def _at(record: Any, path: str) -> Any:
    try:
        return paths.get(record, path)
    except paths.PathError:
        return None


def matching(found: Sequence[Row], text: str) -> list[Row]:
    """Rows in which every word of a text occurs, in whatever is shown of them."""
    words = text.casefold().split()
    return [row for row in found if all(word in _all_text(row) for word in words)]


def _all_text(row: Row) -> str:
    target = row.target
    parts = [target.path, target.label, target.help, row.source, row.how, row.when, *row.steps]
    if target.field is not None and target.field.meaning:
        parts.append(target.field.meaning)
    parts += [str(value) for _, value in row.before] + [str(row.after or "")]
    return " ".join(parts).casefold()

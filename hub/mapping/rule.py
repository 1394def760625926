"""A rule, as a user writes it and as it is compiled; everything wrong with it is said at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.mapping import paths
from hub.mapping.formula import Formula, FormulaError, compile_formula
from hub.mapping.template import (
    Origin,
    Template,
    TemplateError,
    compile_template,
    origin_of,
)
from hub.mapping.transforms import TRANSFORMS, ArgumentError, Bound, Registry
from hub.mapping.values import number_of
from hub.model import Json

MAX_RULES: Final = 500
MAX_STEPS: Final = 20
When = Literal["always", "create", "never"]
Side = Literal["document", "target"]


class Rule(BaseModel):
    """One line of a mapping: where a value goes, where it comes from, and how it is changed.

    to: a path in the document, or else in the target's own record. from: a path in the source's
    record, or else in the document. value: a fixed value instead. template: a text with
    `{path}` placeholders instead. formula: something to calculate instead. via: transforms, in
    order. when: always, create (only when the record is made) or never: then the field is left
    out of what is sent.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    to: str = Field(min_length=1)
    from_: str | None = Field(None, alias="from", min_length=1)
    value: Any = None
    template: str | None = Field(None, min_length=1)
    formula: str | None = Field(None, min_length=1)
    via: list[str | dict[str, dict[str, Any] | None]] = Field(default_factory=list)
    when: When = "always"

    def as_dict(self) -> Json:
        """The rule as it stands in a config file: what was not said is left out."""
        return self.model_dump(by_alias=True, exclude_unset=True)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one rule. rule: its number, from 1. key: which of its keys."""

    rule: int
    key: str | None
    message: str

    def __str__(self) -> str:
        return f"Rule {self.rule}{f', {self.key}' if self.key else ''}: {self.message}"


class RulesError(ValueError):
    """Rules that cannot be used, with everything that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to run. side: None until `split` has decided what `to` means."""

    number: int
    rule: Rule
    to: paths.Path
    side: Side | None
    origins: tuple[Origin, ...]
    path: paths.Path | None
    template: Template | None
    formula: Formula | None
    value: Any
    fixed: bool  # a value that is written out, which may be none
    gives: bool  # false for a rule that only says when a field is written
    steps: tuple[Bound, ...]
    depth: int  # over how many `[]` the transforms work element by element
    used: tuple[str, ...]
    when: When
    said: str  # where the value comes from, as the rule says it

    @property
    def key(self) -> str:
        """Which key says where the value comes from."""
        if self.path is not None:
            return "from"
        return "template" if self.template else "formula" if self.formula else "value"

    @property
    def reads(self) -> tuple[tuple[tuple[Origin, ...], paths.Path], ...]:
        """Every path that it reads, with where it looks for it."""
        if self.path is not None:
            return ((self.origins, self.path),)
        if self.template is not None:
            return tuple((p.origins, p.path) for p in self.template.placeholders)
        return tuple((u.origins, u.path) for u in self.formula.uses) if self.formula else ()


# --- compiling -------------------------------------------------------------------------------


def compile_rules(
    rules: Iterable[Rule | Mapping[str, Any]], transforms: Registry = TRANSFORMS
) -> list[CompiledRule]:
    """Compile rules as a config file or a form gives them. Raises RulesError with all problems."""
    compiled: list[CompiledRule] = []
    problems: list[Problem] = []
    for number, given in enumerate(rules, 1):
        if number > MAX_RULES:
            problems.append(Problem(number, None, f"there are more than {MAX_RULES} rules"))
            break
        rule, found = _read(number, given)
        if rule is not None:
            try:
                compiled.append(_compile(number, rule, transforms))
            except _KeyProblem as problem:
                found.append(Problem(number, problem.key, problem.message))
        problems += found
    if problems:
        raise RulesError(problems)
    return compiled


class _KeyProblem(ValueError):
    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


_SOURCES: Final = "a from, a value, a template or a formula"
_KEYS: Final = ("to", "from", "value", "template", "formula", "via", "when")


def _read(number: int, given: Rule | Mapping[str, Any]) -> tuple[Rule | None, list[Problem]]:
    if isinstance(given, Rule):
        return given, []
    if not isinstance(given, Mapping):
        return None, [Problem(number, None, f"is {given!r:.40}, and a rule {{to: ...}} is needed")]
    problems = []
    for key in given:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(_KEYS)}"
            problems.append(Problem(number, str(key), f"unknown key {key!r}; {hint}"))
    if problems:
        return None, problems
    try:
        return Rule.model_validate(dict(given)), []
    except ValidationError as error:
        seen: dict[str, str] = {}
        for fault in error.errors(include_url=False, include_input=False):
            seen.setdefault(str(fault["loc"][0]) if fault["loc"] else "", _in_words(dict(fault)))
        return None, [Problem(number, key or None, text) for key, text in seen.items()]


def _in_words(fault: dict[str, Any]) -> str:
    match fault["type"]:
        case "missing":
            return "is missing"
        case "string_too_short":
            return "is empty"
        case "literal_error":
            return f"must be {fault['ctx']['expected']}"
        case _ if fault["loc"][0] == "via":
            return "must be a list of transforms: trim, or {truncate: {length: 20}}"
    return str(fault["msg"])


def _compile(number: int, rule: Rule, transforms: Registry) -> CompiledRule:
    side, to = _to(rule.to)
    said = rule.model_fields_set & {"from_", "value", "template", "formula"}
    if len(said) > 1:
        names = " and ".join(sorted(name.rstrip("_") for name in said))
        raise _KeyProblem(None, f"has {names}; it can have only one of them")
    gives = bool(said)
    if not gives and rule.when == "always":
        raise _KeyProblem(
            None, "says nothing: give it a from, a value, a template or a formula, or a when"
        )
    if not gives and rule.via:
        raise _KeyProblem(
            "via", "there is no value to transform; add from, value, template or formula"
        )
    path: paths.Path | None = None
    origins: tuple[Origin, ...] = ()
    template: Template | None = None
    formula: Formula | None = None
    depth = 0
    if rule.from_ is not None:
        origins, path = origin_of(_path(rule.from_, "from"))
        depth = path.depth
    elif rule.template is not None:
        template = _template(rule.template, transforms)
        depth = template.depth
    elif rule.formula is not None:
        formula = _formula(rule.formula, transforms)
        depth = formula.depth
    elif said and "value" not in said:
        raise _KeyProblem(next(iter(said)).rstrip("_"), "has no value")
    steps = tuple(_steps(rule, transforms))
    inside: Iterable[str] = ()
    if template:
        inside = (step.name for p in template.placeholders for step in p.steps)
    elif formula:
        inside = formula.functions
    return CompiledRule(
        number=number,
        rule=rule,
        to=to,
        side=side,
        origins=origins,
        path=path,
        template=template,
        formula=formula,
        fixed="value" in said,
        value=_exact(rule.value),
        gives=gives,
        steps=steps,
        depth=min(depth, to.depth),
        used=(*inside, *map(str, steps)),
        when=rule.when,
        said=rule.from_ or rule.template or rule.formula or "value",
    )


def _exact(value: Any) -> Any:
    """A fixed value with exact numbers: JSON may have brought 12.1 as a float."""
    if isinstance(value, float):
        return number_of(value)
    if isinstance(value, dict):
        return {key: _exact(below) for key, below in value.items()}
    return [_exact(below) for below in value] if isinstance(value, list) else value


def _to(text: str) -> tuple[Side | None, paths.Path]:
    path = _path(text, "to")
    if not isinstance(path.root, str):
        raise _KeyProblem("to", "must begin with a name")
    if path.root in ("document", "target") and len(path.steps) > 1:
        return ("document" if path.root == "document" else "target"), path.below()
    return None, path


def _path(text: str, key: str) -> paths.Path:
    try:
        return paths.compile_path(text)
    except paths.PathError as error:
        raise _KeyProblem(key, str(error)) from None


def _template(text: str, transforms: Registry) -> Template:
    try:
        return compile_template(text, transforms)
    except (TemplateError, paths.PathError, ArgumentError) as error:
        raise _KeyProblem("template", str(error)) from None


def _formula(text: str, transforms: Registry) -> Formula:
    try:
        return compile_formula(text, transforms)
    except (FormulaError, paths.PathError) as error:
        raise _KeyProblem("formula", str(error)) from None


def _steps(rule: Rule, transforms: Registry) -> Iterable[Bound]:
    if len(rule.via) > MAX_STEPS:
        raise _KeyProblem("via", f"has more than {MAX_STEPS} transforms")
    for asked in rule.via:
        if isinstance(asked, str):
            name, arguments = asked, None
        elif len(asked) == 1:
            name, arguments = next(iter(asked.items()))
        else:
            raise _KeyProblem(
                "via", f"one transform at a time: {{{', '.join(map(str, asked))}}} has {len(asked)}"
            )
        transform = transforms.get(name)
        if transform is None:
            near = transforms.nearest(name)
            hint = f"; did you mean {near!r}?" if near else ""
            raise _KeyProblem("via", f"there is no transform {name!r}{hint}")
        try:
            yield transform.bind(arguments)
        except ArgumentError as error:
            raise _KeyProblem("via", str(error)) from None

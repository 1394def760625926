"""The form of one rule: posted, read, checked at once, and shown again with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from hub.engine.flows import plain_rule
from hub.engine.mapper_check import problems
from hub.engine.mapper_rules import Rules, with_rule
from hub.mapping.transforms import Argument, ArgumentError, Registry, Transform
from hub.mapping.values import comparable, text_of
from hub.model import Document, Json
from hub.sdk import Entity
from hub.web import fields

Posted = Mapping[str, Sequence[str]]
WAYS: Final = ("from", "value", "template", "formula", "none")
KINDS: Final = ("text", "number", "flag", "nothing")
MOST_STEPS: Final = 20
NAMED: Final = {
    "text": "Text",
    "number": "Numbers and money",
    "date": "Dates and times",
    "address": "Addresses",
    "list": "Lists",
    "choice": "Choices, tables and conditions",
    "added": "From plugins",
}
"""Family of transforms -> heading."""


@dataclass
class Typed:
    """One transform in the form: its name and what was typed for its arguments."""

    name: str
    given: Json = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass
class RuleForm:
    """A rule while it is being written. index: which of the flow's rules (from 0), if it is one."""

    registry: Registry
    to: str = ""
    index: int | None = None
    way: str = "from"
    source: str = ""
    value: str = ""
    kind: str = "text"
    template: str = ""
    formula: str = ""
    when: str = "always"
    steps: list[Typed] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    general: list[str] = field(default_factory=list)
    table_button: str = ""

    # ---- from what is stored

    @classmethod
    def of(cls, registry: Registry, rule: Mapping[str, Any], index: int | None) -> RuleForm:
        """The form of a stored rule."""
        made = cls(registry, str(rule.get("to") or ""), index)
        made.when = str(rule.get("when") or "always")
        made.way = next(
            (key for key in ("from", "template", "formula") if rule.get(key) is not None),
            "value" if "value" in rule else "none",
        )
        made.source = str(rule.get("from") or "")
        made.template = str(rule.get("template") or "")
        made.formula = str(rule.get("formula") or "")
        if made.way == "value":
            made.kind, made.value = _typed(rule["value"])
        for step in rule.get("via") or ():
            name, given = (step, {}) if isinstance(step, str) else next(iter(step.items()))
            made.steps.append(Typed(str(name), dict(given or {})))
        return made

    # ---- from what was posted

    @classmethod
    def posted(cls, registry: Registry, form: Posted, kept: RuleForm) -> RuleForm:
        """The form as it was typed. kept: as it was shown, for what a form cannot say."""

        def one(name: str, default: str = "") -> str:
            return (list(form.get(name, ())) or [default])[0].replace("\r\n", "\n")

        made = cls(registry, one("to", kept.to).strip(), kept.index)
        made.way = one("way", "from") if one("way", "from") in WAYS else "from"
        made.source = one("from").strip()
        made.value, made.kind = one("value"), one("kind", "text")
        made.template, made.formula = one("template"), one("formula").strip()
        made.when = one("when", "always")
        count = one("steps", "0")
        for number in range(min(int(count) if count.isdecimal() else 0, MOST_STEPS)):
            at = f"step-{number}"
            transform = registry.get(one(at))
            if transform is None:
                continue
            before = kept.steps[number] if number < len(kept.steps) else None
            old = before.given if before and before.name == transform.name else {}
            step = Typed(transform.name)
            for argument in transform.arguments:
                _read(step, argument, f"{at}-{argument.name}", form, old.get(argument.name))
            made.steps.append(step)
        return made

    def press(self, button: str, chosen: str) -> bool:
        """Do what a button of the steps says; whether it was one of those."""
        action, _, rest = button.partition(":")
        if action in ("add-row", "remove-row"):
            self.table_button = button
            return True
        if action == "add-step":
            if chosen in self.registry and len(self.steps) < MOST_STEPS:
                self.steps.append(Typed(chosen))
            return True
        number = int(rest) if rest.isdecimal() else -1
        if action not in ("remove-step", "up-step", "down-step") or number >= len(self.steps):
            return False
        if action == "remove-step":
            del self.steps[number]
        else:
            to = number + (1 if action == "down-step" else -1)
            if 0 <= to < len(self.steps):
                self.steps[number], self.steps[to] = self.steps[to], self.steps[number]
        return True

    # ---- as a rule

    def rule(self) -> Json:
        """The rule as a config file has it."""
        made: Json = {"to": self.to}
        if self.way == "value":
            made["value"] = self._fixed()
        elif self.way != "none":
            texts = {"from": self.source, "template": self.template, "formula": self.formula}
            made[self.way] = texts[self.way]
        if self.steps and self.way != "none":
            made["via"] = [
                {step.name: plain_rule(step.given)} if step.given else step.name
                for step in self.steps
            ]
        if self.when != "always":
            made["when"] = self.when
        return made

    def _fixed(self) -> Any:
        if self.kind == "nothing":
            return None
        if self.kind == "flag":
            return self.value.strip().casefold() in ("yes", "true", "ja", "1")
        if self.kind == "number":
            return _number(self.value) if _number(self.value) is not None else self.value
        return self.value

    def check(
        self,
        rules: Rules,
        kind: type[Document],
        target: Entity,
        live: Sequence[str] | None = None,
    ) -> bool:
        """Find everything that is wrong with it; whether it can be kept."""
        self._check_steps()
        if self.way == "value" and self.kind == "number" and _number(self.value) is None:
            self.errors["value"] = f"{self.value!r} is not a number"
        if self.way == "none" and self.when == "always":
            self.general.append("This says nothing: say where the value comes from, or when.")
        if self.errors or self.general or any(step.errors for step in self.steps):
            return False
        all_rules = with_rule(rules, self.rule(), self.index)
        number = (len(rules) if self.index is None else self.index) + 1
        for problem in problems(all_rules, kind, self.registry, target, live):
            if problem.rule != number:
                self.general.append(str(problem))
            elif problem.key in ("to", "from", "template", "formula"):
                self.errors[problem.key] = problem.message
            else:
                self.general.append(problem.message)
        return not (self.errors or self.general)

    def _check_steps(self) -> None:
        for step in self.steps if self.way != "none" else ():
            try:
                if not step.errors:
                    self.registry[step.name].bind(step.given)
            except ArgumentError as error:
                message = str(error).removeprefix(f"{step.name}: ")
                step.errors[error.key or ""] = message

    # ---- shown

    def steps_shown(self) -> list[Json]:
        """Each transform with its arguments as fields of the form macros."""
        shown: list[Json] = []
        for number, step in enumerate(self.steps):
            transform = self.registry.get(step.name)
            if transform is None:  # its plugin is gone
                gone: Json = {"name": step.name, "help": "", "fields": [], "error": "is gone"}
                shown.append(gone)
                continue
            made: list[Json] = [
                _field(argument, f"step-{number}-{argument.name}", step)
                for argument in transform.arguments
            ]
            fields.change_table(made, self.table_button)
            fields.with_spare_rows(made)
            shown.append(
                {
                    "name": step.name,
                    "help": transform.help.split("\n\n")[0],
                    "fields": made,
                    "error": step.errors.get(""),
                }
            )
        return shown


def families(registry: Registry) -> list[Json]:
    """All transforms, by what they are about."""
    groups: dict[str, list[Transform]] = {}
    for transform in registry.values():
        groups.setdefault(transform.family, []).append(transform)
    return [
        {
            "title": NAMED.get(family, family.capitalize()),
            "transforms": [
                {"name": t.name, "help": t.help.split("\n\n")[0]}
                for t in sorted(found, key=lambda one: one.name)
            ],
        }
        for family, found in groups.items()
    ]


# ---- values


def _typed(value: Any) -> tuple[str, str]:
    if value is None:
        return "nothing", ""
    if isinstance(value, bool):
        return "flag", "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return "number", text_of(value)
    return "text", value if isinstance(value, str) else str(value)


def _number(text: str) -> Any:
    try:
        return plain_rule(Decimal(text.strip()))
    except (InvalidOperation, ValueError, OverflowError):
        return None


def _read(step: Typed, argument: Argument, at: str, form: Posted, old: Any) -> None:
    """One argument as it was typed; what was left empty is left out."""
    if argument.kind == "table":
        _read_table(step, argument, at, form, old)
        return
    texts = [text.replace("\r\n", "\n") for text in form.get(at, ())]
    if argument.kind == "flag":
        chosen = bool(texts)
        if chosen != bool(argument.default) or argument.required:
            step.given[argument.name] = chosen
        return
    text = texts[0] if texts else ""
    if argument.kind == "list":
        lines = [line for line in text.split("\n") if line]
        if lines:
            step.given[argument.name] = _as_before(lines, old)
    elif text and not (text == _words(argument.default) and not argument.required):
        given: Any = text
        if argument.kind in ("whole", "number") and _number(text) is not None:
            given = _number(text)
        step.given[argument.name] = old if old is not None and _words(old) == text else given


def _read_table(step: Typed, argument: Argument, at: str, form: Posted, old: Any) -> None:
    keys, values = list(form.get(f"{at}.key", ())), list(form.get(f"{at}.value", ()))
    table: Json = {}
    seen: dict[str, str] = {}
    for key, value in zip(keys, values, strict=False):
        if not key.strip() and not value.strip():
            continue
        if not key.strip():
            step.errors[argument.name] = f"say what becomes {value!r}"
            continue
        other = seen.setdefault(comparable(key).casefold(), key)
        if other is not key:
            step.errors[argument.name] = f"two rows are for the same key: {other!r} and {key!r}"
        before = old.get(key) if isinstance(old, dict) else None
        table[key] = before if before is not None and _words(before) == value else value
    if table:
        step.given[argument.name] = table


def _as_before(lines: list[str], old: Any) -> list[Any]:
    known = {_words(value): value for value in old} if isinstance(old, list) else {}
    return [known.get(line, line) for line in lines]


def _words(value: Any) -> str:
    if value is None:
        return ""
    return text_of(value) if isinstance(value, int | float | Decimal | str) else str(value)


_WIDGETS: Final = {"flag": "flag", "list": "textarea", "table": "table", "number": "number"}
_NOTES: Final = {"list": "One on each line.", "zone": "Such as Europe/Amsterdam."}


def _field(argument: Argument, at: str, step: Typed) -> Json:
    """An argument for the form macros."""
    given = step.given.get(argument.name)
    note = _NOTES.get(argument.kind, "")
    said = f"{argument.help[:1].upper()}{argument.help[1:]}"
    shown: Json = {
        "name": at,
        "label": argument.name.replace("_", " "),
        "widget": "choice" if argument.options else _WIDGETS.get(argument.kind, "text"),
        "help": " ".join(part for part in (said, note) if part),
        "required": argument.required,
        "value": given if given is not None else argument.default,
        "error": step.errors.get(argument.name),
        "choices": [{"value": option, "label": option} for option in argument.options] or None,
        "step": "any",
    }
    if argument.kind == "whole":
        shown |= {"widget": "number", "step": 1}
    if argument.kind == "table":
        rows = given if isinstance(given, dict) else {}
        shown |= {
            "columns": [
                {"name": "key", "label": "Comes in as", "choices": None, "kind": "key"},
                {"name": "value", "label": "Becomes", "choices": None, "kind": "value"},
            ],
            "rows": [
                {"cells": {"key": key, "value": _words(value)}, "error": None}
                for key, value in rows.items()
            ],
            "has_default": False,
        }
    elif shown["widget"] in ("text", "choice", "textarea") and not isinstance(
        shown["value"], list | str
    ):
        shown["value"] = _words(shown["value"])
    return shown

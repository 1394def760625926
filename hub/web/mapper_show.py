"""What the mapper's templates show: rows, samples, rules and traces as plain words."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from hub.engine.mapper import Mapper, Tried
from hub.engine.mapper_fields import SourceField, TargetField
from hub.engine.mapper_rows import Row, in_words, step_words
from hub.engine.mapper_rules import Rules, spelled
from hub.engine.mapper_samples import Listed, Sample
from hub.engine.mapper_why import Why
from hub.mapping import paths
from hub.mapping.explain import Explained
from hub.mapping.transforms import Registry, Transform
from hub.mapping.values import text_of
from hub.model import Json
from hub.web.mapper_form import NAMED

LONGEST = 80
MOST = 3
WHEN = {"always": "always", "create": "only when it is new", "never": "never"}
HOW = {
    "rule": "your rule",
    "default": "as set up",
    "constant": "always the same",
    "computed": "decided on the way",
    "plugin": "added by the plugin",
    "nothing": "not filled",
}
KNOWN = {
    "declared": "",
    "discovered": "found in your account",
    "seen": "seen in your records",
    "rule": "named in your rule",
}


def words(value: Any, longest: int = LONGEST) -> str | None:
    """A value in one line; None when there is none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        if value and all(one is None for one in value):
            return None
        some = [words(one, 30) or "–" for one in value[:MOST]]
        rest = f" … and {len(value) - MOST} more" if len(value) > MOST else ""
        return ", ".join(some) + rest if value else "an empty list"
    if isinstance(value, dict):
        inner = ", ".join(f"{key}: {words(below, 20) or '–'}" for key, below in value.items())
        return _cut(f"{{{inner}}}", longest)
    if isinstance(value, int | float | Decimal):
        return text_of(value)
    return _cut(str(value), longest) if str(value).strip() else "“" + str(value)[:5] + "”"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def row(one: Row) -> Json:
    """A field of the target, as mapper/show.html describes it."""
    target = one.target
    return {
        "path": target.path,
        "to": address(target),
        "label": target.label if target.label != target.path else "",
        "help": target.help,
        "required": target.required,
        "known": KNOWN.get(target.known, ""),
        "how": one.how,
        "how_text": HOW.get(one.how, one.how),
        "source": one.source,
        "steps": list(one.steps),
        "before": [{"path": path, "value": words(value)} for path, value in one.before],
        "after": words(one.after),
        "when": WHEN.get(one.when, one.when),
        "special": one.when != "always",
        "rules": list(one.rules),
        "differs": one.differs,
    }


def address(target: TargetField) -> str:
    """What a rule writes in `to`."""
    return target.path if target.side == "target" else f"document.{target.path}"


def rules(found: Rules) -> list[Json]:
    """The rules in their order."""
    return [
        {
            "number": number,
            "index": number - 1,
            "to": str(rule.get("to")),
            "key": next(
                (k for k in ("from", "template", "formula", "value") if k in rule), "nothing"
            ),
            "source": in_words(rule),
            "steps": [step_words(step) for step in rule.get("via") or ()],
            "when": WHEN.get(str(rule.get("when") or "always"), "always"),
            "last": number == len(found),
        }
        for number, rule in enumerate(found, 1)
    ]


def samples(listed: Sequence[Listed], chosen: Sample | None) -> list[Json]:
    """The records that can be looked at."""
    return [
        {
            "entry": one.entry,
            "label": f"{one.reference} ({one.outcome})",
            "chosen": chosen is not None and chosen.entry == one.entry,
        }
        for one in listed
    ]


def sources(mapper: Mapper, found: Sequence[SourceField]) -> list[Json]:
    """Fields of the source to choose from, and those of the document."""
    return [
        {"path": one.path, "about": " · ".join(filter(None, (one.label, words(one.sample, 40))))}
        for one in found
    ]


def preview(told: Explained | None, now: Tried | None, would: Tried | None, to: str) -> Json:
    """What a rule would do to one record."""
    shown: Json = {"told": None, "problem": None, "now": None, "would": None, "changes": False}
    if told is not None:
        shown["told"] = {
            "found": [
                {
                    "path": f"{f.origin}.{f.path}" if f.origin else f.path,
                    "value": words(f.value, 200),
                }
                for f in told.found
            ],
            "start": words(told.start, 200),
            "steps": [{"name": s.name, "value": words(s.value, 200)} for s in told.steps],
            "problem": told.problem,
        }
    if would is not None and now is not None:
        before, after = _at(now, to), _at(would, to)
        shown["now"], shown["would"] = words(before, 200), words(after, 200)
        shown["changes"] = str(before) != str(after)
        shown["problem"] = would.problem
    return shown


def _at(tried: Tried, to: str) -> Any:
    path = spelled(to)
    try:
        if not to.startswith("document."):
            value = paths.get(tried.payload, path)
            if value is not None:
                return value
        return paths.get(tried.document, path)
    except paths.PathError:
        return None


def why(one: Why) -> Json:
    """The way of one pushed value, as mapper/why.html describes it."""
    return {
        "to": one.to,
        "label": one.label,
        "value": words(one.value),
        "rule": one.rule,
        "steps": [
            {"kind": s.kind, "name": s.name, "value": words(s.value), "text": s.text}
            for s in one.steps
        ],
    }


# ---- the library of transforms


def library(registry: Registry, text: str = "") -> list[Json]:
    """Transforms by what they are about, with arguments and examples; only those that fit."""
    wanted = text.casefold().split()
    groups: dict[str, list[Json]] = {}
    for transform in sorted(registry.values(), key=lambda one: one.name):
        shown = _transform(transform)
        said = " ".join([transform.name, transform.family, transform.help, str(shown)]).casefold()
        if all(word in said for word in wanted):
            groups.setdefault(transform.family, []).append(shown)
    order = [*NAMED, *sorted(set(groups) - set(NAMED))]
    return [
        {"title": NAMED.get(name, name.capitalize()), "name": name, "transforms": groups[name]}
        for name in order
        if name in groups
    ]


def _transform(transform: Transform) -> Json:
    return {
        "name": transform.name,
        "help": transform.help,
        "sees_none": transform.sees_none,
        "arguments": [
            {
                "name": one.name,
                "kind": one.kind,
                "help": one.help,
                "required": one.required,
                "default": None if one.default is None else words(one.default),
                "options": list(one.options),
            }
            for one in transform.arguments
        ],
        "examples": [
            {
                "value": words(example.value) or "nothing",
                "arguments": ", ".join(f"{k}: {words(v)}" for k, v in example.arguments.items()),
                "result": words(example.result) or "nothing",
            }
            for example in transform.examples
        ],
    }

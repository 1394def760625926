"""Why this value? For every field that was pushed: what it comes from and what was done to it.

Nothing of this is stored while a run works: it is told from what was received, understood and
pushed, from the rules that are known to have had a part in it, and from the plugins' field tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.engine.mapper import Bench, Mapper
from hub.engine.mapper_check import general
from hub.engine.mapper_fields import flattened
from hub.engine.mapper_rows import step_words
from hub.engine.mapper_rules import spelled
from hub.engine.mapper_samples import Sample
from hub.mapping import paths
from hub.mapping.explain import explain
from hub.mapping.rule import CompiledRule, RulesError, compile_rules
from hub.mapping.values import ValueProblem, same
from hub.model import Document, FieldError, Json
from hub.sdk import KoppelError

SETTINGS = {
    "cost_center": ("cost_center",),
    "cost_unit": ("cost_unit",),
    "debtor": ("default_debtor", "customer_match"),
    "lines[].cost_center": ("cost_center",),
    "lines[].cost_unit": ("cost_unit",),
    "lines[].revenue_account": ("revenue_accounts",),
    "lines[].vat_code": ("vat_codes",),
    "payment_code": ("payment_methods",),
    "payment_condition": ("payment_conditions",),
    "reference": ("reference_prefix",),
    "shipping_via": ("shipping_methods",),
    "status": ("statuses",),
}
"""Place in the document -> the hub's settings that decide about it."""
ADDED = {
    "Shipping costs": "shipping_item",
    "Payment costs": "payment_item",
    "Other costs": "extra_item",
    "Discount": "discount",
    "Rounding difference": "rounding_item",
    "Prices of the lines": "vat_codes",
}
"""How a note of what changed the lines begins -> the setting that decides about it."""
SHOWN = 5
UNTOLD = "worked out by Koppel"


@dataclass(frozen=True)
class Link:
    """One step on the way of a value. kind: source, rule, transform, setting, plugin or constant.

    name: the path, the transform or the setting. value: what it was after this step.
    """

    kind: str
    name: str
    value: Any = None
    text: str = ""


@dataclass(frozen=True)
class Why:
    """Where one pushed value comes from, from the source to the target."""

    to: str
    value: Any
    label: str = ""
    steps: tuple[Link, ...] = field(default=())
    rule: int | None = None


class Trace:
    """Explains the fields of one record."""

    def __init__(self, mapper: Mapper, sample: Sample) -> None:
        self.mapper, self.sample = mapper, sample
        self.applied = {spelled(str(one.get("to"))): one for one in sample.applied}
        self.understood = _as_document(mapper.kind, sample.understood or {})
        self.records: Json = {
            "source": sample.received,
            "document": self.understood,
            "target": sample.pushed or {},
        }
        self.fresh = self._fresh()
        self.compiled = self._compiled()

    def _fresh(self) -> Json:
        try:
            document: Document = Bench(self.mapper, self.sample).understood
            return document.to_dict()
        except (KoppelError, FieldError, ValueError):
            return {}

    def _compiled(self) -> list[CompiledRule]:
        try:
            return compile_rules(self.mapper.flow.rules, self.mapper.transforms)
        except RulesError:
            return []

    def all(self) -> list[Why]:
        """Every field that was pushed."""
        pushed = self.sample.pushed or {}
        return [self.of(path) for path in flattened(pushed)]

    def of(self, path: str) -> Why:
        """One field of the payload, its list positions as `[]`."""
        value = _get(self.sample.pushed or {}, path)
        fields = self.mapper.target.table.writes(path)
        one = fields[-1] if fields else None
        label = one.label if one else ""
        applied = self.applied.get(path)
        if applied is not None:
            return Why(path, value, label, tuple(self._by_rule(applied)), _number(applied))
        if one is None and (asked := self._asked(path, value)):
            return Why(path, value, label, (asked,))
        if one is None:
            text = f"{self.mapper.target.entity.title}: the plugin adds it by itself"
            return Why(
                path, value, label, (Link("plugin", self.mapper.target.system.title, value, text),)
            )
        if one.value is not None:
            return Why(path, value, label, (Link("constant", str(one.value), value),))
        steps, number = self._document(one.meaning or "", value)
        if steps and steps[-1].text == UNTOLD and (asked := self._asked(path, value)):
            steps[-1] = asked
        if steps and _differs(steps[-1].value, value):
            cut = "shortened to fit" if one.cut and isinstance(value, str) else ""
            text = cut or f"written as {self.mapper.target.system.title} wants it"
            steps.append(Link("plugin", self.mapper.target.system.title, value, text))
        return Why(path, value, label, tuple(steps), number)

    def _document(self, meaning: str, pushed: Any) -> tuple[list[Link], int | None]:
        """How a place in the document got its value."""
        now = _get(self.understood, meaning)
        if _nothing(now):  # it was found when the record was on its way out already
            now = pushed
        applied = self.applied.get(meaning)
        steps: list[Link] = []
        number = None
        if applied is not None:
            steps, number = self._by_rule(applied), _number(applied)
            then = applied.get("after")
        else:
            then = _get(self.fresh, meaning)
            steps = self._read(meaning, then)
        if not (_nothing(then) and _nothing(now)) and _differs(then, now):
            steps.append(self._by_setting(meaning, now))
        return steps, number

    def _asked(self, path: str, value: Any) -> Link | None:
        """An answer of the target's own form, where it is the very value that was pushed."""
        own = type(self.mapper.target.entity).settings.model_fields
        given = {n: v for n, v in self.mapper.settings.items() if n in own and v not in (None, "")}
        same_value = [name for name, answer in given.items() if not _differs(answer, value)]
        wanted = path.rpartition(".")[2].casefold()
        same_value.sort(key=lambda name: name.replace("_", "") != wanted)
        if not same_value or isinstance(value, bool):
            return None
        return Link("setting", same_value[0], value, own[same_value[0]].title or "")

    def _read(self, meaning: str, value: Any) -> list[Link]:
        if _nothing(value):
            return []
        found = self._received(meaning)
        title = self.mapper.source.system.title
        if not found and meaning.startswith("delivery."):
            same_place = meaning.replace("delivery.", "billing.", 1)
            found = self._received(same_place)
            if found and not _differs(_get(self.fresh, same_place), value):
                text = "no other delivery address was given"
                return [Link("source", *found[-1], text)]
            found = []
        if not found:
            return [Link("plugin", title, value, f"{title}: made of several fields")]
        path, raw = found[-1]
        steps = [Link("source", path, raw)]
        if _differs(raw, value):
            steps.append(Link("plugin", title, value, f"read as {meaning}"))
        return steps

    def _received(self, meaning: str) -> list[tuple[str, Any]]:
        """Fields of the source with that meaning that hold something."""
        read = self.mapper.source.table.reads(meaning)
        found = [(one.path, _get(self.sample.received, one.path)) for one in read]
        return [(path, raw) for path, raw in found if not _empty(raw)]

    def _by_rule(self, applied: Json) -> list[Link]:
        """The rule that was applied; what its transforms did, when it is still the same rule."""
        number, to = _number(applied), spelled(str(applied.get("to")))
        after = applied.get("after")
        rule = next((r for r in self.compiled if r.number == number), None)
        same = rule is not None and spelled(rule.to.text) == to and rule.said == applied.get("from")
        if rule is None or not same:
            via = ", ".join(map(step_words, applied.get("via") or ()))
            steps = [Link("source", str(applied.get("from")), applied.get("before"))]
            return [*steps, Link("rule", str(number), after, via)]
        told = explain(rule, self.records | {"document": self._before_policies()})
        links = [
            Link("source", f"{f.origin}.{f.path}" if f.origin else f.path, f.value)
            for f in told.found
        ]
        if rule.key != "from":
            links.append(
                Link("constant" if rule.key == "value" else rule.key, rule.said, told.start)
            )
        links += [Link("transform", step.name, step.value) for step in told.steps]
        return [*links, Link("rule", str(number), after)]

    def _before_policies(self) -> Json:
        return self.fresh or self.understood

    def _by_setting(self, meaning: str, value: Any) -> Link:
        """What the policies made of it: the setting, and what they noted."""
        names = SETTINGS.get(meaning, ())
        told = [note for note in self.sample.notes if _says(note, value)]
        known = [n for n in names if n in self.mapper.settings]
        if meaning.startswith("lines[]."):
            added = {note: name for note in self.sample.notes if (name := _adding(note))}
            told += [note for note in added if note not in told]
            known += [name for name in added.values() if name in self.mapper.settings]
        if meaning == "reference" and not told:
            told = [f"behind {self.mapper.settings.get('reference_prefix', '')!r}"]
        if meaning == "lines[].item":
            told.insert(0, f"found in {self.mapper.target.connection.name} by SKU or EAN")
        if not told and meaning.partition(".")[0] in ("billing", "delivery", "customer"):
            told = ["completed from the customer's other data"]
        if not known and not told:  # nothing says more: point at where it is decided
            known, told = list(names[:1]), [UNTOLD]
        return Link("setting", known[0] if known else "", value, "; ".join(told[:SHOWN]))


def _adding(note: str) -> str | None:
    """The setting behind a note that says how the lines were changed."""
    return next((name for start, name in ADDED.items() if note.startswith(start)), None)


def _empty(raw: Any) -> bool:
    return all(map(_empty, raw)) if isinstance(raw, list) else raw in (None, "")


def _number(applied: Mapping[str, Any]) -> int | None:
    number = applied.get("rule")
    return int(number) if isinstance(number, int) else None


def _get(record: Any, path: str) -> Any:
    try:
        return paths.get(record, general(paths.compile_path(path))) if path else None
    except paths.PathError:
        return None


def _as_document(kind: type[Document], values: Json) -> Json:
    """What was stored, with dates and numbers as a document has them."""
    try:
        return kind.from_dict(values).to_dict()
    except FieldError:
        return values


def _nothing(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_nothing, value))
    return value is None


def _differs(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) != len(other) or any(map(_differs, one, other))
    return not (one == other or str(one) == str(other) or _same(one, other))


def _same(one: Any, other: Any) -> bool:
    try:
        return same(one, other)
    except ValueProblem:
        return False


def _says(note: str, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    words = {word.strip(".,;:()“”'\"") for word in note.split()}
    told = [str(one) for one in values if one is not None]
    return any(one in words or (" " in one and one in note) for one in told)

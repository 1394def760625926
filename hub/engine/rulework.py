"""A flow's rules, compiled once per run and split over document and target record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hub.mapping import rules as rulebook
from hub.mapping.transforms import Registry
from hub.model import Document, FieldError, Json
from hub.sdk import Blocked, Raw


class FlowRules:
    """What differs from the default mapping. Raises rulebook.RulesError when rules do not fit."""

    def __init__(
        self, rules: Sequence[Mapping[str, Any]], kind: type[Document], transforms: Registry
    ) -> None:
        self._kind = kind
        self._document, self._target = rulebook.split(
            rulebook.compile_rules(rules, transforms), kind
        )

    def adjust(
        self, record: Raw, document: Document, *, creating: bool
    ) -> tuple[Document, list[Json]]:
        """Apply the rules for the document; returns it and what was applied."""
        if not self._document:
            return document, []
        values = document.to_dict()
        applied = rulebook.apply(self._document, record, values, {}, creating=creating)
        try:
            return self._kind.from_dict(values), [_shown(a) for a in applied]
        except FieldError as error:
            numbers = [a.rule for a in applied if error.path.startswith(a.to.partition("[")[0])]
            raise Blocked(
                f"Rule {numbers[-1] if numbers else '?'}: {error}",
                field=error.path,
                code="rule",
                fix="rules",
            ) from error

    def overlay(
        self, record: Raw, document: Document, payload: Json, *, creating: bool
    ) -> list[Json]:
        """Apply the rules for raw target fields; changes the payload, returns what was applied."""
        if not self._target:
            return []
        applied = rulebook.apply(
            self._target, record, document.to_dict(), payload, creating=creating
        )
        return [_shown(a) for a in applied]


def _shown(applied: rulebook.Applied) -> Json:
    return {
        "rule": applied.rule,
        "to": applied.to,
        "from": applied.source,
        "before": applied.before,
        "after": applied.after,
        "via": list(applied.transforms),
    }

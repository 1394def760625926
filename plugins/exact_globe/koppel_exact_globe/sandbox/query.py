"""The query part of an address: `$filter`, `$select`, `$orderby`, `$top`, `$skip`, `$skiptoken`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ODataError
from .schema import EntityType, Property
from .values import fold, from_literal

BATCH, MOST = 50, 1000

_OPTIONS = ("$filter", "$select", "$orderby", "$top", "$skip", "$skiptoken")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "startswith": lambda have, want: str(have).startswith(want),
    "substringof": lambda have, want: want in str(have),
}
_LITERAL = r"(?:[A-Za-z]+)?'(?:[^']|'')*'|-?\d+(?:\.\d+)?|true|false|null"
_CONDITION = re.compile(
    rf"(?P<prop>[A-Za-z_]\w*) +(?P<op>eq|ne|gt|ge|lt|le) +(?P<value>{_LITERAL})(?= |$)"
    rf"|startswith\((?P<p2>[A-Za-z_]\w*), ?(?P<v2>{_LITERAL})\)(?= |$)"
    rf"|substringof\((?P<v3>{_LITERAL}), ?(?P<p3>[A-Za-z_]\w*)\)(?= |$)"
)


@dataclass(frozen=True)
class Condition:
    """One comparison of a filter."""

    prop: Property
    op: str
    value: Any

    def holds(self, row: Mapping[str, Any]) -> bool:
        """As SQL sees it: nothing compares with null but `eq null` and `ne null`."""
        have = row.get(self.prop.name)
        if self.value is None:
            return (have is None) == (self.op == "eq")
        if have is None:
            return False
        want = self.value if self.op in ("startswith", "substringof") else fold(self.value)
        return _COMPARE[self.op](fold(have), want)


@dataclass(frozen=True)
class Query:
    """What one GET of a set asks for."""

    conditions: tuple[Condition, ...] = ()
    select: tuple[str, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()  # property, descending
    top: int = BATCH
    skip: int = 0
    token: str | None = None


def parse(entity: EntityType, options: Mapping[str, list[str]]) -> Query:
    """The query of an address; whatever the service does not offer is refused."""
    for name, values in options.items():
        if name not in _OPTIONS:
            raise ODataError(f"The query parameter '{name}' is not supported.")
        if len(values) > 1:
            raise ODataError(f"The query parameter '{name}' is given more than once.")
    one = {name: values[0] for name, values in options.items()}
    top = _number(one, "$top", BATCH)
    if not 1 <= top <= MOST:
        raise ODataError(f"$top must be from 1 to {MOST}, not {top}.")
    return Query(
        conditions=tuple(_conditions(entity, one["$filter"])) if "$filter" in one else (),
        select=select(entity, one.get("$select")),
        order=tuple(_order(entity, one["$orderby"])) if "$orderby" in one else (),
        top=top,
        skip=_number(one, "$skip", 0),
        token=one.get("$skiptoken"),
    )


def select(entity: EntityType, text: str | None) -> tuple[str, ...]:
    """The properties that `$select` names; none means all."""
    if text is None:
        return ()
    return tuple(_property(entity, name.strip()).name for name in text.split(","))


def _number(options: Mapping[str, str], name: str, default: int) -> int:
    text = options.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text):
        raise ODataError(f"Incorrect format for {name} argument '{text}'.")
    return int(text)


def _property(entity: EntityType, name: str) -> Property:
    if name not in entity.properties:
        raise ODataError(
            f"No property '{name}' exists in type 'Exact.Metadata.Entity.{entity.name}'."
        )
    return entity.properties[name]


def _order(entity: EntityType, text: str) -> Iterator[tuple[str, bool]]:
    for part in text.split(","):
        match = re.fullmatch(r"(\w+)(?: +(asc|desc))?", part.strip())
        if match is None:
            raise ODataError(f"Syntax error in $orderby at '{part}'.")
        yield _property(entity, match[1]).name, match[2] == "desc"


def _conditions(entity: EntityType, text: str) -> Iterator[Condition]:
    """Comparisons joined by `and`: no `or`, no `not`, no brackets, no other functions."""
    position = 0
    text = text.strip()
    while True:
        match = _CONDITION.match(text, position)
        if match is None:
            raise ODataError(f"Syntax error at position {position} in '{text}'.")
        yield _condition(entity, match)
        position = match.end()
        if position == len(text):
            return
        joint = re.compile(r" +and +").match(text, position)
        if joint is None:
            raise ODataError(f"Syntax error at position {position} in '{text}'.")
        position = joint.end()


def _condition(entity: EntityType, match: re.Match[str]) -> Condition:
    name = match["prop"] or match["p2"] or match["p3"]
    literal = match["value"] or match["v2"] or match["v3"]
    op = match["op"] or ("startswith" if match["p2"] else "substringof")
    prop = _property(entity, name)
    if op in ("startswith", "substringof"):
        if not prop.is_text or literal == "null":
            raise ODataError(f"No function '{op}' exists for '{name}' and {literal}.")
        return Condition(prop, op, from_literal(prop, literal).casefold())
    if literal == "null":
        if op not in ("eq", "ne"):
            raise ODataError(f"Operator '{op}' cannot compare '{name}' with null.")
        return Condition(prop, op, None)
    if prop.kind == "flag" and op not in ("eq", "ne"):
        raise ODataError(f"Operator '{op}' cannot compare '{name}' with a boolean.")
    return Condition(prop, op, from_literal(prop, literal))

"""Filters that users write: any field, operators, all, any and not, as deep as they need.

    {all: [{field: total, is: ">", value: 10},
           {any: [{field: status, is: in, value: [1, 5]}, {field: note, is: empty}]}]}

A field is looked up in the source's record and then in the document; `document.` and `source.` in
front insist on one of them. Through `[]` a condition holds when it holds for one of the elements
(with "!=", "not in" and "not contains": for all of them).
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from hub.mapping import paths
from hub.mapping.rules import is_document_path
from hub.mapping.template import Origin, origin_of
from hub.mapping.values import (
    ValueProblem,
    comparable,
    is_empty,
    moment_of,
    number_of,
    short,
    text_of,
)
from hub.model import Document, Json
from hub.sdk.errors import Blocked

MAX_DEPTH: Final = 10
MAX_TESTS: Final = 200


class ConditionError(ValueError):
    """A condition that cannot be read; says where, and what was probably meant."""


@dataclass(frozen=True)
class Test:
    """One comparison."""

    field: str
    path: paths.Path
    origins: tuple[Origin, ...]
    operator: str
    value: Any

    def matches(self, record: Json, document: Json) -> bool:
        """Whether it holds for this record. Raises Blocked when the values cannot be compared."""
        values = self._values(record, document)
        if self.operator in _NEGATED:
            positive = _OPERATORS[_NEGATED[self.operator]]
            return not any(self._holds(positive, value) for value in values)
        return any(self._holds(_OPERATORS[self.operator], value) for value in values)

    def words(self) -> str:
        """It in words: `total > 10`."""
        tail = "" if self.operator in _BARE else f" {_said(self.value)}"
        return f"{self.field} {self.operator}{tail}"

    def _holds(self, operator: Callable[[Any, Any], bool], value: Any) -> bool:
        try:
            return operator(value, self.value)
        except ValueProblem as error:
            raise Blocked(
                f"The filter of this flow cannot be applied: {self.words()}, but {error}.",
                field="where",
                code="bad_filter",
                fix="where",
            ) from error

    def _values(self, record: Json, document: Json) -> list[Any]:
        for origin in self.origins:
            place = record if origin == "source" else document
            if self.path.depth:
                found = paths.get_all(place, self.path)
                if found:
                    return found
            elif (value := paths.get(place, self.path)) is not None:
                return [value]
        return [None]


@dataclass(frozen=True)
class Group:
    """Several conditions. how: all, any or not."""

    how: str
    parts: tuple[Test | Group, ...]

    def matches(self, record: Json, document: Json) -> bool:
        """Whether all, any or none of its conditions hold."""
        if self.how == "all":
            return all(part.matches(record, document) for part in self.parts)
        held = any(part.matches(record, document) for part in self.parts)
        return held if self.how == "any" else not held

    def words(self) -> str:
        """It in words."""
        joined = (" and " if self.how == "all" else " or ").join(p.words() for p in self.parts)
        return f"not ({joined})" if self.how == "not" else f"({joined})"


@dataclass(frozen=True)
class Condition:
    """A compiled condition."""

    root: Test | Group

    def matches(self, record: Json, document: Json) -> bool:
        """Whether a record is wanted. document: as `to_dict()` gives it.

        Raises Blocked when values cannot be compared, such as a word with a number.
        """
        return self.root.matches(record, document)

    def why_not(self, record: Json, document: Json) -> str | None:
        """The first part that does not hold, in words; None when all is well."""
        if self.root.matches(record, document):
            return None
        part: Test | Group = self.root
        while isinstance(part, Group) and part.how == "all":
            part = next(p for p in part.parts if not p.matches(record, document))
        return part.words()


def compile_condition(given: Any, document_class: type[Document] | None = None) -> Condition:
    """Read a condition: one, or a list of them that must all hold.

    document_class: to check fields that are said to be the document's. Raises ConditionError
    naming the place (`all[1].is`) and the nearest name.
    """
    return Condition(_Reader(document_class).read(given, "", 1))


def check_where(given: Any) -> Any:
    """For forms: what was given, when it can be read. Raises ConditionError."""
    compile_condition(given)
    return given


Where = Annotated[dict[str, Any] | list[Any], AfterValidator(check_where)]
"""A condition as it stands in a config file."""


# --- reading ---------------------------------------------------------------------------------

_GROUPS: Final = ("all", "any", "not")
_KEYS: Final = ("field", "is", "value")


class _Reader:
    def __init__(self, document_class: type[Document] | None) -> None:
        self.document_class = document_class
        self.tests = 0

    def read(self, given: Any, where: str, depth: int) -> Test | Group:
        if depth > MAX_DEPTH:
            raise _error(where, f"conditions are nested more than {MAX_DEPTH} deep")
        if isinstance(given, Sequence) and not isinstance(given, str):
            return self._group("all", given, where, depth)
        if not isinstance(given, Mapping):
            raise _error(
                where, f"is {short(given)}, and a condition {{field, is, value}} is needed"
            )
        groups = [key for key in given if key in _GROUPS]
        if groups:
            if len(given) > 1:
                raise _error(where, f"{groups[0]!r} stands alone; put the rest inside it")
            return self._group(groups[0], given[groups[0]], _at(where, groups[0]), depth)
        return self._test(given, where)

    def _group(self, how: str, given: Any, where: str, depth: int) -> Group:
        if how == "not" and isinstance(given, Mapping):
            return Group(how, (self.read(given, where, depth + 1),))
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise _error(where, "needs a list of conditions")
        if not given:
            raise _error(where, "has no conditions")
        parts = (self.read(one, f"{where}[{i}]", depth + 1) for i, one in enumerate(given))
        return Group(how, tuple(parts))

    def _test(self, given: Mapping[Any, Any], where: str) -> Test:
        self.tests += 1
        if self.tests > MAX_TESTS:
            raise _error(where, f"there are more than {MAX_TESTS} conditions")
        for key in given:
            if key not in _KEYS:
                raise _error(_at(where, str(key)), _unknown("key", str(key), _KEYS + _GROUPS))
        field = given.get("field")
        if not isinstance(field, str) or not field.strip():
            raise _error(_at(where, "field"), "needs the name of a field")
        try:
            origins, path = origin_of(paths.compile_path(field.strip()))
        except paths.PathError as error:
            raise _error(_at(where, "field"), str(error)) from None
        if "target" in origins:
            raise _error(_at(where, "field"), "the target's record is not known yet")
        if origins == ("document",) and self.document_class is not None:
            self._check_field(path, where)
        operator = self._operator(given, where)
        return Test(field.strip(), path, origins, operator, self._value(given, operator, where))

    def _check_field(self, path: paths.Path, where: str) -> None:
        assert self.document_class is not None
        if not is_document_path(path, self.document_class):
            kind = self.document_class.kind.replace("_", " ")
            raise _error(_at(where, "field"), f"a document ({kind}) has no field {str(path)!r}")

    def _operator(self, given: Mapping[Any, Any], where: str) -> str:
        said = given.get("is", "=")
        name = " ".join(str(said).strip().casefold().replace("_", " ").split())
        name = _ALIASES.get(name, name)
        if name not in _KNOWN:
            known = (*_KNOWN, *_ALIASES)
            raise _error(_at(where, "is"), _unknown("operator", str(said), known, shown=_KNOWN))
        return name

    def _value(self, given: Mapping[Any, Any], operator: str, where: str) -> Any:
        value = given.get("value")
        at = _at(where, "value")
        if operator in _BARE:
            if value is not None:
                raise _error(at, f"{operator!r} takes no value")
            return None
        if value is None:
            raise _error(at, f"{operator!r} needs a value; to ask for nothing, use is: empty")
        if isinstance(value, Mapping):
            raise _error(at, "cannot be an object")
        if operator in ("in", "not in"):
            if isinstance(value, str):
                value = [part.strip() for part in value.split(",") if part.strip()]
            if not isinstance(value, Sequence) or not value:
                raise _error(at, f"{operator!r} needs a list of values")
            return list(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            raise _error(at, f"{operator!r} takes one value; for several, use is: in")
        return value


def _error(where: str, message: str) -> ConditionError:
    return ConditionError(f"{where}: {message}" if where else message)


def _at(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _unknown(
    what: str, said: str, known: Sequence[str], *, shown: Sequence[str] | None = None
) -> str:
    near = difflib.get_close_matches(said.casefold(), known, 1, 0.5)
    if near:
        return f"unknown {what} {said!r}; did you mean {near[0]!r}?"
    return f"unknown {what} {said!r}; known are {', '.join(shown or known)}"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "(" + ", ".join(_said(item) for item in value) + ")"
    return text_of(value)


# --- comparing -------------------------------------------------------------------------------


def _equal(value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    if isinstance(wanted, bool) or isinstance(value, bool):
        return _flag(value) == _flag(wanted)
    if isinstance(value, dict | list):
        return False
    if isinstance(value, dt.date):
        return _ordered(value, wanted) == 0
    return comparable(value).casefold() == comparable(wanted).casefold()


def _flag(value: Any) -> str:
    text = text_of(value).strip().casefold()
    return {"yes": "true", "1": "true", "no": "false", "0": "false"}.get(text, text)


def _ordered(value: Any, wanted: Any) -> int:
    """-1, 0 or 1. Numbers are compared as numbers, moments as moments."""
    if isinstance(value, dt.date) or isinstance(wanted, dt.date) or _is_day(wanted):
        left: Any = moment_of(value)
        right: Any = moment_of(wanted)
        if not isinstance(wanted, dt.datetime) and len(str(wanted).strip()) == 10:
            left, right = left.date(), right.date()  # a day: the hour does not count
    else:
        left, right = number_of(value), number_of(wanted)
    return int(left > right) - int(left < right)


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not value.strip()[:4].isdigit() or "-" not in value:
        return False
    try:
        dt.datetime.fromisoformat(value.strip())
    except ValueError:
        return False
    return True


def _contains(value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, list | tuple):
        return any(_equal(item, wanted) for item in value)
    if isinstance(value, dict):
        return text_of(wanted) in value
    return text_of(wanted).casefold() in text_of(value).casefold()


def _starts(value: Any, wanted: Any) -> bool:
    return value is not None and text_of(value).casefold().startswith(text_of(wanted).casefold())


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": _equal,
    ">": lambda value, wanted: value is not None and _ordered(value, wanted) > 0,
    ">=": lambda value, wanted: value is not None and _ordered(value, wanted) >= 0,
    "<": lambda value, wanted: value is not None and _ordered(value, wanted) < 0,
    "<=": lambda value, wanted: value is not None and _ordered(value, wanted) <= 0,
    "in": lambda value, wanted: any(_equal(value, one) for one in wanted),
    "contains": _contains,
    "starts with": _starts,
    "empty": lambda value, wanted: is_empty(value),
}
_NEGATED: Final = {
    "!=": "=",
    "not in": "in",
    "not contains": "contains",
    "not empty": "empty",
}
_KNOWN: Final = (*_OPERATORS, *_NEGATED)
_BARE: Final = ("empty", "not empty")
_ALIASES: Final = {
    "eq": "=", "==": "=", "is": "=", "equals": "=", "equal": "=",
    "ne": "!=", "<>": "!=", "not": "!=", "is not": "!=", "not equal": "!=", "not equals": "!=",
    "gt": ">", "greater": ">", "more than": ">", "above": ">", "after": ">",
    "ge": ">=", "gte": ">=", "at least": ">=", "from": ">=",
    "lt": "<", "less": "<", "less than": "<", "below": "<", "before": "<",
    "le": "<=", "lte": "<=", "at most": "<=", "until": "<=",
    "one of": "in", "none of": "not in", "has": "contains", "starts": "starts with",
    "is empty": "empty", "filled": "not empty", "is filled": "not empty",
}  # fmt: skip

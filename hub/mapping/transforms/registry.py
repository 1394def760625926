"""What a transform is: a plain function whose signature says what it takes and gives.

The first parameter is the value; its annotation says how the value is read (`str` accepts a
number as text, `Decimal` accepts "12.50", `list[Any]` takes a list as a whole, `X | None` also
sees "no value"). The other parameters are the arguments users fill in. The docstring is the help
they read: lines such as `length: how many characters` explain an argument, and `>>>` lines are
examples, which the tests run. A trailing underscore in a name is not part of it (`else_`).
"""

from __future__ import annotations

import ast
import difflib
import doctest
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.mapping.transforms.kinds import ARGUMENTS, KINDS, VALUES, Apply
from hub.mapping.values import MAX_TEXT, number_of, short

_PLAIN: Final = (str, int, Decimal)  # defaults a form can show


class TransformError(ValueError):
    """A transform cannot do its work; says which transform and on what value."""

    def __init__(self, name: str, value: Any, reason: str) -> None:
        shown = short(value)
        super().__init__(f"{name}: {reason}" + ("" if shown in reason else f" (value: {shown})"))
        self.name = name
        self.value = value
        self.reason = reason


class ArgumentError(ValueError):
    """A transform is asked for in a way it does not know; `key` is the argument at fault."""

    def __init__(self, name: str, message: str, key: str | None = None) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.key = key


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument, as a form can ask for it. kind: text, number, whole, flag, any, list, ..."""

    name: str
    kind: str
    required: bool
    default: Any
    options: tuple[str, ...]
    help: str


@dataclass(frozen=True, slots=True)
class Example:
    """One line of documentation that is also a test."""

    value: Any
    arguments: dict[str, Any]
    result: Any


@dataclass(frozen=True, slots=True)
class Bound:
    """A transform with its arguments filled in: what a compiled rule calls."""

    name: str
    arguments: dict[str, Any]
    apply: Apply
    takes_list: bool

    def __str__(self) -> str:
        if not self.arguments:
            return self.name
        inner = ", ".join(f"{key}: {short(value)}" for key, value in self.arguments.items())
        return f"{self.name}({inner})"


@dataclass(frozen=True)
class Transform:
    """A named function for rules."""

    name: str
    family: str
    function: Callable[..., Any]
    help: str
    arguments: tuple[Argument, ...]
    takes: str
    takes_list: bool
    sees_none: bool

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The `>>>` lines of the docstring, as data."""
        return tuple(_examples(self.function))

    def bind(self, given: Mapping[str, Any] | None = None) -> Bound:
        """Check the arguments and fill them in. Raises ArgumentError."""
        given = dict(given or {})
        filled: dict[str, Any] = {}
        for argument in self.arguments:
            if argument.name in given:
                filled[argument.name] = self._read(argument, given[argument.name])
            elif argument.required:
                raise ArgumentError(
                    self.name, f"the argument {argument.name!r} is missing", argument.name
                )
        for key in given:
            if key not in filled:
                raise ArgumentError(self.name, self._unknown(key), key)
        return Bound(self.name, given, self._caller(filled), self.takes_list)

    def _read(self, argument: Argument, value: Any) -> Any:
        reader = ARGUMENTS[argument.kind]
        optional = not argument.required and argument.default is None
        if value is None and (argument.kind == "any" or optional):
            return None
        try:
            result = reader(value)
        except ValueError as error:
            raise ArgumentError(self.name, f"{argument.name}: {error}", argument.name) from None
        if argument.options and result not in argument.options:
            known = ", ".join(argument.options)
            raise ArgumentError(
                self.name, f"{argument.name}: {short(value)} is not one of {known}", argument.name
            )
        return result

    def _unknown(self, key: str) -> str:
        names = [argument.name for argument in self.arguments]
        if not names:
            return f"takes no arguments, {key!r} was given"
        near = difflib.get_close_matches(key, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it knows {', '.join(names)}"
        return f"unknown argument {key!r}{hint}"

    def _caller(self, filled: dict[str, Any]) -> Apply:
        name, function, sees_none = self.name, self.function, self.sees_none
        reader = VALUES[self.takes]
        ready = str if self.takes == "text" else None  # text is bounded wherever it is made
        parameters = {_python_name(function, key): value for key, value in filled.items()}

        def apply(value: Any) -> Any:
            if value is None and not sees_none:
                return None
            try:
                if reader is not None and value is not None and value.__class__ is not ready:
                    value = reader(value)
                result = function(value, **parameters)
            except TransformError:
                raise
            except (ValueError, ArithmeticError, TypeError, LookupError) as error:
                raise TransformError(name, value, _reason(error)) from None
            if result.__class__ is str:
                if len(result) > MAX_TEXT:
                    raise TransformError(name, value, f"gives more than {MAX_TEXT:,} characters")
            elif result.__class__ is float:
                return number_of(result)
            return result

        return apply


class Registry(Mapping[str, Transform]):
    """All transforms by name."""

    def __init__(self, transforms: Iterable[Transform] = ()) -> None:
        self._all: dict[str, Transform] = {t.name: t for t in transforms}

    def __getitem__(self, name: str) -> Transform:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def register(self, function: Callable[..., Any], family: str = "added") -> Transform:
        """Add a function as a transform. A name that is taken is an error, never a replacement."""
        made = make(function, family)
        if made.name in self._all:
            raise ValueError(f"There is a transform named {made.name!r} already.")
        self._all[made.name] = made
        return made

    def with_added(self, functions: Iterable[Callable[..., Any]]) -> Registry:
        """A copy with more transforms (what plugins add), leaving this one as it is."""
        copy = Registry(self._all.values())
        for function in functions:
            copy.register(function)
        return copy

    def nearest(self, name: str) -> str | None:
        """The known name that looks most like this one."""
        near = difflib.get_close_matches(name.casefold(), self._all, 1, 0.5)
        return near[0] if near else None


def make(function: Callable[..., Any], family: str) -> Transform:
    """Read a function's signature and docstring. Raises TypeError for what no form could ask."""
    hints = typing.get_type_hints(function)
    parameters = list(inspect.signature(function).parameters.values())
    name = function.__name__.rstrip("_")
    text, notes = _docstring(function)
    if not text:
        raise TypeError(f"The transform {name!r} has no docstring.")
    if not parameters:
        raise TypeError(f"The transform {name!r} takes no value.")
    takes, optional, _options = _kind(hints.get(parameters[0].name, Any), name)
    if takes not in VALUES:
        raise TypeError(f"The transform {name!r} cannot take {takes} as its value.")
    arguments = []
    for parameter in parameters[1:]:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise TypeError(f"The transform {name!r} must name its arguments.")
        kind, _optional, options = _kind(hints.get(parameter.name, Any), name)
        if kind not in ARGUMENTS:
            raise TypeError(f"The transform {name!r} cannot take {kind} as an argument.")
        required = parameter.default is parameter.empty
        shown = parameter.name.rstrip("_")
        arguments.append(
            Argument(
                name=shown,
                kind=kind,
                required=required,
                default=parameter.default if isinstance(parameter.default, _PLAIN) else None,
                options=options,
                help=notes.get(shown, ""),
            )
        )
    return Transform(
        name=name,
        family=family,
        function=function,
        help=text,
        arguments=tuple(arguments),
        takes=takes,
        takes_list=takes == "list",
        sees_none=optional,
    )


def _kind(hint: Any, name: str) -> tuple[str, bool, tuple[str, ...]]:
    optional = False
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        members = [a for a in typing.get_args(hint) if a is not types.NoneType]
        optional = len(members) < len(typing.get_args(hint))
        if len(members) != 1:
            raise TypeError(f"The transform {name!r} has a parameter of more than one kind.")
        hint = members[0]
    if typing.get_origin(hint) is typing.Literal:
        return "text", optional, tuple(str(a) for a in typing.get_args(hint))
    kind = KINDS.get(typing.get_origin(hint) or hint)
    if kind is None:
        raise TypeError(f"The transform {name!r} has a parameter of an unknown kind: {hint!r}.")
    return kind, optional, ()


def _docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The help text (up to the first example) and what it says about each argument."""
    names = [p.rstrip("_") for p in inspect.signature(function).parameters][1:]
    text: list[str] = []
    notes: dict[str, str] = {}
    current = None
    for line in (inspect.getdoc(function) or "").splitlines():
        if line.startswith(">>>"):
            break
        start = re.match(r"(\w+): (.*)", line)
        if start and start[1] in names:
            current = start[1]
            notes[current] = start[2]
        elif not line.strip():
            current = None
            text.append("")
        elif current:
            notes[current] += " " + line.strip()
        else:
            text.append(line.strip())
    paragraphs = "\n".join(text).strip().split("\n\n")
    return "\n\n".join(" ".join(part.split()) for part in paragraphs if part.strip()), notes


def _examples(function: Callable[..., Any]) -> Iterator[Example]:
    doc = inspect.getdoc(function) or ""
    for found in doctest.DocTestParser().get_examples(doc):
        call = ast.parse(found.source.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or len(call.args) != 1:
            raise ValueError(f"The example {found.source.strip()!r} is not a call with one value.")
        yield Example(
            _literal(call.args[0]),
            {(k.arg or "").rstrip("_"): _literal(k.value) for k in call.keywords},
            _literal(ast.parse(found.want.strip() or "None", mode="eval").body),
        )


def _literal(node: ast.expr) -> Any:
    """A literal, where Decimal("1.5") and datetime(...) count as literals too."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        maker = _MAKERS[node.func.id]
        return maker(
            *[_literal(a) for a in node.args],
            **{k.arg: _literal(k.value) for k in node.keywords if k.arg},
        )
    if isinstance(node, ast.Name):
        return _MAKERS[node.id]
    if isinstance(node, ast.List):
        return [_literal(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {_literal(k): _literal(v) for k, v in zip(node.keys, node.values, strict=True) if k}
    return ast.literal_eval(node)


def _python_name(function: Callable[..., Any], name: str) -> str:
    return name if name in inspect.signature(function).parameters else name + "_"


def _reason(error: Exception) -> str:
    if isinstance(error, ArithmeticError):
        return "the calculation has no result"
    return str(error) or type(error).__name__


_MAKERS: Final[dict[str, Any]] = {
    "Decimal": Decimal,
    "datetime": datetime,
    "date": date,
    "timedelta": timedelta,
    "ZoneInfo": ZoneInfo,
    "UTC": UTC,
}

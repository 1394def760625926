"""Calls in a formula: a transform of the library with its arguments, or a function of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hub.mapping.formula_work import MAX_RESULT, Work, each
from hub.mapping.transforms import ArgumentError, Bound, Transform, TransformError
from hub.mapping.values import ValueProblem

_BINDING_COST: Final = 25
_AT_ONCE: Final = 20
"""Characters of a text with which no transform is busy for long, so that nobody need watch it."""
_WRITTEN_OUT: Final = ("pattern", "table", "list", "zone")
"""Kinds of arguments that may not be calculated: what they may be is checked once."""

Node = Callable[[Work], Any]


class Part(NamedTuple):
    """A piece of a formula: what it does, whether it is written out, whether it makes a text."""

    run: Node
    constant: bool = False
    text: bool = False
    depth: int = 1


def several(function: Callable[[Work, list[Any]], Any], given: Sequence[Part]) -> Node:
    """A call of a function over one or more values."""

    def run(work: Work) -> Any:
        work.spend(1)
        return function(work, [part.run(work) for part in given])

    return run


def transformed(transform: Transform, value: Part, arguments: Mapping[str, Part]) -> Node:
    """A call of a transform. Raises ArgumentError."""
    fixed = {n: part.run(Work({})) for n, part in arguments.items() if part.constant}
    moving = {n: part for n, part in arguments.items() if not part.constant}
    bound: Bound | None = None
    if moving:
        _check(transform, arguments, moving)
    else:
        bound = transform.bind(fixed)

    def run(work: Work) -> Any:
        work.spend(1)
        step = bound or _bind(work, transform, fixed, moving)
        subject = value.run(work)
        if subject.__class__ is list and not step.takes_list:
            return each(work, lambda one: _apply(work, step, one), subject)
        return _apply(work, step, subject)

    return run


def _check(transform: Transform, arguments: Mapping[str, Part], moving: Mapping[str, Part]) -> None:
    """What `bind` would check, for arguments whose values are not known yet."""
    known = {argument.name: argument for argument in transform.arguments}
    for name in arguments:
        if name not in known:
            names = ", ".join(known) or "none"
            raise ArgumentError(transform.name, f"unknown argument {name!r}; it knows {names}")
        if name in moving and known[name].kind in _WRITTEN_OUT:
            raise ArgumentError(transform.name, f"{name} must be written out here", name)
    for name, argument in known.items():
        if argument.required and name not in arguments:
            raise ArgumentError(transform.name, f"the argument {name!r} is missing", name)


def _bind(
    work: Work, transform: Transform, fixed: Mapping[str, Any], moving: Mapping[str, Part]
) -> Bound:
    work.spend(_BINDING_COST)
    try:
        return transform.bind({**fixed, **{n: part.run(work) for n, part in moving.items()}})
    except ArgumentError as error:
        raise ValueProblem(str(error)) from None


def _apply(work: Work, step: Bound, value: Any) -> Any:
    if value.__class__ is list:
        work.look_at_the_clock()
        work.spend(len(value))
    elif value.__class__ is str and len(value) > _AT_ONCE:
        work.look_at_the_clock()
    result = step.apply(value)
    if result.__class__ is str and len(result) > MAX_RESULT:
        raise TransformError(step.name, value, f"gives more than {MAX_RESULT:,} characters")
    return result

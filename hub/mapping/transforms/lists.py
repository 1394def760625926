"""Transforms on lists: what `lines[]...` gives, or a field that holds a list itself."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from hub.mapping import paths
from hub.mapping.values import (
    MAX_TEXT,
    ValueProblem,
    comparable,
    is_empty,
    number_of,
    same,
    text_of,
)


def first(value: list[Any]) -> Any:
    """Take the first element that has a value.

    >>> first([None, "a", "b"])
    'a'
    """
    return next((item for item in value if item is not None), None)


def last(value: list[Any]) -> Any:
    """Take the last element that has a value.

    >>> last(["a", "b", None])
    'b'
    """
    return next((item for item in reversed(value) if item is not None), None)


def nth(value: list[Any], number: int) -> Any:
    """Take one element.

    number: which: 1 is the first, -1 the last.

    >>> nth(["a", "b", "c"], number=2)
    'b'
    """
    if number == 0:
        raise ValueProblem("elements are counted from 1, or from -1 backwards")
    index = number - 1 if number > 0 else number
    return value[index] if -len(value) <= index < len(value) else None


def take(value: list[Any], count: int) -> list[Any]:
    """Keep the first so many elements.

    count: how many.

    >>> take(["a", "b", "c"], count=2)
    ['a', 'b']
    """
    if count < 0:
        raise ValueProblem("count must be 0 or more")
    return value[:count]


def join(value: list[Any], separator: str = ", ") -> str:
    """Make one text of a list; elements without a value are left out.

    separator: what to put between the elements.

    >>> join(["Rood", None, "M"], separator=" / ")
    'Rood / M'
    """
    texts = [text_of(item) for item in value if not is_empty(item)]
    if sum(map(len, texts)) + len(separator) * len(texts) > MAX_TEXT:
        raise ValueProblem(f"gives more than {MAX_TEXT:,} characters")
    return separator.join(texts)


def count(value: list[Any] | None) -> int:
    """Count the elements that have a value.

    >>> count(["a", None, "b"])
    2
    """
    return sum(item is not None for item in value or [])


def sum_(value: list[Any]) -> Decimal:
    """Add up a list of numbers.

    >>> sum_(["1.50", 2, None])
    Decimal('3.50')
    """
    return sum((number_of(item) for item in value if item is not None), Decimal(0))


def smallest(value: list[Any]) -> Decimal | None:
    """Take the smallest of a list of numbers.

    >>> smallest([3, "1.5", 2])
    Decimal('1.5')
    """
    return min((number_of(item) for item in value if item is not None), default=None)


def largest(value: list[Any]) -> Decimal | None:
    """Take the largest of a list of numbers.

    >>> largest([3, "1.5", 2])
    Decimal('3')
    """
    return max((number_of(item) for item in value if item is not None), default=None)


def unique(value: list[Any]) -> list[Any]:
    """Keep every element once, in the order of its first appearance.

    >>> unique(["S", "M", "S"])
    ['S', 'M']
    """
    seen: set[Any] = set()
    kept: list[Any] = []
    for item in value:
        mark = repr(item) if isinstance(item, dict | list) else (type(item), item)
        if mark not in seen:
            seen.add(mark)
            kept.append(item)
    return kept


def sort(value: list[Any], descending: bool = False) -> list[Any]:
    """Put a list in order: by number when all are numbers, else by text; no value goes last.

    descending: the other way round.

    >>> sort(["10", "9", "1"])
    ['1', '9', '10']
    >>> sort(["b", "A", "c"], descending=True)
    ['c', 'b', 'A']
    """
    filled = [item for item in value if item is not None]
    empty: list[Any] = [None] * (len(value) - len(filled))
    try:
        filled.sort(key=number_of, reverse=descending)
    except ValueProblem:
        filled.sort(key=lambda item: text_of(item).casefold(), reverse=descending)
    return filled + empty


def reverse(value: list[Any]) -> list[Any]:
    """Turn the order around.

    >>> reverse(["a", "b"])
    ['b', 'a']
    """
    return value[::-1]


def without_empty(value: list[Any]) -> list[Any]:
    """Leave out elements without a value and empty texts.

    >>> without_empty(["a", "", None, 0])
    ['a', 0]
    """
    return [item for item in value if not is_empty(item)]


def pluck(value: list[Any], path: str) -> list[Any]:
    """Take one field of every element.

    path: which field.

    >>> pluck([{"name": "Kleur", "value": "Rood"}, {"name": "Maat"}], path="value")
    ['Rood', None]
    """
    wanted = paths.compile_path(path)
    return [paths.get(item, wanted) for item in value]


def filter_equals(value: list[Any], equals: Any, path: str | None = None) -> list[Any]:
    """Keep the elements that are equal to something, or of which one field is.

    equals: what to be equal to; capitals and spaces at the ends make no difference.
    path: which field of each element to look at; without it, the element itself.

    >>> filter_equals([{"name": "Kleur", "value": "Rood"}, {"name": "Maat"}], path="name", equals="kleur")
    [{'name': 'Kleur', 'value': 'Rood'}]
    """  # noqa: E501
    where = paths.compile_path(path) if path else None
    return [item for item in value if alike(paths.get(item, where) if where else item, equals)]


def filter_differs(value: list[Any], equals: Any, path: str | None = None) -> list[Any]:
    """Leave out the elements that are equal to something, or of which one field is.

    equals: what to be equal to; capitals and spaces at the ends make no difference.
    path: which field of each element to look at; without it, the element itself.

    >>> filter_differs(["S", "M", "L"], equals="m")
    ['S', 'L']
    """
    where = paths.compile_path(path) if path else None
    return [item for item in value if not alike(paths.get(item, where) if where else item, equals)]


def alike(left: Any, right: Any) -> bool:
    """The same to a person: 21 and "21.0", "Rood" and "rood "."""
    if same(left, right):
        return True
    if isinstance(left, str) and isinstance(right, str):
        return comparable(left).casefold() == comparable(right).casefold()
    return False


FAMILY: Final = (
    first,
    last,
    nth,
    take,
    join,
    count,
    sum_,
    smallest,
    largest,
    unique,
    sort,
    reverse,
    without_empty,
    pluck,
    filter_equals,
    filter_differs,
)

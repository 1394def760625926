"""Regular expressions that cannot hang the hub.

Python's engine backtracks: some patterns take longer than the universe on thirty characters. A
pattern from a user is therefore read first and

* refused when it repeats something that itself varies in length or has alternatives (`(a+)+`,
  `(a|ab)*`), when it refers back to a group (`\\1`), or when it is longer than 500 characters;
* given a longest text, from the number of ways in which its repeats can share the characters out
  among them: a pattern whose repeats each end where the next part begins (`\\d+-\\d+`) takes up
  to 10,000 characters, one with two or more repeats that overlap (`.*x.*`) less, and one that
  could not even take 50 characters is refused. Starting with `^` allows longer texts.

A text that is too long for its pattern is an error that says so, never a wait.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from hub.mapping.values import ValueProblem, short

MAX_PATTERN: Final = 500
MAX_INPUT: Final = 10_000
_BUDGET: Final = 10_000_000  # steps; the engine does some 25 million simple ones a second
_LENGTHS: Final = (10_000, 4_000, 2_000, 1_000, 500, 300, 200, 150, 100, 75, 50)

# The engine's own parser tells exactly what the engine will do; a second one would drift from it.
_parser: Any = importlib.import_module("re._parser")


@dataclass(frozen=True, slots=True)
class SafePattern:
    """A compiled pattern and the longest text it may be used on."""

    text: str
    pattern: re.Pattern[str]
    limit: int

    @staticmethod
    def compile(text: str) -> SafePattern:
        """Compile a pattern of a user. Raises ValueProblem with what to change."""
        return _compile(text)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match."""
        self._check(text)
        return self.pattern.search(text)

    def sub(self, replacement: str, text: str) -> str:
        """Replace every match; `\\1` and `\\g<name>` in the replacement stand for groups."""
        self._check(text)
        try:
            return self.pattern.sub(replacement, text)
        except (re.error, IndexError) as error:
            raise ValueProblem(f"the replacement {short(replacement)} is wrong: {error}") from None

    def _check(self, text: str) -> None:
        if len(text) > self.limit:
            raise ValueProblem(
                f"a text of {len(text):,} characters is too long for the pattern "
                f"{short(self.text)}, which takes up to {self.limit:,}"
            )


@lru_cache(maxsize=512)
def _compile(text: str) -> SafePattern:
    if len(text) > MAX_PATTERN:
        raise ValueProblem(f"the pattern is longer than {MAX_PATTERN} characters")
    try:
        compiled = re.compile(text)
        parts = list(_parser.parse(text))
        items = _Reader(text, compiled.flags).read(parts, inside=False)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueProblem(f"the pattern {short(text)} is wrong: {error}") from None
    anchored = (
        bool(parts)
        and str(parts[0][0]) == "AT"
        and str(parts[0][1]).startswith("AT_BEGINNING")
        and not compiled.flags & re.MULTILINE
    )
    return SafePattern(text, compiled, _limit(items, text, anchored))


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of a pattern: what it can begin with, whether it may be empty, how it varies.

    In a text of n characters it can end in `factor * n ** degree` places. even: what it repeats
    is always the same length, so that it can only give back whole pieces.
    """

    first: frozenset[str]
    nullable: bool
    factor: int = 1
    degree: int = 0
    even: bool = True

    @property
    def varies(self) -> bool:
        return self.factor > 1 or self.degree > 0


class _Reader:
    """Turns the parsed pattern into a flat list of items, refusing what can explode."""

    def __init__(self, text: str, flags: int) -> None:
        self.text = text
        # A sample of characters: all of ASCII, what the pattern names, and some beyond.
        self.alphabet = {*map(chr, range(128)), *text, *"éßÅœЖ中٣½\u00a0\u2003€’"}
        self.any_case = bool(flags & re.IGNORECASE) or "(?i" in text
        ascii_only = flags & re.ASCII
        self.categories = {
            name: re.compile(escape, ascii_only)
            for name, escape in (("DIGIT", r"\d"), ("SPACE", r"\s"), ("WORD", r"\w"))
        }

    def read(self, tree: list[Any], *, inside: bool) -> list[_Item]:
        """*inside*: within a repeat, where nothing may vary."""
        return [item for op, argument in tree for item in self._one(str(op), argument, inside)]

    def _one(self, op: str, argument: Any, inside: bool) -> list[_Item]:
        if op in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return [_Item(self._accepts(op, argument), nullable=False)]
        if op == "AT":
            return [_Item(frozenset(), nullable=True)]
        if op == "SUBPATTERN":
            return self.read(list(argument[3]), inside=inside)
        if op == "ATOMIC_GROUP":
            return self.read(list(argument), inside=inside)
        if op in ("ASSERT", "ASSERT_NOT"):
            self.read(list(argument[1]), inside=True)
            return [_Item(frozenset(), nullable=True)]
        if op == "BRANCH":
            return [self._branch(argument[1], inside)]
        if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return [self._repeat(argument, inside)]
        raise self._refusal("refers back to a group")

    def _branch(self, branches: Iterable[Any], inside: bool) -> _Item:
        read = [self.read(list(branch), inside=inside) for branch in branches]
        if inside:
            raise self._refusal("has alternatives inside a repeat")
        ways = [_ways(items) for items in read]
        return _Item(
            frozenset().union(*map(_first, read)),
            nullable=any(all(item.nullable for item in items) for items in read),
            factor=sum(factor for factor, _ in ways),
            degree=max(degree for _, degree in ways),
            even=False,
        )

    def _repeat(self, argument: Any, inside: bool) -> _Item:
        least, most, tree = int(argument[0]), int(argument[1]), list(argument[2])
        if inside and least != most:
            raise self._refusal("repeats something that varies in length itself")
        items = self.read(tree, inside=inside or most > 1)
        nullable = least == 0 or all(item.nullable for item in items)
        if most <= 1:  # optional: what is in it may vary as well
            factor, degree = _ways(items)
            even = factor == 1 and degree == 0
            return _Item(_first(items), nullable, factor + (1 - least), degree, even)
        if most > MAX_INPUT:
            return _Item(_first(items), nullable, 1, 1)
        return _Item(_first(items), nullable, most - least + 1, 0)

    def _refusal(self, why: str) -> ValueProblem:
        return ValueProblem(f"the pattern {short(self.text)} {why}, which can take forever")

    def _accepts(self, op: str, argument: Any) -> frozenset[str]:
        """Which characters of the sample this item takes."""
        taken = {char for char in self.alphabet if self._takes(op, argument, char)}
        if self.any_case:
            taken |= {other for char in taken for other in (char.lower(), char.upper())}
        return frozenset(taken)

    def _takes(self, op: str, argument: Any, char: str) -> bool:
        if op == "ANY":
            return True
        if op == "LITERAL":
            return ord(char) == int(argument)
        if op == "NOT_LITERAL":
            return ord(char) != int(argument)
        if op == "RANGE":
            return int(argument[0]) <= ord(char) <= int(argument[1])
        if op == "CATEGORY":
            name = str(argument).removeprefix("CATEGORY_")
            found = self.categories[name.removeprefix("NOT_")].match(char) is not None
            return found != name.startswith("NOT_")
        members = [(str(member), value) for member, value in argument]  # a class: [^a-z\d]
        found = any(self._takes(m, value, char) for m, value in members if m != "NEGATE")
        return found != (members[0][0] == "NEGATE")


def _first(items: Iterable[_Item]) -> frozenset[str]:
    first: set[str] = set()
    for item in items:
        first |= item.first
        if not item.nullable:
            break
    return frozenset(first)


def _ways(items: Iterable[_Item]) -> tuple[int, int]:
    factor, degree = 1, 0
    for item in items:
        factor *= item.factor
        degree += item.degree
    return factor, degree


def _limit(items: list[_Item], text: str, anchored: bool) -> int:
    """The longest text on which the pattern stays within the budget."""
    free: list[_Item] = []
    settled = False
    for index, item in enumerate(items):
        if not item.varies:
            continue
        rest = items[index + 1 :]
        ends_itself = not rest or (
            # It stops where the next part must begin, so it cannot hand characters over to it.
            item.even and not all(r.nullable for r in rest) and not _first(rest) & item.first
        )
        if ends_itself and item.degree <= 1:
            settled |= bool(rest)  # walked over for nothing when what follows it fails
        else:
            free.append(item)
    factor, degree = _ways(free)
    degree += settled
    degree += not anchored  # tried again from every character
    for length in _LENGTHS:
        # The places where the parts end are in order, which leaves one in degree! of them.
        if factor * length**degree // math.factorial(degree) <= _BUDGET:
            return length
    raise ValueProblem(
        f"the pattern {short(text)} has too many parts that can share out the same characters; "
        "start it with ^, or say more exactly what each part takes"
    )

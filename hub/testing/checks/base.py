"""What a check of the contract is, and how it says that a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.testing.bench import Bench

SAMPLE = 25
"""Records of an entity that are looked at one by one."""
WRITES = "POST|PUT|PATCH"


class Broken(AssertionError):
    """A promise is broken; the text says what was wrong."""


def must(promise: object, sentence: str) -> None:
    """Raise Broken unless the promise holds."""
    if not promise:
        raise Broken(sentence)


@dataclass(frozen=True)
class Check:
    """One promise: a sentence, and what proves it."""

    name: str
    sentence: str
    run: Callable[[Bench], None]


CHECKS: list[Check] = []


def check(function: Callable[[Bench], None]) -> Callable[[Bench], None]:
    """Add to the contract; the docstring is the sentence that people read."""
    sentence = " ".join((function.__doc__ or "").split()).rstrip(".")
    CHECKS.append(Check(function.__name__, sentence, function))
    return function


def dig(record: object, path: str) -> object:
    """What is at a dotted path; None when there is nothing."""
    for step in path.split("."):
        record = record.get(step) if isinstance(record, dict) else None
    return record

"""How HubSpot refuses, in its own words: the errors inside its messages, and records it names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.sdk import RejectedError

_EXISTING = re.compile(r"Existing ID: (\d+)|(\d+) already has that value")
_TAKEN = re.compile(r"propertyName=([^,}\s]+)")
_LONGEST = 400


@dataclass(frozen=True)
class Problem:
    """What is wrong with one property."""

    name: str
    code: str
    message: str


class Refusal(RejectedError):
    """HubSpot refused a record. existing: the id of the record that has the value already; taken:
    the property that the value is of, "" where HubSpot does not say."""

    def __init__(self, body: Any, status: int = 400) -> None:
        self.status = status
        self.category = _text(body, "category")
        self.said = _text(body, "message")
        self.problems = problems_of(body)
        self.existing, self.taken = self._conflict()
        super().__init__(
            f"HubSpot refused it: {self._words()}",
            field=f"properties.{self.problems[0].name}" if self.problems else None,
            code=(self.problems[0].code if self.problems else self.category).lower() or "rejected",
        )

    def _conflict(self) -> tuple[str | None, str]:
        whole = Problem("", "", self.said)
        for problem in (whole, *self.problems):
            found = _EXISTING.search(problem.message)
            if found and found[1]:
                return found[1], "email"
            if found:
                named = _TAKEN.search(problem.message)
                return found[2], named[1] if named else problem.name
        return None, ""

    def _words(self) -> str:
        if self.problems:
            return "; ".join(
                problem.message
                if problem.name in problem.message
                else f"{problem.name}: {problem.message}"
                for problem in self.problems
            )[:_LONGEST]
        return self.said[:_LONGEST] or f"status {self.status}, without a word"

    def about(self, code: str) -> list[str]:
        """The properties that have that problem."""
        return [problem.name for problem in self.problems if problem.code == code]


def problems_of(body: Any) -> tuple[Problem, ...]:
    """Property errors: from `errors`, or from the JSON that older answers hide in the message."""
    if not isinstance(body, Mapping):
        return ()
    found = []
    for one in body.get("errors") or ():
        if not isinstance(one, Mapping):
            continue
        names = (one.get("context") or {}).get("propertyName") or [one.get("in") or ""]
        name = names[0] if isinstance(names, list) and names else str(names)
        if name:
            found.append(Problem(str(name), _text(one, "code"), _text(one, "message")))
    if found:
        return tuple(found)
    _, _, tail = _text(body, "message").partition(": ")
    try:
        listed = json.loads(tail)
    except ValueError:
        return ()
    return tuple(
        Problem(_text(one, "name"), _text(one, "error"), _text(one, "message"))
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping)
    )


def missing_scopes(body: Any) -> list[str]:
    """The scopes that a 403 says are lacking."""
    found: list[str] = []
    for one in (body.get("errors") or ()) if isinstance(body, Mapping) else ():
        context = one.get("context") if isinstance(one, Mapping) else None
        for names in (context or {}).values():
            found += [str(name) for name in names] if isinstance(names, list) else []
    return list(dict.fromkeys(found))


def _text(body: Any, name: str) -> str:
    value = body.get(name) if isinstance(body, Mapping) else None
    return " ".join(value.split()) if isinstance(value, str) else ""

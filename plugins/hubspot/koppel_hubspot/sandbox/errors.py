"""How the pretend HubSpot refuses: its envelope, and its property errors inside the message."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

PORTAL = 145893007
Problem = dict[str, Any]


class Refused(Exception):
    """A request, or one record of a batch, is refused."""

    def __init__(
        self,
        status: int,
        message: str,
        category: str = "VALIDATION_ERROR",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.category, self.more = status, message, category, more

    def body(self) -> Problem:
        """The whole answer."""
        return {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
            **self.more,
        }

    def entry(self, context: Mapping[str, Sequence[str]]) -> Problem:
        """The entry among the errors of a batch; *context* says which records."""
        return {
            "status": "error",
            "id": str(uuid.uuid4()),
            "category": self.category,
            "message": self.message,
            "errors": self.more.get("errors", []),
            "context": {**self.more.get("context", {}), **context},
            "links": {},
        }


def invalid(problems: Sequence[tuple[str, str, str]]) -> Refused:
    """Property errors: (name, code, message) of each."""
    told = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
            "portalId": PORTAL,
        }
        for name, code, message in problems
    ]
    errors = [
        {"message": message, "code": code, "context": {"propertyName": [name]}}
        for name, code, message in problems
    ]
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
    return Refused(400, f"Property values were not valid: {text}", errors=errors)


def not_found() -> Refused:
    """An unknown or archived record."""
    return Refused(404, "resource not found", "OBJECT_NOT_FOUND")

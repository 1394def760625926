"""What is asked of the pretend shop: parameters checked strictly, and refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from .goods import JSON

BIGGEST_PAGE = 250
USUAL_PAGE = 25  # the vendor does not say; small, so that nobody relies on it
INVALID = "The input does not match the JSON schema."
T = TypeVar("T")


class Refused(Exception):
    """The shop says no: a status, a code of its own and a sentence for developers."""

    def __init__(self, status: int, code: str | None, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text

    def body(self) -> JSON:
        code = {"code": self.code} if self.code else {}
        return {"status": self.status, **code, "developermessage": self.text}


def invalid(what: str) -> Refused:
    return Refused(400, "400.10", f"{INVALID} ({what})")


def missing(resource: str, own: int) -> Refused:
    text = f"The requested resource could not be found. ({resource} {own})"
    return Refused(404, "404.10", text)


@dataclass(frozen=True)
class Asked:
    """A request as the resources see it. Reading a query parameter checks it."""

    query: Mapping[str, str]
    at: str  # the address of the API, without a trailing slash
    href: str  # the address asked for
    content_type: str
    body: bytes

    def only(self, *names: str) -> None:
        """Refuse parameters that this resource does not know."""
        for name in self.query:
            if name not in names:
                raise invalid(f"{name}: unknown parameter")

    def _parsed(self, name: str, what: str, parse: Callable[[str], T]) -> T | None:
        if name not in self.query:
            return None
        try:
            return parse(self.query[name])
        except (ValueError, KeyError):
            raise invalid(f"{name}: {what} expected") from None

    def number(self, name: str) -> int | None:
        return self._parsed(name, "a whole number", int)

    def amount(self, name: str) -> float | None:
        return self._parsed(name, "a number", float)

    def flag(self, name: str) -> bool | None:
        return self._parsed(name, "true or false", {"true": True, "false": False}.__getitem__)

    def moment(self, name: str) -> datetime | None:
        def parse(text: str) -> datetime:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                raise ValueError
            return moment

        return self._parsed(name, "an ISO 8601 time with its zone", parse)

    def json(self) -> Any:
        if self.content_type.partition(";")[0].strip() != "application/json":
            raise Refused(400, "400.10", "The content type must be application/json.")
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refused(400, "400.10", "The input is not valid JSON.") from None

    # -- answers -------------------------------------------------------------------------------

    def all(self, items: Iterable[JSON]) -> JSON:
        """A collection that comes at once."""
        self.only()
        return {"href": self.href, "items": list(items)}

    def paged(self, keys: Sequence[T], show: Callable[[T], JSON]) -> JSON:
        """A collection in pages; only the records of this page are made."""
        start, size = self.number("start") or 0, self.number("size")
        size = USUAL_PAGE if size is None else size
        if start < 0 or not 1 <= size <= BIGGEST_PAGE:
            raise invalid(f"start: 0 or more, size: 1 to {BIGGEST_PAGE}")

        def page(at: int) -> str:
            query = {**self.query, "start": str(at), "size": str(size)}
            return f"{self.href.partition('?')[0]}?{urlencode(query)}"

        return {
            "start": start,
            "size": size,
            "href": self.href,
            "first": page(0),
            "previous": page(max(0, start - size)) if start else None,
            "next": page(start + size) if start + size < len(keys) else None,
            "items": [show(key) for key in keys[start : start + size]],
        }

    def ordered(self, items: Iterable[T], by: Mapping[str, Callable[[T], Any]]) -> list[T]:
        """Sorted as asked; newest first when nothing is asked, for no order is promised then."""
        wanted = self.query.get("orderby", "id_desc")
        name = wanted.removesuffix("_desc")
        if name not in by:
            raise invalid(f"orderby: one of {', '.join(by)}")
        return sorted(items, key=by[name], reverse=wanted.endswith("_desc"))

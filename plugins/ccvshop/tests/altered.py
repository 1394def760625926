"""A shop that answers otherwise than the sandbox does: what comes over the wire is changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

Middleware = Callable[[Any], Any]


def altered(path: str, change: Callable[[Any], Any]) -> Middleware:
    """For `opened(middleware=...)`: change what a GET of these paths answers, unsigned.

    path: a regular expression; change: gets the answer's JSON, and may change it in place or give
    another one.
    """

    def wrap(app: Any) -> Any:
        def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] != "GET" or not re.search(path, environ["PATH_INFO"]):
                found: Iterable[bytes] = app(environ, start)
                return found
            kept: list[Any] = []

            def keep(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Any:
                kept[:] = [status, headers]
                return lambda _data: None

            body = b"".join(app(environ, keep))
            status, headers = kept
            if status.startswith("200"):
                said = json.loads(body)
                body = json.dumps(change(said) or said).encode()
            left_out = ("content-length", "x-hash")
            named = [(n, v) for n, v in headers if n.lower() not in left_out]
            start(status, [*named, ("Content-Length", str(len(body)))])
            return [body]

        return answer

    return wrap


def each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Change the records of a list, or the one record that came."""

    def all_of(said: Any) -> None:
        for record in said.get("items", [said]):
            change(record)

    return all_of

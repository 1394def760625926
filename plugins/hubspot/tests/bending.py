"""Lets a pretend account answer otherwise now and then, as the real one may."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from .conftest import Account

Told = tuple[int, Any]
Hook = Callable[[str, str, Any, Callable[[Any], Told]], Told | None]


def bend(account: Account, hook: Hook) -> None:
    """hook(method, path, body, go): an answer of its own, or None for the usual one; *go* asks for
    that with another body."""
    inner = account.app.wsgi_app

    def bent(environ: Any, start: Any) -> Any:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        sent = environ["wsgi.input"].read(size) if size else b""
        path = environ["PATH_INFO"]

        def usual(body: bytes, begin: Any) -> Any:
            more = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            return inner({**environ, **more}, begin)

        def go(body: Any) -> Told:
            status: list[str] = []
            answer = usual(json.dumps(body).encode(), lambda s, *_: status.append(s))
            text = b"".join(answer)
            return int(status[0].split()[0]), json.loads(text) if text else None

        told = None
        if not path.startswith("/_sandbox"):
            body = json.loads(sent) if sent.startswith((b"{", b"[")) else None
            told = hook(environ["REQUEST_METHOD"], path, body, go)
        if told is None:
            return usual(sent, start)
        text = b"" if told[1] is None else json.dumps(told[1]).encode()
        kind = [("Content-Type", "application/json"), ("Content-Length", str(len(text)))]
        start(f"{told[0]} Bent", kind)
        return [text]

    account.app.wsgi_app = bent

"""What templates may use besides their own context: clock, file versions, person, counts."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from flask import Flask, g, request

from hub.store import settings as overall
from hub.store.tables import utc_now
from hub.web.page import hub
from hub.web.people import somebody

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "koppel_theme"
_SECTIONS = {"mapper": "flows", "oauth": "connections", "runs": "log", "wizard": "flows"}


def register(app: Flask) -> None:
    """Add globals, filters and the context that base.html describes."""
    env = app.jinja_env
    env.add_extension("jinja2.ext.do")
    env.globals.update(now=utc_now, local=local)
    env.filters["pretty"] = pretty
    app.context_processor(_context)
    app.url_defaults(_versioned(Path(app.static_folder or "")))


def local(moment: datetime) -> datetime:
    """The same moment in the hub's time zone."""
    if "zone" not in g:
        g.zone = overall.time_zone(hub().database)
    return moment.astimezone(g.zone)


def pretty(value: Any) -> str:
    """Any JSON-like value as indented text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@cache
def koppel_version() -> str:
    """The installed version; a checkout that was never installed has none."""
    try:
        return version("koppel")
    except PackageNotFoundError:
        return "(not installed)"


def _context() -> dict[str, Any]:
    theme = request.cookies.get(THEME_COOKIE, "auto")
    bare = g.get("bare", False)
    return {
        "theme": theme if theme in THEMES else "auto",
        "section": _SECTIONS.get(request.blueprint or "", request.blueprint),
        "version": koppel_version(),
        "attention_count": 0 if bare or not somebody() else attention_count(),
    }


def attention_count() -> int:
    """How many things wait for a person, for the number beside Dashboard."""
    from hub.web.attention import count

    return count()


def _versioned(folder: Path) -> Any:
    @cache
    def mark(filename: str) -> str | None:
        try:
            return hashlib.sha256((folder / filename).read_bytes()).hexdigest()[:12]
        except OSError:
            return None

    def add(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "v" not in values:
            values["v"] = mark(values.get("filename", ""))

    return add

"""The manual, rendered from the Markdown files that come with the hub."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory, url_for

from hub.model import Json
from hub.web.markdown import rendered
from hub.web.page import page

bp = Blueprint("docs", __name__)
ORDER = (
    *("index", "manual", "orders", "invoices", "customers", "products", "stock", "mapper", "plans"),
    *("transforms", "systems/", "config", "cli", "operations"),
    *("plugins", "architecture", "requirements"),
)
"""Chapters as people need them; a folder stands for all that is in it, the rest comes last."""
_TITLE = re.compile(r"\A\s*# .*\n")
_MISSING = "The manual was not installed with this hub. It comes with its source, in `docs`."
_REMARK = re.compile(r"<!--.*?-->\n?", re.DOTALL)
_LINK = re.compile(r"\]\(((?:\.{1,2}/)*[a-z0-9_/-]+)\.md(#[\w-]*)?\)", re.IGNORECASE)
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([a-z0-9_./-]+\.(?:svg|png))\)", re.IGNORECASE)


@bp.get("/manual")
def index() -> Response:
    """The first chapter."""
    chapters = _chapters()
    return _chapter(next(iter(chapters)) if chapters else "")


@bp.get("/manual/<path:name>")
def chapter(name: str) -> Response:
    """One chapter."""
    return _chapter(name)


@bp.get("/manual/files/<path:name>")
def file(name: str) -> Response:
    """A picture of the manual."""
    if not name.endswith((".svg", ".png")):
        abort(404)
    return send_from_directory(folder(), name)


def folder() -> Path:
    """Where the manual is: inside the package, as in a wheel, or beside it, as in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "docs"
    return inside if inside.is_dir() else package.parent / "docs"


def _chapter(name: str) -> Response:
    chapters = _chapters()
    if name and name not in chapters:
        abort(404, f"The manual has no chapter {name[:80]}.")
    pages: list[Json] = [
        {"title": title, "url": url_for("docs.chapter", name=key), "current": key == name}
        for key, title in chapters.items()
    ]
    body = rendered(_text(name), anchors=True) if name else rendered(_MISSING)
    return page("docs/page.html", pages=pages, title=chapters.get(name, "Manual"), body=body)


@cache
def _chapters() -> dict[str, str]:
    """Name -> title, in the order in which they are read."""
    top = folder()
    files = {p.relative_to(top).with_suffix("").as_posix(): p for p in top.rglob("*.md")}

    def place(name: str) -> tuple[int, str]:
        head = f"{name.partition('/')[0]}/" if "/" in name else name
        return ORDER.index(head) if head in ORDER else len(ORDER), name

    return {name: _title(files[name]) for name in sorted(files, key=place)}


def _title(path: Path) -> str:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].strip().replace("`", "")
    return path.stem.replace("-", " ").capitalize()


@cache
def _text(name: str) -> str:
    """A chapter, its links leading to pages here instead of files."""

    def at(path: str) -> str:
        return posixpath.normpath(posixpath.join(posixpath.dirname(name), path))

    text = (folder() / f"{name}.md").read_text(encoding="utf-8")
    text = _REMARK.sub("", _TITLE.sub("", text, count=1))  # the page has the title as its heading
    text = _IMAGE.sub(lambda m: f"![{m[1]}](/manual/files/{at(m[2])})", text)
    return _LINK.sub(lambda m: f"](/manual/{at(m[1])}{m[2] or ''})", text)

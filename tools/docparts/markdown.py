"""Markdown: tables, cells, values as YAML has them, and notes out of docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from hub.engine.configfile import yamltree


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; without rows nothing at all."""
    shown = [[cell(text) for text in row] for row in rows]
    if not shown:
        return ""
    lines = [list(headings), ["---"] * len(headings), *shown]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(text: str) -> str:
    """Text that cannot break a table, nor be taken for HTML."""
    pieces = re.split(r"(``.*?``|`[^`]*`)", " ".join(text.split()))
    safe = (p if p.startswith("`") else p.replace("<", "&lt;") for p in pieces)
    return "".join(safe).replace("|", "\\|")


def code(text: Any) -> str:
    """Text as code, also when it holds backticks; nothing for nothing."""
    shown = str(text)
    if not shown:
        return ""
    fence = "``" if "`" in shown else "`"
    return f"{fence}{shown}{fence}"


def value(given: Any) -> str:
    """A value as a config file would say it."""
    if isinstance(given, Decimal):
        return format(given, "f")
    if hasattr(given, "isoformat"):
        return str(given.isoformat())
    return yamltree.inline(given)


def sentence(text: str | None) -> str:
    """The text as one line; the first letter large and a full stop behind it."""
    shown = " ".join((text or "").split())
    if not shown:
        return ""
    return shown if shown[-1] in ".!?:" else f"{shown}."


def paragraphs(doc: str | None) -> str:
    """A docstring as Markdown paragraphs, its own line breaks taken out."""
    blocks = re.split(r"\n\s*\n", (doc or "").strip())
    return "\n\n".join(" ".join(block.split()) for block in blocks if block.strip())


def notes(doc: str | None, names: Iterable[str]) -> dict[str, str]:
    """What a docstring says about each name: `name: what it is. other, third: what they are.`"""
    text = " ".join((doc or "").split())
    known = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    if not known:
        return {}
    some = rf"(?:{known})(?:\([^)]*\))?"
    start = re.compile(rf"(?:(?<=[.?!] )|(?<=; )|^)({some}(?:(?:,| and) {some})*): ")
    found: dict[str, str] = {}
    starts = list(start.finditer(text))
    for number, match in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        said = text[match.end() : end].strip().rstrip(";")
        for name in re.split(r", | and ", re.sub(r"\([^)]*\)", "", match[1])):
            found[name] = f"{said[:1].upper()}{said[1:]}"
    return found


def lead(doc: str | None, names: Iterable[str]) -> str:
    """The part of a docstring before it comes to the names."""
    text = " ".join((doc or "").split())
    firsts = [text.find(note[1:]) for note in notes(doc, names).values()]
    if not firsts:
        return text
    upto = text[: min(firsts)]
    return upto[: max(upto.rfind(". ") + 1, 0)].strip() or ""


def anchor(heading: str) -> str:
    """What a heading is linked by."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").strip().lower())
    return kept.replace(" ", "-")

"""docs/requirements.md: what the product is asked to do, and which tests prove it.

The rows are in docs/requirements.yaml. A test proves a row when its name or docstring says so:
`test_o24_...`, `test_o10_to_o12_...`, or O24 in its docstring; or when the row lists it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tools.docparts.markdown import code, sentence, table
from tools.docparts.sources import ROOT, Sources

FILE = "requirements.md"
DATA = ROOT / "docs" / "requirements.yaml"
_IN_NAME = re.compile(r"(?<![a-z0-9])([ocpkxg])(\d\d)(?:_to_\1(\d\d))?(?=_|$)")
_IN_TEXT = re.compile(r"\b([OCPKXG])(\d\d)(?:\s?(?:-|–|to)\s?\1(\d\d))?\b")


@dataclass(frozen=True)
class Row:
    """One thing that the product is asked to do."""

    id: str
    what: str
    state: str
    docs: str = ""
    tests: tuple[str, ...] = ()
    note: str = ""


@dataclass
class Group:
    """Rows that belong together."""

    title: str
    rows: list[Row] = field(default_factory=list)


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """One table per group."""
    proofs = proven()
    for group in groups():
        rows = [
            (row.id, sentence(row.what), row.state, _proof(row, proofs), _docs(row))
            for row in group.rows
        ]
        yield FILE, group.title, table(("row", "what", "today", "tests", "more"), rows)


def _proof(row: Row, proofs: dict[str, list[str]]) -> str:
    named = [node.rpartition("::")[2] for node in (*proofs.get(row.id, ()), *row.tests)]
    return ", ".join(code(name) for name in dict.fromkeys(named)) or "–"


def _docs(row: Row) -> str:
    link = f"[{row.docs.partition('#')[0].removesuffix('.md')}]({row.docs})" if row.docs else ""
    return ". ".join(part for part in (link, sentence(row.note)) if part)


@cache
def groups() -> list[Group]:
    """The rows of the data file."""
    data: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return [
        Group(title, [Row(**{**row, "tests": tuple(row.get("tests", ()))}) for row in rows])
        for title, rows in data.items()
    ]


def proven() -> dict[str, list[str]]:
    """Row -> the tests that name it, as `tests/file.py::test_name`."""
    found: dict[str, list[str]] = {}
    for node, function in tests().items():
        for row in named(function):
            found.setdefault(row, []).append(node)
    return found


def named(function: ast.FunctionDef) -> list[str]:
    """The rows that a test names."""
    said = [
        *_IN_NAME.finditer(function.name),
        *_IN_TEXT.finditer(ast.get_docstring(function) or ""),
    ]
    rows: list[str] = []
    for match in said:
        letter, first, last = match[1].upper(), int(match[2]), int(match[3] or match[2])
        rows += [f"{letter}{number:02}" for number in range(first, last + 1)]
    return list(dict.fromkeys(rows))


@cache
def tests() -> dict[str, ast.FunctionDef]:
    """Every test function of this repository by its place."""
    found: dict[str, ast.FunctionDef] = {}
    for folder in (ROOT / "tests", *sorted((ROOT / "plugins").glob("*/tests"))):
        for file in sorted(folder.rglob("test_*.py")):
            where = _relative(file)
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    found[f"{where}::{node.name}"] = node
    return found


def _relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()

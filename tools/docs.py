"""Writes the generated parts of the documentation, between marks in its Markdown files.

`make docs` does it. A part stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`; what is
around it is written by hand and left alone. With `--check` nothing is written, and the exit code
says whether anything would change.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from tools.docparts import cli, config, operations, plugins, requirements, systems, transforms
from tools.docparts.sources import ROOT, NotInstalled, Sources

DOCS = ROOT / "docs"
_PART = re.compile(
    r"(?P<begin><!-- begin: (?P<name>[^>]+?) -->\n).*?(?P<end><!-- end: (?P=name) -->)", re.DOTALL
)
_MODULES = (cli, config, operations, plugins, requirements, systems, transforms)


class DocsProblem(Exception):
    """A part that nobody writes, or that has no place; the text says which and where."""


def parts(sources: Sources) -> dict[str, dict[str, str]]:
    """File -> name of a part -> what it has to say, in Markdown."""
    made: dict[str, dict[str, str]] = {}
    for module in _MODULES:
        for file, name, text in module.parts(sources):
            made.setdefault(file, {})[name] = text.strip("\n")
    return made


def fresh(sources: Sources | None = None) -> dict[Path, str]:
    """Every file with generated parts, as it should be. Raises DocsProblem."""
    texts: dict[Path, str] = {}
    for file, wanted in parts(sources or Sources.load()).items():
        path = DOCS / file
        old = path.read_text(encoding="utf-8") if path.exists() else _new(file, wanted)
        texts[path] = filled(file, old, wanted)
    return texts


def filled(file: str, text: str, wanted: dict[str, str]) -> str:
    """The text with every part replaced by what it should say. Raises DocsProblem."""
    found = [match["name"] for match in _PART.finditer(text)]
    for name in wanted:
        if name not in found:
            raise DocsProblem(f"docs/{file} has no place for {name!r}; add\n{mark(name)}")
    for name in found:
        if name not in wanted:
            raise DocsProblem(f"docs/{file}: nothing writes the part {name!r}; remove it")
    return _PART.sub(lambda m: f"{m['begin']}\n{wanted[m['name']]}\n\n{m['end']}", text)


def mark(name: str) -> str:
    """An empty place for a part."""
    return f"<!-- begin: {name} -->\n<!-- end: {name} -->"


def _new(file: str, wanted: dict[str, str]) -> str:
    """The first version of a file, such as the page of a system that was just added."""
    title = Path(file).stem.replace("_", " ").capitalize()
    return "\n\n".join([f"# {title}", *map(mark, wanted)]) + "\n"


def stale(sources: Sources | None = None) -> dict[Path, str]:
    """The files whose generated parts are not as they should be, with what they should say."""
    return {
        path: text
        for path, text in fresh(sources).items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def main(check: bool) -> int:
    """Write what is stale; the exit code."""
    try:
        found = stale()
    except (DocsProblem, NotInstalled) as problem:
        print(f"Error: {problem}", file=sys.stderr)
        return 2
    for path, text in found.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{'out of date' if check else 'wrote'}: {path.relative_to(ROOT)}")
    if check and found:
        print("Run `make docs`.")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))

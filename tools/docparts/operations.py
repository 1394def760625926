"""docs/operations.md: every variable of the environment."""

from __future__ import annotations

from collections.abc import Iterator

from hub.config import SETTINGS
from tools.docparts.markdown import code, sentence, table
from tools.docparts.sources import Sources

FILE = "operations.md"


def parts(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """The table of variables."""
    rows = [
        (code(s.name), sentence(s.help), code(s.default) if s.default else s.unset)
        for s in SETTINGS
    ]
    yield FILE, "environment", table(("variable", "what", "default"), rows)

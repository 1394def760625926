"""The words of a formula: numbers, texts, names and signs, each with where it stands."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class FormulaError(ValueError):
    """A formula that cannot be read; says where and what is expected."""

    def __init__(self, message: str, position: int | None = None) -> None:
        at = "" if position is None else f" at character {position + 1}"
        super().__init__(f"{message}{at}")
        self.message = message
        self.position = position


class Token(NamedTuple):
    """One word. kind: number, text, name, op or end."""

    kind: str
    text: str
    at: int


_TOKEN: Final = re.compile(
    r"""(?P<number>\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?)
    |(?P<name>[^\W\d]\w*)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<op>\*\*|//|==|!=|<=|>=|<>|&&|\|\||[-+*/%<>=&(),.\[\]!?:{}|])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES: Final = {"n": "\n", "t": "\t"}


def tokens(text: str) -> list[Token]:
    """All words of a formula, and one for its end. Raises FormulaError."""
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at] in "'\"":
                raise FormulaError("a text that is never closed", at)
            raise FormulaError(f"unexpected {text[at]!r}", at)
        found.append(Token(match.lastgroup or "", match.group(), at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def unquoted(text: str) -> str:
    """What a text in quotes says; a backslash takes the next sign as it is."""
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)

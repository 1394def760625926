"""Transforms on the letters of a text: which to keep, plain ones for strict systems, and HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

_BLOCKS: Final = frozenset(
    {"p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
)
_SILENT: Final = frozenset({"script", "style", "head", "title", "template"})
_TAG_NAME: Final = re.compile(r"<([/!?]?[A-Za-z][A-Za-z0-9:-]{0,40})")
_QUOTED_OR_END: Final = re.compile(r""">|"[^"]*"|'[^']*'|["']""")
_LETTERS: Final = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l",
     "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i",
     "’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "€": "EUR"}
)  # fmt: skip


def only_digits(value: str) -> str:
    """Keep the digits only.

    >>> only_digits("+31 (0)20 123-45")
    '3102012345'
    """
    return "".join(char for char in value if char in "0123456789")


def only_letters(value: str) -> str:
    """Keep the letters only.

    >>> only_letters("Zoë 12")
    'Zoë'
    """
    return "".join(char for char in value if char.isalpha())


def plain_letters(value: str) -> str:
    """Take accents off letters and spell others out, for systems that know plain letters only.

    >>> plain_letters("Zoë Groß, Łódź")
    'Zoe Gross, Lodz'
    """
    split_up = unicodedata.normalize("NFKD", value.translate(_LETTERS))
    return "".join(char for char in split_up if not unicodedata.combining(char))


def slug(value: str, separator: str = "-") -> str:
    """Make a text fit for an address of a page: small plain letters, digits and hyphens.

    separator: what to put between the words.

    >>> slug("Theepot Zoë (zwart)")
    'theepot-zoe-zwart'
    """
    plain = plain_letters(value).lower()
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in plain).split()
    return separator.join(words)


def strip_html(value: str) -> str:
    """Make plain text of HTML: tags go, paragraphs become lines, and entities become letters.

    >>> strip_html("<p>Gietijzeren <b>theepot</b>.</p><p>Caf&eacute; &amp; thee</p>")
    'Gietijzeren theepot.\\nCafé & thee'
    """
    joined = "".join(_texts(value))
    rows = (" ".join(row.split()) for row in joined.splitlines())
    return "\n".join(row for row in rows if row)


def _texts(value: str) -> Iterator[str]:
    """What stands between the tags, in one walk: a parser for browsers takes far too long on some
    texts, such as ten thousand tags that are never closed.
    """
    at = 0
    for start, end, name in _tags(value):
        yield html.unescape(value[at:start])
        if name.lstrip("/") in _BLOCKS:
            yield "\n"
        at = end
    yield html.unescape(value[at:])


def _tags(value: str) -> Iterator[tuple[int, int, str]]:
    """Where each tag begins and ends, and its name in small letters; a script is all one tag."""
    exact, at, small = True, value.find("<"), value.lower()
    while at >= 0:
        if value.startswith("<!--", at):
            end = value.find("-->", at + 4) + 3
            if end < 3:
                return
            yield at, end, "!"
        elif (named := _TAG_NAME.match(value, at)) is not None:
            end = _end_of_tag(value, named.end()) if exact else 0
            if not end:
                exact = False  # a quote that is never closed: from here on any > closes
                end = value.find(">", at) + 1
            if not end:
                return
            name = named[1].lower()
            if name in _SILENT:
                end = small.find(f"</{name}", end)
                end = len(value) if end < 0 else end
            yield at, end, name
        else:
            end = at + 1
        at = value.find("<", end)


def _end_of_tag(value: str, at: int) -> int:
    """Behind the > that closes a tag, past any in quotes; 0 when there is none."""
    for found in _QUOTED_OR_END.finditer(value, at):
        if found[0] == ">":
            return found.end()
        if len(found[0]) == 1:
            return 0
    return 0


def escape_html(value: str) -> str:
    """Write a plain text as HTML: line ends become <br>, and < and & are kept readable.

    >>> escape_html("Thee & koffie")
    'Thee &amp; koffie'
    """
    return "<br>".join(html.escape(value).splitlines())


FAMILY: Final = (
    only_digits,
    only_letters,
    plain_letters,
    slug,
    strip_html,
    escape_html,
)

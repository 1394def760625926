"""Transforms on the letters of a text: which to keep, plain ones for strict systems, and HTML."""

from __future__ import annotations

import html
import unicodedata
from html.parser import HTMLParser
from typing import Any, Final

_BLOCKS: Final = frozenset(
    {"p", "br", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr"}
)
_SILENT: Final = frozenset({"script", "style", "head", "title", "template"})
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
    reader = _TextOfHtml()
    reader.feed(value)
    reader.close()
    joined = "".join(reader.parts)
    rows = (" ".join(row.split()) for row in joined.splitlines())
    return "\n".join(row for row in rows if row)


class _TextOfHtml(HTMLParser):
    """Collects the text between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(self.silent - 1, 0)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


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

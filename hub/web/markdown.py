"""Markdown of plugins and the manual, as HTML that can do no harm."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from markupsafe import Markup

_HEADINGS = ("h1", "h2", "h3", "h4")
_TAGS = {
    *_HEADINGS,
    *("p", "br", "hr", "strong", "em", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "img"),
}


@lru_cache(maxsize=64)
def rendered(text: str, *, anchors: bool = False) -> Markup:
    """Markdown as sanitised HTML. Links may lead to other sites; nothing is loaded from there.

    anchors: headings can be linked to; only for texts of our own, whose headings are known.
    """
    import nh3
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(text)
    used: set[str] = set()
    for heading, words in pairwise(tokens):
        if anchors and heading.type == "heading_open":
            heading.attrSet("id", anchor(words.content, used))
    html = reader.renderer.render(tokens, reader.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={
            "a": {"href", "title"},
            "img": {"src", "alt"},
            "code": {"class"},
            **({heading: {"id"} for heading in _HEADINGS} if anchors else {}),
        },
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    # What is too wide scrolls, and whoever has no mouse must be able to do that too.
    return Markup(clean.replace("<pre>", '<pre tabindex="0">'))


def anchor(heading: str, used: set[str] | None = None) -> str:
    """What a heading is linked by, as GitHub has it: `#koppel-run` for "`koppel run`"."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    base = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    name, number = base, 0
    while used is not None and name in used:
        number += 1
        name = f"{base}-{number}"
    if used is not None:
        used.add(name)
    return name

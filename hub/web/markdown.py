"""Markdown of plugins and the manual, as HTML that can do no harm."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

_TAGS = {
    *("h1", "h2", "h3", "h4", "p", "br", "hr", "strong", "em", "code", "pre", "blockquote"),
    *("ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "img"),
}


@lru_cache(maxsize=64)
def rendered(text: str) -> Markup:
    """Markdown as sanitised HTML. Links may lead to other sites; nothing is loaded from there."""
    import nh3
    from markdown_it import MarkdownIt

    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "code": {"class"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    # What is too wide scrolls, and whoever has no mouse must be able to do that too.
    return Markup(clean.replace("<pre>", '<pre tabindex="0">'))

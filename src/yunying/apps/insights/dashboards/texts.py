"""The text of tiles: Markdown without anything active in it."""

from functools import lru_cache

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

__all__ = ["html_of", "plain_of"]

# No pictures: they would tell their server who looks, and the content security policy refuses them.
_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h2", "h3", "h4", "hr", "li", "ol", "p", "pre", "s", "strong"),
    *("table", "tbody", "td", "th", "thead", "tr", "ul"),
}


@lru_cache(maxsize=512)
def html_of(text: str) -> SafeString:
    """Clean HTML of Markdown (CommonMark with tables and strike-through); HTML in it is shown as text."""
    markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
    tokens = markdown.parse(text)
    for token in tokens:
        # The page's own heading is the first; those of a text stand below it.
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 4)}"
    raw = markdown.renderer.render(tokens, markdown.options, {})
    clean = nh3.clean(
        raw,
        tags=_TAGS,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(clean)


def plain_of(text: str) -> list[tuple[str, str]]:
    """The text for pictures: (kind, words) of each block, kind being `heading`, `item` or `text`."""
    found: list[tuple[str, str]] = []
    kinds = {"heading_open": "heading", "list_item_open": "item"}
    kind = "text"
    for token in MarkdownIt("commonmark", {"html": False}).parse(text):
        kind = kinds.get(token.type, kind)
        if token.type == "inline":
            words = "".join(" " if one.type == "softbreak" else one.content for one in token.children or ())
            found.append((kind, words))
            kind = "text"
        elif token.type == "fence":
            found += [("text", line) for line in token.content.splitlines()]
    return found

"""The shipped help: Markdown files of `docs/user`, shown as pages of the program in the reader's language."""

import posixpath
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import nh3
from django.utils.html import format_html
from django.utils.translation import get_language, gettext
from markdown_it import MarkdownIt
from markdown_it.token import Token

from yunying.base.errors import NotFound, msg

__all__ = ["HelpPage", "help_page", "help_pages"]

_PACKAGE = Path(__file__).resolve().parents[2]
# A wheel carries the pages inside the package; a clone has them beside `src`.
_PLACES = (_PACKAGE / "docs" / "user", _PACKAGE.parents[1] / "docs" / "user")
_NAME = re.compile(r"([a-z0-9][a-z0-9-]{0,60}/)?[a-z0-9][a-z0-9-]{0,60}\Z")
_INNER_LINK = re.compile(r"((?:\.{1,2}/)*[a-z0-9-]+(?:/[a-z0-9-]+)*)(?:\.zh-han[st])?\.md(#.*)?\Z")
_HEADINGS = ("h2", "h3", "h4")
_KEPT = nh3.ALLOWED_ATTRIBUTES | {name: {"id"} for name in _HEADINGS}


@dataclass(frozen=True, slots=True)
class HelpPage:
    """`html` is clean; `translated` is False when the page is only there in English."""

    name: str
    title: str
    html: str
    translated: bool


def help_page(name: str, language: str | None = None) -> HelpPage:
    """`<name>.<language>.md` if it exists, else `<name>.md`; a name may have a folder in front. Raises NotFound."""
    path = _file(name, language or get_language() or "en")
    if path is None:
        raise NotFound("help.absent", msg("There is no help page of this name."))
    wanted = (language or get_language() or "en") == "en" or path.stem != name.rpartition("/")[2]
    title, html = _render(path, name, path.stat().st_mtime_ns)
    return HelpPage(name, title, _scrollable(html), wanted)


def help_pages(language: str | None = None) -> list[HelpPage]:
    """All pages in the order of README.md, others after them by title; `index` left out."""
    paths = {path.relative_to(folder) for folder in _PLACES for path in folder.rglob("*.md")}
    names = {path.with_name(path.name.split(".")[0]).as_posix() for path in paths} - {"index"}
    pages = (help_page(name, language) for name in names if _NAME.match(name))  # README.md is for readers of the source
    order = _order()
    return sorted(pages, key=lambda page: (order.get(page.name, len(order)), page.title))


@lru_cache(maxsize=1)
def _order() -> dict[str, int]:
    """The place of each page that README.md links to: the way work goes, the same in every language."""
    texts = (folder / "README.md" for folder in _PLACES)
    text = next((path.read_text(encoding="utf-8") for path in texts if path.is_file()), "")
    return {name: place for place, name in enumerate(re.findall(r"\(([a-z0-9/-]+)\.md\)", text))}


def _file(name: str, language: str) -> Path | None:
    if not _NAME.match(name):
        return None
    files = (folder / file for folder in _PLACES for file in (f"{name}.{language}.md", f"{name}.md"))
    return next((file for file in files if file.is_file()), None)


@lru_cache(maxsize=256)
def _render(path: Path, name: str, changed_ns: int) -> tuple[str, str]:
    """Title and clean HTML; cached until the file changes."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    title = next((t.content for i, t in enumerate(tokens) if i and tokens[i - 1].type == "heading_open"), path.stem)
    _mend_links(tokens, posixpath.dirname(name))
    _name_headings(tokens)
    html = nh3.clean(markdown.renderer.render(tokens, markdown.options, {}), attributes=_KEPT)
    return title, re.sub(r"^\s*<h1>.*?</h1>", "", html, count=1, flags=re.S)


def _scrollable(html: str) -> str:
    """Tables and examples may be wider than the page: they scroll by themselves, also by keyboard."""
    example = format_html('<pre tabindex="0" role="region" aria-label="{}">', gettext("Example"))
    region = format_html('<div class="yy-table-wrap" role="region" tabindex="0" aria-label="{}">', gettext("Table"))
    html = html.replace("<pre>", example)
    return html.replace("<table>", f"{region}<table>").replace("</table>", "</table></div>")


def _mend_links(tokens: list[Token], folder: str) -> None:
    """Links between the files become links between the pages."""
    for token in tokens:
        for inner in token.children or ():
            match = _INNER_LINK.match(unquote(str(inner.attrs.get("href", ""))))
            if match:
                page = posixpath.normpath(posixpath.join(folder, match[1]))
                inner.attrs["href"] = f"/help/{page}{match[2] or ''}"


def _name_headings(tokens: list[Token]) -> None:
    """What links to a part of a page lead to: its heading in small letters, without signs, hyphens for spaces."""
    for token, text in pairwise(tokens):
        if token.type == "heading_open" and token.tag in _HEADINGS:
            token.attrs["id"] = re.sub(r"[^\w\- ]", "", text.content.lower()).replace(" ", "-")

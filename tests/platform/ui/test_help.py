"""The help inside the program: every link leads somewhere, and no language lacks a part of a page."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.test import Client

from yunying.base.errors import NotFound
from yunying.platform.ui.help import help_page, help_pages

DOCS = Path(__file__).resolve().parents[3] / "docs" / "user"
LANGUAGES = ("en", "zh-hans")
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if ".zh-" not in path.name]


def links(html: str) -> Iterator[tuple[str, str]]:
    """The page and the part of it each link leads to, but for other sites."""
    for href in re.findall(r'href="([^"]*)"', html):
        if not href.startswith("http"):
            assert href.startswith(("/help/", "#")), href
            page, _, part = unquote(href).removeprefix("/help/").partition("#")
            yield page, part


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_leads_to_a_part_of_a_page_there_is(language: str) -> None:
    pages = [*help_pages(language), help_page("index", language)]
    assert {"reports/trends", "reports/funnel", "reports/retention"} <= {page.name for page in pages}
    for page in pages:
        for name, part in links(page.html):
            found = help_page(name or page.name, language)
            assert not part or f'id="{part}"' in found.html, f"{page.name} leads to {name}#{part}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_links_to_pages_and_to_parts(language: str) -> None:
    reports = dict.fromkeys(name for page in help_pages(language) for name, _ in links(page.html))
    assert "goals" in reports
    parts = [part for page in help_pages(language) for _, part in links(page.html) if part]
    assert parts


def test_a_page_in_a_folder_is_shown(client: Client) -> None:
    answer = client.get("/help/reports/funnel")
    assert answer.status_code == 200
    assert "<title>" in answer.content.decode()
    assert client.get("/help/reports/absent").status_code == 404


@pytest.mark.parametrize("name", ["../developer/engine", "reports/../goals", "/etc/passwd", "a/b/c", "README", ""])
def test_nothing_else_is_a_help_page(name: str) -> None:
    with pytest.raises(NotFound):
        help_page(name)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_every_page_has_the_same_parts_in_chinese(path: Path) -> None:
    english, chinese = (shape(one.read_text("utf-8")) for one in (path, path.with_suffix(".zh-hans.md")))
    assert chinese == english


def shape(text: str) -> list[tuple[str, int, int]]:
    """The parts of a page in their order: the level of the heading, how many rows of tables and examples follow."""
    parts = re.split(r"^(#+) .*$", re.sub(r"^```.*?^```$", "```", text, flags=re.M | re.S), flags=re.M)
    return [
        (level, len(re.findall(r"^\|", body, re.M)), body.count("\n```"))
        for level, body in zip(parts[1::2], parts[2::2], strict=True)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_stand_in_the_order_of_work_and_none_is_forgotten(language: str) -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    listed = [name for name in re.findall(r"\(([a-z0-9/-]+)\.md\)", text) if name != "index"]
    assert [page.name for page in help_pages(language)] == listed
    assert listed[:2] == ["today", "goals"]

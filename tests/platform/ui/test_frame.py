"""What is around every page: headers, menu, switches, palette, help, and rules of templates."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory

from yunying import nav
from yunying.nav import MENU, NavItem, Shell
from yunying.platform.ui.headers import SecurityHeaders
from yunying.platform.ui.help import help_page, help_pages
from yunying.platform.ui.icons import ICONS
from yunying.platform.ui.page import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Cast
    from yunying.platform.accounts.models import User
    from yunying.platform.products.access import ProductAccess

SOURCE = Path(nav.__file__).parent
TEMPLATES = sorted(SOURCE.glob("**/templates/**/*.html"))


@pytest.mark.django_db
def test_every_answer_carries_a_strict_policy(client: Client) -> None:
    for path in ("/help/index", "/no/such/page", "/static/ui/theme.js"):
        policy = dict(part.split(" ", 1) for part in client.get(path)["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'self'"
        assert policy["script-src"] == "'self'"
        assert policy["style-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert "unsafe" not in " ".join(policy.values())


@pytest.mark.django_db
def test_other_protections_are_on(client: Client) -> None:
    answer = client.get("/help/index")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_view_may_set_a_policy_of_its_own(rf: RequestFactory) -> None:
    own = SecurityHeaders(lambda _: HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"}))
    assert own(rf.get("/"))["Content-Security-Policy"] == "default-src 'none'"


def test_the_menu_follows_the_loop() -> None:
    assert [item.key for item in MENU] == [
        "today", "goals", "planning", "operations", "channels", "feedback", "delivery", "data",
        "training", "audience", "monitoring", "evaluation", "settings",
    ]  # fmt: skip


def shell(rf: RequestFactory, access: "ProductAccess", path: str = "/") -> Shell:
    request = rf.get(path)
    request.access = access  # type: ignore[attr-defined]
    request.user = get_user_model().objects.get(pk=access.actor.id)
    return Shell(request)


def test_the_menu_shows_only_pages_that_exist(
    rf: RequestFactory, access: "ProductAccess", monkeypatch: pytest.MonkeyPatch
) -> None:
    items = (NavItem("gone", "Gone", "x", "gone:home"), NavItem("help", "Settings", "x", "console:settings"))
    monkeypatch.setattr(nav, "MENU", items)
    assert [entry.key for entry in shell(rf, access).menu] == ["help"]


def test_one_line_of_the_menu_is_marked(rf: RequestFactory, access: "ProductAccess") -> None:
    slug = access.product.slug
    here = shell(rf, access, f"/p/{slug}/settings/keys/")
    assert here.current is not None
    assert here.current.key == "settings-keys"
    active = [child.key for top in here.menu for child in top.children if child.active]
    assert active == ["settings-keys"]


def test_the_menu_hides_what_the_reader_may_not_do(rf: RequestFactory, people: "Cast") -> None:
    def keys(who: str) -> set[str]:
        return {child.key for top in shell(rf, people.access(who)).menu for child in top.children}

    assert "settings-keys" in keys("ada")
    assert "settings-keys" not in keys("chen")
    assert "settings-jobs" in keys("ada")
    assert "settings-jobs" not in keys("bo")


def test_the_menu_of_pages_without_product_is_that_of_the_last_one(people: "Cast", browser: Client) -> None:
    browser.get(f"/p/{people.product.slug}/settings/")
    html = browser.get("/help/index").content.decode()
    assert f'href="/p/{people.product.slug}/settings/"' in html


@pytest.mark.usefixtures("store")  # which the page of the collector asks
def test_every_line_of_the_menu_that_is_shown_can_be_opened(
    rf: RequestFactory, people: "Cast", as_user: "Callable[[User], Client]"
) -> None:
    for who in ("ada", "bo", "chen"):
        menu = shell(rf, people.access(who)).menu
        signed_in = as_user(getattr(people, who))
        for entry in (line for top in menu for line in (*top.children, top) if line.key.startswith("settings")):
            assert signed_in.get(entry.url).status_code == 200, (who, entry.url)


def test_the_palette_finds_pages_and_products_of_the_reader_only(
    people: "Cast", as_user: "Callable[[User], Client]"
) -> None:
    html = as_user(people.ada).get("/ui/palette", {"q": "tea"}, HTTP_HX_REQUEST="true").content.decode()
    assert "Tea House" in html
    assert "Elsewhere" not in html
    assert "<html" not in html
    assert "settings" in as_user(people.ada).get("/ui/palette", {"q": "audit log"}).content.decode()
    assert "Nothing is called" in as_user(people.ada).get("/ui/palette", {"q": "zzz"}).content.decode()


@pytest.mark.django_db
def test_the_palette_asks_strangers_to_sign_in(client: Client) -> None:
    assert client.get("/ui/palette")["Location"].startswith("/accounts/login/")


def test_language_and_theme_are_kept_with_the_user(people: "Cast", browser: Client) -> None:
    browser.post("/ui/language", {"language": "zh-hant", "next": "/help/index"})
    browser.post("/ui/theme", {"theme": "dark", "next": "/help/index"})
    people.ada.refresh_from_db()
    assert (people.ada.language, people.ada.theme) == ("zh-hant", "dark")
    html = browser.get("/help/index").content.decode()
    assert '<html lang="zh-Hant" data-theme="dark" data-bs-theme="dark">' in html


def test_a_new_browser_speaks_the_users_language(people: "Cast", as_user: "Callable[[User], Client]") -> None:
    people.bo.language = "zh-hans"
    people.bo.save()
    assert 'lang="zh-Hans"' in as_user(people.bo).get("/help/index").content.decode()


def test_an_unknown_language_or_theme_changes_nothing(people: "Cast", browser: Client) -> None:
    browser.post("/ui/language", {"language": "xx"})
    browser.post("/ui/theme", {"theme": "neon"})
    people.ada.refresh_from_db()
    assert (people.ada.language, people.ada.theme) == ("", "")


def test_htmx_gets_the_part_and_a_browser_the_page(rf: RequestFactory) -> None:
    plain = rf.get("/")
    asked = rf.get("/", HTTP_HX_REQUEST="true")
    back = rf.get("/", HTTP_HX_REQUEST="true", HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    context = {"groups": {}, "query": "q", "messages": []}
    for request, whole in ((plain, True), (asked, False), (back, True)):
        request._messages = ()  # type: ignore[attr-defined]
        answer = render(request, "ui/error_plain.html", context, partial="ui/_palette.html")
        assert (b"<html" in answer.content) is whole
        assert "HX-Request" in answer["Vary"]


def test_static_addresses_carry_a_hash_of_the_content(browser: Client) -> None:
    html = browser.get("/help/index").content.decode()
    assert re.search(r'href="/static/ui/yunying\.css\?v=[0-9a-f]{10}"', html)


def test_help_links_lead_to_pages_of_the_program(browser: Client) -> None:
    html = browser.get("/help/index").content.decode()
    assert 'href="/help/lists-and-charts"' in html
    pages = re.findall(r'href="(/help/[a-z-]+)"', html)
    assert {browser.get(page).status_code for page in pages} == {200}
    assert browser.get("/help/nothing").status_code == 404


# Mail programs know no style sheets, and no policy holds there.
PAGES = [path for path in TEMPLATES if path.name != "mail.html"]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_templates_hold_nothing_the_policy_would_drop(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle\s*=", text), "style attribute"
    assert not re.search(r"<style", text), "style element"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "event handler"
    assert not re.search(r"<script(?![^>]*(\ssrc=|application/json))", text), "inline script"
    assert not re.search(r"data-bs-(toggle|dismiss)", text), "there is no Bootstrap script"


def test_templates_name_only_icons_that_are_in_the_sprite() -> None:
    named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([a-z0-9-]+)"', path.read_text())}
    assert named - set(ICONS) == set()
    menu = {item.icon for top in MENU for item in (top, *top.children)}
    assert menu - set(ICONS) == set()


def test_what_scrolls_by_itself_has_a_name_and_can_be_reached_by_keyboard() -> None:
    template = Template("{% load ui %}{% scrollable name %}<table>{{ value }}</table>{% endscrollable %}")
    html = template.render(Context({"name": 'Members & "guests"', "value": "<b>"}))
    assert 'tabindex="0"' in html and 'role="region"' in html
    assert 'aria-label="Members &amp; &quot;guests&quot;"' in html
    assert "<table>&lt;b&gt;</table>" in html


@pytest.mark.parametrize("page", [page.name for page in help_pages("en")])
def test_tables_and_examples_of_the_help_can_be_scrolled_by_keyboard(page: str) -> None:
    html = help_page(page, "en").html
    assert "<pre>" not in html
    assert html.count("<table>") == html.count('<div class="yy-table-wrap" role="region" tabindex="0"')

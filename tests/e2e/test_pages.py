"""Every page a person can reach by links, in two languages, on a desk and on a phone, light and dark by turns.

Each page must answer, fit its screen, run without a script error or a refused resource, and give axe-core nothing
serious to say. Its screenshot is kept under build/screenshots/, to be looked at by people.
"""

import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import DESKTOP, PHONE
from tests.e2e.conftest import Server, new_context, watch_errors

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
SCREENSHOTS = ROOT / "build" / "screenshots"
# Pages whose links lead nowhere new while they are empty.
FULL = (
    "/p/tea/insights/trends/?s0.event=order&s0.measure=count&range=all",
    "/p/tea/insights/funnels/?t0.e0.event=order&t1.e0.event=order&x0.event=refund&b0.property=city&range=last-12-month",
    "/p/tea/insights/retention/?start.event=order&period=month&range=last-12-month",
)
NOT_PAGES = re.compile(
    r"^/(static|api/v1/openapi\.json|healthz)|\.(xlsx|csv|png|ics|zip|json)$|/export/|[?&](as|export)="
)


@pytest.mark.long
@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_reached_by_links_is_sound(
    chromium: Browser, shop: Server, session: Path, language: str, device: str
) -> None:
    # Each language and each device is seen in both schemes, at the cost of one.
    dark = (language == "en") == (device == "phone")
    context = new_context(chromium, shop, language, phone=device == "phone", state=session, dark=dark)
    wrong = list(_walk(context, SCREENSHOTS / f"{language}-{device}", device))
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
@pytest.mark.parametrize("device", ["desktop", "phone"])
def test_pages_of_signed_out_people_are_sound(chromium: Browser, shop: Server, path: str, device: str) -> None:
    context = new_context(chromium, shop, phone=device == "phone", dark=device == "phone")
    page = context.new_page()
    errors = watch_errors(page)
    wrong = [*_judge(page, path, SCREENSHOTS / f"en-{device}", device), *errors]
    context.close()
    assert not wrong, "\n".join(wrong)


def _walk(context: BrowserContext, folder: Path, device: str) -> Iterator[str]:
    page = context.new_page()
    errors = watch_errors(page)
    waiting, seen = deque(["/", *FULL]), set()
    while waiting:
        path = waiting.popleft()
        pattern = _pattern(path)
        if pattern in seen:
            continue
        seen.add(pattern)
        yield from _judge(page, path, folder, device)
        yield from (f"{path}: {error}" for error in errors)
        errors.clear()
        waiting.extend(_links(page))
    if len(seen) < 20:
        yield f"only {len(seen)} pages were reached: {sorted(seen)}"


def _judge(page: Page, path: str, folder: Path, device: str) -> Iterator[str]:
    answer = page.goto(path)
    if answer is None or answer.status >= 400:
        yield f"{path}: answered {answer and answer.status}"
        return
    # Parts that the page fetches by itself have begun when it is loaded; silence on the wire would cost half a second.
    page.locator(".htmx-request, .htmx-swapping, .htmx-settling").first.wait_for(state="detached")
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"{_pattern(path)}.png", full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > (PHONE if device == "phone" else DESKTOP)["width"]:
        yield f"{path}: {wide} pixels wide"
    if not page.title() or page.locator("h1").count() != 1:
        yield f"{path}: needs a title and one main heading"
    # Evaluated by the browser's own door: the page's security policy rightly refuses a foreign script.
    page.evaluate(AXE.read_text())
    for found in page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations"):
        if found["impact"] in ("serious", "critical"):
            places = [node["target"] for node in found["nodes"][:3]]
            yield f"{path}: axe {found['id']} at {places}"


def _links(page: Page) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    here = urlsplit(page.url).netloc
    paths = [urlsplit(link) for link in found]
    # A link with a query is another look at the same page, but for those that lead on to other pages.
    return [
        one.path + (f"?{one.query}" if one.query else "")
        for one in paths
        if one.netloc == here and not NOT_PAGES.search(one.path) and "export=" not in one.query
    ]


def _pattern(path: str) -> str:
    plain = re.sub(r"\d+", "n", urlsplit(path).path.strip("/")) or "root"
    return re.sub(r"[^a-z0-9]+", "-", plain.lower())

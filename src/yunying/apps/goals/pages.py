"""The pages about goals, one click from one another, and known to the palette."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from yunying.platform.products.access import products_of
from yunying.platform.ui.shell import PaletteEntry

__all__ = ["PAGES", "Page", "Tab", "goal_pages_in_palette", "tabs"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the names of the addresses that belong to it; the first page has all others."""

    name: str
    label: Promise | str
    icon: str
    below: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tab:
    """A page as it stands in the line of tabs; `current` is page, true (a page below it) or empty."""

    page: Page
    url: str
    current: str


PAGES = (
    Page("list", _("Goals"), "target-arrow"),
    Page(
        "cycles", _("Cycles"), "calendar-stats", frozenset({"cycle", "cycle_new", "cycle_edit", "cycle_close"})
    ),
    Page("north_star", _("North star"), "star", frozenset({"driver_add", "driver_edit"})),
    Page("exchange", _("Import and export"), "transfer", frozenset({"import_preview", "import"})),
    Page("calendar", _("Calendar"), "calendar"),
)  # fmt: skip


def tabs(product: str, here: str) -> list[Tab]:
    """The line of tabs as it stands on the page whose address is called `here`."""
    owner = next((page for page in PAGES if here == page.name or here in page.below), PAGES[0])
    return [Tab(page, _url(page, product), _current(page, owner, here)) for page in PAGES]


def goal_pages_in_palette(request: HttpRequest, product: str | None, query: str) -> Iterator[PaletteEntry]:
    """The pages that the menu does not name, in a product that this person sees. One query."""
    user = getattr(request, "user", None)
    if not query or not product or user is None or not user.is_authenticated:
        return
    if not any(one.slug == product for one in products_of(user)):
        return
    words = query.casefold().split()
    for page in PAGES[1:]:
        if all(word in f"{page.label} {PAGES[0].label} {page.name}".casefold() for word in words):
            group = pgettext("palette", "Pages")
            yield PaletteEntry(str(page.label), _url(page, product), group, page.icon, str(PAGES[0].label))


def _url(page: Page, product: str) -> str:
    return reverse(f"goals:{page.name}", kwargs={"product": product})


def _current(page: Page, owner: Page, here: str) -> str:
    if page is not owner:
        return ""
    return "page" if here == page.name else "true"

"""The menu in the order of the loop, the product switcher, and what the palette knows of pages and products.

Composition only: an entry whose address does not exist is left out, so the menu grows with the program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext, pgettext, pgettext_lazy

from yunying.platform.accounts.models import User
from yunying.platform.products.access import RIGHTS, Permission, ProductAccess, products_of, role_in
from yunying.platform.products.models import Product
from yunying.platform.ui.formats import language_tag
from yunying.platform.ui.page import PRODUCT_COOKIE
from yunying.platform.ui.preferences import theme_of
from yunying.platform.ui.shell import Bell, PaletteEntry, add_palette, bell_for

__all__ = ["MENU", "NavItem", "Shell", "context"]


@dataclass(frozen=True, slots=True)
class NavItem:
    """A line of the menu. Its address takes the product's slug, unless it is a page of the whole installation."""

    key: str
    label: Any  # a lazy translation
    icon: str
    page: str
    children: tuple["NavItem", ...] = ()
    need: Permission = Permission.VIEW
    exact: bool = False  # marks only the page itself, not the addresses below it
    administers: bool = False  # for those who run the installation


@dataclass(frozen=True, slots=True)
class Entry:
    """A NavItem as it stands in one page's menu."""

    key: str
    label: str
    icon: str
    url: str
    active: bool
    children: tuple["Entry", ...] = ()


MENU: tuple[NavItem, ...] = (
    NavItem("today", pgettext_lazy("menu", "Today"), "home", "today:home", exact=True),
    NavItem("goals", pgettext_lazy("menu", "Goals"), "target-arrow", "goals:list"),
    NavItem("planning", pgettext_lazy("menu", "Plan"), "map", "planning:home"),
    NavItem("operations", pgettext_lazy("menu", "Operate"), "calendar-event", "operations:home"),
    NavItem("channels", pgettext_lazy("menu", "Channels"), "route", "channels:home"),
    NavItem("feedback", pgettext_lazy("menu", "Requests"), "inbox", "feedback:home"),
    NavItem("delivery", pgettext_lazy("menu", "Delivery"), "rocket", "delivery:home"),
    NavItem(
        "data",
        pgettext_lazy("menu", "Data"),
        "chart-line",
        "insights:trends",
        (
            NavItem(
                "insights-dashboards", pgettext_lazy("menu", "Dashboards"), "layout-dashboard", "insights:dashboards"
            ),
            NavItem("insights-trends", pgettext_lazy("menu", "Trends"), "chart-line", "insights:trends"),
            NavItem("insights-funnels", pgettext_lazy("menu", "Funnels"), "chart-funnel", "insights:funnels"),
            NavItem("insights-retention", pgettext_lazy("menu", "Retention"), "repeat", "insights:retention"),
            NavItem("insights-reports", pgettext_lazy("menu", "Reports"), "report-analytics", "insights:reports"),
            NavItem("insights-cohorts", pgettext_lazy("menu", "Cohorts"), "users-group", "insights:cohorts"),
            NavItem("insights-metrics", pgettext_lazy("menu", "Metrics"), "gauge", "insights:metrics"),
            NavItem(
                "tracking-live",
                pgettext_lazy("menu", "Live events"),
                "live-photo",
                "tracking:live",
                need=Permission.SEE_PEOPLE,
            ),
            NavItem("tracking-catalogue", pgettext_lazy("menu", "Event catalogue"), "book", "tracking:catalogue"),
            NavItem("tracking-people", pgettext_lazy("menu", "People"), "users", "tracking:people"),
            NavItem(
                "tracking-accounts",
                pgettext_lazy("menu", "Accounts"),
                "building",
                "tracking:accounts",
                need=Permission.SEE_PEOPLE,
            ),
            NavItem(
                "tracking-refused",
                pgettext_lazy("menu", "Refused events"),
                "ban",
                "tracking:refused",
                need=Permission.MANAGE_DATA,
            ),
            NavItem(
                "tracking-imports",
                pgettext_lazy("menu", "Import"),
                "database-import",
                "tracking:imports",
                need=Permission.MANAGE_DATA,
            ),
            NavItem(
                "tracking-privacy",
                pgettext_lazy("menu", "Privacy"),
                "shield-check",
                "tracking:privacy",
                need=Permission.MANAGE_DATA,
            ),
            NavItem("tracking-setup", pgettext_lazy("menu", "Connect"), "plug-connected", "tracking:setup"),
        ),
    ),
    NavItem("training", pgettext_lazy("menu", "Training"), "school", "training:home"),
    NavItem("audience", pgettext_lazy("menu", "Users"), "users-group", "audience:home"),
    NavItem("monitoring", pgettext_lazy("menu", "Monitor"), "activity", "monitoring:home"),
    NavItem("evaluation", pgettext_lazy("menu", "Evaluate"), "scale", "evaluation:home"),
    NavItem(
        "settings",
        pgettext_lazy("menu", "Settings"),
        "settings",
        "console:settings",
        (
            NavItem("settings-product", pgettext_lazy("menu", "Product"), "package", "console:settings"),
            NavItem("settings-members", pgettext_lazy("menu", "Members"), "users", "console:members"),
            NavItem(
                "settings-keys", pgettext_lazy("menu", "Keys"), "key", "console:keys", need=Permission.MANAGE_PRODUCT
            ),
            NavItem(
                "settings-audit",
                pgettext_lazy("menu", "Audit log"),
                "history",
                "console:audit",
                need=Permission.MANAGE_MEMBERS,
            ),
            NavItem(
                "settings-jobs",
                pgettext_lazy("menu", "Jobs"),
                "progress",
                "console:jobs",
                administers=True,
            ),
            NavItem(
                "settings-collector",
                pgettext_lazy("menu", "Collector"),
                "plug-connected",
                "collector:show",
                administers=True,
            ),
            NavItem(
                "settings-regions",
                pgettext_lazy("menu", "Regions of addresses"),
                "world",
                "regions:show",
                administers=True,
            ),
        ),
    ),
)


class Shell:
    """What the frame of one page shows; each part is worked out only when the template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self.theme = theme_of(request)
        self.language = get_language() or settings.LANGUAGE_CODE
        self.language_tag = language_tag(self.language)
        self.languages = settings.LANGUAGES
        self.collapsed = request.COOKIES.get("yunying_menu") == "narrow"
        self.debug = settings.DEBUG

    @property
    def access(self) -> ProductAccess | None:
        return getattr(self._request, "access", None)

    @cached_property
    def products(self) -> list[Product]:
        user = getattr(self._request, "user", None)
        return products_of(cast(User, user)) if user is not None and user.is_authenticated else []

    @cached_property
    def product(self) -> Product | None:
        """The page's product; on pages without one, the product that was looked at last, else the first."""
        if self.access:
            return self.access.product
        last = self._request.COOKIES.get(PRODUCT_COOKIE)
        return next((p for p in self.products if p.slug == last), self.products[0] if self.products else None)

    @cached_property
    def switcher(self) -> list[tuple[Product, str, bool]]:
        """Products with their first page and whether it is the present one."""
        here = self.product
        return [(one, product_home(one.slug), here is not None and one.pk == here.pk) for one in self.products]

    @cached_property
    def menu(self) -> tuple[Entry, ...]:
        product = self.product
        return tuple(self._entries(MENU, product.slug)) if product else ()

    def menu_of(self, slug: str) -> tuple[Entry, ...]:
        """The menu as it stands in another product."""
        return tuple(self._entries(MENU, slug))

    @cached_property
    def current(self) -> Entry | None:
        """The menu line this page belongs to."""
        lines = [entry for top in self.menu for entry in (*top.children, top)]
        return next((entry for entry in lines if entry.active), None)

    @cached_property
    def bell(self) -> Bell | None:
        return bell_for(self._request)

    @cached_property
    def _permissions(self) -> frozenset[Permission]:
        if self.access:
            return self.access.permissions
        role = role_in(cast(User, self._request.user), self.product) if self.product else None
        return RIGHTS[role] if role else frozenset()

    def _may(self, item: NavItem) -> bool:
        administers = not item.administers or bool(getattr(self._request.user, "administers", False))
        return administers and item.need in self._permissions

    def _entries(self, items: tuple[NavItem, ...], slug: str) -> Iterator[Entry]:
        for item in items:
            if not self._may(item):
                continue
            children = tuple(self._entries(item.children, slug))
            url = page_url(item.page, slug) or (children[0].url if children else "")
            if url:
                active = url == self._here(slug) or any(child.active for child in children)
                yield Entry(item.key, str(item.label), item.icon, url, active, children)

    @cache  # noqa: B019 - a Shell lives as long as its request
    def _here(self, slug: str) -> str:
        """The longest address of the menu at which this page's address begins."""
        path = self._request.path
        lines = [item for top in MENU for item in (top, *top.children)]
        urls = [(page_url(item.page, slug), item.exact) for item in lines]
        fits = [url for url, exact in urls if url and (path == url or (path.startswith(url) and not exact))]
        return max(fits, key=len, default="")


def page_url(page: str, slug: str) -> str:
    """The address of a named page in a product, or of the installation; empty when there is no such page."""
    return _page_url(page, slug, settings.ROOT_URLCONF)


# Every page asks for every line of the menu, twice.
@lru_cache(maxsize=4096)
def _page_url(page: str, slug: str, _urls: str) -> str:
    for kwargs in ({"product": slug}, {}):
        try:
            return reverse(page, kwargs=kwargs)
        except NoReverseMatch:
            continue
    return ""


def product_home(slug: str) -> str:
    """The first page of a product: the first line of its menu that exists."""
    pages = (page for item in MENU for page in (item.page, *(child.page for child in item.children)))
    return next((url for page in pages if (url := page_url(page, slug))), "/")


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell`, for `ui/base.html`."""
    return {"shell": SimpleLazyObject(lambda: Shell(request))}


def pages_in_palette(request: HttpRequest, product: str | None, query: str) -> Iterator[PaletteEntry]:
    shell = Shell(request)
    chosen = next((p for p in shell.products if p.slug == product), shell.product)
    if chosen is None:
        return
    words = query.casefold().split()
    for top in shell.menu_of(chosen.slug):
        for entry in top.children or (top,):
            hint = top.label if top.children else ""
            if all(word in f"{entry.label} {hint} {entry.key}".casefold() for word in words):
                yield PaletteEntry(entry.label, entry.url, pgettext("palette", "Pages"), entry.icon, hint)


def products_in_palette(request: HttpRequest, product: str | None, query: str) -> Iterator[PaletteEntry]:
    for one in Shell(request).products:
        if query.casefold() in f"{one.name} {one.slug}".casefold():
            yield PaletteEntry(one.name, product_home(one.slug), gettext("Products"), "package", one.slug)


add_palette(pages_in_palette)
add_palette(products_in_palette)

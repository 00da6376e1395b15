"""Templates: dashboards by kind of product, bound to the events that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yunying.apps.insights.dashboards.grid import COLUMNS
from yunying.apps.insights.dashboards.models import Dashboard, Kind
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard
from yunying.apps.insights.freshness import reach_of, today_of
from yunying.apps.insights.services import create_report
from yunying.apps.tracking.selectors import event_names, event_properties
from yunying.platform.products.access import Permission, ProductAccess

__all__ = ["STARTERS", "Binding", "Part", "Starter", "bind", "bound", "make"]


@dataclass(frozen=True, slots=True)
class Part:
    """One tile. `needs` name the roles of events it speaks of; `amount` is the role whose number is summed."""

    title: Promise | str
    series: tuple[tuple[str, str], ...]
    look: str = ""
    size: tuple[int, int] = (6, 5)
    breakdown: str = ""
    amount: str = ""
    formula: str = ""
    compare: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(role for role, _measure in self.series))


@dataclass(frozen=True, slots=True)
class Starter:
    """A template: `key` is its address, `roles` say what must be found in a product's events."""

    key: str
    label: Promise | str
    about: Promise | str
    icon: str
    parts: tuple[Part, ...]


# Which events play a role, by the names that products use most, the likeliest first. "*" is any event.
ROLES: Mapping[str, tuple[str, ...]] = {
    "any": ("*",),
    "view": (
        "$pageview",
        "pageview",
        "page_view",
        "page",
        "view",
        "screen",
        "$screen",
        "PageView",
        "visit",
        "浏览页面",
    ),
    "sign_up": ("sign_up", "signup", "user_signed_up", "register", "registered", "account_created", "$signup", "注册"),
    "log_in": ("login", "log_in", "sign_in", "user_logged_in", "session_start", "登录"),
    "order": (
        "order",
        "purchase",
        "order_completed",
        "Order Completed",
        "order_paid",
        "payment",
        "buy",
        "checkout",
        "下单",
    ),
    "cart": ("add_to_cart", "cart", "Product Added", "cart_add", "加入购物车"),
    "cancel": ("cancel", "refund", "order_cancelled", "order_refunded", "退款", "取消订单"),
    "item": ("item", "order_item", "line_item"),
    "subscribe": ("subscribe", "subscription_started", "plan_upgraded", "upgrade", "trial_converted"),
    "churn": ("unsubscribe", "subscription_cancelled", "churn", "plan_cancelled"),
    "lead": ("lead", "lead_created", "contact_created", "form_submitted", "enquiry"),
    "deal": ("deal_won", "opportunity_won", "contract_signed", "deal_closed", "won"),
    "play": ("session_start", "game_start", "level_start", "play", "match_start"),
    "level": ("level_up", "level_complete", "level_completed", "level_end"),
    "pay": ("iap", "in_app_purchase", "purchase", "payment", "pay", "充值"),
    "use": ("feature_used", "task_done", "document_saved", "report_opened", "search", "action"),
}
AMOUNTS = ("revenue", "amount", "total", "price", "value", "money", "sales_value", "paid", "$revenue", "金额")


def _many(title: Promise | str, role: str, measure: str, look: str = "", **more: Any) -> Part:
    return Part(title, ((role, measure),), look, **more)


_ACTIVE = _many(gettext_lazy("Active people"), "any", "people", "number", size=(3, 3), compare=True)
_ACTIVE_COURSE = _many(gettext_lazy("Active people by day"), "any", "people", size=(6, 5))
_NEW = _many(gettext_lazy("People for the first time"), "any", "first_time", "bar", size=(6, 5))

STARTERS: tuple[Starter, ...] = (
    Starter(
        "site",
        gettext_lazy("Web site"),
        gettext_lazy("Who visits, what they read, and how many sign up."),
        "browser",
        (
            _many(gettext_lazy("Visitors"), "view", "people", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Page views"), "view", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Sign-ups"), "sign_up", "count", "number", size=(3, 3), compare=True),
            Part(
                gettext_lazy("Views for each visitor"),
                (("view", "count"), ("view", "people")),
                "number",
                (3, 3),
                formula="A/B",
            ),
            _many(gettext_lazy("Visitors by day"), "view", "people", compare=True),
            _NEW,
            _many(gettext_lazy("Sign-ups by day"), "sign_up", "count", "bar"),
        ),
    ),
    Starter(
        "shop",
        gettext_lazy("Shop"),
        gettext_lazy("Orders, revenue, customers, and what is taken back."),
        "shopping-cart",
        (
            _many(gettext_lazy("Orders"), "order", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Customers"), "order", "people", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Revenue"), "order", "sum", "number", size=(3, 3), amount="order", compare=True),
            Part(
                gettext_lazy("Average order"),
                (("order", "sum"), ("order", "count")),
                "number",
                (3, 3),
                amount="order",
                formula="A/B",
            ),
            _many(gettext_lazy("Revenue by day"), "order", "sum", amount="order", compare=True),
            _many(gettext_lazy("Orders by day"), "order", "count", "bar"),
            _many(gettext_lazy("New customers"), "order", "first_time", "bar"),
            _many(gettext_lazy("Cancelled or returned"), "cancel", "count"),
            Part(gettext_lazy("From cart to order"), (("cart", "people"), ("order", "people")), "line"),
        ),
    ),
    Starter(
        "saas",
        gettext_lazy("Software as a service"),
        gettext_lazy("Who signs up, stays active, pays and leaves."),
        "cloud-upload",
        (
            _ACTIVE,
            _many(gettext_lazy("Active accounts"), "any", "accounts", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Sign-ups"), "sign_up", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("New subscriptions"), "subscribe", "count", "number", size=(3, 3), compare=True),
            _ACTIVE_COURSE,
            _many(gettext_lazy("Sign-ups by day"), "sign_up", "count", "bar"),
            Part(gettext_lazy("Subscribed and left"), (("subscribe", "count"), ("churn", "count")), "bar"),
            _many(gettext_lazy("Use of features"), "use", "count"),
        ),
    ),
    Starter(
        "sales",
        gettext_lazy("Sales system"),
        gettext_lazy("Leads, deals won, and the people who work with it."),
        "briefcase",
        (
            _many(gettext_lazy("Leads"), "lead", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Deals won"), "deal", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Sales"), "deal", "sum", "number", size=(3, 3), amount="deal", compare=True),
            _ACTIVE,
            Part(gettext_lazy("Leads and deals"), (("lead", "count"), ("deal", "count")), "line"),
            _many(gettext_lazy("Sales by day"), "deal", "sum", amount="deal"),
            _ACTIVE_COURSE,
        ),
    ),
    Starter(
        "game",
        gettext_lazy("Game"),
        gettext_lazy("Players, sessions, levels and purchases."),
        "trophy",
        (
            _many(gettext_lazy("Players"), "any", "people", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Games begun"), "play", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Paying players"), "pay", "people", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Revenue"), "pay", "sum", "number", size=(3, 3), amount="pay", compare=True),
            _many(gettext_lazy("Players by day"), "any", "people"),
            _NEW,
            _many(gettext_lazy("Levels done"), "level", "count", "bar"),
            _many(gettext_lazy("Revenue by day"), "pay", "sum", amount="pay"),
        ),
    ),
    Starter(
        "internal",
        gettext_lazy("Internal tool"),
        gettext_lazy("Whether colleagues use it, and for what."),
        "building",
        (
            _ACTIVE,
            _many(gettext_lazy("Log-ins"), "log_in", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("All events"), "any", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Events for each person"), "any", "per_person_avg", "number", size=(3, 3)),
            _ACTIVE_COURSE,
            _many(gettext_lazy("Log-ins by day"), "log_in", "count", "bar"),
            _many(gettext_lazy("Use of features"), "use", "count"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What plays which role here: names of events ('*' is any), and the number property of a role."""

    events: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, str] = field(default_factory=dict)

    def missing(self, part: Part) -> tuple[str, ...]:
        """The roles that nothing plays, and of an amount its role with the word for a number."""
        lacking = [role for role in part.needs if role not in self.events]
        if part.amount and part.amount not in self.amounts and part.amount not in lacking:
            lacking.append(f"{part.amount}.amount")
        return tuple(lacking)


def bind(access: ProductAccess) -> Binding:
    """Find the events and numbers of the product by their usual names. One query, and one for each amount."""
    names = [one.name for one in event_names(access.product.pk, limit=2000)]
    known = {name.casefold(): name for name in names}
    events: dict[str, str] = {"any": "*"} if names else {}
    for role, usual in ROLES.items():
        hit = next((known[one.casefold()] for one in usual if one.casefold() in known), None)
        if hit is not None:
            events[role] = hit
    amounts: dict[str, str] = {}
    for role in ("order", "deal", "pay"):
        if role in events and (number := _amount(access, events[role])):
            amounts[role] = number
    return Binding(events, amounts)


def bound(starter: Starter, binding: Binding) -> list[tuple[Part, tuple[str, ...]]]:
    """Each tile of a template with what is missing for it."""
    return [(part, binding.missing(part)) for part in starter.parts]


def make(*, access: ProductAccess, starter: Starter, binding: Binding, name: str = "") -> Dashboard:
    """The dashboard of a template with a saved report for each tile whose events are there."""
    access.require(Permission.EDIT_REPORTS)
    title = name.strip() or str(starter.label)
    with transaction.atomic():
        dashboard = create_dashboard(access=access, name=title, description=str(starter.about))
        span = _span(access)
        there = [part for part, lacking in bound(starter, binding) if not lacking]
        for part, place in zip(there, _places(there), strict=True):
            named = f"{title}: {part.title}"[:120]
            report = create_report(access=access, name=named, spec=spec_of(part, binding, span))
            add_tile(
                access=access,
                dashboard=dashboard,
                kind=Kind.REPORT,
                report=report,
                title=str(part.title),
                chart=part.look,
                place=place,
            )
    return dashboard


def spec_of(part: Part, binding: Binding, span: Mapping[str, Any]) -> dict[str, Any]:
    """The question of a tile, over `span`."""
    series = []
    for role, measure in part.series:
        event = binding.events[role]
        one: dict[str, Any] = {"event": None if event == "*" else event, "measure": measure}
        if measure == "sum":
            one["property"] = binding.amounts[role]
        if len(part.series) == 1:
            one["label"] = str(part.title)
        series.append(one)
    spec: dict[str, Any] = {"kind": "trends", "range": dict(span), "interval": "day", "series": series}
    if part.formula:
        spec["formula"] = part.formula
    if part.compare:
        spec["compare"] = {"to": "previous"}
    return spec


def _places(parts: Sequence[Part]) -> list[tuple[int, int, int, int]]:
    """From left to right, a new row where one is full."""
    found: list[tuple[int, int, int, int]] = []
    x = y = lowest = 0
    for part in parts:
        w, h = part.size
        if x + w > COLUMNS:
            x, y = 0, lowest
        found.append((x, y, w, h))
        x, lowest = x + w, max(lowest, y + h)
    return found


def _amount(access: ProductAccess, event: str) -> str:
    names = {one.name.casefold(): one.name for one in event_properties(access.product.pk, event)}
    return next((names[one.casefold()] for one in AMOUNTS if one.casefold() in names), "")


def _span(access: ProductAccess) -> dict[str, Any]:
    """The last 30 days; where the data ended long ago, the 90 days up to their end."""
    reach = reach_of(access.product)
    if reach is None or (today_of(access.product) - reach).days < 30:
        return {"last": 30, "unit": "day"}
    return {"from": (reach - timedelta(days=89)).isoformat(), "to": reach.isoformat()}


def roles_in_words(roles: Sequence[str]) -> list[str]:
    """What is missing, as people call it, with the names under which it would be found."""
    words = []
    for role in roles:
        name, _dot, amount = role.partition(".")
        if amount:
            words.append(_("a number such as %(names)s") % {"names": ", ".join(AMOUNTS[:4])})
        else:
            words.append(_("an event such as %(names)s") % {"names": ", ".join(ROLES[name][:3])})
    return words

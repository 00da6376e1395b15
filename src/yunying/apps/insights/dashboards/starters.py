"""Templates of dashboards by kind of product: which tiles, over which roles of events."""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from yunying.apps.insights.metric_templates.catalogue import REVENUE

__all__ = ["STARTERS", "Part", "Starter"]

ANY = ""
"""The role of every event."""


@dataclass(frozen=True, slots=True)
class Part:
    """One tile: a role and a measure for each line. A role may be one of several, `cancel|refund`: the first that is
    there. The sum is always that of the revenue.
    """

    title: Promise | str
    series: tuple[tuple[str, str], ...]
    look: str = ""
    size: tuple[int, int] = (6, 5)
    formula: str = ""
    compare: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """The roles without which it cannot be drawn."""
        return tuple(dict.fromkeys(role for role, _measure in self.series))


@dataclass(frozen=True, slots=True)
class Starter:
    """A template: `key` is its address."""

    key: str
    label: Promise | str
    about: Promise | str
    icon: str
    parts: tuple[Part, ...]


def _many(title: Promise | str, role: str, measure: str, look: str = "", **more: Any) -> Part:
    return Part(title, ((role, measure),), look, **more)


_ACTIVE = _many(gettext_lazy("Active people"), ANY, "people", "number", size=(3, 3), compare=True)
_ACTIVE_COURSE = _many(gettext_lazy("Active people by day"), ANY, "people", size=(6, 5))
_NEW = _many(gettext_lazy("People for the first time"), ANY, "first_time", "bar", size=(6, 5))

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
            _many(gettext_lazy("Revenue"), REVENUE, "sum", "number", size=(3, 3), compare=True),
            Part(
                gettext_lazy("Average order"),
                ((REVENUE, "sum"), ("order", "count")),
                "number",
                (3, 3),
                formula="A/B",
            ),
            _many(gettext_lazy("Revenue by day"), REVENUE, "sum", compare=True),
            _many(gettext_lazy("Orders by day"), "order", "count", "bar"),
            _many(gettext_lazy("New customers"), "order", "first_time", "bar"),
            _many(gettext_lazy("Cancelled or returned"), "order_cancel|refund", "count"),
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
            _many(gettext_lazy("Active accounts"), ANY, "accounts", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Sign-ups"), "sign_up", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("New subscriptions"), "subscription", "count", "number", size=(3, 3), compare=True),
            _ACTIVE_COURSE,
            _many(gettext_lazy("Sign-ups by day"), "sign_up", "count", "bar"),
            Part(gettext_lazy("Subscribed and left"), (("subscription", "count"), ("cancellation", "count")), "bar"),
            _many(gettext_lazy("Use of features"), "use|task_done|search", "count"),
        ),
    ),
    Starter(
        "sales",
        gettext_lazy("Sales system"),
        gettext_lazy("Leads, deals won, and the people who work with it."),
        "briefcase",
        (
            _many(gettext_lazy("Leads"), "lead", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Deals won"), "deal_won", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Sales"), REVENUE, "sum", "number", size=(3, 3), compare=True),
            _ACTIVE,
            Part(gettext_lazy("Leads and deals"), (("lead", "count"), ("deal_won", "count")), "line"),
            _many(gettext_lazy("Sales by day"), REVENUE, "sum"),
            _ACTIVE_COURSE,
        ),
    ),
    Starter(
        "game",
        gettext_lazy("Game"),
        gettext_lazy("Players, sessions, levels and purchases."),
        "trophy",
        (
            _many(gettext_lazy("Players"), ANY, "people", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Levels begun"), "level_start", "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Paying players"), "order", "people", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Revenue"), REVENUE, "sum", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Players by day"), ANY, "people"),
            _NEW,
            _many(gettext_lazy("Levels done"), "level_end", "count", "bar"),
            _many(gettext_lazy("Revenue by day"), REVENUE, "sum"),
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
            _many(gettext_lazy("All events"), ANY, "count", "number", size=(3, 3), compare=True),
            _many(gettext_lazy("Events for each person"), ANY, "per_person_avg", "number", size=(3, 3)),
            _ACTIVE_COURSE,
            _many(gettext_lazy("Log-ins by day"), "log_in", "count", "bar"),
            _many(gettext_lazy("Use of features"), "use|task_done|search", "count"),
        ),
    ),
)

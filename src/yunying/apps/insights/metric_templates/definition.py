"""What a template is: a real definition over roles, with the unit, the direction and the window that fit it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.models import Direction, Unit, Window

__all__ = [
    "ALL",
    "MONEY",
    "NEW",
    "PEOPLE",
    "REVENUE",
    "Kind",
    "Need",
    "Question",
    "Template",
    "counts",
    "formula",
    "line",
    "one",
    "share",
]

REVENUE = "revenue"
"""The need of an amount: an event and the numeric property on it, not an event alone."""


class Kind(TextChoices):
    """What sort of product it is."""

    SITE = "site", _("Website or content")
    SHOP = "shop", _("Shop")
    SAAS = "saas", _("SaaS")
    SALES = "sales", _("Sales system")
    GAME = "game", _("Game")
    INTERNAL = "internal", _("Internal tool")


@dataclass(frozen=True, slots=True)
class Need:
    """The event bound to a role; `amount` is the property with the money, for the revenue."""

    event: str
    amount: str = ""


Question = Callable[[Mapping[str, Need]], dict[str, Any]]
ALL = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Template:
    key: str
    name: str | Promise
    about: str | Promise
    kinds: tuple[Kind, ...]
    needs: tuple[str, ...]
    question: Question
    unit: Unit
    window: Window = Window.WEEK
    direction: Direction = Direction.UP


# -- questions -----------------------------------------------------------------------------------------------------


def line(role: str, measure: str, **more: Any) -> Callable[[Mapping[str, Need]], dict[str, Any]]:
    """One series over the events of a role; an empty role is any event."""

    def made(needs: Mapping[str, Need]) -> dict[str, Any]:
        need = needs[role] if role else Need("")
        found: dict[str, Any] = {"event": need.event or None, "measure": measure, **more}
        return found | {"property": need.amount} if measure == "sum" else found

    return made


def one(role: str, measure: str, **more: Any) -> Question:
    """A question about one line."""
    only = line(role, measure, **more)
    return lambda needs: {"kind": "trends", "series": [only(needs)]}


def formula(text: str, *lines: Callable[[Mapping[str, Need]], dict[str, Any]]) -> Question:
    """A question worked out of several lines, A the first of them."""
    return lambda needs: {"kind": "trends", "series": [each(needs) for each in lines], "formula": text}


PEOPLE, NEW = line("", "people"), line("", "first_time")
MONEY = line(REVENUE, "sum")


def share(part: str, whole: str) -> Question:
    """People of one role by the people of another; whole "" is everybody who was active."""
    return formula("A / B", line(part, "people"), line(whole, "people"))


def counts(part: str, whole: str) -> Question:
    """Events of one role by the events of another."""
    return formula("A / B", line(part, "count"), line(whole, "count"))

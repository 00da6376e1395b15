"""Which events of a product the templates use: marked ones, else those with a usual name, else chosen by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from yunying.apps.insights.metric_templates.catalogue import REVENUE, Need, Template
from yunying.apps.insights.metric_templates.roles import AMOUNTS, ROLES, plain
from yunying.apps.tracking.selectors import (
    accounts_named,
    event_names,
    event_properties,
    has_sessions,
    marked_events,
)
from yunying.platform.products.models import Product

__all__ = ["Binding", "Found", "How"]


class How(StrEnum):
    """How the event of a role was found."""

    MARK = "mark"
    NAME = "name"
    HAND = "hand"


@dataclass(frozen=True, slots=True)
class Found:
    """What a role is bound to."""

    need: Need
    how: How
    currency: str = ""


@dataclass(slots=True)
class Binding:
    """The roles of a product. `chosen` are events chosen by hand, by role; `amount` the property chosen for revenue.

    Cost: four queries, and one for the properties of the event that brings the revenue.
    """

    product: Product
    chosen: Mapping[str, str] = field(default_factory=dict)
    amount: str = ""
    events: list[str] = field(init=False)
    found: dict[str, Found] = field(init=False)
    has_accounts: bool = field(init=False)
    _marks: Any = field(init=False)

    def __post_init__(self) -> None:
        pk = self.product.pk
        self.events = [row.name for row in event_names(pk, limit=5_000)]
        self._marks = marked_events(pk)
        self.has_accounts = bool(accounts_named(pk, limit=1))
        self.found = {key: one for key in ROLES if (one := self._role(key))}
        if revenue := self._revenue():
            self.found[REVENUE] = revenue

    def needs(self, template: Template) -> dict[str, Need]:
        """The events a template is asked with; call when nothing is missing."""
        return {role: self.found[role].need for role in template.needs if role in self.found}

    def missing(self, template: Template) -> list[str]:
        """The needs of a template that nothing is bound to."""
        if not self.events:
            return ["event"]
        return [need for need in template.needs if not self._has(need)]

    def currency(self, template: Template) -> str:
        """The currency of what a template counts, when it counts money."""
        return self.found[REVENUE].currency if REVENUE in template.needs else self.product.currency

    def _has(self, need: str) -> bool:
        if need == "account":
            return self.has_accounts
        if need == "session":
            return has_sessions(self.product.pk)
        return need in self.found

    def _role(self, key: str) -> Found | None:
        role, chosen = ROLES[key], self.chosen.get(key, "")
        if chosen in self.events:
            return Found(Need(chosen), How.HAND)
        for one in self._marks:
            if (role.mark == "order" and one.order) or (role.mark == "sign_up" and one.sign_up):
                return Found(Need(one.name), How.MARK)
        # The usual names in their order; among equal ones the frequent event, as the catalogue lists them.
        by_name: dict[str, str] = {}
        for name in self.events:
            by_name.setdefault(plain(name), name)
        match = next((by_name[name] for name in role.names if name in by_name), "")
        return Found(Need(match), How.NAME) if match else None

    def _revenue(self) -> Found | None:
        chosen = self.chosen.get(REVENUE, "")
        if chosen in self.events:
            amount = self.amount if self.amount in self.amounts(chosen) else self._usual_amount(chosen)
            return Found(Need(chosen, amount), How.HAND, self.product.currency) if amount else None
        marked = next((one for one in self._marks if one.revenue), None)
        if marked:
            return Found(Need(marked.name, marked.revenue), How.MARK, marked.currency)
        for key in ("order", "deal_won", "subscription"):
            order = self.found.get(key)
            amount = self._usual_amount(order.need.event) if order else ""
            if order and amount:
                return Found(Need(order.need.event, amount), How.NAME, self.product.currency)
        return None

    def amounts(self, event: str) -> list[str]:
        """The properties of an event that can be an amount: those with numbers among their values."""
        rows = event_properties(self.product.pk, event)
        return [row.name for row in rows if row.seen_types.get("number") or row.guess is None or _numeric_text(row)]

    def _usual_amount(self, event: str) -> str:
        by_name: dict[str, str] = {}
        for name in self.amounts(event):
            by_name.setdefault(plain(name), name)
        return next((by_name[name] for name in AMOUNTS if name in by_name), "")


def _numeric_text(row: Any) -> bool:
    # Amounts often come as text ("12.50"); the engine reads it as a number, so a usual name is enough.
    return plain(row.name) in AMOUNTS

"""The roles of events on pages: what each is bound to, how it was found, and what was chosen by hand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunying.apps.insights.metric_templates.binding import Binding, Found, How
from yunying.apps.insights.metric_templates.catalogue import REVENUE
from yunying.apps.insights.metric_templates.roles import ROLES
from yunying.platform.products.access import ProductAccess

__all__ = ["Choice", "binding_of", "choices_of", "how_in_words", "need_label"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One role as the page shows it: what it is bound to, and how that was found."""

    key: str
    label: str
    found: Found | None
    how: str
    amounts: list[str]


def binding_of(request: HttpRequest, access: ProductAccess) -> Binding:
    """The product's events, with what the address says was chosen by hand: `e.order=Bought`, `amount=price`."""
    chosen = {key[2:]: request.GET.get(key, "") for key in request.GET if key.startswith("e.")}
    return Binding(access.product, chosen, request.GET.get("amount", ""))


def choices_of(binding: Binding, needs: Iterable[str]) -> list[Choice]:
    """The roles among these needs, in the order of their first use."""
    found = []
    for key in dict.fromkeys(need for need in needs if need in ROLES or need == REVENUE):
        one = binding.found.get(key)
        amounts = binding.amounts(one.need.event) if key == REVENUE and one else []
        found.append(Choice(key, need_label(key), one, how_in_words(one) if one else _("not found"), amounts))
    return found


def how_in_words(found: Found) -> str:
    """How the event of a role was found."""
    return {
        How.MARK: _("marked in the catalogue"),
        How.NAME: _("found by its name"),
        How.HAND: _("chosen here"),
    }[found.how]


def need_label(need: str) -> str:
    """What a role, or another need of a template, is called."""
    labels: Mapping[str, Any] = {
        REVENUE: pgettext("mark of an event", "Revenue"),
        "account": _("Events with an account"),
        "session": _("Events with a session"),
        "event": _("Any event"),
    }
    return str(ROLES[need].label) if need in ROLES else str(labels[need])

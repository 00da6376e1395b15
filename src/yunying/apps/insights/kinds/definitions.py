"""Questions in words: what is counted, under which conditions, split by what."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunying.apps.insights.words import COHORT_OPERATORS, OPERATORS

__all__ = ["about_all", "conditions_text", "event_text", "listed", "sentences"]

_OPERATORS = dict(OPERATORS + COHORT_OPERATORS)


def event_text(asked: Mapping[str, Any]) -> str:
    """The event asked for; none is any event."""
    return str(asked.get("event") or _("Any event"))


def conditions_text(group: Mapping[str, Any] | None, *, before: str = "") -> str:
    """`only where country is FR, DE and amount greater than 5`; empty without conditions. `before` joins it to more."""
    joined = _joined(group or {})
    return before + _("only where %(conditions)s") % {"conditions": joined} if joined else ""


def _joined(group: Mapping[str, Any]) -> str:
    joint = _(" or ") if group.get("op") == "or" else _(" and ")
    return joint.join(_condition(item) for item in group.get("items") or [])


def _condition(item: Mapping[str, Any]) -> str:
    if "op" in item:
        return f"({_joined(item)})"
    values = listed(str(value) for value in item.get("values") or [])
    words = (item.get("property"), _OPERATORS.get(item["operator"], item["operator"]), values)
    return " ".join(str(word) for word in words if word)


def about_all(spec: Mapping[str, Any]) -> list[str]:
    """Sentences on what holds for the whole question: its conditions, and what the numbers are split by."""
    joined = _joined(spec.get("filters") or {})
    found = [_("Counted only where %(conditions)s.") % {"conditions": joined}] if joined else []
    names = [name for part in spec.get("breakdown") or [] for name in _split_by(part)]
    return [*found, *([_("Broken down by %(names)s.") % {"names": listed(names)}] if names else [])]


def _split_by(part: Mapping[str, Any]) -> list[str]:
    """The property of a breakdown, or its cohorts."""
    if "property" in part:
        return [str(part["property"])]
    return [_("cohort “%(name)s”") % {"name": one} for one in part.get("cohorts") or [part.get("cohort")]]


def listed(names: Iterable[str]) -> str:
    """Several names in a row."""
    return pgettext("between the names of a list", ", ").join(names)


def sentences(parts: Iterable[str]) -> str:
    """Whole sentences, one after the other."""
    return pgettext("between two sentences", " ").join(parts)

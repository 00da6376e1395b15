"""Questions in words: what is counted, under which conditions, split by what."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.words import COHORT_OPERATORS, OPERATORS

__all__ = ["breakdown_text", "conditions_text", "event_text"]

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
    values = ", ".join(str(value) for value in item.get("values") or [])
    words = (item.get("property"), _OPERATORS.get(item["operator"], item["operator"]), values)
    return " ".join(str(word) for word in words if word)


def breakdown_text(spec: Mapping[str, Any]) -> str:
    """Which properties the numbers are split by; empty when they are not."""
    names = [str(part.get("property") or _("cohort")) for part in spec.get("breakdown") or []]
    return _("Broken down by %(names)s") % {"names": ", ".join(names)} if names else ""

"""A funnel in words: what it is called, what it counts, whom a point means."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunying.apps.insights.kinds.board import values_text
from yunying.apps.insights.kinds.definitions import about_all, conditions_text, event_text, listed, sentences
from yunying.apps.insights.kinds.trends.people import bucket_words
from yunying.engine import Value
from yunying.platform.products.models import Product

__all__ = [
    "definition",
    "events",
    "line_names",
    "numbered",
    "point_words",
    "row_name",
    "siblings",
    "title",
    "window_text",
]


def row_name(row: Any) -> str:
    """The breakdown value of a row; empty when there is no breakdown."""
    return values_text(row.values, row.remainder)


def line_names(spec: Mapping[str, Any]) -> list[str]:
    """What each line of the answer counts: the step by its label, else its events; in any order, how many steps."""
    steps = spec.get("steps") or []
    if spec.get("order") == "unordered":
        return [_("%(count)s of %(all)s steps") % {"count": done + 1, "all": len(steps)} for done in range(len(steps))]
    return [_asked_name(step) for step in steps]


def numbered(spec: Mapping[str, Any]) -> list[str]:
    """The same with the numbers of the steps."""
    names = line_names(spec)
    return names if spec.get("order") == "unordered" else [f"{index}. {name}" for index, name in enumerate(names, 1)]


def _either(names: Any) -> str:
    return _(" or ").join(str(name) if name else _("Any event") for name in names)


def _asked_name(step: Mapping[str, Any]) -> str:
    return str(step.get("label") or _either([one.get("event") for one in step.get("events") or []]))


def title(spec: Mapping[str, Any]) -> str:
    """`visit → sign up → order`."""
    return " → ".join(_asked_name(step) for step in spec.get("steps") or [])


def window_text(window: Mapping[str, Any] | None) -> str:
    """`14 days`."""
    count, unit = int((window or {}).get("count", 14)), (window or {}).get("unit", "day")
    texts = {
        "second": ngettext("%(count)d second", "%(count)d seconds", count),
        "minute": ngettext("%(count)d minute", "%(count)d minutes", count),
        "hour": ngettext("%(count)d hour", "%(count)d hours", count),
        "day": ngettext("%(count)d day", "%(count)d days", count),
        "week": ngettext("%(count)d week", "%(count)d weeks", count),
        "month": ngettext("%(count)d month", "%(count)d months", count),
    }
    return texts[unit] % {"count": count}


def definition(spec: Mapping[str, Any]) -> str:
    """What the numbers count, in sentences."""
    orders = {
        "ordered": _("People who did the steps one after the other; other events may lie between."),
        "strict": _("People who did the steps directly one after the other, with no other event between."),
        "unordered": _("People who did the steps in any order."),
    }
    parts = [orders[spec.get("order") or "ordered"]]
    parts.append(_("The last step comes within %(window)s of the first.") % {"window": window_text(spec.get("window"))})
    parts += [_step(index, step) for index, step in enumerate(spec.get("steps") or [], 1)]
    for out in spec.get("exclusions") or []:
        parts.append(
            _("Left out: who did %(event)s between step %(first)s and step %(last)s.")
            % {"event": event_text(out), "first": out.get("from"), "last": out.get("to")}
        )
    if spec.get("hold"):
        names = listed(one["property"] for one in spec["hold"])
        parts.append(_("All steps have the same %(names)s.") % {"names": names})
    return sentences([*parts, *about_all(spec)])


def _step(index: int, step: Mapping[str, Any]) -> str:
    events = _(" or ").join(
        event_text(one) + conditions_text(one.get("filters"), before=" ") for one in step.get("events") or []
    )
    data = {"number": index, "events": events}
    if step.get("optional"):
        return _("Step %(number)s, which may be skipped: %(events)s.") % data
    return _("Step %(number)s: %(events)s.") % data


def events(spec: Mapping[str, Any]) -> list[str | None]:
    """The events the question is about."""
    return [one.get("event") for step in spec.get("steps") or [] for one in step.get("events") or []]


def point_words(spec: Mapping[str, Any], point: Mapping[str, Any], product: Product) -> str:
    """Whom a number of the funnel means."""
    names, number = numbered(spec), point.get("step")
    index = number if isinstance(number, int) and 1 <= number <= len(names) else 1
    name = names[index - 1] if names else ""
    dropped = point.get("outcome") == "dropped"
    text = _("Dropped out before “%(step)s”") if dropped else _("Reached “%(step)s”")
    values = tuple(Value(str(value)) for value in point.get("values") or ())
    period = bucket_words(spec, point.get("bucket"), product)
    parts = (text % {"step": name}, values_text(values, bool(point.get("remainder"))), period)
    return " · ".join(part for part in parts if part)


def siblings(point: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Who reached a step, and who dropped out before it; nobody drops out before the first."""
    if point.get("step") in (None, 1):
        return []
    outcomes = (("converted", _("Reached it")), ("dropped", _("Dropped out before it")))
    return [(text, {**point, "outcome": outcome}) for outcome, text in outcomes]

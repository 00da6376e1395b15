"""Retention in words: what it is called, what it counts, whom a point means."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from yunying.apps.insights.kinds.board import values_text
from yunying.apps.insights.kinds.definitions import about_all, conditions_text, event_text, sentences
from yunying.apps.insights.kinds.trends.people import bucket_words
from yunying.engine import Value
from yunying.platform.products.models import Product
from yunying.platform.ui import formats

__all__ = ["cohort_name", "column_name", "definition", "events", "periods_text", "point_words", "siblings", "title"]


def title(spec: Mapping[str, Any]) -> str:
    """`sign up → order`."""
    names = [event_text(spec.get(part) or {}) for part in ("start", "return")]
    return " → ".join(names)


def events(spec: Mapping[str, Any]) -> list[str | None]:
    """The events the question is about; who never starts can never come back."""
    return [(spec.get("start") or {}).get("event")]


def periods_text(count: int, period: str) -> str:
    """`3 weeks`."""
    texts = {
        "hour": ngettext("%(count)d hour", "%(count)d hours", count),
        "day": ngettext("%(count)d day", "%(count)d days", count),
        "week": ngettext("%(count)d week", "%(count)d weeks", count),
        "month": ngettext("%(count)d month", "%(count)d months", count),
    }
    return texts[period] % {"count": count}


def column_name(first: int, last: int, period: str) -> str:
    """`Week 3`, `Weeks 4–8`."""
    number = str(first) if first == last else f"{first}–{last}"
    texts = {
        "hour": _("Hour %(number)s"),
        "day": _("Day %(number)s"),
        "week": _("Week %(number)s"),
        "month": _("Month %(number)s"),
    }
    return texts[period] % {"number": number}


def cohort_name(start: datetime, period: str) -> str:
    """A cohort by the local start of its period."""
    if period == "hour":
        return f"{formats.date(start.date(), 'short')} {start:%H:%M}"
    return f"{start:%Y-%m}" if period == "month" else formats.date(start.date(), "medium")


def definition(spec: Mapping[str, Any]) -> str:
    """What the numbers count, in sentences."""
    start, back = spec.get("start") or {}, spec.get("return") or {}
    modes = {
        "recurring": _("Each row: people who did %(event)s in that period."),
        "first_time": _("Each row: people who did %(event)s for the first time in that period."),
        "first_ever": _("Each row: people whose very first event of this name, %(event)s, fell into that period."),
    }
    event = event_text(start) + conditions_text(start.get("filters"), before=" ")
    parts = [modes[spec.get("mode") or "recurring"] % {"event": event}]
    again = event_text(back) + conditions_text(back.get("filters"), before=" ")
    if spec.get("on_or_after"):
        parts.append(_("Each column: how many of them did %(event)s then or later.") % {"event": again})
    else:
        parts.append(_("Each column: how many of them did %(event)s so many periods later.") % {"event": again})
    if int(spec.get("minimum") or 1) > 1:
        parts.append(_("Only who did it at least %(count)s times in the period counts.") % {"count": spec["minimum"]})
    if spec.get("clock") == "rolling":
        parts.append(_("Periods are counted in windows of 24 hours from each person's own start."))
    if spec.get("value"):
        parts.append(
            (
                _("The value is the sum of %(property)s.")
                if spec["value"].get("measure") == "sum"
                else _("The value is the average of %(property)s.")
            )
            % {"property": spec["value"]["property"]}
        )
    return sentences([*parts, *about_all(spec)])


def point_words(spec: Mapping[str, Any], point: Mapping[str, Any], product: Product) -> str:
    """Whom a number of the table means."""
    period, cohort, column = spec.get("period") or "week", point.get("cohort"), point.get("column")
    index = column if isinstance(column, int) else 0
    since = bucket_words({**spec, "interval": period}, cohort, product) if isinstance(cohort, int) else ""
    started = _("Started %(period)s") % {"period": since} if since else _("All who started")
    back = _("came back: %(column)s") if point.get("returned", True) else _("did not come back: %(column)s")
    brackets = spec.get("brackets") or []
    first = sum(brackets[: index - 1]) + 1 if brackets and index else index
    last = sum(brackets[:index]) if brackets and index else index
    values = values_text(tuple(Value(str(text)) for text in point.get("values") or ()), bool(point.get("remainder")))
    did = back % {"column": column_name(first, last, period)} if index else ""
    return " · ".join(part for part in (started, did, values) if part)


def siblings(point: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Who came back, and who did not; in the first column everybody just started."""
    if not point.get("column"):
        return []
    return [(_("Came back"), {**point, "returned": True}), (_("Did not come back"), {**point, "returned": False})]

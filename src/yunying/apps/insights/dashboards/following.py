"""How a question follows the filter bar, and what of the bar it cannot follow.

Range and filters hold for every kind of report. The interval is the length of what a kind counts by: the buckets of
trends and of a funnel over time, the periods of retention. Only trends know an earlier stretch to compare with.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunying.apps.insights.dashboards.bar import NO_COMPARISON, Bar
from yunying.apps.insights.dashboards.models import Look
from yunying.apps.insights.kinds import Titles, named
from yunying.apps.insights.kinds.definitions import about_all

__all__ = ["applied", "in_words", "left_out", "left_out_of_metric", "narrowed_in_words"]

PERIODS = frozenset({"hour", "day", "week", "month"})
"""The lengths that retention counts by."""


def applied(spec: Mapping[str, Any], bar: Bar) -> dict[str, Any]:
    """The question as the bar narrows it: its own filters and the bar's must both hold."""
    asked = dict(spec)
    if bar.span is not None:
        asked["range"] = bar.span
    if bar.interval:
        asked |= _interval(spec, bar.interval)
        if asked.get("period") != spec.get("period"):
            # So many columns were asked for of another length; now there are as many as there are cohorts.
            asked.pop("periods", None)
    if bar.compare and spec.get("kind") == "trends":
        asked.pop("compare", None)
        if bar.compare != NO_COMPARISON:
            asked["compare"] = {"to": bar.compare}
    if bar.conditions:
        group = _conditions(bar)
        asked["filters"] = {"op": "and", "items": [asked["filters"], group]} if asked.get("filters") else group
    return asked


def narrowed_in_words(bar: Bar, titles: Titles) -> str:
    """The bar's conditions as a sentence, for what leaves the page without it; empty without conditions."""
    return "".join(about_all(named({"filters": _conditions(bar)}, titles))) if bar.conditions else ""


def _conditions(bar: Bar) -> dict[str, Any]:
    return {"op": bar.match, "items": [row.to_spec() for row in bar.conditions]}


def left_out(spec: Mapping[str, Any], bar: Bar, look: str = "") -> tuple[str, ...]:
    """Which choices of the bar a report drawn in this way does not follow: of `interval` and `compare`."""
    kind, found = spec.get("kind"), []
    timeless = kind == "trends" and (look == Look.DONUT or (spec.get("display") == "total" and look != Look.NUMBER))
    if bar.interval and (timeless or not _interval(spec, bar.interval)):
        found.append("interval")
    if bar.compare not in ("", NO_COMPARISON) and (kind != "trends" or look == Look.DONUT):
        found.append("compare")
    return tuple(found)


def left_out_of_metric(bar: Bar, *, rate: bool) -> tuple[str, ...]:
    """Which choices of the bar a metric does not follow.

    A rate has its own period, by whose end all had their time; the latest whole period of another metric is followed
    by a whole range only where the bar has one.
    """
    chosen = {
        "range": bar.span is not None,
        "interval": bool(bar.interval),
        "compare": bar.compare not in ("", NO_COMPARISON),
    }
    if not rate and bar.span is not None:
        return ()
    return tuple(name for name, wanted in chosen.items() if wanted)


def in_words(left: Sequence[str]) -> str:
    """One short line that says what a tile does not follow; empty when it follows everything."""
    names = {
        "range": pgettext("filter bar", "range"),
        "interval": pgettext("filter bar", "interval"),
        "compare": pgettext("filter bar", "comparison"),
    }
    return _("Not followed here: %(what)s") % {"what": " · ".join(names[one] for one in left)} if left else ""


def _interval(spec: Mapping[str, Any], interval: str) -> dict[str, str]:
    """The field by which a question takes the interval; nothing where it has no course or cannot count by it."""
    kind = spec.get("kind")
    if kind == "trends" or (kind == "funnel" and spec.get("display") == "over_time"):
        return {"interval": interval}
    if kind == "retention" and interval in _periods(spec):
        return {"period": interval}
    return {}


def _periods(spec: Mapping[str, Any]) -> frozenset[str]:
    """The lengths by which retention can be counted instead; columns of one's own are lengths already."""
    return frozenset({str(spec.get("period"))}) if spec.get("brackets") else PERIODS

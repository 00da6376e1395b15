"""A trends answer as a ring or a number, which report pages do not have."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.kinds.board import values_text
from yunying.apps.insights.kinds.trends.board import for_chart, line_name
from yunying.apps.insights.units import Measured
from yunying.platform.ui.charts import Chart, ChartKind, NumberCard, Series

__all__ = ["ring", "trends_card"]

# More slices than these nobody can tell apart; the report has them all.
MOST_SLICES = 8
ADDED_UP = frozenset({"count", "sum"})
"""The measures of which two lines together are their sum."""


def ring(spec: Mapping[str, Any], result: Any, *, name: str, title: str) -> Chart:
    """The lines' numbers over the whole range as slices, without what is negative.

    Those past the eighth are one slice. Where numbers do not add up each has its own: without them the shares of the
    others would be too large.
    """
    several = len({row.series for row in result.rows}) > 1
    rows = [row for row in for_chart(result.rows) if (row.total or 0) >= 0]
    rows.sort(key=lambda row: row.remainder)
    most = MOST_SLICES if _adds_up(spec) and len(rows) > MOST_SLICES + 1 else len(rows)
    slices = [(line_name(spec, row, several), row.total) for row in rows[:most]]
    if rows[most:]:
        slices.append((values_text((), True), sum(row.total or 0 for row in rows[most:])))
    series = [Series(_("Whole range"), [total for _label, total in slices])]
    return Chart(name, title, [label for label, _total in slices], series, ChartKind.DONUT)


def _adds_up(spec: Mapping[str, Any]) -> bool:
    return not spec.get("formula") and all(one.get("measure", "count") in ADDED_UP for one in spec["series"])


def trends_card(result: Any, measured: Measured, *, whole: bool) -> NumberCard:
    """The last line of the answer (the formula, if there is one) as a number with its change and its course.

    `whole`: over the whole range, beside the comparison's; else the last bucket beside the one before. The course has
    whole buckets only: of one that has just begun it would seem to fall.
    """
    if not result.rows:
        return NumberCard(title="", value=None)
    row = result.rows[-1]
    course = [measured.drawn(point) for point in row.points]
    if whole:
        value, before = measured.drawn(row.total), measured.drawn(row.compare_total)
        label = _("against the earlier period")
    else:
        value, before = (course[-1] if course else None), (course[-2] if len(course) > 1 else None)
        label = ""  # the metric says what its period is called
    ended = [value for value, bucket in zip(course, result.buckets, strict=True) if not bucket.partial]
    return NumberCard(title="", value=value, previous=before, previous_label=label, good="", trend=ended)

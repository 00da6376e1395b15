"""All numbers of a funnel's answer for a file."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.kinds.board import Sheet
from yunying.apps.insights.kinds.funnel.words import line_names, row_name
from yunying.platform.ui.workbooks import Period, share

__all__ = ["sheet"]


def sheet(spec: Mapping[str, Any], result: Any) -> Sheet:
    """A row for each bucket, bin or step of each breakdown value; shares are fractions of one, times are seconds."""
    display = spec.get("display") or "steps"
    if display == "over_time":
        found = _over_time(spec, result)
    else:
        found = _histogram(result) if display == "times" else _steps(line_names(spec), result)
    return found.without_empty(_("Value"))


def _steps(names: list[str], result: Any) -> Sheet:
    heads = [_("Value"), _("Step"), _("Name"), _("People"), _("Dropped out")]
    heads += [_("From the first step"), _("Low"), _("High"), _("From the step before"), _("Low"), _("High")]
    heads += [_("Median seconds from the step before"), _("90% within seconds"), _("Average seconds")]
    rows = []
    for row in result.rows:
        for index, reached in enumerate(row.steps, 1):
            shares = [reached.from_first, reached.from_previous]
            rates = [number for one in shares for number in _rates(one)]
            taken = reached.time_from_previous_s
            spans = [taken.median, taken.p90, taken.average] if taken else [None] * 3
            name = names[index - 1]
            rows.append([row_name(row), index, name, reached.count, reached.dropped, *rates, *spans])
    return Sheet(heads, rows)


def _over_time(spec: Mapping[str, Any], result: Any) -> Sheet:
    heads = [_("Value"), _("Entered"), _("People"), _("Got through"), _("Conversion"), _("Low"), _("High")]
    heads.append(_("Still on their way"))
    interval = spec.get("interval", "day")
    rows = [
        [
            row_name(row),
            Period(bucket.start, interval),
            one.entered,
            one.converted,
            *_rates(one.share),
            one.open,
        ]
        for row in result.rows
        for bucket, one in zip(result.buckets, row.points or (), strict=True)
    ]
    return Sheet(heads, rows)


def _histogram(result: Any) -> Sheet:
    heads = [_("Value"), _("From seconds"), _("To seconds"), _("People")]
    return Sheet(
        heads,
        [[row_name(row), one.from_s, one.to_s, one.count] for row in result.rows for one in row.histogram or ()],
    )


def _rates(one: Any) -> list[Any]:
    return [share(one.rate), share(one.low), share(one.high)] if one else [None] * 3

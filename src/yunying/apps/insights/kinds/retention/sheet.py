"""All numbers of a retention answer for a file."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yunying.apps.insights.kinds.board import Sheet, values_text
from yunying.apps.insights.kinds.retention.words import column_name
from yunying.platform.ui.workbooks import Period, share

__all__ = ["sheet"]


def sheet(spec: Mapping[str, Any], result: Any) -> Sheet:
    """A row for each cell, the means last of each breakdown value; shares are fractions of one."""
    period = spec.get("period") or "week"
    names = [column_name(column.first, column.last, period) for column in result.columns]
    heads = [_("Value"), pgettext("retention", "Started"), _("People"), _("Period"), _("Came back"), _("Rate")]
    heads += [_("Low"), _("High"), _("Retained value"), _("Over")]
    rows: list[list[Any]] = []
    for row in result.rows:
        value = values_text(row.values, row.remainder)
        for one in row.cohorts:
            start = Period(one.start, period)
            for name, cell in zip(names, one.cells, strict=False):
                if cell:
                    numbers = [cell.count, *_rates(cell), cell.value, not cell.partial]
                    rows.append([value, start, one.size, name, *numbers])
        for name, mean in zip(names, row.mean, strict=False):
            rows.append([value, _("Mean"), mean.size, name, None, *_rates(mean), mean.value, True])
    return Sheet(heads, rows).without_empty(_("Value"), _("Retained value"))


def _rates(one: Any) -> list[Any]:
    return [share(one.rate), share(one.low), share(one.high)]

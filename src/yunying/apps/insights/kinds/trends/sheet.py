"""All numbers of a trend for a file."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.kinds.board import Sheet
from yunying.apps.insights.kinds.trends.board import line_name
from yunying.platform.ui.workbooks import Period

__all__ = ["sheet"]

# A column: its head, its numbers, and the one over the whole range.
Line = tuple[str, Sequence[Any], Any]


def sheet(spec: Mapping[str, Any], result: Any) -> Sheet:
    """A row a bucket, then the totals; beside each line its moving average and what it is compared with.

    Of numbers over the whole range alone a row for each line.
    """
    several = len({row.series for row in result.rows}) > 1
    named = [(row, line_name(spec, row, several)) for row in result.rows]
    if spec.get("display") == "total":
        return _totals(named)
    lines = [line for row, name in named for line in _lines(row, name)]
    times: list[Line] = [(_("Period"), _periods(spec, result.buckets), "Σ")]
    if result.compare_buckets:
        times.append((_("Earlier"), _periods(spec, result.compare_buckets), None))
    columns = [*times, *lines]
    rows = [list(row) for row in zip_longest(*(points for _head, points, _total in columns))]
    rows.append([total for _head, _points, total in columns])
    return Sheet([head for head, _points, _total in columns], rows)


def _totals(named: Sequence[tuple[Any, str]]) -> Sheet:
    if any(row.compare_points is not None for row, _name in named):
        heads = [_("Line"), _("Whole range"), _("Earlier")]
        return Sheet(heads, [[name, row.total, row.compare_total] for row, name in named])
    return Sheet([_("Line"), _("Whole range")], [[name, row.total] for row, name in named])


def _periods(spec: Mapping[str, Any], buckets: Sequence[Any]) -> list[Period]:
    return [Period(bucket.start, spec.get("interval", "day")) for bucket in buckets]


def _lines(row: Any, name: str) -> list[Line]:
    lines = _with_average(name, row.points, row.total, row.moving_average)
    if row.compare_points is not None:
        earlier = _("%(name)s, earlier") % {"name": name}
        lines += _with_average(earlier, row.compare_points, row.compare_total, row.compare_moving_average)
    return lines


def _with_average(name: str, points: Sequence[Any], total: Any, average: Sequence[Any] | None) -> list[Line]:
    lines: list[Line] = [(name, points, total)]
    if average is not None:
        lines.append((f"{name} · {_('Moving average')}", average, None))
    return lines

"""A trends answer as the page shows it: chart, table of totals, warnings and where the numbers come from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from yunying.apps.insights.answers import Answer
from yunying.apps.insights.builder import Builder
from yunying.apps.insights.questions import letter
from yunying.apps.insights.units import Measured
from yunying.apps.insights.words import measure_name
from yunying.base.zones import Interval
from yunying.engine.trends import FORMULA
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series

__all__ = ["Board", "Line", "bucket_label", "line_name", "make_board", "people_query"]

KINDS = {"line": ChartKind.LINE, "bar": ChartKind.BAR, "stack": ChartKind.STACKED, "area": ChartKind.AREA}
# More lines than this nobody can tell apart; the table beneath has them all.
MOST_LINES = 12
PLAIN = Measured()


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table: its name, totals as text, and the way to the people behind it."""

    name: str
    total: str
    before: str
    change: float | None
    people_url: str


@dataclass(frozen=True, slots=True)
class Board:
    """Everything the result part of the page needs."""

    chart: Chart
    lines: tuple[Line, ...]
    compared: bool
    hidden_lines: int
    warnings: tuple[str, ...]
    rows_read: int
    elapsed_ms: float
    computed_at: datetime
    start: datetime
    end: datetime
    zone: str
    cached: bool
    empty: bool

    @property
    def duration(self) -> str:
        return formats.duration(self.elapsed_ms / 1000)


def make_board(
    spec: Mapping[str, Any], builder: Builder, answer: Answer, people_url: str, measured: Measured = PLAIN
) -> Board:
    """Arrange an answer. `people_url` is where the people behind a point are shown; empty without that right.

    `measured` is the unit in which the numbers are written.
    """
    result = answer.result
    rows = result.rows
    origin = result.provenance
    several = len({row.series for row in rows}) > 1
    names = [line_name(spec, row, several) for row in rows]
    links = _Links(people_url, spec, origin)
    shown = list(zip(rows, names, strict=True))[:MOST_LINES]
    return Board(
        chart=_chart(spec, builder, result, shown, links, measured),
        lines=tuple(
            Line(
                name,
                measured.text(row.total),
                measured.text(row.compare_total) if row.compare_points is not None else "",
                _change(row.compare_total, row.total),
                links.to(row, None),
            )
            for row, name in zip(rows, names, strict=True)
        ),
        compared=any(row.compare_points is not None for row in rows),
        hidden_lines=max(0, len(rows) - MOST_LINES),
        warnings=tuple(_said(warning) for warning in result.warnings),
        rows_read=origin.rows_read,
        elapsed_ms=origin.elapsed_ms,
        computed_at=origin.computed_at,
        start=origin.start,
        end=origin.end - timedelta(milliseconds=1),
        zone=origin.zone,
        cached=answer.cached,
        empty=all(not point for row in rows for point in row.points) and all(not row.total for row in rows),
    )


def line_name(spec: Mapping[str, Any], row: Any, several: bool) -> str:
    """What a row is called: its series when there are several, and its breakdown values."""
    series = _series_name(spec, row) if several or not (row.values or row.remainder) else ""
    values = _("Everything else") if row.remainder else " / ".join(v.text or _("(no value)") for v in row.values)
    return " · ".join(part for part in (series, values) if part)


def _series_name(spec: Mapping[str, Any], row: Any) -> str:
    if row.series == FORMULA:
        return str(spec.get("formula") or _("Formula"))
    index = ord(row.series) - ord(letter(0))
    asked = spec["series"][index]
    if asked.get("label"):
        return str(asked["label"])
    event = asked.get("event") or _("Any event")
    measure = measure_name(asked.get("measure", "count"))
    what = f"{measure} · {asked['property']}" if asked.get("property") else measure
    return f"{event} – {what}"


def bucket_label(start: datetime, interval: str) -> str:
    """A bucket by its local start, as short as it stays clear."""
    if interval == Interval.HOUR:
        return f"{formats.date(start.date(), 'short')} {start:%H:%M}"
    if interval == Interval.MONTH:
        return f"{start:%Y-%m}"
    if interval == Interval.QUARTER:
        return f"{start:%Y} Q{(start.month - 1) // 3 + 1}"
    return f"{start:%Y}" if interval == Interval.YEAR else formats.date(start.date(), "medium")


def _chart(
    spec: Mapping[str, Any],
    builder: Builder,
    result: Any,
    shown: Sequence[tuple[Any, str]],
    links: "_Links",
    measured: Measured,
) -> Chart:
    if spec.get("display") == "total" or not result.buckets:
        return _totals_chart(shown, links, measured)
    interval = spec.get("interval", "day")
    series: list[Series] = []
    for row, name in shown:
        points = [measured.drawn(p) for p in (row.points if row.moving_average is None else row.moving_average)]
        series.append(Series(name, points, links=[links.to(row, i) or None for i in range(len(row.points))]))
        if row.compare_points is not None:
            earlier = _fitted([measured.drawn(point) for point in row.compare_points], len(result.buckets))
            series.append(Series(_("%(name)s, earlier") % {"name": name}, earlier, compare_to=name))
    partial = [i for i, bucket in enumerate(result.buckets) if bucket.partial]
    ends_partial = bool(partial) and partial[-1] == len(result.buckets) - 1
    return Chart(
        name="trends",
        title=_title(spec),
        labels=[bucket_label(bucket.start, interval) for bucket in result.buckets],
        series=series,
        kind=KINDS.get(builder.chart, ChartKind.LINE),
        unit=measured.of_chart,
        partial_from=partial[-1] if ends_partial else None,
        definition=_definition(spec),
        height="l",
    )


def _totals_chart(shown: Sequence[tuple[Any, str]], links: "_Links", measured: Measured) -> Chart:
    """One bar a line: the numbers over the whole range."""
    series = [
        Series(
            _("Whole range"),
            [measured.drawn(row.total) for row, _name in shown],
            links=[links.to(row, None) or None for row, _n in shown],
        )
    ]
    if any(row.compare_points is not None for row, _name in shown):
        earlier = [measured.drawn(row.compare_total) for row, _name in shown]
        series.append(Series(_("Earlier"), earlier, compare_to=str(_("Whole range"))))
    return Chart(
        name="trends",
        title=_("Over the whole range"),
        labels=[name for _row, name in shown],
        series=series,
        kind=ChartKind.BAR,
        unit=measured.of_chart,
        height="l",
    )


def _fitted(points: Sequence[Any], length: int) -> list[Any]:
    """The earlier period's points laid under the present ones; a February under a March has gaps at its end."""
    return [*points, *[None] * length][:length]


def _title(spec: Mapping[str, Any]) -> str:
    series = spec.get("series") or []
    if spec.get("formula"):
        return str(spec["formula"])
    named = [str(s.get("label") or s.get("event") or _("Any event")) for s in series]
    return " · ".join(dict.fromkeys(named))


def _definition(spec: Mapping[str, Any]) -> str:
    parts = [
        f"{letter(index)}: {one.get('event') or _('Any event')} – {measure_name(one.get('measure', 'count'))}"
        + (f" ({one['property']})" if one.get("property") else "")
        for index, one in enumerate(spec.get("series") or [])
    ]
    if spec.get("formula"):
        parts.append(_("Formula: %(formula)s") % {"formula": spec["formula"]})
    if spec.get("breakdown"):
        parts.append(_("Broken down by %(names)s") % {"names": ", ".join(b["property"] for b in spec["breakdown"])})
    if spec.get("moving_average"):
        parts.append(_("Moving average over %(count)s periods") % {"count": spec["moving_average"]})
    return "; ".join(parts)


class _Links:
    """The addresses of the people behind points.

    The range is written as fixed times, so that a link of today means the same people tomorrow.
    """

    def __init__(self, url: str, spec: Mapping[str, Any], origin: Any) -> None:
        self._url = url
        self._base = people_query(spec, origin) if url else ""

    def to(self, row: Any, bucket: int | None) -> str:
        if not self._url or row.series == FORMULA:
            return ""
        pairs = [("series", row.series)]
        pairs += [("value", value.text) for value in row.values]
        if bucket is not None:
            pairs.append(("bucket", str(bucket)))
        if row.remainder:
            pairs.append(("remainder", "1"))
        return f"{self._url}?{self._base}&{urlencode(pairs)}"


def people_query(spec: Mapping[str, Any], origin: Any) -> str:
    """The question with fixed times, as the `spec` parameter of an address."""
    last = origin.end - timedelta(milliseconds=1)
    fixed = {**spec, "range": {"from": _wall(origin.start), "to": _wall(last)}}
    return urlencode({"spec": json.dumps(fixed, separators=(",", ":"), ensure_ascii=False)})


def _wall(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _change(before: Any, after: Any) -> float | None:
    return None if before in (None, 0) or after is None else (after - before) / abs(before)


def _said(warning: Any) -> str:
    text = _(warning.message)
    return text % warning.data if warning.data else text

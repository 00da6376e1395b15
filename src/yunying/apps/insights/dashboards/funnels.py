"""A funnel's answer, as its JSON says it, as a tile's chart."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.board import bucket_label
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series, Unit

__all__ = ["funnel_chart"]

MOST_ROWS = 6


def funnel_chart(spec: Mapping[str, Any], result: Mapping[str, Any], *, name: str, title: str) -> Chart:
    """How many reached each step, as bars; over time the conversion as lines."""
    rows = result["rows"][:MOST_ROWS]
    if spec.get("display") == "over_time":
        starts = [datetime.fromisoformat(bucket["start"]) for bucket in result["buckets"]]
        labels = [bucket_label(start, spec.get("interval", "day")) for start in starts]
        lines = [Series(_row_name(row), [point["rate"] for point in row["points"]]) for row in rows]
        return Chart(name, title, labels, lines, ChartKind.LINE, Unit("percent"))
    labels = [_step(index, result, rows) for index in range(len(result["steps"]))]
    bars = [Series(_row_name(row), [step["count"] for step in row["steps"]]) for row in rows]
    return Chart(name, title, labels, bars, ChartKind.BAR)


def _step(index: int, result: Mapping[str, Any], rows: list[Any]) -> str:
    """The step's name, with the share of the first step that came so far when there is one row."""
    label = str(result["steps"][index]["label"])
    rate = rows[0]["steps"][index]["from_first"]["rate"] if len(rows) == 1 else None
    return f"{index + 1}. {label}" + (f"\n{formats.percent(rate)}" if index and rate is not None else "")


def _row_name(row: Mapping[str, Any]) -> str:
    if row.get("remainder"):
        return _("Everything else")
    named = [value.get("text") or _("(no value)") for value in row["values"]]
    return " / ".join(named) or _("People")

"""A retention answer, as its JSON says it, as a tile's chart or table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from yunying.apps.insights.board import bucket_label
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart, ChartKind, Series, Unit

__all__ = ["retention_chart"]

MOST_ROWS, MOST_COHORTS = 6, 24


def retention_chart(spec: Mapping[str, Any], result: Mapping[str, Any], *, name: str, title: str, table: bool) -> Chart:
    """Who comes back: the mean curve, or for a table one row a cohort with a column a period."""
    columns = [_column(column) for column in result["columns"]]
    if table and result["rows"]:
        return _cohorts(spec, result["rows"][0]["cohorts"][-MOST_COHORTS:], columns, name, title)
    lines = [
        Series(_row_name(row), [cell["rate"] if cell else None for cell in row["mean"]])
        for row in result["rows"][:MOST_ROWS]
    ]
    return Chart(name, title, columns, lines, ChartKind.LINE, Unit("percent"))


def _cohorts(spec: Mapping[str, Any], cohorts: list[Any], columns: list[str], name: str, title: str) -> Chart:
    interval = str(spec.get("period", "day"))
    labels = [
        f"{bucket_label(datetime.fromisoformat(one['start']), interval)} ({formats.number(one['size'])})"
        for one in cohorts
    ]
    series = [Series(column, [_rate(one["cells"], index) for one in cohorts]) for index, column in enumerate(columns)]
    return Chart(
        name, title, labels, series, ChartKind.LINE, Unit("percent", digits=0), label_title=_("Began (people)")
    )


def _rate(cells: list[Any], index: int) -> float | None:
    cell = cells[index] if index < len(cells) else None
    return cell["rate"] if cell else None


def _column(column: Mapping[str, Any]) -> str:
    first, last = column["from"], column["to"]
    return str(first) if first == last else f"{first}–{last}"


def _row_name(row: Mapping[str, Any]) -> str:
    if row.get("remainder"):
        return _("Everything else")
    named = [value.get("text") or _("(no value)") for value in row["values"]]
    return " / ".join(named) or _("Came back")

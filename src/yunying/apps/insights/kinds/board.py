"""An answer of any kind as pages show it: charts, tables, sentences, and where the numbers come from.

Report pages, tiles of dashboards and exports draw this one shape with `insights/_board.html`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from yunying.apps.insights.answers import Answer
from yunying.apps.insights.units import Measured
from yunying.base.zones import Interval
from yunying.engine import Value, Warning
from yunying.platform.ui import formats
from yunying.platform.ui.charts import Chart

__all__ = [
    "MOST_LINES",
    "Board",
    "Cell",
    "Drawing",
    "Fact",
    "Grid",
    "GridRow",
    "Origin",
    "Sheet",
    "bucket_label",
    "interval_text",
    "people_query",
    "values_text",
]

# More lines than this nobody can tell apart; the table beneath has them all.
MOST_LINES = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """A number in a table: `url` leads to the people behind it, `note` stands small beneath, `heat` is 0 to 10."""

    text: str
    url: str = ""
    note: str = ""
    heat: int | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class GridRow:
    head: str
    cells: tuple[Cell, ...]
    sum: bool = False
    group: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `heads` name all columns, the first included; `folded` is opened by its caption."""

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[GridRow, ...]
    heat: bool = False
    notes: tuple[str, ...] = ()
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """One number that stands alone, such as the conversion over all steps."""

    label: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the numbers come from. `start` and `end` are included.

    Of the days asked for, those of a comparison included, `kept_days` were counted before.
    """

    rows_read: int
    elapsed_ms: float
    computed_at: datetime
    start: datetime
    end: datetime
    zone: str
    cached: bool
    kept_days: int = 0

    @property
    def duration(self) -> str:
        return formats.duration(self.elapsed_ms / 1000)


@dataclass(frozen=True, slots=True)
class Sheet:
    """All numbers of an answer for a file: nothing rounded, nothing left out."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]

    def without_empty(self, *heads: str) -> "Sheet":
        """Without those of these columns that no row fills, as that of a breakdown where there is none."""
        gone = {
            index
            for index, head in enumerate(self.heads)
            if head in heads and all(row[index] in ("", None) for row in self.rows)
        }
        kept = [index for index in range(len(self.heads)) if index not in gone]
        return Sheet([self.heads[index] for index in kept], [[row[index] for index in kept] for row in self.rows])


@dataclass(frozen=True, slots=True)
class Board:
    """Everything a page needs of an answer. `starts` are the times of the first chart's labels, where it has some.

    `names` are the display names the page uses, each with the name in code.
    """

    kind: str
    title: str
    definition: str
    charts: tuple[Chart, ...]
    grids: tuple[Grid, ...]
    warnings: tuple[str, ...]
    origin: Origin
    empty: bool
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    hidden_lines: int = 0
    starts: tuple[datetime, ...] = ()
    names: tuple[tuple[str, str], ...] = ()

    @property
    def chart(self) -> Chart | None:
        """The first chart."""
        return self.charts[0] if self.charts else None


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a board is made from. `people_url` is empty for those who may not see people; `look` is the chart wanted.

    `said` is the question in display names, for words; `spec` is the one that was asked, for addresses.
    """

    spec: Mapping[str, Any]
    said: Mapping[str, Any]
    answer: Answer
    people_url: str = ""
    name: str = "report"
    look: str = ""
    measured: Measured = field(default_factory=Measured)

    @property
    def result(self) -> Any:
        return self.answer.result

    def origin(self) -> Origin:
        origin = self.result.provenance
        return Origin(
            rows_read=origin.rows_read,
            elapsed_ms=origin.elapsed_ms,
            computed_at=origin.computed_at,
            start=origin.start,
            end=origin.end - timedelta(milliseconds=1),
            zone=origin.zone,
            cached=self.answer.cached,
            kept_days=origin.kept_days,
        )

    def warnings(self) -> tuple[str, ...]:
        return tuple(_said(warning) for warning in self.result.warnings)

    def people(self) -> "Links":
        return Links(self.people_url, people_query(self.spec, self.result.provenance) if self.people_url else "")


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses of the people behind points of one answer."""

    url: str
    base: str

    def to(self, point: Mapping[str, Any]) -> str:
        """Empty without the right to see people."""
        if not self.url:
            return ""
        return f"{self.url}?{self.base}&{urlencode({'point': _json(point)})}"


def people_query(spec: Mapping[str, Any], origin: Any) -> str:
    """The question with fixed times, as the `spec` parameter of an address: a link of today means the same tomorrow."""
    last = origin.end - timedelta(milliseconds=1)
    fixed = {**spec, "range": {"from": _wall(origin.start), "to": _wall(last)}}
    return urlencode({"spec": _json(fixed)})


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _wall(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def bucket_label(start: datetime, interval: str) -> str:
    """A bucket by its local start, as short as it stays clear."""
    if interval == Interval.HOUR:
        return f"{formats.date(start.date(), 'short')} {start:%H:%M}"
    if interval == Interval.MONTH:
        return f"{start:%Y-%m}"
    if interval == Interval.QUARTER:
        return f"{start:%Y} Q{(start.month - 1) // 3 + 1}"
    return f"{start:%Y}" if interval == Interval.YEAR else formats.date(start.date(), "medium")


def values_text(values: Sequence[Value], remainder: bool) -> str:
    """Breakdown values as words; empty without a breakdown."""
    if remainder:
        return _("Everything else")
    return " / ".join(value.text or _("(no value)") for value in values)


def interval_text(low: float | None, high: float | None) -> str:
    """An interval of two shares: `31.2–36.8%`; empty when there is none."""
    if low is None or high is None:
        return ""
    return f"{formats.percent(low).rstrip('%')}–{formats.percent(high)}"


def _said(warning: Warning) -> str:
    text = _(warning.message)
    return text % warning.data if warning.data else text

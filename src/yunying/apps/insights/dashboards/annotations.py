"""Notes on days: those people write, and those of other apps; and where they stand on a chart.

Another app adds its own in `AppConfig.ready`: `add_provider(function)`, called with the product and two days (both
included), yielding `Mark`s.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Q

from yunying.apps.insights.dashboards.models import Annotation
from yunying.apps.insights.kinds import Board
from yunying.platform.products.models import Product
from yunying.platform.ui.charts import Annotation as Note
from yunying.platform.ui.charts import Chart

__all__ = [
    "Mark",
    "Provider",
    "add_provider",
    "marked",
    "marks_from",
    "marks_of",
    "noted",
    "on_board",
    "spans_until",
    "with_marks",
]

MOST_MARKS = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was done or happened from `day` to `until`, of the product's calendar, both included."""

    day: date
    until: date
    text: str
    url: str = ""


Provider = Callable[[Product, date, date], Iterable[Mark]]
_providers: list[Provider] = []


def add_provider(provider: Provider) -> None:
    """Let `provider` add marks to all charts over time."""
    if provider not in _providers:
        _providers.append(provider)


def marks_of(
    product: Product, dashboard_id: int | None = None, first: date = date.min, last: date = date.max
) -> tuple[Mark, ...]:
    """The marks of the product, and with `dashboard_id` those of this dashboard. One query, and what providers need."""
    scope = Q(dashboard=None) | Q(dashboard_id=dashboard_id) if dashboard_id else Q(dashboard=None)
    rows = Annotation.objects.filter(scope, product=product, day__lte=last)
    rows = rows.filter(Q(until__gte=first) | Q(until=None, day__gte=first))
    found = [Mark(row.day, row.until or row.day, row.text) for row in rows[:MOST_MARKS]]
    for provider in _providers:
        found += provider(product, first, last)
    return tuple(sorted(found, key=lambda mark: (mark.day, mark.until, mark.text)))


def marked(board: Board, product: Product) -> Board:
    """A report's board with the product's marks on its first chart, where that is over time. One query."""
    if board.chart is None or not board.starts:
        return board
    start, end = (moment.astimezone(product.zone) for moment in (board.origin.start, board.origin.end))
    marks = marks_of(product, None, start.date(), end.date())
    return replace(board, charts=(on_board(board, product, marks), *board.charts[1:]))


def on_board(board: Board, product: Product, marks: Iterable[Mark]) -> Chart:
    """The board's first chart with the marks of the days it is about."""
    assert board.chart is not None
    start, end = (moment.astimezone(product.zone) for moment in (board.origin.start, board.origin.end))
    # The first label may stand for a month of which the range holds a week.
    starts = [*(max(one, start) for one in board.starts[:1]), *board.starts[1:]]
    return marks_from(board.chart, starts, end, marks)


def noted(chart: Chart, product: Product, spans: Sequence[tuple[date, date]]) -> Chart:
    """The chart with the product's notes, each label standing for these days (the first and the last). One query."""
    if not spans:
        return chart
    return with_marks(chart, spans, marks_of(product, None, spans[0][0], spans[-1][1]))


def spans_until(days: Sequence[date]) -> list[tuple[date, date]]:
    """What labels stand for that tell of the end of a day: each of the days since the one before it."""
    starts = [day + timedelta(days=1) for day in days[:-1]]
    return list(zip([*days[:1], *starts], days, strict=True))


def marks_from(chart: Chart, starts: Sequence[datetime], end: datetime, marks: Iterable[Mark]) -> Chart:
    """The chart with the marks that fall into its labels' times: their local starts, and the local end of the last."""
    ends = [*starts[1:], max(end, starts[-1] + timedelta(microseconds=1))] if starts else []
    spans = [
        (start.date(), (after - timedelta(microseconds=1)).date()) for start, after in zip(starts, ends, strict=True)
    ]
    return with_marks(chart, spans, marks)


def with_marks(chart: Chart, spans: Sequence[tuple[date, date]], marks: Iterable[Mark]) -> Chart:
    """The chart with those of the marks that fall into what its labels stand for, from first to last day of each."""
    if len(spans) != len(chart.labels) or not spans:
        return chart
    notes = []
    for mark in marks:
        hit = [index for index, (first, last) in enumerate(spans) if mark.day <= last and mark.until >= first]
        if hit:
            notes.append(Note(hit[0], mark.text, mark.url, until=hit[-1]))
    return replace(chart, annotations=[*chart.annotations, *notes]) if notes else chart

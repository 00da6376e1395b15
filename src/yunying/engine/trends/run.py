"""Run: ask the store, series by series, and hand the numbers to shape."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from yunying.base.errors import InvalidInput, msg
from yunying.engine import kept
from yunying.engine.breakdown import crossed
from yunying.engine.context import Context
from yunying.engine.resolve import resolve
from yunying.engine.result import People
from yunying.engine.scan import millis
from yunying.engine.session import Session
from yunying.engine.trends.answer import Point, TrendsResult
from yunying.engine.trends.compile import RANKED, people_sql, ranking_sql, trend_sql
from yunying.engine.trends.held import from_sets
from yunying.engine.trends.part import Part, Top, part_of
from yunying.engine.trends.plan import Batch, Plan, make_plan
from yunying.engine.trends.shape import Key, Line, shape
from yunying.engine.trends.spec import Display, Trends
from yunying.engine.trends.states import states_of, with_kept
from yunying.store import Rows

__all__ = ["people", "run"]


# By index of series and period, then by label.
Lines = dict[tuple[int, int], dict[Key, Line]]
# The line of a series without a breakdown.
_ALL: Key = (RANKED, ())


def run(spec: Trends, context: Context) -> TrendsResult:
    """The answer to `spec`: one statement for all series of a shape, and one more where their ranking comes first."""
    unknown = resolve(spec.names, context.catalogue, "trends")
    plan = make_plan(spec, context)
    session = Session(context)
    lines = _lines(plan, session)
    span = plan.main.span
    provenance = session.provenance(spec.hash, span.start, span.end)
    return shape(plan, _in_order(plan, lines), unknown, provenance)


def _lines(plan: Plan, session: Session) -> Lines:
    """What the store says about each series in each period."""
    spec = plan.spec
    found: Lines = {(series, period): {} for series in range(len(spec.series)) for period in range(len(plan.periods))}
    mixed = len({batch.series for batch in plan.batches}) > 1
    shared = _ranking(plan, range(len(spec.series)), session) if spec.breakdown and spec.formula and mixed else None
    for batch in plan.batches:
        part = part_of(plan, batch, session.binder())
        if part.batch.periods:
            top = shared if shared is not None or not spec.breakdown else _top(part, found, session)
            part = replace(with_kept(part, session), top=top)
            numbers = from_sets(part, session)
            if numbers is None:
                _read(part, session.ask(trend_sql(part)), found)
            else:
                for series, period, bucket, value in numbers:
                    _put(part, found[series, period], _ALL, bucket, value)
            if part.kept is None:
                kept.note(session, states_of(part))
    return found


def _top(part: Part, found: Lines, session: Session) -> Top | None:
    """The values with rows of their own where the statement cannot rank them itself."""
    series = part.batch.series
    if 0 not in part.batch.periods:  # the earlier period shows the values of the present one
        return tuple(dict.fromkeys(key[1] for index in series for key in found[index, 0] if key[0] == RANKED))
    needed = part.series.measure.per_person or crossed(part.breakdown)
    return _ranking(part.plan, series, session) if needed else None


def _ranking(plan: Plan, series: Iterable[int], session: Session) -> Top:
    """The breakdown values that every one of `series` shows by name."""
    binder = session.binder()
    parts = [part_of(plan, Batch((index,), (0,)), binder) for index in series]
    return tuple(tuple(map(str, row)) for row in session.ask(ranking_sql(parts)).rows)


def _read(part: Part, rows: Rows, found: Lines) -> None:
    """Put the rows of a trend statement into their lines; see `compile` for the columns."""
    at = {name: index for index, name in enumerate(rows.columns)}
    value_of = {index: column.value for column in part.columns for index in column.series}
    labels = [at[name] for name in at if name[0] == "l"]
    places, only = part.places(), (part.batch.series[0], part.batch.periods[0])
    for row in rows.rows:
        series = row[at["series"]] if part.many else only[0]
        if "is_total" in at and row[at["is_total"]]:
            period, bucket = (0 if row[at["now"]] else 1) if part.compared else only[1], None
        else:
            period, bucket = places[row[at["bucket"]]]
        key = (row[at["kind"]], tuple(row[label] for label in labels)) if labels else _ALL
        _put(part, found[series, period], key, bucket, row[at[value_of[series]]])


def _put(part: Part, lines: dict[Key, Line], key: Key, bucket: int | None, value: Any) -> None:
    """A number into its line; that of no bucket is the total."""
    # A rolling number without a total is that of somebody who was there, but not lately.
    line = lines.setdefault(key, Line(key, total=0 if part.rolling else None))
    if bucket is None:
        line.total = value
    else:
        line.points[bucket] = value
        if part.adds_up:
            line.total = (line.total or 0) + value


def _in_order(plan: Plan, lines: Lines) -> list[list[list[Line]]]:
    """For each period and series its lines: ranked values first, by total and name; then "no value", then the rest.

    Under a formula all series have the order of the first, then of the second ..., as their ranking has.
    """
    count = len(plan.spec.series)

    def rank(series: int, period: int, key: Key) -> tuple[Any, ...]:
        ranked = [lines[index, period].get(key) for index in (range(count) if plan.spec.formula else [series])]
        return key[0], [(line is None, -line.ranked_by if line else 0) for line in ranked], key[1]

    return [
        [
            [lines[series, period][key] for key in sorted(lines[series, period], key=partial(rank, series, period))]
            for series in range(count)
        ]
        for period in range(len(plan.periods))
    ]


def people(spec: Trends, point: Point, context: Context, limit: int, offset: int) -> People:
    """The people whose events make up the number at `point`."""
    plan = make_plan(spec, context)
    session = Session(context)
    index = _series_at(plan, point)
    if point.compare and plan.earlier is None:
        raise InvalidInput("trends.no_comparison", msg("This question compares nothing."), field="point.compare")
    batch = Batch((index,), (1 if point.compare else 0,))
    stretch = _stretch(part_of(plan, batch, session.binder()), point)
    top = None
    if point.remainder:
        top = _ranking(plan, range(len(spec.series)) if spec.formula else [index], session)
    elif len(point.values) != len(spec.breakdown):
        raise InvalidInput(
            "trends.point_values",
            msg("Give one value for each of the %(count)s breakdowns."),
            field="point.values",
            count=len(spec.breakdown),
        )

    if stretch[0] == stretch[1]:
        return People((), 0)

    def page(limit: int, offset: int) -> Sequence[tuple[Any, ...]]:
        part = part_of(plan, batch, session.binder())
        return session.ask(people_sql(part, stretch, point.values, top, (limit, offset))).rows

    rows = page(limit, offset)
    # Past the end only the first page can tell how many there are.
    counted = rows or (page(1, 0) if offset else [])
    return People(tuple(int(row[0]) for row in rows), int(counted[0][1]) if counted else 0)


def _series_at(plan: Plan, point: Point) -> int:
    letters = plan.spec.letters
    if point.series not in letters:
        raise InvalidInput(
            "trends.point_series",
            msg("%(series)s is not a series of this question."),
            field="point.series",
            series=point.series,
        )
    return letters.index(point.series)


def _stretch(part: Part, point: Point) -> tuple[int, int]:
    """From when to before when (milliseconds) the number at `point` counts."""
    buckets = part.plan.periods[1 if point.compare else 0].buckets
    if point.bucket is not None and point.bucket >= len(buckets):
        raise InvalidInput(
            "trends.point_bucket", msg("There are only %(count)s buckets."), field="point.bucket", count=len(buckets)
        )
    if not buckets:  # the day that a place left out
        return 0, 0
    if part.rolling:
        [windows] = part.windows.values()
        window = windows[0 if point.bucket is None else point.bucket + 1]
        return millis(window.start), millis(window.end)
    first = 0 if point.bucket is None or part.plan.spec.display is Display.CUMULATIVE else point.bucket
    last = -1 if point.bucket is None else point.bucket
    return millis(buckets[first].start), millis(buckets[last].end)

"""Run: ask the store, series by series, and hand the numbers to shape."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from yunying.base import clock
from yunying.base.errors import InvalidInput, msg
from yunying.engine.context import Context
from yunying.engine.result import People, Provenance
from yunying.engine.scan import Binder, millis
from yunying.engine.trends.answer import Point, TrendsResult
from yunying.engine.trends.compile import RANKED, Top, people_sql, ranking_sql, trend_sql
from yunying.engine.trends.matched import Part, part_of
from yunying.engine.trends.plan import Period, Plan, make_plan
from yunying.engine.trends.shape import Key, Line, shape
from yunying.engine.trends.spec import Display, Series, Trends
from yunying.store import EventColumns, Rows, Sql

__all__ = ["people", "run"]


@dataclass(slots=True)
class _Session:
    """The queries of one question, under its limits, and what they cost."""

    context: Context
    columns: EventColumns
    rows_read: int = 0
    asked: list[str] = field(default_factory=list)

    def ask(self, sql: Sql) -> Rows:
        rows = self.context.store.query(sql, timeout_s=self.context.timeout_s, memory_mb=self.context.memory_mb)
        self.rows_read += rows.read_rows
        self.asked.append(sql.text)
        return rows


def run(spec: Trends, context: Context) -> TrendsResult:
    """The answer to `spec`: one query for each series and period, and one more where a ranking is shared."""
    started = clock.monotonic_s()
    plan = make_plan(spec, context)
    session = _Session(context, context.store.columns())
    lines, earlier = _lines(plan, session)
    provenance = Provenance(
        spec_hash=spec.hash,
        computed_at=context.now,
        zone=str(context.zone),
        start=plan.main.span.start,
        end=plan.main.span.end,
        rows_read=session.rows_read,
        elapsed_ms=(clock.monotonic_s() - started) * 1000,
        sql=tuple(session.asked),
    )
    return shape(plan, lines, earlier, provenance)


def _lines(plan: Plan, session: _Session) -> tuple[list[list[Line]], list[list[Line]] | None]:
    """For each series its lines in the period, and in the earlier one."""
    spec = plan.spec
    shared = _ranking(plan, spec.series, session) if spec.formula and spec.breakdown else None
    lines, earlier = [], []
    for series in spec.series:
        top = shared
        if top is None and spec.breakdown and series.measure.per_person:
            top = _ranking(plan, [series], session)
        found = _ask(plan, plan.main, series, top, session)
        lines.append(_in_order(found, top))
        if plan.earlier:
            same = tuple(line.key[1] for line in lines[-1] if line.key[0] == RANKED) if spec.breakdown else None
            earlier.append(_ask(plan, plan.earlier, series, same, session))
    return lines, earlier if plan.earlier else None


def _ranking(plan: Plan, series: Sequence[Series], session: _Session) -> Top:
    """The breakdown values that every one of `series` shows by name."""
    binder = Binder(plan.context.product, session.columns)
    parts = [part_of(plan, plan.main, one, session.columns, binder) for one in series]
    return tuple(tuple(map(str, row)) for row in session.ask(ranking_sql(parts)).rows)


def _ask(plan: Plan, period: Period, series: Series, top: Top | None, session: _Session) -> list[Line]:
    part = part_of(plan, period, series, session.columns)
    if not part.edges():
        return []
    return _read(part, session.ask(trend_sql(part, top)).rows)


def _read(part: Part, rows: Sequence[tuple]) -> list[Line]:  # type: ignore[type-arg]
    """The rows of a trend statement as lines; see `compile` for the columns."""
    if part.rolling:
        index = {i + 2: i for i in range(len(part.period.buckets))}
    else:
        index = {millis(bucket.start): i for i, bucket in enumerate(part.period.buckets)}
    lines: dict[Key, Line] = {}
    for kind, *values, is_total, bucket, value in rows:
        key = (kind, tuple(values))
        line = lines.setdefault(key, Line(key))
        if is_total:
            line.total = value
        else:
            line.points[index[bucket]] = value
    return list(lines.values())


def _in_order(lines: list[Line], top: Top | None) -> list[Line]:
    """Ranked values first, as `top` has them or else by total and name; then "no value", then the remainder."""
    places = {values: place for place, values in enumerate(top or ())}

    def rank(line: Line) -> tuple[int, int, float, tuple[str, ...]]:
        kind, values = line.key
        return kind, places.get(values, 0), -line.ranked_by, values

    return sorted(lines, key=rank)


def people(spec: Trends, point: Point, context: Context, limit: int, offset: int) -> People:
    """The people whose events make up the number at `point`."""
    plan = make_plan(spec, context)
    session = _Session(context, context.store.columns())
    series = _series_at(plan, point)
    period = plan.earlier if point.compare else plan.main
    if period is None:
        raise InvalidInput("trends.no_comparison", msg("This question compares nothing."), field="point.compare")
    start, end = _stretch(plan, period, series, point)
    top = None
    if point.remainder:
        wanted = spec.series if spec.formula else [series]
        top = _ranking(plan, wanted, session)
    elif len(point.values) != len(spec.breakdown):
        raise InvalidInput(
            "trends.point_values",
            msg("Give one value for each of the %(count)s breakdowns."),
            field="point.values",
            count=len(spec.breakdown),
        )
    return _page(plan, period, series, point, (start, end), top, (limit, offset), session)


def _page(
    plan: Plan,
    period: Period,
    series: Series,
    point: Point,
    stretch: tuple[int, int],
    top: Top | None,
    page: tuple[int, int],
    session: _Session,
) -> People:
    part = part_of(plan, period, series, session.columns)
    rows = session.ask(people_sql(part, stretch, point.values, top, page)).rows
    if not rows and page[1]:  # past the end: only the first page can tell how many there are
        first = _page(plan, period, series, point, stretch, top, (1, 0), session)
        return People((), first.total)
    return People(tuple(int(row[0]) for row in rows), int(rows[0][1]) if rows else 0)


def _series_at(plan: Plan, point: Point) -> Series:
    letters = plan.spec.letters
    if point.series not in letters:
        raise InvalidInput(
            "trends.point_series",
            msg("%(series)s is not a series of this question."),
            field="point.series",
            series=point.series,
        )
    return plan.spec.series[letters.index(point.series)]


def _stretch(plan: Plan, period: Period, series: Series, point: Point) -> tuple[int, int]:
    """From when to before when (milliseconds) the number at `point` counts."""
    buckets = period.buckets
    if point.bucket is not None and point.bucket >= len(buckets):
        raise InvalidInput(
            "trends.point_bucket", msg("There are only %(count)s buckets."), field="point.bucket", count=len(buckets)
        )
    part = part_of(plan, period, series, EventColumns())
    if part.rolling:
        window = part.windows[0 if point.bucket is None else point.bucket + 1]
        return millis(window.start), millis(window.end)
    first = 0 if point.bucket is None or plan.spec.display is Display.CUMULATIVE else point.bucket
    last = -1 if point.bucket is None else point.bucket
    return millis(buckets[first].start), millis(buckets[last].end)

"""Shape: from the store's rows to the answer: gaps, running sums, formula, averages, comparison, warnings."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from yunying.base.errors import msg
from yunying.engine.breakdown import chosen
from yunying.engine.cohorts.compile import AsOf
from yunying.engine.formula import Formula
from yunying.engine.result import Bucket, Provenance, Value, Warning
from yunying.engine.trends.answer import FORMULA, Row, TrendsResult
from yunying.engine.trends.plan import Period, Plan
from yunying.engine.trends.spec import Display, Series

__all__ = ["Key", "Line", "Number", "shape"]

Number = int | float | None
# The kind of a label (compile.RANKED, MISSING, REMAINDER) and its values.
Key = tuple[int, tuple[str, ...]]
_REMAINDER = 2


@dataclass(slots=True)
class Line:
    """What the store said about one label: points by index of their bucket."""

    key: Key
    points: dict[int, Number] = field(default_factory=dict)
    total: Number = None

    @property
    def ranked_by(self) -> float:
        """The total; of distinct things so far that is the last point."""
        total = self.points[max(self.points)] if self.total is None and self.points else self.total
        return -math.inf if total is None else total


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A line without gaps."""

    points: tuple[Number, ...]
    total: Number


_Table = dict[Key, _Numbers]


def shape(
    plan: Plan, lines: Sequence[Sequence[Sequence[Line]]], unknown: Sequence[Warning], provenance: Provenance
) -> TrendsResult:
    """The whole answer, from the lines of each period and series and the warnings about unknown names."""
    tables = _tables(plan, plan.main, lines[0])
    others = _tables(plan, plan.earlier, lines[1]) if plan.earlier else None
    rows = []
    for index, letter in enumerate([*plan.spec.letters, *([FORMULA] if plan.spec.formula else [])]):
        rows += _rows(plan, letter, tables[index], others[index] if others else None)
    return TrendsResult(
        buckets=_buckets(plan, plan.main),
        rows=tuple(rows),
        compare_buckets=_buckets(plan, plan.earlier) if plan.earlier else (),
        warnings=(*unknown, *_warnings(plan, tables)),
        provenance=provenance,
    )


def _tables(plan: Plan, period: Period, lines: Sequence[Sequence[Line]]) -> list[_Table]:
    """The numbers of every series, then of the formula."""
    spec = plan.spec
    tables = [_table(plan, period, series, found) for series, found in zip(spec.series, lines, strict=True)]
    if spec.formula:
        tables.append(_calculated(spec.formula, dict(zip(spec.letters, tables, strict=True)), len(period.buckets)))
    return tables


def _table(plan: Plan, period: Period, series: Series, lines: Sequence[Line]) -> _Table:
    return {line.key: _filled(plan, series, line, len(period.buckets)) for line in (*lines, *_silent(plan, lines))}


def _silent(plan: Plan, lines: Sequence[Line]) -> list[Line]:
    """Lines of which the store says nothing, but that were asked for: the only one, and cohorts without anybody."""
    by, found = plan.spec.breakdown, {line.key for line in lines}
    keys: list[Key] = [] if by else [(0, ())]
    if chosen(by):
        keys = [(0, (name,)) for name in AsOf(plan.context).labels(by[0].cohorts)]
    return [Line(key) for key in keys if key not in found]


def _filled(plan: Plan, series: Series, line: Line, size: int) -> _Numbers:
    """Nothing is 0 where the measure counts, and "no data" where it does not."""
    empty = 0 if series.measure.zero_when_empty else None
    if plan.spec.display is not Display.CUMULATIVE:
        total = line.total if line.total is not None else empty
        return _Numbers(tuple(line.points.get(i, empty) for i in range(size)), total)
    points: list[Number] = []
    so_far: int | float = 0
    for i in range(size):
        # The store has already merged distinct things; the rest adds up here.
        found = line.points.get(i)
        so_far = (so_far if found is None else found) if series.measure.distinct else so_far + (found or 0)
        points.append(so_far)
    return _Numbers(tuple(points), so_far)


def _calculated(formula: Formula, tables: dict[str, _Table], size: int) -> _Table:
    """The formula inside each value; a series that lacks the value counts as 0."""
    keys = dict.fromkeys(key for table in tables.values() for key in table)
    order = {key: place for place, key in enumerate(keys)}
    nothing = _Numbers((0,) * size, 0)
    found = {}
    for key in sorted(keys, key=lambda key: (key[0], order[key])):
        operands = {letter: table.get(key, nothing) for letter, table in tables.items()}
        points = tuple(formula.value({a: n.points[i] for a, n in operands.items()}) for i in range(size))
        found[key] = _Numbers(points, formula.value({a: n.total for a, n in operands.items()}))
    return found


def _rows(plan: Plan, letter: str, table: _Table, other: _Table | None) -> list[Row]:
    keys = list(table) + [key for key in other or {} if key not in table]
    keys.sort(key=lambda key: key[0])  # stable: the ranking inside each kind stays
    series = plan.spec.series[plan.spec.letters.index(letter)] if letter != FORMULA else None
    return [_row(plan, series, letter, key, table.get(key), other) for key in keys]


def _row(plan: Plan, series: Series | None, letter: str, key: Key, found: _Numbers | None, other: _Table | None) -> Row:
    found = found or _nothing(series, len(plan.main.buckets))
    row = Row(
        series=letter,
        label=series.label if series else "",
        values=() if key[0] == _REMAINDER else tuple(Value(text) for text in key[1]),
        remainder=key[0] == _REMAINDER,
        points=found.points,
        total=found.total,
        moving_average=_smoothed(plan, found.points),
    )
    if other is None or plan.earlier is None:
        return row
    before = other.get(key) or _nothing(series, len(plan.earlier.buckets))
    return replace(
        row,
        compare_points=before.points,
        compare_total=before.total,
        compare_moving_average=_smoothed(plan, before.points),
    )


def _smoothed(plan: Plan, points: Sequence[Number]) -> tuple[Number, ...] | None:
    width = plan.spec.moving_average
    return _averages(points, width) if width else None


def _nothing(series: Series | None, size: int) -> _Numbers:
    empty = 0 if series and series.measure.zero_when_empty else None
    return _Numbers((empty,) * size, empty)


def _averages(points: Sequence[Number], width: int) -> tuple[Number, ...]:
    """The mean of each bucket and the `width` - 1 before it, as far as there is data; never rounded."""
    found: list[Number] = []
    for i in range(len(points)):
        known = [point for point in points[max(0, i - width + 1) : i + 1] if point is not None]
        found.append(math.fsum(known) / len(known) if known else None)
    return tuple(found)


def _buckets(plan: Plan, period: Period) -> tuple[Bucket, ...]:
    zone, now, span = plan.context.zone, plan.context.now, period.span
    return tuple(
        Bucket(
            start=bucket.start.astimezone(zone),
            end=bucket.end.astimezone(zone),
            partial=bucket.start < span.start or bucket.end > min(span.end, now),
        )
        for bucket in period.buckets
    )


def _warnings(plan: Plan, tables: Sequence[_Table]) -> tuple[Warning, ...]:
    found = []
    if not any(point for table in tables for numbers in table.values() for point in (*numbers.points, numbers.total)):
        found.append(Warning("trends.no_data", msg("Nothing in this range matches the question.")))
    if plan.earlier and len(plan.earlier.buckets) != len(plan.main.buckets):
        found.append(
            Warning(
                "trends.uneven",
                msg("The earlier period has %(earlier)s buckets and this one %(now)s; they are compared in order."),
                {"earlier": len(plan.earlier.buckets), "now": len(plan.main.buckets)},
            )
        )
    return tuple(found)

"""Shape: from the store's rows to the answer: rates and intervals, cells that do not exist yet, the mean, warnings."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from yunying.base.errors import msg
from yunying.engine.cohorts.compile import AsOf
from yunying.engine.filters import Of
from yunying.engine.result import Provenance, Value, Warning
from yunying.engine.retention.answer import Cell, Cohort, Column, Mean, RetentionResult, Row
from yunying.engine.retention.matched import Top
from yunying.engine.retention.plan import Plan
from yunying.engine.retention.spec import ValueMeasure
from yunying.stats.proportions import wilson

__all__ = ["Found", "shape"]

# People, the sum of a property of their return events, and of how many events.
Numbers = tuple[int, float, int]
_NOTHING: Numbers = (0, 0.0, 0)


@dataclass(slots=True)
class Found:
    """What the store said, by place and cohort (from 0), and column."""

    sizes: dict[tuple[int, int], int] = field(default_factory=dict)
    cells: dict[tuple[int, int, int], Numbers] = field(default_factory=dict)


def shape(plan: Plan, top: Top, found: Found, unknown: Sequence[Warning], provenance: Provenance) -> RetentionResult:
    """The whole answer: without a breakdown one row, with one a row for each value that was found."""
    rows = [_row(plan, place, values, found) for place, values in _places(plan, top, found)]
    return RetentionResult(
        columns=tuple(Column(*column) for column in plan.columns),
        rows=tuple(rows),
        warnings=(*unknown, *_warnings(found)),
        provenance=provenance,
    )


def _places(plan: Plan, top: Top, found: Found) -> list[tuple[int, tuple[str, ...]]]:
    """The places of the rows in their order, with their values."""
    if not plan.spec.breakdown:
        return [(1, ())]
    none = ("",) * len(plan.spec.breakdown)
    known, asked = {place for place, _ in found.sizes}, asked_for(plan)
    ranked = [(place, values) for place, values in enumerate((*top, none), 1) if place in known or values in asked]
    return ranked + ([(0, ())] if 0 in known else [])


def asked_for(plan: Plan) -> set[tuple[str, ...]]:
    """Cohorts of people that were chosen one by one: they have rows even of nobody."""
    by = plan.spec.breakdown
    if len(by) != 1 or by[0].of is not Of.COHORT:
        return set()
    return {(name,) for name in AsOf(plan.context).labels(by[0].cohorts)}


def _row(plan: Plan, place: int, values: tuple[str, ...], found: Found) -> Row:
    lines = [_line(plan, place, cohort, found) for cohort in range(plan.size)]
    sizes = [found.sizes.get((place, cohort), 0) for cohort in range(plan.size)]
    return Row(
        values=tuple(Value(value) for value in values),
        remainder=place == 0,
        size=sum(sizes),
        cohorts=tuple(_cohort(plan, cohort, sizes[cohort], lines[cohort]) for cohort in range(plan.size)),
        mean=tuple(_mean(plan, column, sizes, lines) for column in range(len(plan.columns))),
    )


def _line(plan: Plan, place: int, cohort: int, found: Found) -> list[Numbers]:
    """The numbers of a cohort, one for each column."""
    cells = [found.cells.get((place, cohort, column)) for column in range(len(plan.columns))]
    line: list[Numbers] = []
    for cell in reversed(cells):
        # On or after: where nothing happened in a column, what happened later still counts.
        later = line[-1] if plan.spec.on_or_after and line else _NOTHING
        line.append(cell or later)
    line.reverse()
    line[0] = (found.sizes.get((place, cohort), 0), *line[0][1:])
    return line


def _cohort(plan: Plan, index: int, size: int, line: Sequence[Numbers]) -> Cohort:
    zone, now, span, bucket = plan.context.zone, plan.context.now, plan.span, plan.buckets[index]
    return Cohort(
        start=bucket.start.astimezone(zone),
        end=bucket.end.astimezone(zone),
        size=size,
        partial=bucket.start < span.start or bucket.end > min(span.end, now),
        cells=tuple(
            _cell(plan, numbers, size, column, plan.partial(index, column)) if plan.exists(index, column) else None
            for column, numbers in enumerate(line)
        ),
    )


def _cell(plan: Plan, numbers: Numbers, size: int, column: int, partial: bool) -> Cell:
    rate, low, high = _rate(numbers[0], size, column)
    return Cell(numbers[0], rate, low, high, _value(plan, numbers), partial)


def _rate(count: int, size: int, column: int) -> tuple[float | None, float | None, float | None]:
    """The share and its interval. That a cohort is all of itself is no estimate, so column 0 has none."""
    interval = wilson(count, size)
    if interval is None:
        return None, None, None
    return (count / size, *interval) if column else (1.0, None, None)


def _value(plan: Plan, numbers: Numbers) -> float | None:
    if plan.spec.value is None:
        return None
    _, total, amounts = numbers
    if plan.spec.value.measure is ValueMeasure.SUM:
        return total
    return total / amounts if amounts else None


def _mean(plan: Plan, column: int, sizes: Sequence[int], lines: Sequence[Sequence[Numbers]]) -> Mean:
    """Over the cohorts for which the column is over, each with its weight."""
    chosen = plan.complete(column)
    size = sum(sizes[i] for i in chosen)
    people, total, amounts = (sum(lines[i][column][part] for i in chosen) for part in range(3))
    rate, low, high = _rate(int(people), size, column)
    value = _value(plan, (int(people), total, int(amounts)))
    if value is not None and plan.spec.value and plan.spec.value.measure is ValueMeasure.SUM:
        value = value / len(chosen) if chosen else None
    return Mean(size, rate, low, high, value)


def _warnings(found: Found) -> tuple[Warning, ...]:
    if any(found.sizes.values()):
        return ()
    return (Warning("retention.no_data", msg("Nobody did the start event in this range.")),)

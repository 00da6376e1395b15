"""Run: ask the store and hand the numbers to shape."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from yunying.base.errors import InvalidInput, msg
from yunying.engine.cohorts.compile import AsOf
from yunying.engine.context import Context
from yunying.engine.filters import Of
from yunying.engine.funnel.answer import FunnelResult, Point
from yunying.engine.funnel.compile import over_time_sql, remainder_sql, steps_sql
from yunying.engine.funnel.matched import MOST_VALUES, occurring_sql
from yunying.engine.funnel.part import Part, part_of
from yunying.engine.funnel.people import people_sql
from yunying.engine.funnel.plan import Plan, make_plan
from yunying.engine.funnel.rows import RANKED, REMAINDER, Top, labels
from yunying.engine.funnel.shape import Key, Line, in_order, nobody, shape
from yunying.engine.funnel.spec import Display, Funnel
from yunying.engine.resolve import resolve
from yunying.engine.result import People
from yunying.engine.session import Session
from yunying.store import Rows, Sql

__all__ = ["people", "run"]


def run(spec: Funnel, context: Context) -> FunnelResult:
    """The answer to `spec`: one statement, one more over time, and one where people of a remainder overlap."""
    unknown = resolve(spec.names, context.catalogue, "funnel")
    asking = _Asking(make_plan(spec, context), Session(context))
    lines = asking.lines()
    if spec.display is Display.OVER_TIME:
        asking.add_points(lines)
    span = asking.plan.span
    return shape(asking.plan, lines, unknown, asking.session.provenance(spec.hash, span.start, span.end))


@dataclass(frozen=True, slots=True)
class _Asking:
    """One question on its way through the store."""

    plan: Plan
    session: Session
    occurring: dict[str, list[str]] = field(default_factory=dict)

    def part(self, *, bucketed: bool = False, charted: bool = False) -> Part:
        """For a new statement. Asks first which values occur, where events are packed with them."""
        part = part_of(self.plan, self.session.binder(), self.occurring, bucketed=bucketed, charted=charted)
        if part.packed and not self.occurring:
            [found] = self._ask(occurring_sql(part)) or [{}]
            for name, _ in part.packed:
                texts = {str(text) for text in found.get(name, ())} - {""}
                _check_values(name, texts)
                self.occurring[name] = ["", *sorted(texts)]
            return self.part(bucketed=bucketed)
        return part

    def lines(self) -> list[Line]:
        """The figures over the whole range."""
        part = self.part(charted=self.plan.charted)
        rows = self._ask(steps_sql(part))
        lines = [Line(_key(part, row), row) for row in rows]
        lines = in_order([*lines, *self._silent(lines)])
        if part.shared:
            for line in lines:
                if line.key[0] == REMAINDER:
                    [line.figures] = self._ask(remainder_sql(self.part(), _top(part, lines)))
        return lines

    def add_points(self, lines: list[Line]) -> None:
        """How many entered and got through in each bucket."""
        if not self.plan.buckets:
            return
        if self.plan.charted:
            self._read_charts(lines)
            return
        part = self.part(bucketed=True)
        at = {start: index for index, start in enumerate(part.edges_ms)}
        by_key = {line.key: line for line in lines}
        for row in self._ask(over_time_sql(part, _top(part, lines))):
            # An attempt in a bucket may stand under another value than the best one of the range.
            key = _key(part, row)
            if key not in by_key:
                by_key[key] = nobody(self.plan.spec, key)
                lines.append(by_key[key])
            by_key[key].points[at[row["bucket"]]] = (row["entered"], row["converted"], row["open"])

    def _read_charts(self, lines: Sequence[Line]) -> None:
        """The points that came with the figures."""
        edges = self.part().edges_ms
        for line in lines:
            entered, converted, going = (
                dict(zip(*line.figures.get(name, ()), strict=True)) for name in ("entered", "converted", "going")
            )
            for index, start in enumerate(edges):
                point = entered.get(start, 0), converted.get(start, 0), going.get(start, 0)
                line.points[index] = point

    def _silent(self, lines: Sequence[Line]) -> list[Line]:
        """Lines for the cohorts that were asked for and have nobody."""
        by, known = self.plan.spec.breakdown, {line.key for line in lines}
        if len(by) != 1 or by[0].of is not Of.COHORT:
            return []
        keys = [(RANKED, (name,)) for name in AsOf(self.plan.context).labels(by[0].cohorts)]
        return [nobody(self.plan.spec, key) for key in keys if key not in known]

    def _ask(self, sql: Sql) -> list[Mapping[str, Any]]:
        return _named(self.session.ask(sql))


def _named(rows: Rows) -> list[Mapping[str, Any]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]


def _key(part: Part, row: Mapping[str, Any]) -> Key:
    kind = row.get("kind", RANKED)
    hidden = kind >= REMAINDER
    return kind, tuple("" if hidden else part.text(i, row[name]) for i, name in enumerate(labels(part)))


def _top(part: Part, lines: Sequence[Line]) -> Top:
    """The values shown by name, as columns hold them."""
    found = (part.raw(line.key[1]) for line in lines if line.key[0] == RANKED)
    return tuple(values for values in found if values)


def _check_values(name: str, texts: Set[str]) -> None:
    if len(texts) > MOST_VALUES:
        raise InvalidInput(
            "funnel.too_many_values",
            msg("This property has more than %(most)s values. Break down by another one, or filter the events."),
            field=f"breakdown.{int(name.removeprefix('v')) - 1}",
            most=MOST_VALUES,
        )


def people(spec: Funnel, point: Point, context: Context, limit: int, offset: int) -> People:
    """The people behind the number at `point`."""
    asking = _Asking(make_plan(spec, context), Session(context))
    _check_point(asking.plan, point)
    top = _top(asking.part(), asking.lines()) if point.remainder else ()

    def page(limit: int, offset: int) -> Sequence[tuple[Any, ...]]:
        part = asking.part(bucketed=point.bucket is not None)
        return asking.session.ask(people_sql(part, point, top, (limit, offset))).rows

    rows = page(limit, offset)
    # Past the end only the first page can tell how many there are.
    counted = rows or (page(1, 0) if offset else [])
    return People(tuple(int(row[0]) for row in rows), int(counted[0][1]) if counted else 0)


def _check_point(plan: Plan, point: Point) -> None:
    spec = plan.spec
    if point.step > len(spec.steps):
        raise InvalidInput(
            "funnel.point_step", msg("There are only %(count)s steps."), field="point.step", count=len(spec.steps)
        )
    if point.bucket is not None and point.bucket >= len(plan.buckets):
        raise InvalidInput(
            "funnel.point_bucket",
            msg("There are only %(count)s buckets."),
            field="point.bucket",
            count=len(plan.buckets),
        )
    if not point.remainder and len(point.values) != len(spec.breakdown):
        raise InvalidInput(
            "funnel.point_values",
            msg("Give one value for each of the %(count)s breakdowns."),
            field="point.values",
            count=len(spec.breakdown),
        )

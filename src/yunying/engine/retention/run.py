"""Run: ask the store and hand the numbers to shape."""

from yunying.base.errors import InvalidInput, msg
from yunying.engine import kept
from yunying.engine.context import Context
from yunying.engine.resolve import resolve
from yunying.engine.result import People
from yunying.engine.retention.answer import Point, RetentionResult
from yunying.engine.retention.compile import answer_sql, people_sql, ranking_sql
from yunying.engine.retention.held import from_sets
from yunying.engine.retention.matched import Part, Top
from yunying.engine.retention.plan import Plan, make_plan
from yunying.engine.retention.shape import Found, asked_for, shape
from yunying.engine.retention.spec import Retention
from yunying.engine.retention.states import states_of, with_kept
from yunying.engine.session import Session
from yunying.store import Rows

__all__ = ["people", "run"]


def run(spec: Retention, context: Context) -> RetentionResult:
    """The answer to `spec`: one statement, and one more before it that ranks breakdown values."""
    unknown = resolve(spec.names, context.catalogue, "retention")
    plan = make_plan(spec, context)
    session = Session(context)
    top = _ranking(plan, session) if spec.breakdown else ()
    part = with_kept(Part(plan, session.binder(), top), session)
    found = from_sets(part, session)
    if found is None:
        found = read(session.ask(answer_sql(part)))
    if part.kept is None:
        kept.note(session, states_of(plan))
    provenance = session.provenance(spec.hash, plan.span.start, plan.span.end)
    return shape(plan, top, found, unknown, provenance)


def _ranking(plan: Plan, session: Session) -> Top:
    rows = session.ask(ranking_sql(Part(plan, session.binder()))).rows
    found = tuple(tuple(map(str, row)) for row in rows)
    return found + tuple(names for names in sorted(asked_for(plan)) if names not in found)


def read(rows: Rows) -> Found:
    """The rows of an answer by place and cohort, counted from 0; see `compile.answer_sql`."""
    found = Found()
    for row in rows.rows:
        place, cohort, size, column, people = (int(value) for value in row[:5])
        if not size:
            continue
        found.sizes[place, cohort - 1] = size
        if column >= 0:
            total, amounts = (float(row[5] or 0), int(row[6])) if len(row) > 5 else (0.0, 0)
            found.cells[place, cohort - 1, column] = (people, total, amounts)
    return found


def people(spec: Retention, point: Point, context: Context, limit: int, offset: int) -> People:
    """The people of a cohort who came back in a column, or who did not."""
    plan = make_plan(spec, context)
    cohorts = _cohorts(plan, point)
    session = Session(context)
    if point.remainder:
        top, place = (_ranking(plan, session) if spec.breakdown else ()), 0
    elif len(point.values) != len(spec.breakdown):
        raise InvalidInput(
            "retention.point_values",
            msg("Give one value for each of the %(count)s breakdowns."),
            field="point.values",
            count=len(spec.breakdown),
        )
    else:
        # "No value" has the place after the last one with a name; here there is one name, that of the point.
        top, place = (point.values,), 2 if point.values and not any(point.values) else 1
    if not cohorts:
        return People((), 0)
    part = Part(plan, session.binder(), top)
    sql = people_sql(part, place, cohorts, point.column, point.returned, (limit, offset))
    for total, numbers in session.ask(sql).rows:
        return People(tuple(int(number) for number in numbers), int(total))
    return People((), 0)


def _cohorts(plan: Plan, point: Point) -> list[int]:
    """The cohorts `point` is about; none where nobody can have come back yet."""
    if point.column >= len(plan.columns):
        raise InvalidInput(
            "retention.point_column",
            msg("There are only %(count)s columns."),
            field="point.column",
            count=len(plan.columns),
        )
    if point.cohort is None:
        return plan.complete(point.column)
    if point.cohort >= plan.size:
        raise InvalidInput(
            "retention.point_cohort",
            msg("There are only %(count)s cohorts."),
            field="point.cohort",
            count=plan.size,
        )
    return [point.cohort] if plan.exists(point.cohort, point.column) else []

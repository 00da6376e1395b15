"""Run: ask the store and hand the numbers to shape."""

from collections.abc import Sequence
from typing import Any

from yunying.engine.context import Context
from yunying.engine.funnel.answer import FunnelResult, Point
from yunying.engine.funnel.compile import steps_sql
from yunying.engine.funnel.part import part_of
from yunying.engine.funnel.people import people_sql
from yunying.engine.funnel.plan import make_plan
from yunying.engine.funnel.shape import shape
from yunying.engine.funnel.spec import Funnel
from yunying.engine.resolve import resolve
from yunying.engine.result import People
from yunying.engine.session import Session

__all__ = ["people", "run"]


def run(spec: Funnel, context: Context) -> FunnelResult:
    """The answer to `spec`."""
    unknown = resolve(spec.names, context.catalogue, "funnel")
    plan = make_plan(spec, context)
    session = Session(context)
    part = part_of(plan, session.binder())
    rows = session.ask(steps_sql(part))
    found = [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
    return shape(plan, found, unknown, session.provenance(spec.hash, plan.span.start, plan.span.end))


def people(spec: Funnel, point: Point, context: Context, limit: int, offset: int) -> People:
    """The people behind the number at `point`."""
    plan = make_plan(spec, context)
    session = Session(context)

    def page(limit: int, offset: int) -> Sequence[tuple[Any, ...]]:
        return session.ask(people_sql(part_of(plan, session.binder()), point, (limit, offset))).rows

    rows = page(limit, offset)
    # Past the end only the first page can tell how many there are.
    counted = rows or (page(1, 0) if offset else [])
    return People(tuple(int(row[0]) for row in rows), int(counted[0][1]) if counted else 0)

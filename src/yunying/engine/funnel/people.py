"""The people behind one number of a funnel: the same rows, listed instead of counted."""

from yunying.engine.funnel.answer import Outcome, Point
from yunying.engine.funnel.part import Part
from yunying.engine.funnel.rows import rows
from yunying.engine.scan import clause, nested
from yunying.store import Sql

__all__ = ["people_sql"]


def people_sql(part: Part, point: Point, page: tuple[int, int]) -> Sql:
    """The page (limit, offset) of the people at `point`, ascending, and on each row how many there are in all."""
    limit, offset = (
        part.binder.bind(name, value, "UInt64") for name, value in zip(("page", "offset"), page, strict=True)
    )
    body = (
        f"SELECT who, count() OVER () AS total\nFROM\n{nested(rows(part))}\n"
        f"{clause('WHERE', _conditions(part, point))}\nORDER BY who\nLIMIT {limit} OFFSET {offset}"
    )
    return Sql(f"-- Who got to step {point.step}, or dropped out before it?\n{body}", part.binder.params)


def _conditions(part: Part, point: Point) -> list[str]:
    spec = part.plan.spec
    got = f"t{point.step} != 0"
    if point.outcome is Outcome.CONVERTED:
        return ["t1 != 0", got]
    return ["t1 != 0", f"t{spec.before(point.step)} != 0", f"NOT ({got})"]

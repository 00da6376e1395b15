"""The people behind one number of a funnel: the same rows, listed instead of counted."""

from yunying.engine.funnel.answer import Outcome, Point
from yunying.engine.funnel.part import Part
from yunying.engine.funnel.rows import MISSING, RANKED, REMAINDER, Top, best_of, labelled, rows
from yunying.engine.scan import clause, nested
from yunying.store import Sql

__all__ = ["people_sql"]


def people_sql(part: Part, point: Point, top: Top, page: tuple[int, int]) -> Sql:
    """The page (limit, offset) of the people at `point`, ascending, and on each row how many there are in all.

    `top` are the values shown by name, for the remainder, which does not hold them.
    """
    limit, offset = (
        part.binder.bind(name, value, "UInt64") for name, value in zip(("page", "offset"), page, strict=True)
    )
    body = (
        f"SELECT who, count() OVER () AS total\nFROM\n{nested(_of_row(part, point, top))}\n"
        f"{clause('WHERE', _conditions(part, point))}\nORDER BY who\nLIMIT {limit} OFFSET {offset}"
    )
    return Sql(f"-- Who is behind step {point.step}?\n{body}", part.binder.params)


def _of_row(part: Part, point: Point, top: Top) -> str:
    """The rows of everybody, of one value or of the remainder; each person once."""
    if not part.values:
        return rows(part)
    kind = REMAINDER if point.remainder else RANKED if any(point.values) else MISSING
    values = part.raw(point.values) if kind == RANKED else None
    wanted = (values,) if values else top
    found = f"SELECT *\nFROM\n{nested(labelled(part, wanted))}\nWHERE kind = {kind}"
    return best_of(part, found, ["bucket"] if part.bucketed else []) if part.shared else found


def _conditions(part: Part, point: Point) -> list[str]:
    spec, steps = part.plan.spec, part.times
    inside = []
    if point.bucket is not None:
        at = part.binder.bind("at", part.edges_ms[point.bucket], "Int64")
        inside.append(f"bucket = {at}")
    if point.outcome is Outcome.CONVERTED:
        # Over time those converted are a part of those who entered.
        ends = {spec.from_step, point.step} if point.bucket is not None and point.step == spec.to_step else {point.step}
        return [*inside, *(f"{steps[step - 1]} != 0" for step in sorted(ends))]
    over_time = point.bucket is not None and point.step == spec.to_step
    before = spec.from_step if over_time else spec.before(point.step)
    return [*inside, f"{steps[before - 1]} != 0", f"{steps[point.step - 1]} = 0"]

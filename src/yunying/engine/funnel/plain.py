"""The plain form: ordered steps that no event can confuse. One pass over each person's array for each step.

s1, s2 ... follow the walk: at each place the start of the latest attempt that has got to the step by then, 0 for
none. The latest start is the one that may still go on longest, so no other has to be known. The first entry of the
deepest of them that is not 0 is the attempt that got there first, of several the one that started latest; each of
its later steps is the earliest later event.

Each name has its own level of nesting: a chain of names in one SELECT makes planning grow with the square of it.
"""

from yunying.engine.funnel.matched import walks
from yunying.engine.funnel.part import Part
from yunying.engine.scan import nested

__all__ = ["plain_rows"]


def plain_rows(part: Part) -> str:
    """keys, t1 ... and `last`, the start of the latest attempt, for each person (and what is held)."""
    sql = _level(part, ["walk"], f"arrayFill(x -> {part.packing.does('x', 1)}, walk) AS s1", walks(part))
    for step in range(2, part.steps + 1):
        sql = _level(part, ["walk", *_starts(step - 1)], _advance(part, step), sql)
    got = [f"s{step}[-1] != 0 AS got_{step}" for step in range(2, part.steps + 1)]
    last = [f"{part.latest('s1[-1]')} AS last"] if part.open_since else []
    deepest = ", ".join(f"s{step}[-1] != 0, s{step}" for step in range(part.steps, 1, -1))
    first = f"arrayFirst(x -> x != 0, multiIf({deepest}, s1)) AS t1"
    sql = _level(part, ["walk"], ", ".join([*got, *last, first]), sql) + "\nWHERE s1[-1] != 0"
    keep = ["walk", *(["last"] if last else []), *(f"got_{step}" for step in range(2, part.steps + 1))]
    for step in range(2, part.steps + 1):
        later = f"arrayFirst(x -> {part.packing.does('x', step)} AND x > t{step - 1}, walk)"
        sql = _level(part, [*keep, *part.times[: step - 1]], f"if(got_{step}, {later}, 0) AS t{step}", sql)
    return sql


def _starts(steps: int) -> list[str]:
    return [f"s{step}" for step in range(1, steps + 1)]


def _advance(part: Part, step: int) -> str:
    """The starts of attempts that have got to `step`: those that were at the one before when it was done in time."""
    done, took = part.packing.does("x", step), part.took("x", "s")
    return f"arrayFill((s, x) -> {done} AND {took} <= {part.window}, s{step - 1}, walk) AS s{step}"


def _level(part: Part, keep: list[str], made: str, sql: str) -> str:
    return f"SELECT {', '.join([*part.kept, *keep, made])}\nFROM\n{nested(sql)}"

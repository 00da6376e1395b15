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
    starts = _starts(part.steps)
    depth = " + ".join(f"({s}[-1] != 0)" for s in starts)
    sql = _level(part, ["walk", *starts], f"{depth} AS depth", sql)
    deepest = ", ".join(f"depth = {step}, s{step}" for step in range(part.steps, 1, -1))
    chosen = [f"arrayFirst(x -> x != 0, multiIf({deepest}, s1)) AS t1"]
    last = ["last"] if part.open_since else []
    if last:
        chosen.append(f"{part.latest('s1[-1]')} AS last")
    sql = _level(part, ["walk", "depth"], ", ".join(chosen), sql)
    for step in range(2, part.steps + 1):
        later = f"arrayFirst(x -> {part.packing.does('x', step)} AND x > t{step - 1}, walk)"
        reached = f"if(depth >= {step}, {later}, 0) AS t{step}"
        sql = _level(part, ["walk", "depth", *last, *part.times[: step - 1]], reached, sql)
    return sql


def _starts(steps: int) -> list[str]:
    return [f"s{step}" for step in range(1, steps + 1)]


def _advance(part: Part, step: int) -> str:
    """The starts of attempts that have got to `step`: those that were at the one before when it was done in time."""
    done, took = part.packing.does("x", step), part.took("x", "s")
    return f"arrayFill((s, x) -> {done} AND {took} <= {part.window}, s{step - 1}, walk) AS s{step}"


def _level(part: Part, keep: list[str], made: str, sql: str) -> str:
    return f"SELECT {', '.join([*part.kept, *keep, made])}\nFROM\n{nested(sql)}"

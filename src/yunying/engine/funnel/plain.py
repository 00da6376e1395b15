"""The plain form: ordered steps that no event can confuse. One pass over each person's array for each step.

s1, s2 ... follow the walk: at each place the start of the latest attempt that has got to the step by then, 0 for
none. The latest start is the one that may still go on longest, so no other has to be known. The first entry of the
deepest of them that is not 0 is the attempt that got there first, of several the one that started latest; it did each
of its later steps at the first place where the starts of that step tell of it. Whoever gets to a step first started
no earlier than whoever got to the one before first, so the deepest is also the greatest of those first entries.

Each name has its own level of nesting: a chain of names in one SELECT makes planning grow with the square of it.
"""

from functools import reduce

from yunying.engine.funnel.matched import walks
from yunying.engine.funnel.part import Part
from yunying.engine.scan import nested

__all__ = ["beside", "plain_rows"]


def plain_rows(part: Part, *, idle: bool = False) -> str:
    """keys, t1 ... and `last`, the start of the latest attempt, for each person (and what is held).

    With `idle` also for those who never did step 1, with zeros: leaving them out here copies everybody's arrays.
    """
    sql = _level(part, ["walk"], f"arrayFill(x -> {part.packing.does('x', 1)}, walk) AS s1", walks(part))
    later = part.path[1:]
    for place, step in enumerate(later):
        sql = _level(part, ["walk", "s1", *(f"s{each}" for each in later[:place])], _advance(part, step), sql)
    last = [f"{part.latest('s1[-1]')} AS last"] if part.open_since else []
    # Two by two: of more than two the engine compares value by value.
    deepest = reduce(lambda most, step: f"greatest({most}, {_first(f's{step}')})", later, _first("s1"))
    sql = _level(part, ["walk", *(f"s{step}" for step in later)], ", ".join([*last, f"{deepest} AS t1"]), sql)
    keep = [*(["walk"] if part.beside else []), *(["last"] if last else [])]
    times = [f"walk[indexOf(s{step}, t1)] AS t{step}" for step in later]
    sql = _level(part, [*keep, "t1"], ", ".join(times), sql)
    return beside(part, sql if idle else f"{sql}\nWHERE t1 != 0", keep)


def _first(starts: str) -> str:
    """The first entry that is not 0, and 0 where there is none: starts only grow."""
    return f"{starts}[countEqual({starts}, 0) + 1]"


def _advance(part: Part, step: int) -> str:
    """The starts of attempts that have got to `step`: those that were at the one before when it was done in time."""
    before, done = part.plan.spec.before(step), part.packing.does("x", step)
    return f"arrayFill((s, x) -> {done} AND {part.in_time('x', 's', step)}, s{before}, walk) AS s{step}"


def beside(part: Part, sql: str, keep: list[str]) -> str:
    """`sql`, which has t1 ... of the path and `walk`, with the optional steps that were done between.

    One is done by the earliest event after the last step done before it, ahead of the next step of the path.
    """
    done = [f"t{step}" for step in part.path]
    for step in part.beside:
        since, until = f"t{part.plan.spec.before(step)}", f"t{part.after(step)}"
        earlier = [f"t{each}" for each in part.beside if part.plan.spec.before(step) < each < step]
        last = f"greatest({', '.join([since, *earlier])})" if earlier else since
        in_time = f"({until} = 0 OR x < {until}) AND {part.took('x', 't1')} <= {part.window}"
        test = f"{part.packing.does('x', step)} AND x > {last} AND {in_time}"
        sql = _level(part, [*keep, *done], f"if({since} = 0, 0, arrayFirst(x -> {test}, walk)) AS t{step}", sql)
        done.append(f"t{step}")
    return sql


def _level(part: Part, keep: list[str], made: str, sql: str) -> str:
    return f"SELECT {', '.join([*part.kept, *keep, made])}\nFROM\n{nested(sql)}"

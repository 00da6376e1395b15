"""Compile: the statements of a funnel question, nested one level per name."""

from yunying.engine.funnel.part import Part
from yunying.engine.funnel.rows import rows
from yunying.engine.scan import columns, nested
from yunying.store import Sql

__all__ = ["steps_sql"]


def steps_sql(part: Part) -> Sql:
    """How many got to each step and how long it took them."""
    body = f"{columns(figures(part))}\nFROM\n{nested(rows(part))}\nWHERE t1 != 0"
    return Sql(f"-- How many people got to each of {part.steps} steps, and in what time?\n{body}", part.binder.params)


def figures(part: Part) -> list[str]:
    """The columns n1 ..., open, and for later steps sum_ and mid_ of the times from the previous and the first."""
    found = [f"countIf({time} != 0) AS n{step}" for step, time in enumerate(part.times, 1)]
    if part.open_since:
        found.append(f"countIf(t{part.steps} = 0 AND last >= {part.open_since}) AS open")
    for name, later, earlier in stretches(part):
        took, reached = part.took(later, earlier), f"{later} != 0"
        found.append(f"sumIf({took}, {reached}) AS sum_{name}")
        found.append(f"quantilesExactInclusiveIf(0.5, 0.9)({took}, {reached}) AS mid_{name}")
    return found


def stretches(part: Part) -> list[tuple[str, str, str]]:
    """The times that are measured: a name, the event they end with and the one they start with."""
    spec = part.plan.spec
    found = []
    for step in range(2, part.steps + 1):
        before = spec.before(step)
        found.append((f"p{step}", f"t{step}", f"t{before}"))
        if before > 1:
            found.append((f"f{step}", f"t{step}", "t1"))
    return found

"""Shape: from the store's rows to the answer: rates with their intervals, times in seconds, warnings."""

from collections.abc import Mapping, Sequence
from typing import Any

from yunying.base.errors import msg
from yunying.engine.funnel.answer import FunnelResult, Reached, Row, Share, StepName, Taken
from yunying.engine.funnel.plan import Plan
from yunying.engine.funnel.spec import Funnel
from yunying.engine.result import Provenance, Warning
from yunying.stats.proportions import wilson

__all__ = ["shape", "share"]

Figures = Mapping[str, Any]


def share(part: int, whole: int) -> Share:
    """The rate with its interval."""
    bounds = wilson(part, whole)
    return Share(part / whole, *bounds) if bounds else Share(None, None, None)


def shape(plan: Plan, found: Sequence[Figures], unknown: Sequence[Warning], provenance: Provenance) -> FunnelResult:
    rows = tuple(row(plan.spec, figures) for figures in found)
    empty = not any(each.steps[0].count for each in rows)
    nothing = [Warning("funnel.no_data", msg("Nobody did the first step in this range."))] if empty else []
    return FunnelResult(
        steps=tuple(
            StepName(step.label, tuple(event.event for event in step.events), step.optional) for step in plan.spec.steps
        ),
        rows=rows,
        buckets=(),
        left_out=0,
        warnings=(*unknown, *nothing),
        provenance=provenance,
    )


def row(spec: Funnel, figures: Figures) -> Row:
    """One funnel from the columns of a statement."""
    return Row(
        values=(),
        remainder=False,
        open=figures.get("open", 0),
        steps=tuple(reached(spec, figures, step) for step in range(1, len(spec.steps) + 1)),
    )


def reached(spec: Funnel, figures: Figures, step: int) -> Reached:
    count, first = figures[f"n{step}"], figures["n1"]
    if step == 1:
        return Reached(count, 0, share(count, first), None, None, None)
    before = spec.before(step)
    previous = figures[f"n{before}"]
    from_previous = taken(figures, f"p{step}", count)
    return Reached(
        count=count,
        dropped=previous - count,
        from_first=share(count, first),
        from_previous=share(count, previous),
        time_from_previous_s=from_previous,
        time_from_first_s=taken(figures, f"f{step}", count) if before > 1 else from_previous,
    )


def taken(figures: Figures, name: str, count: int) -> Taken | None:
    if not count:
        return None
    median, p90 = figures[f"mid_{name}"]
    return Taken(figures[f"sum_{name}"] / count / 1000, median / 1000, p90 / 1000)

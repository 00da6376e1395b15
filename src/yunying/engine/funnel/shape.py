"""Shape: from the store's rows to the answer: order of rows, rates with intervals, times in seconds, warnings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from yunying.base.errors import msg
from yunying.engine.funnel.answer import Bin, FunnelResult, Reached, Row, Share, StepName, Taken, TimePoint
from yunying.engine.funnel.plan import Plan
from yunying.engine.funnel.rows import LEFT_OUT, REMAINDER
from yunying.engine.funnel.spec import Display, Funnel
from yunying.engine.result import Bucket, Provenance, Value, Warning
from yunying.stats.proportions import wilson

__all__ = ["Figures", "Key", "Line", "in_order", "nobody", "shape"]

Figures = Mapping[str, Any]
# The kind of a label (see `rows`) and its texts.
Key = tuple[int, tuple[str, ...]]


@dataclass(slots=True)
class Line:
    """What the store said about one label: figures over the range, and entered, converted, open by bucket's index."""

    key: Key
    figures: Figures
    points: dict[int, tuple[int, int, int]] = field(default_factory=dict)


def nobody(spec: Funnel, key: Key) -> Line:
    """The line of a label that nobody stands under."""
    return Line(key, {f"n{step}": 0 for step in range(1, len(spec.steps) + 1)})


def in_order(lines: Sequence[Line]) -> list[Line]:
    """Values by people at step 1, then name; then "no value", the remainder, those left out."""
    return sorted(lines, key=lambda line: (line.key[0], -line.figures["n1"], line.key[1]))


def shape(plan: Plan, lines: Sequence[Line], unknown: Sequence[Warning], provenance: Provenance) -> FunnelResult:
    """The whole answer, from the lines in their order."""
    spec = plan.spec
    shown = [line for line in lines if line.key[0] != LEFT_OUT]
    left_out = sum(line.figures.get("everybody", line.figures["n1"]) for line in lines if line.key[0] == LEFT_OUT)
    empty = not any(line.figures["n1"] for line in lines)
    nothing = [Warning("funnel.no_data", msg("Nobody did the first step in this range."))] if empty else []
    return FunnelResult(
        steps=tuple(
            StepName(step.label, tuple(event.event for event in step.events), step.optional) for step in spec.steps
        ),
        rows=tuple(_row(plan, line) for line in shown),
        buckets=_buckets(plan),
        left_out=left_out,
        warnings=(*unknown, *nothing),
        provenance=provenance,
    )


def _row(plan: Plan, line: Line) -> Row:
    spec, figures = plan.spec, line.figures
    kind, texts = line.key
    return Row(
        values=() if kind == REMAINDER else tuple(Value(text) for text in texts),
        remainder=kind == REMAINDER,
        open=figures.get("open", 0),
        steps=tuple(_reached(spec, figures, step) for step in range(1, len(spec.steps) + 1)),
        points=_points(line, len(plan.buckets)) if spec.display is Display.OVER_TIME else None,
        histogram=_histogram(figures) if spec.display is Display.TIMES else None,
    )


def _reached(spec: Funnel, figures: Figures, step: int) -> Reached:
    count, first = figures[f"n{step}"], figures["n1"]
    if step == 1:
        return Reached(count, 0, _share(count, first), None, None, None)
    before = spec.before(step)
    previous = figures[f"n{before}"]
    from_previous = _taken(figures, f"p{step}", count)
    return Reached(
        count=count,
        dropped=previous - count,
        from_first=_share(count, first),
        from_previous=_share(count, previous),
        time_from_previous_s=from_previous,
        time_from_first_s=_taken(figures, f"f{step}", count) if before > 1 else from_previous,
    )


def _share(part: int, whole: int) -> Share:
    bounds = wilson(part, whole)
    return Share(part / whole, *bounds) if bounds else Share(None, None, None)


def _taken(figures: Figures, name: str, count: int) -> Taken | None:
    if not count:
        return None
    median, p90 = figures[f"mid_{name}"]
    return Taken(figures[f"sum_{name}"] / count / 1000, median / 1000, p90 / 1000)


def _points(line: Line, buckets: int) -> tuple[TimePoint, ...]:
    found = (line.points.get(index, (0, 0, 0)) for index in range(buckets))
    return tuple(TimePoint(entered, done, _share(done, entered), still) for entered, done, still in found)


def _histogram(figures: Figures) -> tuple[Bin, ...]:
    """Every bin, also those nobody is in; none when nobody got that far."""
    counts = dict(zip(*figures.get("counted", ()), strict=True))
    if not counts:
        return ()
    low, width = figures["low_s"], figures["width_s"]
    return tuple(
        Bin(low + index * width, low + (index + 1) * width, counts.get(index, 0)) for index in range(figures["bins"])
    )


def _buckets(plan: Plan) -> tuple[Bucket, ...]:
    zone, now, span = plan.context.zone, plan.context.now, plan.span
    return tuple(
        Bucket(
            start=bucket.start.astimezone(zone),
            end=bucket.end.astimezone(zone),
            partial=bucket.start < span.start or bucket.end > min(span.end, now),
        )
        for bucket in plan.buckets
    )

"""The answer to a funnel question, and a point in it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from yunying.base.errors import msg
from yunying.engine.funnel.spec import MAX_STEPS
from yunying.engine.reading import Node
from yunying.engine.result import Bucket, Provenance, Value, Warning

__all__ = ["Bin", "FunnelResult", "Outcome", "Point", "Reached", "Row", "Share", "StepName", "Taken", "TimePoint"]
__all__ += ["parse_point"]


@dataclass(frozen=True, slots=True)
class StepName:
    """A step as it was asked for: `events` are names, None for any event."""

    label: str
    events: tuple[str | None, ...]
    optional: bool

    def to_json(self) -> dict[str, Any]:
        return {"label": self.label, "events": list(self.events), "optional": self.optional}


@dataclass(frozen=True, slots=True)
class Share:
    """A rate from 0 to 1 with its 95 % Wilson interval; all None where there is nobody to take a share of."""

    rate: float | None
    low: float | None
    high: float | None

    def to_json(self) -> dict[str, Any]:
        return {"rate": self.rate, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Taken:
    """How long it took, in seconds, over the people who got there."""

    average: float
    median: float
    p90: float

    def to_json(self) -> dict[str, Any]:
        return {"average": self.average, "median": self.median, "p90": self.p90}


@dataclass(frozen=True, slots=True)
class Reached:
    """One step of a row. `dropped` got to the step before (that is not optional) and not here.

    The first step has no previous one and no times; a step nobody reached has no times.
    """

    count: int
    dropped: int
    from_first: Share
    from_previous: Share | None
    time_from_previous_s: Taken | None
    time_from_first_s: Taken | None

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "dropped": self.dropped,
            "from_first": self.from_first.to_json(),
            "from_previous": self.from_previous.to_json() if self.from_previous else None,
            "time_from_previous_s": self.time_from_previous_s.to_json() if self.time_from_previous_s else None,
            "time_from_first_s": self.time_from_first_s.to_json() if self.time_from_first_s else None,
        }


@dataclass(frozen=True, slots=True)
class TimePoint:
    """Of the people with a first step in one bucket: how many got to `from_step`, and on to `to_step`."""

    entered: int
    converted: int
    share: Share
    open: int

    def to_json(self) -> dict[str, Any]:
        return {"entered": self.entered, "converted": self.converted, **self.share.to_json(), "open": self.open}


@dataclass(frozen=True, slots=True)
class Bin:
    """How many took from `from_s` to before `to_s` seconds; the last bin includes its end."""

    from_s: int
    to_s: int
    count: int

    def to_json(self) -> dict[str, Any]:
        return {"from_s": self.from_s, "to_s": self.to_s, "count": self.count}


@dataclass(frozen=True, slots=True)
class Row:
    """One funnel: of everybody, of a breakdown value, or of the `remainder`.

    `open` are those who have not got through but still may. `points` follow the buckets (over_time), `histogram`
    is of the times from `from_step` to `to_step` (times).
    """

    values: tuple[Value, ...]
    remainder: bool
    open: int
    steps: tuple[Reached, ...]
    points: tuple[TimePoint, ...] | None = None
    histogram: tuple[Bin, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "values": [value.to_json() for value in self.values],
            "remainder": self.remainder,
            "open": self.open,
            "steps": [step.to_json() for step in self.steps],
        }
        if self.points is not None:
            found["points"] = [point.to_json() for point in self.points]
        if self.histogram is not None:
            found["histogram"] = [each.to_json() for each in self.histogram]
        return found


@dataclass(frozen=True, slots=True)
class FunnelResult:
    """Rows come by rank: values by people at step 1 and name, "no value", the remainder.

    `left_out` are people without the step whose value counts, under attribution to a step. `buckets` are empty but
    for the display over_time.
    """

    steps: tuple[StepName, ...]
    rows: tuple[Row, ...]
    buckets: tuple[Bucket, ...]
    left_out: int
    warnings: tuple[Warning, ...]
    provenance: Provenance

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "funnel",
            "steps": [step.to_json() for step in self.steps],
            "rows": [row.to_json() for row in self.rows],
            "buckets": [bucket.to_json() for bucket in self.buckets],
            "left_out": self.left_out,
            "warnings": [warning.to_json() for warning in self.warnings],
            "provenance": self.provenance.to_json(),
        }


class Outcome(StrEnum):
    CONVERTED = "converted"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Point:
    """A number in an answer: who got to `step`, or who got to the one before and not to it.

    With `bucket`, the index of a bucket, only attempts that started in it count; dropped at `to_step` are then those
    who got to `from_step` and not to it. `values` are the texts of the row's breakdown values ('' is "no value").
    """

    step: int = 1
    outcome: Outcome = Outcome.CONVERTED
    values: tuple[str, ...] = ()
    remainder: bool = False
    bucket: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "outcome": self.outcome.value,
            "values": list(self.values),
            "remainder": self.remainder,
            "bucket": self.bucket,
        }


def parse_point(node: Node) -> Point:
    """Read a point. Raises InvalidInput with the path of the field at fault."""
    node.known("step", "outcome", "values", "remainder", "bucket")
    step, outcome, values = node.need("step").whole(1, MAX_STEPS), node.get("outcome"), node.get("values")
    remainder, bucket = node.get("remainder"), node.get("bucket")
    chosen = outcome.choice(Outcome, [each.value for each in Outcome]) if outcome else Outcome.CONVERTED
    if outcome and chosen is Outcome.DROPPED and step == 1:
        outcome.fail("funnel.dropped_first", msg("Nobody can drop out before the first step. Choose a later one."))
    return Point(
        step=step,
        outcome=chosen,
        values=tuple(value.text() for value in values.items(3)) if values else (),
        remainder=remainder.flag() if remainder else False,
        bucket=bucket.whole(0, 1_000_000) if bucket else None,
    )

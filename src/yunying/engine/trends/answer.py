"""The answer to a trends question, and a point in it."""

from dataclasses import dataclass
from typing import Any

from yunying.base.errors import msg
from yunying.engine.reading import Node
from yunying.engine.result import Bucket, Provenance, Value, Warning

__all__ = ["FORMULA", "Point", "Row", "TrendsResult", "parse_point"]

FORMULA = "formula"
Number = int | float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One line: `points` has a number, or None for "no data", for each bucket; `total` is over the whole range.

    `series` is the letter, or FORMULA. `values` are the breakdown values, empty in the `remainder`, which is
    everything past the breakdown limit. `compare_points` follow the comparison's own buckets.
    """

    series: str
    label: str
    values: tuple[Value, ...]
    remainder: bool
    points: tuple[Number, ...]
    total: Number
    moving_average: tuple[Number, ...] | None = None
    compare_points: tuple[Number, ...] | None = None
    compare_total: Number = None
    compare_moving_average: tuple[Number, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "series": self.series,
            "label": self.label,
            "values": [value.to_json() for value in self.values],
            "remainder": self.remainder,
            "points": list(self.points),
            "total": self.total,
        }
        if self.moving_average is not None:
            found["moving_average"] = list(self.moving_average)
        if self.compare_points is not None:
            found["compare"] = {"points": list(self.compare_points), "total": self.compare_total}
            if self.compare_moving_average is not None:
                found["compare"]["moving_average"] = list(self.compare_moving_average)
        return found


@dataclass(frozen=True, slots=True)
class TrendsResult:
    """Rows come by series, then by rank: values by total, "no value", the remainder; the formula comes last."""

    buckets: tuple[Bucket, ...]
    rows: tuple[Row, ...]
    compare_buckets: tuple[Bucket, ...]
    warnings: tuple[Warning, ...]
    provenance: Provenance

    def rows_of(self, series: str) -> tuple[Row, ...]:
        """The rows of one letter, or of FORMULA."""
        return tuple(row for row in self.rows if row.series == series)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "trends",
            "buckets": [bucket.to_json() for bucket in self.buckets],
            "compare_buckets": [bucket.to_json() for bucket in self.compare_buckets],
            "rows": [row.to_json() for row in self.rows],
            "warnings": [warning.to_json() for warning in self.warnings],
            "provenance": self.provenance.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Point:
    """A number in an answer: `bucket` is the index of a bucket, None for the total.

    `values` are the texts of the row's breakdown values ('' is "no value"); `remainder` marks the rest.
    With `compare` the number of the earlier period is meant.
    """

    series: str = "A"
    bucket: int | None = None
    values: tuple[str, ...] = ()
    remainder: bool = False
    compare: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "series": self.series,
            "bucket": self.bucket,
            "values": list(self.values),
            "remainder": self.remainder,
            "compare": self.compare,
        }


def parse_point(node: Node) -> Point:
    """Read a point. Raises InvalidInput with the path of the field at fault."""
    node.known("series", "bucket", "values", "remainder", "compare")
    series, bucket, values = node.get("series"), node.get("bucket"), node.get("values")
    remainder, compare = node.get("remainder"), node.get("compare")
    letter = series.text(most=20) if series else "A"
    if series and letter == FORMULA:
        series.fail("trends.formula_people", msg("Nobody stands behind a formula. Open one of its series."))
    return Point(
        series=letter,
        bucket=bucket.whole(0, 1_000_000) if bucket else None,
        values=tuple(value.text() for value in values.items(3)) if values else (),
        remainder=remainder.flag() if remainder else False,
        compare=compare.flag() if compare else False,
    )

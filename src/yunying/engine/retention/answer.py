"""The answer to a retention question, and a point in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yunying.engine.reading import Node
from yunying.engine.result import Provenance, Value, Warning
from yunying.engine.retention.spec import MAX_PERIODS

__all__ = ["Cell", "Cohort", "Column", "Mean", "Point", "RetentionResult", "Row", "parse_point"]


@dataclass(frozen=True, slots=True)
class Column:
    """The periods after the start that a column counts, both included; column 0 is the cohort itself."""

    first: int
    last: int

    def to_json(self) -> dict[str, Any]:
        return {"from": self.first, "to": self.last}


@dataclass(frozen=True, slots=True)
class Cell:
    """How many of a cohort came back. `partial`: its time is not over yet.

    `rate` (0 to 1) and its 95 % Wilson interval are None for an empty cohort, in column 0 only the interval is.
    `value` is the retained value.
    """

    count: int
    rate: float | None
    low: float | None
    high: float | None
    value: float | None
    partial: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "rate": self.rate,
            "low": self.low,
            "high": self.high,
            "value": self.value,
            "partial": self.partial,
        }


@dataclass(frozen=True, slots=True)
class Cohort:
    """Who started from `start` to before `end` (in the product's zone); a cell is None before its time has begun.

    `partial`: the range, or what has happened yet, does not fill the period.
    """

    start: datetime
    end: datetime
    size: int
    partial: bool
    cells: tuple[Cell | None, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "size": self.size,
            "partial": self.partial,
            "cells": [cell.to_json() if cell else None for cell in self.cells],
        }


@dataclass(frozen=True, slots=True)
class Mean:
    """A column over all cohorts whose cell is complete: all who came back of `size` who started.

    A sum as `value` is the mean of the cohorts' sums, an average is taken over all their events.
    """

    size: int
    rate: float | None
    low: float | None
    high: float | None
    value: float | None

    def to_json(self) -> dict[str, Any]:
        return {"size": self.size, "rate": self.rate, "low": self.low, "high": self.high, "value": self.value}


@dataclass(frozen=True, slots=True)
class Row:
    """One breakdown value, or everybody. `size` is the sum of its cohorts.

    `values` are empty in the `remainder`, which is everybody past the breakdown limit.
    """

    values: tuple[Value, ...]
    remainder: bool
    size: int
    cohorts: tuple[Cohort, ...]
    mean: tuple[Mean, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "values": [value.to_json() for value in self.values],
            "remainder": self.remainder,
            "size": self.size,
            "cohorts": [cohort.to_json() for cohort in self.cohorts],
            "mean": [mean.to_json() for mean in self.mean],
        }


@dataclass(frozen=True, slots=True)
class RetentionResult:
    """Rows come by rank: values by size, "no value", the remainder. All have the same cohorts and columns."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    warnings: tuple[Warning, ...]
    provenance: Provenance

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "retention",
            "columns": [column.to_json() for column in self.columns],
            "rows": [row.to_json() for row in self.rows],
            "warnings": [warning.to_json() for warning in self.warnings],
            "provenance": self.provenance.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Point:
    """A number in an answer: the people of a cohort who `returned` in a column, or did not.

    `cohort` None: of all cohorts whose cell is complete, everybody once. `values` are the texts of the row's
    breakdown values ('' is "no value"); `remainder` marks the rest.
    """

    cohort: int | None = None
    column: int = 0
    returned: bool = True
    values: tuple[str, ...] = ()
    remainder: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "cohort": self.cohort,
            "column": self.column,
            "returned": self.returned,
            "values": list(self.values),
            "remainder": self.remainder,
        }


def parse_point(node: Node) -> Point:
    """Read a point. Raises InvalidInput with the path of the field at fault."""
    node.known("cohort", "column", "returned", "values", "remainder")
    cohort, column, returned = (node.get(name) for name in ("cohort", "column", "returned"))
    values, remainder = node.get("values"), node.get("remainder")
    return Point(
        cohort=cohort.whole(0, 1_000_000) if cohort else None,
        column=column.whole(0, MAX_PERIODS) if column else 0,
        returned=returned.flag() if returned else True,
        values=tuple(value.text() for value in values.items(3)) if values else (),
        remainder=remainder.flag() if remainder else False,
    )

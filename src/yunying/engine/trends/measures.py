"""How each measure is taken in SQL: once for a cell (bucket and breakdown value), then over merged cells."""

from dataclasses import dataclass

from yunying.engine.filters import Of
from yunying.engine.scan import Binder
from yunying.engine.terms import property_number
from yunying.engine.trends.spec import Measure, Series

__all__ = ["Aggregate", "aggregate_of", "amount_of", "contributing"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`make` is the function that makes a cell of the column `reads`, `merge` the one that makes a number of cells.

    `level` is the parameter of quantiles, `exact` says that a repeated event would count twice.
    """

    reads: str
    make: str
    merge: str
    level: str = ""
    exact: bool = True

    def made(self, column: str, when: str = "") -> str:
        """A cell of `column`, of the rows for which `when` holds."""
        return _call(self.make, self.level if self.reads else "", column, when)

    def merged(self, cell: str, when: str = "") -> str:
        """The number that the cells for which `when` holds make together."""
        return _call(self.merge, self.level, cell, when)


def _call(function: str, level: str, *arguments: str) -> str:
    suffix = "If" if arguments[-1] else ""
    return f"{function}{suffix}{level}({', '.join(filter(None, arguments))})"


_PEOPLE = Aggregate("who", "groupBitmapState", "groupBitmapMerge", exact=False)
_PER_PERSON = {
    Measure.PER_PERSON_AVG: ("avg", ""),
    Measure.PER_PERSON_MIN: ("min", ""),
    Measure.PER_PERSON_MAX: ("max", ""),
    Measure.PER_PERSON_MEDIAN: ("quantileExactInclusive", "(0.5)"),
}
_FIXED = {
    Measure.COUNT: Aggregate("", "count", "sum"),
    Measure.PEOPLE: _PEOPLE,
    Measure.ROLLING_PEOPLE: _PEOPLE,
    Measure.ACCOUNTS: Aggregate("account", "uniqExactState", "uniqExactMerge", exact=False),
    Measure.SESSIONS: Aggregate("session", "uniqExactState", "uniqExactMerge", exact=False),
    Measure.SUM: Aggregate("amount", "sum", "sum"),
    Measure.AVG: Aggregate("amount", "avgState", "avgMerge"),
    Measure.MIN: Aggregate("amount", "min", "min", exact=False),
    Measure.MAX: Aggregate("amount", "max", "max", exact=False),
    Measure.FIRST_TIME: Aggregate("", "count", "sum", exact=False),
} | {measure: Aggregate("", "count", merge, level) for measure, (merge, level) in _PER_PERSON.items()}


def aggregate_of(series: Series, binder: Binder) -> Aggregate:
    """The SQL of the series' measure."""
    if series.measure in _FIXED:
        return _FIXED[series.measure]
    level = 0.5 if series.percentile is None else series.percentile / 100
    quantile, at = "quantileExactInclusive", binder.bind("level", level, "Float64")
    return Aggregate("amount", f"{quantile}State", f"{quantile}Merge", f"({at})")


def amount_of(series: Series, binder: Binder) -> str:
    """The numeric property the measure is taken of, null where it is none."""
    assert series.property is not None
    return property_number(binder, Of.EVENT, series.property)


def contributing(series: Series, binder: Binder) -> list[str]:
    """What an event needs besides the filters to say anything to the measure."""
    if series.measure is Measure.ACCOUNTS:
        return ["account != ''"]
    if series.measure is Measure.SESSIONS:
        return ["session != ''"]
    return [f"{amount_of(series, binder)} IS NOT NULL"] if series.measure.of_property else []

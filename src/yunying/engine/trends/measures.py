"""How each measure is taken in SQL: once for a cell (bucket and breakdown value), then over merged cells."""

from dataclasses import dataclass

from yunying.engine.filters import Of
from yunying.engine.scan import Binder
from yunying.engine.terms import property_number
from yunying.engine.trends.spec import Measure, Series

__all__ = ["Aggregate", "aggregate_of", "amount_of", "contributing"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`reads` is the column of the matched events the measure looks at, `cell` the expression that makes a cell,
    `merged` the one that makes a number of several, and `exact` says that a repeated event would count twice.
    """

    reads: tuple[str, ...]
    cell: str
    merged: str
    exact: bool = True


_PEOPLE = Aggregate(("who",), "groupBitmapState(who)", "groupBitmapMerge(cell)", exact=False)
_PER_PERSON = {
    Measure.PER_PERSON_AVG: "avg(n)",
    Measure.PER_PERSON_MIN: "min(n)",
    Measure.PER_PERSON_MAX: "max(n)",
    Measure.PER_PERSON_MEDIAN: "quantileExactInclusive(0.5)(n)",
}
_FIXED = {
    Measure.COUNT: Aggregate((), "count()", "sum(cell)"),
    Measure.PEOPLE: _PEOPLE,
    Measure.ROLLING_PEOPLE: _PEOPLE,
    Measure.ACCOUNTS: Aggregate(("account",), "uniqExactState(account)", "uniqExactMerge(cell)", exact=False),
    Measure.SESSIONS: Aggregate(("session",), "uniqExactState(session)", "uniqExactMerge(cell)", exact=False),
    Measure.SUM: Aggregate(("amount",), "sum(amount)", "sum(cell)"),
    Measure.AVG: Aggregate(("amount",), "avgState(amount)", "avgMerge(cell)"),
    Measure.MIN: Aggregate(("amount",), "min(amount)", "min(cell)", exact=False),
    Measure.MAX: Aggregate(("amount",), "max(amount)", "max(cell)", exact=False),
    Measure.FIRST_TIME: Aggregate(("who",), "count()", "sum(cell)", exact=False),
} | {measure: Aggregate(("who",), "count()", stat) for measure, stat in _PER_PERSON.items()}


def aggregate_of(series: Series, binder: Binder) -> Aggregate:
    """The SQL of the series' measure."""
    if series.measure in _FIXED:
        return _FIXED[series.measure]
    level = 0.5 if series.percentile is None else series.percentile / 100
    quantile, at = "quantileExactInclusive", binder.bind("level", level, "Float64")
    return Aggregate(("amount",), f"{quantile}State({at})(amount)", f"{quantile}Merge({at})(cell)")


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

"""The innermost part of every trends statement: the events that match a series, one row each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from yunying.base.zones import Span
from yunying.engine.filters import Of
from yunying.engine.scan import Binder, accounts, columns, millis, nested, people, scan
from yunying.engine.terms import property_text, terms
from yunying.engine.trends.measures import Aggregate, aggregate_of, amount_of, contributing
from yunying.engine.trends.plan import Period, Plan, windows
from yunying.engine.trends.spec import Breakdown, Measure, Series
from yunying.store import OWNER, EventColumns

__all__ = ["Part", "bucket_of", "cells", "matched", "part_of", "values_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """One series in one period, about to be written as SQL."""

    plan: Plan
    period: Period
    series: Series
    binder: Binder
    aggregate: Aggregate

    @property
    def breakdown(self) -> tuple[Breakdown, ...]:
        return self.plan.spec.breakdown

    @property
    def windows(self) -> tuple[Span, ...]:
        return windows(self.plan, self.period, self.series)

    @property
    def rolling(self) -> bool:
        return self.series.measure is Measure.ROLLING_PEOPLE

    def edges(self) -> list[int]:
        """Milliseconds at which a cell starts."""
        spans = self.windows if self.rolling else self.period.buckets
        found = {millis(span.start) for span in spans}
        return sorted(found | {millis(span.end) for span in spans} if self.rolling else found)


def part_of(plan: Plan, period: Period, series: Series, known: EventColumns, binder: Binder | None = None) -> Part:
    """`binder` when the part shares a statement with others."""
    binder = binder or Binder(plan.context.product, known)
    return Part(plan, period, series, binder, aggregate_of(series, binder))


def values_of(part: Part) -> list[str]:
    """The names of the breakdown columns."""
    return [f"v{i + 1}" for i in range(len(part.breakdown))]


def bucket_of(part: Part, at: str) -> str:
    """The start, in milliseconds, of the cell an instant (also milliseconds) falls in."""
    return f"roundDown({at}, {part.binder.bind('edges', part.edges(), 'Array(Int64)')})"


def cells(part: Part) -> str:
    """bucket, breakdown values and cell; for measures per person one cell for each of them."""
    keys = ["bucket", *values_of(part), *(["who"] if part.series.measure.per_person else [])]
    return (
        f"SELECT {', '.join(keys)}, {part.aggregate.cell} AS cell\n"
        f"FROM\n{nested(matched(part, part.aggregate.reads))}\n"
        f"GROUP BY {', '.join(keys)}"
    )


def matched(part: Part, reads: Sequence[str]) -> str:
    """bucket, breakdown values and the columns in `reads` for each matching event in the period.

    For first_time that is each person's first matching event of all time, if it falls in the period.
    """
    if part.series.measure is Measure.FIRST_TIME:
        return _firsts(part)
    start = min(window.start for window in part.windows) if part.rolling else part.period.span.start
    return _with_people(part, ["bucket", *reads], start)


def _firsts(part: Part) -> str:
    values = values_of(part)
    source = nested(_with_people(part, ["who", "ts", *(["id"] if values else [])], None))
    first = columns(["who", "min(ts) AS first", *(f"argMin({v}, (ts, id)) AS first_{v}" for v in values)])
    bucket = bucket_of(part, "toUnixTimestamp64Milli(first)")
    return (
        f"{columns([f'{bucket} AS bucket', *(f'first_{v} AS {v}' for v in values), 'who'])}\n"
        "FROM\n" + nested(f"{first}\nFROM\n{source}\nGROUP BY who") + "\n"
        f"WHERE first >= {part.binder.moment('start', part.period.span.start)}"
    )


def _with_people(part: Part, reads: Sequence[str], start: datetime | None) -> str:
    """The matching events with their breakdown values, those of people and accounts joined to them."""
    sql = _events(part, reads, start)
    names = [*reads, *(v for v, by in zip(values_of(part), part.breakdown, strict=True) if by.of is Of.EVENT)]
    for v, by in zip(values_of(part), part.breakdown, strict=True):
        if by.of is not Of.EVENT:
            names.append(v)
            sql = _joined(part, sql, names, v, by)
    return sql


def _joined(part: Part, sql: str, names: Sequence[str], value: str, by: Breakdown) -> str:
    """`sql` with the value of a property of the event's person or account, '' where there is none."""
    source, key, mine = (people, "person", "who") if by.of is Of.PERSON else (accounts, "account", "account")
    text = property_text(part.binder, by.of, by.property)
    keep = [name for name in _needed(part, names) if name != value]
    return (
        f"{columns([*(f'found.{name} AS {name}' for name in keep), f'now.{value} AS {value}'])}\n"
        f"FROM\n{nested(sql)} AS found\n"
        f"LEFT ANY JOIN\n{nested(f'SELECT {key} AS id_now, {text} AS {value}{chr(10)}{source(part.binder)}')} AS now\n"
        f"ON found.{mine} = now.id_now"
    )


def _needed(part: Part, names: Sequence[str]) -> list[str]:
    """`names` and what joins look up, each once."""
    keys = {Of.PERSON: "who", Of.ACCOUNT: "account"}
    return list(dict.fromkeys([*names, *(keys[by.of] for by in part.breakdown if by.of in keys)]))


def _events(part: Part, reads: Sequence[str], start: datetime | None) -> str:
    binder, plan, series = part.binder, part.plan, part.series
    offered: dict[str, Callable[[], str]] = {
        "bucket": lambda: f"{bucket_of(part, 'toUnixTimestamp64Milli(ts)')} AS bucket",
        "who": lambda: f"{OWNER} AS who",
        "amount": lambda: f"assumeNotNull({amount_of(series, binder)}) AS amount",
        "id": lambda: "toString(uuid) AS id",
        "account": lambda: "account",
        "session": lambda: "session",
        "ts": lambda: "ts",
    }
    names = [offered[name]() for name in _needed(part, reads)]
    for v, by in zip(values_of(part), part.breakdown, strict=True):
        if by.of is Of.EVENT:
            names.append(f"{property_text(binder, by.of, by.property)} AS {v}")
    where = [*terms(binder, (plan.spec.filters, series.filters), plan.context.zone), *contributing(series, binder)]
    found = scan(
        binder,
        event=series.event,
        start=start,
        end=part.period.span.end,
        where=where,
        exact=part.aggregate.exact,
    )
    return f"{columns(names or ['1'])}\n{found}"

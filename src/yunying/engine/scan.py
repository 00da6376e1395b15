"""Where the engine's SQL comes from the store: the only functions that name its tables.

Each of them adds the product guard, so no query can be written without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from textwrap import indent
from typing import Any, Protocol

from yunying.store import ACCOUNTS, COHORT_MEMBERS, EVENTS, EVENTS_WITH_REPEATS, PEOPLE, EventColumns

__all__ = [
    "Binder",
    "Bitmaps",
    "Reach",
    "accounts",
    "clause",
    "columns",
    "listed",
    "millis",
    "nested",
    "people",
    "scan",
    "within",
]

# From when (None: from the first event of all) to before when.
Reach = tuple[datetime | None, datetime]
# What the store can write as a day, and as an instant.
_FIRST_DAY, _LAST_DAY = datetime(1970, 1, 2, tzinfo=UTC), datetime(2149, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2299, 12, 31, tzinfo=UTC)


class Bitmaps(Protocol):
    """The members of cohorts as of one instant."""

    def bitmap(self, binder: "Binder", cohort: int) -> str:
        """An expression for the bitmap of the members, worked out once in a statement.

        Raises InvalidInput when there is no such cohort or when it cannot be worked out.
        """
        ...

    def labels(self, cohorts: Sequence[int]) -> tuple[str, ...]:
        """The names of these cohorts, no two alike."""
        ...


@dataclass(slots=True)
class Binder:
    """Collects the values of one statement. Every statement has the product."""

    product: int
    columns: EventColumns
    params: dict[str, Any] = field(default_factory=dict)
    cohorts: Bitmaps | None = None

    def bind(self, name: str, value: Any, kind: str) -> str:
        """The placeholder for `value` of the ClickHouse type `kind`; the same value is bound once."""
        chosen, number = name, 1
        while chosen in self.params and self.params[chosen] != value:
            number += 1
            chosen = f"{name}_{number}"
        self.params[chosen] = value
        return f"{{{chosen}:{kind}}}"

    def moment(self, name: str, at: datetime) -> str:
        """The placeholder for an instant, as exact as events have it."""
        at = min(max(at, _FIRST), _LAST).astimezone(UTC) + timedelta(microseconds=500)
        return self.bind(name, at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], "DateTime64(3, 'UTC')")


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact."""
    return round(at.timestamp() * 1000)


def scan(binder: Binder, *, events: Sequence[str], spans: Sequence[Reach], where: Iterable[str], exact: bool) -> str:
    """FROM and WHERE over the events of these names (none: of any name) in any of `spans`.

    With `exact` an event that is stored twice is read once; without it, twice, which is cheaper and enough
    where things are only told apart (people, smallest, largest).
    """
    guards = [f"product = {binder.bind('product', binder.product, 'UInt32')}"]
    if len(events) == 1:
        guards.append(f"event = {binder.bind('event', events[0], 'String')}")
    elif events:
        guards.append(f"event IN {binder.bind('events', list(events), 'Array(String)')}")
    guards += [*within(binder, "ts", spans), *_days(binder, spans)]
    table = EVENTS if exact else EVENTS_WITH_REPEATS
    return f"FROM {table}\n{clause('WHERE', [*guards, *where])}"


def _days(binder: Binder, spans: Sequence[Reach]) -> list[str]:
    """The same roughly, in the days (of UTC) that events are sorted by: for the index alone, no row is tested.

    The engine does not see by itself that a stretch of time is a stretch of days: under FINAL, or for events of several
    names, it would read whole months.
    """
    starts, end = [start for start, _ in spans if start is not None], max(end for _, end in spans)
    if len(starts) < len(spans) or min(starts) < _FIRST_DAY or end > _LAST_DAY:  # no date to write them as
        return []
    days = (("first_day", min(starts)), ("last_day", end))
    first, last = (binder.bind(name, f"{at.astimezone(UTC):%Y-%m-%d}", "Date") for name, at in days)
    return [f"indexHint(toDate(ts) BETWEEN {first} AND {last})"]


def within(binder: Binder, column: str, spans: Sequence[Reach]) -> list[str]:
    """That the instant in `column` lies in one of `spans`, as conditions that hold together."""
    joined = [_between(binder, column, *span) for span in _merged(spans)]
    return joined[0] if len(joined) == 1 else ["(" + " OR ".join(" AND ".join(both) for both in joined) + ")"]


def _between(binder: Binder, column: str, start: datetime | None, end: datetime) -> list[str]:
    first = [] if start is None else [f"{column} >= {binder.moment('start', start)}"]
    return [*first, f"{column} < {binder.moment('end', end)}"]


def _merged(spans: Sequence[Reach]) -> list[Reach]:
    """The same stretches of time, in order, none touching the next: each then costs one range of the index."""
    found: list[Reach] = []
    for start, end in sorted(spans, key=lambda span: (span[0] is not None, span[0] or span[1])):
        if found and (start is None or start <= found[-1][1]):
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def people(binder: Binder, *where: str | None) -> str:
    """FROM and WHERE over the people of the product as they are now: person, born, props."""
    return _now(binder, PEOPLE, where)


def accounts(binder: Binder, *where: str | None) -> str:
    """FROM and WHERE over the accounts of the product as they are now: account, props."""
    return _now(binder, ACCOUNTS, where)


def listed(binder: Binder, cohort: int) -> str:
    """FROM and WHERE over the numbers of a fixed list, as they were written down: person."""
    guards = [
        f"product = {binder.bind('product', binder.product, 'UInt32')}",
        f"cohort = {binder.bind('cohort', cohort, 'UInt64')}",
    ]
    return f"FROM {COHORT_MEMBERS}\n{clause('WHERE', guards)}"


def _now(binder: Binder, table: str, where: Sequence[str | None]) -> str:
    guard = f"product = {binder.bind('product', binder.product, 'UInt32')}"
    return f"FROM {table}\n{clause('WHERE', [guard, *filter(None, where)])}"


def nested(sql: str) -> str:
    """`sql` as a subquery in parentheses."""
    return f"(\n{indent(sql, '    ')}\n)"


def clause(keyword: str, conditions: Sequence[str]) -> str:
    """`WHERE a` and one `AND b` per line."""
    return f"{keyword} " + "\n  AND ".join(condition.replace("\n", "\n      ") for condition in conditions)


def columns(names: Sequence[str]) -> str:
    """A SELECT list, one line each."""
    return "SELECT\n" + indent(",\n".join(names), "    ")

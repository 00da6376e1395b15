"""Where the engine's SQL comes from the store: the only functions that name its tables.

Each of them adds the product guard, so no query can be written without it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import indent
from typing import Any

from yunying.store import ACCOUNTS, EVENTS, EVENTS_WITH_REPEATS, PEOPLE, EventColumns

__all__ = ["Binder", "accounts", "clause", "columns", "millis", "nested", "people", "scan"]


@dataclass(slots=True)
class Binder:
    """Collects the values of one statement. Every statement has the product."""

    product: int
    columns: EventColumns
    params: dict[str, Any] = field(default_factory=dict)

    def bind(self, name: str, value: Any, kind: str) -> str:
        """The placeholder for `value` of the ClickHouse type `kind`; the same value is bound once."""
        chosen, number = name, 1
        while chosen in self.params and self.params[chosen] != value:
            number += 1
            chosen = f"{name}_{number}"
        self.params[chosen] = value
        return f"{{{chosen}:{kind}}}"

    def moment(self, name: str, at: datetime) -> str:
        """The placeholder for an instant."""
        return f"fromUnixTimestamp64Milli({self.bind(name, millis(at), 'Int64')}, 'UTC')"


def millis(at: datetime) -> int:
    """Milliseconds since 1970, exact."""
    return round(at.timestamp() * 1000)


def scan(
    binder: Binder,
    *,
    event: str | None,
    start: datetime | None,
    end: datetime,
    where: Iterable[str] = (),
    exact: bool,
) -> str:
    """FROM and WHERE over the events from `start` (None: from the first of all) to before `end`.

    With `exact` an event that is stored twice is read once; without it, twice, which is cheaper and enough
    where things are only told apart (people, smallest, largest).
    """
    guards = [f"product = {binder.bind('product', binder.product, 'UInt32')}"]
    if event is not None:
        guards.append(f"event = {binder.bind('event', event, 'String')}")
    if start is not None:
        guards.append(f"ts >= {binder.moment('start', start)}")
    guards.append(f"ts < {binder.moment('end', end)}")
    table = EVENTS if exact else EVENTS_WITH_REPEATS
    return f"FROM {table}\n{clause('WHERE', [*guards, *where])}"


def people(binder: Binder, where: str | None = None) -> str:
    """FROM and WHERE over the people of the product as they are now: person, born, props."""
    return _now(binder, PEOPLE, where)


def accounts(binder: Binder, where: str | None = None) -> str:
    """FROM and WHERE over the accounts of the product as they are now: account, props."""
    return _now(binder, ACCOUNTS, where)


def _now(binder: Binder, table: str, where: str | None) -> str:
    guard = f"product = {binder.bind('product', binder.product, 'UInt32')}"
    return f"FROM {table}\n{clause('WHERE', [guard, where] if where else [guard])}"


def nested(sql: str) -> str:
    """`sql` as a subquery in parentheses."""
    return f"(\n{indent(sql, '    ')}\n)"


def clause(keyword: str, conditions: Sequence[str]) -> str:
    """`WHERE a` and one `AND b` per line."""
    return f"{keyword} " + "\n  AND ".join(condition.replace("\n", "\n      ") for condition in conditions)


def columns(names: Sequence[str]) -> str:
    """A SELECT list, one line each."""
    return "SELECT\n" + indent(",\n".join(names), "    ")

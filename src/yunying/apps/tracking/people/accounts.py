"""Accounts: finding them, who acts for them, and how active they are."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import orjson

from yunying.apps.tracking.models import Account
from yunying.apps.tracking.people.finding import filter_test
from yunying.base import zones
from yunying.engine.filters import Group
from yunying.engine.scan import Binder, accounts
from yunying.platform.products.models import Product
from yunying.store import EVENTS, OWNER, Sql, shared

__all__ = ["ACCOUNT_SORTS", "AccountRow", "Day", "FoundAccounts", "account_days", "people_of_account"]

ACCOUNT_SORTS = {"key": "account", "seen": "seen", "people": "people", "events": "events"}
_STEP = 2_000
_ACTIVE_DAYS = 90

# How much was done for each account, by whom, and when last?
_ACTIVITY = f"""
SELECT account, max(ts) AS seen, uniqExact({OWNER}) AS people, count() AS events
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND {{which}}
GROUP BY account
"""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as lists show it; `people` and `events` count all that is stored."""

    key: str
    properties: dict[str, Any]
    seen: datetime | None = None
    people: int = 0
    events: int = 0
    first_seen_ms: int | None = None
    pk: int | None = None

    @property
    def name(self) -> str:
        """What its properties call it, else its key."""
        value = self.properties.get("name") or self.properties.get("$name")
        return value if isinstance(value, str) and value else self.key


class FoundAccounts(Sequence[AccountRow]):
    """The accounts whose key or a property's value has `query` in it and that pass `filters`, a page at a time."""

    def __init__(self, product: Product, query: str = "", filters: Group | None = None, sort: str = "key") -> None:
        self._product = product
        self._query = query
        self._filters = filters or Group()
        self._sort = sort if sort.removeprefix("-") in ACCOUNT_SORTS else "key"

    def narrowed(self, query: str, filters: Mapping[str, str], sort: str) -> "FoundAccounts":
        """The same, as a list's search box and headings have it."""
        return FoundAccounts(self._product, query, self._filters, sort)

    @cached_property
    def _count(self) -> int:
        binder = self._binder()
        return int(shared().query(Sql("SELECT count()\n" + self._where(binder), binder.params)).one()[0])

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, part: Any) -> Any:
        if not isinstance(part, slice):
            return self[part : part + 1][0]
        first, last, _step = part.indices(1 << 40)
        return self._read(first, last - first)

    def __iter__(self) -> Iterator[AccountRow]:
        for first in range(0, len(self), _STEP):
            yield from self._read(first, _STEP)

    def _read(self, first: int, count: int) -> list[AccountRow]:
        binder = self._binder()
        key, down = self._sort.removeprefix("-"), self._sort.startswith("-")
        text = self._where(binder)
        if key != "key":
            which = _ACTIVITY.replace("{which}", "account != ''")
            text = text.replace("\n", f"\nLEFT JOIN ({which}) AS active USING account\n", 1)
        window = f"LIMIT {binder.bind('limit', count, 'UInt32')} OFFSET {binder.bind('offset', first, 'UInt64')}"
        order = f"ORDER BY {ACCOUNT_SORTS[key]} {'DESC' if down else 'ASC'}, account\n"
        rows = shared().query(Sql(f"SELECT account, props\n{text}\n{order}{window}", binder.params)).rows
        return self._completed([AccountRow(name, orjson.loads(props or "{}")) for name, props in rows])

    def _completed(self, rows: list[AccountRow]) -> list[AccountRow]:
        keys = [row.key for row in rows]
        active = activity_of(self._product.pk, keys)
        known = {one.key: one for one in Account.objects.filter(product=self._product, key__in=keys)}
        found = []
        for row in rows:
            seen, people, events = active.get(row.key, (None, 0, 0))
            row = replace(row, seen=seen, people=people, events=events)
            one = known.get(row.key)
            found.append(replace(row, pk=one.pk, first_seen_ms=one.first_seen_ms) if one else row)
        return found

    def _binder(self) -> Binder:
        return Binder(self._product.pk, shared().columns())

    def _where(self, binder: Binder) -> str:
        test = filter_test(binder, self._filters, self._product)
        conditions = [test] if test else []
        if self._query:
            text = binder.bind("text", self._query, "String")
            values = "JSONExtractKeysAndValues(props, 'String')"
            inside = f"arrayExists(pair -> positionCaseInsensitiveUTF8(pair.2, {text}) > 0, {values})"
            conditions.append(f"(positionCaseInsensitiveUTF8(account, {text}) > 0 OR {inside})")
        return accounts(binder, " AND ".join(conditions) or None)


def activity_of(product_id: int, keys: Sequence[str]) -> dict[str, tuple[datetime | None, int, int]]:
    """When each account was last active, how many people acted for it, and in how many events. One query."""
    if not keys:
        return {}
    text = _ACTIVITY.replace("{which}", "account IN {keys:Array(String)}")
    rows = shared().query(Sql(text, {"product": product_id, "keys": list(keys)})).rows
    return {key: (seen, people, events) for key, seen, people, events in rows}


# Who acted for an account, how often, and when last?
_PEOPLE = f"""
SELECT {OWNER} AS who, max(ts) AS seen, count() AS events, count() OVER () AS total
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND account = {{account:String}}
GROUP BY who
ORDER BY seen DESC, who
LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}
"""


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody who acts for an account."""

    number: int
    seen: datetime
    events: int


@dataclass(frozen=True, slots=True)
class ActingPeople:
    total: int = 0
    people: list[Acting] = field(default_factory=list)


def people_of_account(product_id: int, key: str, *, limit: int = 25, offset: int = 0) -> ActingPeople:
    """The people whose events carry the account, who was active last first. One query."""
    params = {"product": product_id, "account": key, "limit": limit, "offset": offset}
    rows = shared().query(Sql(_PEOPLE, params)).rows
    return ActingPeople(rows[0][3] if rows else 0, [Acting(who, seen, events) for who, seen, events, _total in rows])


# How active was an account on each day?
_BY_DAY = f"""
SELECT toDate(ts, {{zone:String}}) AS day, count(), uniqExact({OWNER})
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND account = {{account:String}}
    AND ts >= {{since:DateTime64(3, 'UTC')}}
    AND ts < {{until:DateTime64(3, 'UTC')}}
GROUP BY day
"""


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the product's zone."""

    on: date
    events: int
    people: int


def account_days(product: Product, key: str, last: date) -> list[Day]:
    """Events and active people of an account on each of the 90 days that end with `last`. One query."""
    first = last - timedelta(days=_ACTIVE_DAYS - 1)
    params = {
        "product": product.pk,
        "account": key,
        "zone": product.timezone,
        "since": zones.day_start(first, product.zone),
        "until": zones.day_start(last + timedelta(days=1), product.zone),
    }
    rows = shared().query(Sql(_BY_DAY, params)).rows
    found = {date(day.year, day.month, day.day): (events, people) for day, events, people in rows}
    days = [first + timedelta(days=index) for index in range(_ACTIVE_DAYS)]
    return [Day(day, *found.get(day, (0, 0))) for day in days]

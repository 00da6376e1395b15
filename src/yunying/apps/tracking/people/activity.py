"""What a person or an account did: last times, time lines and sessions, read from the event store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson

from yunying.apps.tracking.models import DistinctId
from yunying.base import clock
from yunying.store import EVENTS, EVENTS_WITH_REPEATS, Sql, shared

__all__ = [
    "Session",
    "TimelineEvent",
    "account_timeline",
    "events_done",
    "last_seen",
    "person_timeline",
    "sessions_of",
]

_LAST_UUID = "ffffffff-ffff-ffff-ffff-ffffffffffff"
_CHUNK = 500
_MOST_NAMES = 200


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    uuid: str
    name: str
    ts: datetime
    distinct_id: str
    account: str
    session: str
    properties: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Session:
    """Events sent under one session id. `names` are the most frequent ones with how often each came."""

    id: str
    start: datetime
    end: datetime
    events: int
    names: list[tuple[str, int]] = field(default_factory=list)

    @property
    def length_s(self) -> float:
        return (self.end - self.start).total_seconds()


# When did each of these numbers have its newest event? The projection by person finds the rows.
_LAST = f"""
SELECT person, max(ts)
FROM {EVENTS_WITH_REPEATS}
WHERE product = {{product:UInt32}}
    AND person IN {{numbers:Array(UInt32)}}
GROUP BY person
"""


def last_seen(product_id: int, owners: Sequence[int]) -> dict[int, datetime]:
    """When each of these people had their newest event; without one they are left out. Two queries per 500 people."""
    found: dict[int, datetime] = {}
    for start in range(0, len(owners), _CHUNK):
        part = owners[start : start + _CHUNK]
        ids = DistinctId.objects.filter(product_id=product_id, owner__in=part)
        owner = dict(ids.values_list("number", "owner"))
        params = {"product": product_id, "numbers": list(owner)}
        for number, ts in shared().query(Sql(_LAST, params)).rows:
            found[owner[number]] = max(ts, found.get(owner[number], ts))
    return found


# A second copy of an event is dropped here: the projection by person cannot be used with FINAL.
_TIMELINE = f"""
SELECT uuid, event, ts, distinct_id, account, session, props
FROM {EVENTS_WITH_REPEATS}
WHERE product = {{product:UInt32}}
    AND (ts, uuid) < ({{before:DateTime64(3, 'UTC')}}, {{last:UUID}})
    AND {{whose}}
    {{event}}
ORDER BY ts DESC, uuid DESC
LIMIT 1 BY uuid
LIMIT {{limit:UInt32}}
"""
_OF_PERSON = "person IN {numbers:Array(UInt32)}"
_OF_ACCOUNT = "account = {account:String}"

Before = tuple[datetime, str] | None


def person_timeline(
    product_id: int, number: int, before: Before = None, limit: int = 50, *, event: str = ""
) -> list[TimelineEvent]:
    """A person's events under all their ids, newest first, older than `before` (time and uuid of the last seen).

    `event` leaves only the events of that name.
    """
    return _timeline(product_id, _OF_PERSON, {"numbers": numbers_of(product_id, number)}, before, limit, event)


def account_timeline(
    product_id: int, account: str, before: Before = None, limit: int = 50, *, event: str = ""
) -> list[TimelineEvent]:
    """The events of everybody who acted for an account; see `person_timeline`."""
    return _timeline(product_id, _OF_ACCOUNT, {"account": account}, before, limit, event)


def _timeline(
    product_id: int, whose: str, more: Mapping[str, Any], before: Before, limit: int, event: str
) -> list[TimelineEvent]:
    at, last = before or (clock.now() + timedelta(days=3650), _LAST_UUID)
    params = {"product": product_id, "before": at, "last": last, "limit": limit, "event": event, **more}
    text = _TIMELINE.replace("{whose}", whose).replace("{event}", "AND event = {event:String}" if event else "")
    return [
        TimelineEvent(str(uuid), name, ts, distinct_id, account, session, orjson.loads(props))
        for uuid, name, ts, distinct_id, account, session, props in shared().query(Sql(text, params)).rows
    ]


# Which events did they do, and how often?
_DONE = f"""
SELECT event, count()
FROM {EVENTS}
WHERE product = {{product:UInt32}}
    AND {{whose}}
GROUP BY event
ORDER BY count() DESC, event
LIMIT {_MOST_NAMES}
"""


def events_done(product_id: int, *, number: int | None = None, account: str = "") -> list[tuple[str, int]]:
    """The names of a person's or an account's events with how many there are, the frequent ones first."""
    more: dict[str, Any] = {"account": account} if number is None else {"numbers": numbers_of(product_id, number)}
    text = _DONE.replace("{whose}", _OF_ACCOUNT if number is None else _OF_PERSON)
    return [(name, count) for name, count in shared().query(Sql(text, {"product": product_id, **more})).rows]


# Which sessions did a person have? One row for each, with the names of its events.
_SESSIONS = f"""
SELECT
    session,
    min(first) AS start,
    max(last) AS end,
    sum(events) AS total,
    arraySlice(arrayReverseSort(pair -> pair.2, groupArray((event, events))), 1, 5) AS names
FROM
(
    SELECT session, event, min(ts) AS first, max(ts) AS last, uniqExact(uuid) AS events
    FROM {EVENTS_WITH_REPEATS}
    WHERE product = {{product:UInt32}}
        AND person IN {{numbers:Array(UInt32)}}
        AND session != ''
    GROUP BY session, event
)
GROUP BY session
ORDER BY start DESC, session
LIMIT {{limit:UInt32}} OFFSET {{offset:UInt32}}
"""


def sessions_of(product_id: int, number: int, *, limit: int = 50, offset: int = 0) -> list[Session]:
    """A person's sessions under all their ids, the newest first. Events that carry no session are in none."""
    params = {"product": product_id, "numbers": numbers_of(product_id, number), "limit": limit, "offset": offset}
    return [
        Session(id, start, end, events, [(name, count) for name, count in names])
        for id, start, end, events, names in shared().query(Sql(_SESSIONS, params)).rows
    ]


def numbers_of(product_id: int, number: int) -> list[int]:
    """The numbers of all ids of a person."""
    ids = DistinctId.objects.filter(product_id=product_id, owner=number)
    return list(ids.order_by("first_ms", "number").values_list("number", flat=True))

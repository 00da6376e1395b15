"""Generated products and questions for the comparison of engine and interpreter, and how they get into the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
from hypothesis import strategies as st

from tests.engine.interpreter import Thing, World
from yunying.base import clock
from yunying.events.event import Event
from yunying.store import Sql, Store
from yunying.store.writer import event_table

MILLI = timedelta(milliseconds=1)
# Days on which clocks do something odd, and plain ones.
DAYS = [
    ("UTC", "2024-02-29"),
    ("Asia/Shanghai", "2024-01-01"),
    ("Europe/Paris", "2024-03-31"),
    ("Europe/Paris", "2024-10-27"),
    ("America/New_York", "2024-03-10"),
    ("America/New_York", "2024-11-03"),
    ("Asia/Kolkata", "2024-06-15"),
    ("Asia/Kathmandu", "2023-12-31"),
    ("Australia/Lord_Howe", "2024-04-07"),
    ("Australia/Lord_Howe", "2024-10-06"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("Pacific/Apia", "2011-12-30"),
    ("America/Havana", "2024-11-03"),
]
EVENTS = ["order", "visit", "it's", "看`1`"]
PROPERTIES = ["engine_tier", "engine_worth", "a'b\"c", "dot.ted`x\\y", "国家", "%s {x:String}"]
TEXTS = [
    "", "0", "1", "false", "France", "france", "中国", "中国 france", "😀", "it's \"q\" \\n", "7", "7.50", "-3e1", " 7",
    "1_000", "nan", "inf", "[1,2]", '["a","B"]', "[no", "2024-02-29", "2024-02-30", "2024-03-31T02:30",
    "2024-10-27T01:00:00Z", "2024-10-27 01:00:00.250+05:30", "null",
]  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from([0, 1, 7, 7.5, -2.25, 1e21, 0.001, True, False, None]),
    st.sampled_from([["a", "B"], [1, 2], [], ["中国", None], {"a": 1}]),
    st.integers(-5, 5),
)
PROPS = st.dictionaries(st.sampled_from(PROPERTIES), VALUES, max_size=4)
# Nobody else's in the suite, and low: the dictionary of owners is an array from 0 to the last of them.
PEOPLE = 100_000
# Of the hours from the start of a day; ranges and buckets begin and end there, and what lies on an edge shows most.
QUARTERS = st.one_of(st.just(0), st.integers(-16, 110), st.integers(-16, 110))
_products, _numbers, _uuids = count(700_001), count(PEOPLE, 20), count(1)


@dataclass(frozen=True)
class Product:
    """A generated product in the store, and what the judge is told about it."""

    id: int
    zone: ZoneInfo
    week_start: int
    now: datetime
    day: datetime
    world: World
    # Numbers of people begin with it.
    first: int = PEOPLE


def midnight(day: datetime, zone: ZoneInfo, days: int = 0) -> datetime:
    """When a clock in `zone` shows the start of a day; of one that was left out, about then."""
    return (day + timedelta(days=days)).replace(tzinfo=zone).astimezone(UTC)


@st.composite
def times(draw: st.DrawFn, day: datetime, zone: ZoneInfo) -> datetime:
    """Mostly within hours of the odd day, some weeks away; many equal, many at midnight, some a millisecond beside."""
    days = draw(st.sampled_from([0, 0, 0, 0, 0, 1, 1, -1, 2, -3, -7, 8, -35]))
    minutes = draw(QUARTERS) * 15
    return midnight(day, zone, days) + timedelta(minutes=minutes) + draw(st.sampled_from([0, 0, 1, -1])) * MILLI


@st.composite
def products(draw: st.DrawFn, most: int = 30) -> Product:
    """A product that is not in the store yet, with up to `most` events."""
    name, text = draw(st.sampled_from(DAYS))
    zone, day = ZoneInfo(name), datetime.fromisoformat(text).replace(tzinfo=UTC)
    first = next(_numbers)
    # Numbers are drawn from 0 and moved afterwards: what is drawn must not depend on earlier examples.
    person = st.integers(0, 7)
    events = [
        Thing(
            uuid=str(UUID(int=fresh())),
            name=draw(st.sampled_from(EVENTS)),
            number=first + draw(person),
            at=draw(times(day, zone)),
            props=draw(PROPS),
            account=draw(st.sampled_from(["", "acme", "a'cme 公司"])),
            session=draw(st.sampled_from(["", "s1", "s2", "s3"])),
        )
        for _ in range(draw(st.integers(0, most)))
    ]
    merges = draw(st.dictionaries(st.integers(4, 7), st.integers(0, 3), max_size=3))
    known = draw(st.dictionaries(person, PROPS, max_size=5))
    world = World(
        events,
        owners={first + n: first + p for n, p in merges.items()},
        people={first + n: props for n, props in known.items() if n not in merges},
        accounts=draw(st.dictionaries(st.sampled_from(["acme", "a'cme 公司"]), PROPS, max_size=2)),
    )
    now = day + timedelta(hours=draw(st.integers(-30, 60)))
    return Product(next(_products), zone, draw(st.sampled_from([1, 7])), now, day, world, first)


def fresh() -> int:
    """A number for an event that has no other's upper half."""
    return next(_uuids) << 64


WRITTEN = ("events", "late_events", "people", "accounts", "moved", "cohort_members", "kept_days", "kept_questions")


@contextmanager
def crowded(store: Store) -> Iterator[Store]:
    """The store for hundreds of small writes, which need not outlive a crash.

    Two of the generated properties have columns of their own, the others are read from the JSON text. Afterwards the
    store is empty: what other tests remove would be looked for in every part of the generated worlds.
    """
    store.promote("engine_tier", "text")
    store.promote("engine_worth", "number")
    for table in WRITTEN:
        if not table.startswith("kept"):
            store.execute(Sql(f"ALTER TABLE {table} MODIFY SETTING fsync_after_insert = 0"))
    yield store
    for table in WRITTEN:
        store.execute(Sql(f"TRUNCATE TABLE {table}"))
    store.reload_owners()


# Which events are written twice, counted from the last one.
COPIES = st.one_of(st.just([]), st.lists(st.integers(0, 11), min_size=3, max_size=6))


def keep(store: Store, product: Product, copies: list[int]) -> None:
    """Write the product, its merges, then the events at `copies` again in a batch of their own.

    The copies come late and leave their notes (which cost as much as the events); the rest comes in time.
    """
    world = product.world
    again = [world.events[-1 - i % len(world.events)] for i in copies] if world.events else []
    with clock.fixed(datetime(1970, 1, 2, tzinfo=UTC)):
        write_events(store, product, world.events, token=f"engine-{product.id}-1")
    _keep_now(store, product, "people", "person", world.people, pa.uint32())
    _keep_now(store, product, "accounts", "account", world.accounts, pa.string())
    if world.owners:
        pairs = list(world.owners.items())
        store.insert(
            "moved",
            pa.table(
                {
                    "n": pa.array([n for n, _ in pairs], pa.uint32()),
                    "p": pa.array([p for _, p in pairs], pa.uint32()),
                    "version": pa.array([1] * len(pairs), pa.uint64()),
                }
            ),
            token=f"engine-{product.id}-moved",
        )
        store.reload_owners()
    write_events(store, product, again, token=f"engine-{product.id}-2")


def write_events(store: Store, product: Product, batch: list[Thing], *, token: str) -> None:
    """Write some events of a product."""
    if batch:
        table = event_table([_event(product.id, e) for e in batch], [e.number for e in batch], store.columns())
        store.insert("events", table, token=token)


def _event(product: int, event: Thing) -> Event:
    millis = round(event.at.timestamp() * 1000)
    return Event(
        product, event.uuid, event.name, f"d{event.number}", millis, millis, event.props, event.session, event.account
    )


def _keep_now(store: Store, product: Product, table: str, key: str, rows: dict[Any, Any], kind: pa.DataType) -> None:
    """Every row twice: an old version that must not be seen, and the newest."""
    if not rows:
        return
    old = {k: {"国家": "old", "engine_tier": "old"} for k in rows}
    both = [*old.items(), *rows.items()]
    data: dict[str, Any] = {
        "product": pa.array([product.id] * len(both), pa.uint32()),
        key: pa.array([k for k, _ in both], kind),
        "props": pa.array([orjson.dumps(props).decode() for _, props in both]),
        "version": pa.array([1] * len(old) + [2] * len(rows), pa.uint64()),
    }
    if table == "people":
        born = [round(product.world.born[k].timestamp() * 1000) if k in product.world.born else 0 for k, _ in both]
        data["born"] = pa.array(born, pa.int64()).cast(pa.timestamp("ms", tz="UTC"))
    store.insert(table, pa.table(data), token=f"engine-{product.id}-{table}")


# --- questions ----------------------------------------------------------------------------------------------------

MEASURES = [
    "count", "people", "accounts", "sessions", "rolling_people", "sum", "avg", "min", "max", "median", "percentile",
    "per_person_avg", "per_person_min", "per_person_max", "per_person_median", "first_time", "first_time",
    "rolling_people", "rolling_people", "rolling_people",
]  # fmt: skip
ADDING = ["count", "people", "accounts", "sessions", "sum", "first_time"]
WANTED = st.sampled_from([*TEXTS, 0, 7, 7.5, True, False, ["a", "B"], [], "fra", "国", "B", "a", "e"])
DATES = st.sampled_from(["2024-02-29", "2024-02-28", "2024-10-27T01:00", "2024-03-31T02:30", "2024-10-26"])


ASKING = [
    "exact", "is_not", "contains", "not_contains", "regex", "not_regex", "is_set", "is_not_set",
    "gt", "gte", "lt", "lte", "between", "date_after", "date_before",
]  # fmt: skip


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    operator = draw(st.sampled_from(ASKING))
    if operator in ("is_set", "is_not_set"):
        values: list[Any] = []
    elif operator == "between":
        values = sorted(draw(st.lists(st.integers(-10, 10), min_size=2, max_size=2)))
    elif operator in ("gt", "gte", "lt", "lte"):
        values = [draw(st.sampled_from([0, 1, 7.5, "7", -30]))]
    elif operator.startswith("date"):
        values = [draw(DATES)]
    elif operator.endswith("regex"):
        values = draw(
            st.lists(st.sampled_from(["^F", "r.n", "\\d", "国|😀", ".*", "[a-f]e$", ""]), min_size=1, max_size=2)
        )
    else:
        values = draw(st.lists(WANTED, min_size=1, max_size=3))
    of = draw(st.sampled_from(["event", "event", "person", "account"]))
    return {"of": of, "property": draw(st.sampled_from(PROPERTIES)), "operator": operator, "values": values}


def groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.lists(inner, min_size=1, max_size=3)
    return st.fixed_dictionaries({"op": st.sampled_from(["and", "or"]), "items": items})


FILTERS = st.one_of(st.none(), st.none(), groups(st.one_of(conditions(), groups(conditions()))))
# What has filters at several places is met by hardly anything.
RARELY = st.one_of(st.none(), st.none(), st.none(), FILTERS)


@st.composite
def series(draw: st.DrawFn, measures: list[str]) -> dict[str, Any]:
    measure = draw(st.sampled_from(measures))
    found: dict[str, Any] = {"event": draw(st.sampled_from([*EVENTS, None, None])), "measure": measure}
    if measure in ("sum", "avg", "min", "max", "median", "percentile"):
        found["property"] = draw(st.sampled_from(PROPERTIES))
    if measure == "percentile":
        found["percentile"] = draw(st.sampled_from([0, 25, 90, 99.9, 100]))
    if measure == "rolling_people":
        found["window_days"] = draw(st.sampled_from([1, 2, 7, 30]))
    return found | {"filters": draw(RARELY)}


@st.composite
def ranges(draw: st.DrawFn, product: Product, *, whole: bool, longest: int) -> dict[str, Any]:
    if draw(st.integers(0, 5)) == 0 and longest > 3:
        return {"last": draw(st.integers(1, 3)), "unit": draw(st.sampled_from(["day", "week", "month"]))}
    start = product.day + timedelta(days=draw(st.integers(-3 if longest > 3 else -1, 1)))
    end = max(start, product.day) + timedelta(days=draw(st.integers(0, longest)))
    if whole or draw(st.booleans()):
        return {"from": f"{start:%Y-%m-%d}", "to": f"{end:%Y-%m-%d}"}
    at, last = draw(st.integers(0, 90)) * 15, draw(st.integers(100, 190)) * 15
    return {
        "from": f"{start + timedelta(minutes=at):%Y-%m-%dT%H:%M}",
        "to": f"{end + timedelta(minutes=last):%Y-%m-%dT%H:%M}",
    }


FORMULAS = [
    ["A", "A * 100 / 3", "-(A - 2)"],
    ["A / B", "(A + B) * 2", "B - A / 2", "2 / (A - B)"],
    ["A / (B + C)", "C - A * B"],
]


@st.composite
def questions(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    interval = draw(st.sampled_from(["hour", "hour", "day", "day", "week", "week", "month", "quarter", "year"]))
    display = draw(st.sampled_from(["series", "series", "cumulative"]))
    # Half of the time all series measure alike, which is when they are counted together.
    allowed = ADDING if display == "cumulative" else MEASURES
    alike = draw(st.one_of(st.just(allowed), st.sampled_from(allowed).map(lambda measure: [measure])))
    lines = draw(st.lists(series(alike), min_size=1, max_size=3))
    compare = draw(st.sampled_from([None, None, "previous", "week", "month", "quarter", "year"]))
    found: dict[str, Any] = {
        "kind": "trends",
        "range": draw(ranges(product, whole=bool(compare), longest=2 if interval == "hour" else 40)),
        "interval": interval,
        "series": lines,
        "display": display,
        "filters": draw(RARELY),
    }
    by = st.fixed_dictionaries(
        {"of": st.sampled_from(["event", "event", "person", "account"]), "property": st.sampled_from(PROPERTIES)}
    )
    unique = st.lists(by, max_size=3, unique_by=lambda b: (b["of"], b["property"]))
    found |= {"breakdown": draw(st.one_of(st.just([]), unique)), "breakdown_limit": draw(st.integers(1, 3))}
    if compare:
        found["compare"] = {"to": compare}
    if draw(st.booleans()):
        found["formula"] = draw(st.sampled_from(FORMULAS[len(lines) - 1]))
    return found

"""The same events three times: 17 properties each, a twentieth as many persons, one person in ten merged late."""

from typing import Any

from yunying.store import Sql, Store

__all__ = ["DAYS", "fill_duckdb", "fill_ours", "fill_theirs", "set_moved"]

DAYS = 56
# Every second device of a person is a number of its own in the beginning; one device in twenty was found out late.
_DICE = """
    intHash32(number) % {people} AS p,
    p * 2 + intHash32(number + 7) % 2 AS device,
    device % 20 = 1 AS late,
    toDateTime64('2025-01-01 00:00:00', 3, 'UTC') + toIntervalSecond(intHash32(number + 6) % ({days} * 86400)) AS at,
    ['visit', 'visit', 'visit', 'visit', 'cart', 'cart', 'order', 'login', 'share']
        [1 + intHash32(number + 1) % 9] AS name,
    ['', 'free', 'free', 'free', 'pro', 'pro', 'team'][1 + intHash32(number + 2) % 7] AS plan,
    ['search', 'ads', 'mail'][1 + intHash32(number + 4) % 3] AS source,
    ['Chrome', 'Safari', 'Firefox', 'Edge'][1 + p % 4] AS browser,
    intHash32(number + 5) % 1000 AS amount,
    concat('{{"$lib":"web","$lib_version":"1.2.3","$browser":"', browser, '","$browser_version":',
        toString(90 + p % 40), ',"$os":"', ['Windows', 'Mac OS X', 'Android', 'iOS'][1 + p % 4], '","$device_type":"',
        ['Desktop', 'Mobile'][1 + p % 2], '","$current_url":"https://shop.example.test/p/',
        toString(intHash32(number + 3) % 500), '","$host":"shop.example.test","$pathname":"/p/',
        toString(intHash32(number + 3) % 500), '","$referrer":"$direct","$screen_height":1080,"$screen_width":1920,',
        '"$session_id":"', toString(intDiv(intHash32(number), 97)), '","$window_id":"w', toString(p),
        '","utm_source":"', source, '"', if(plan = '', '', concat(',"plan":"', plan, '"')), ',"amount":',
        toString(amount), '}}') AS json
"""
_OURS = """
INSERT INTO events (product, event, ts, person, uuid, distinct_id, session, props, {plan}, {source}, {amount})
WITH {dice}
SELECT 1, name, at, if(late, {people} + intDiv(device, 20), p), reinterpretAsUUID(sipHash128('event', number)),
       concat('d', toString(device)), toString(intDiv(intHash32(number), 97)), json, plan, source, amount
FROM numbers({rows})
"""
_MOVED = """
INSERT INTO moved
SELECT {people} + intDiv(number, 20), intDiv(number, 2), 1 FROM numbers({people} * 2) WHERE number % 20 = 1
"""
_PLAIN_TEXT = "replaceRegexpAll(nullIf(nullIf(JSONExtractRaw(properties, '{name}'), ''), 'null'), '^\"|\"$', '')"
_THEIR_TABLES = (
    "CREATE DATABASE theirs",
    f"""
    CREATE TABLE theirs.events (
        uuid UUID, event String, properties String CODEC(ZSTD(3)), timestamp DateTime64(6, 'UTC'), team_id Int64,
        distinct_id String, created_at DateTime64(6, 'UTC'), person_id UUID, person_properties String CODEC(ZSTD(3)),
        mat_plan String MATERIALIZED ifNull({_PLAIN_TEXT.format(name="plan")}, ''),
        mat_source String MATERIALIZED ifNull({_PLAIN_TEXT.format(name="utm_source")}, ''),
        _timestamp DateTime
    ) ENGINE = ReplacingMergeTree(_timestamp)
    PARTITION BY toYYYYMM(timestamp)
    ORDER BY (team_id, toDate(timestamp), event, cityHash64(distinct_id), cityHash64(uuid))
    SAMPLE BY cityHash64(distinct_id)
    """,
    """
    CREATE TABLE theirs.overrides (
        team_id Int64, distinct_id String, person_id UUID, is_deleted Int8, version Int64
    ) ENGINE = ReplacingMergeTree(version) ORDER BY (team_id, distinct_id)
    """,
)
_THEIRS = """
INSERT INTO theirs.events
    (uuid, event, properties, timestamp, team_id, distinct_id, created_at, person_id, person_properties, _timestamp)
WITH {dice}
SELECT reinterpretAsUUID(sipHash128('event', number)), name, json, at, 1, concat('d', toString(device)), at,
       reinterpretAsUUID(if(late, sipHash128('late', toUInt64(device)), sipHash128('person', toUInt64(p)))),
       '{{}}', toDateTime(at)
FROM numbers({rows})
"""
_OVERRIDES = """
INSERT INTO theirs.overrides
SELECT 1, concat('d', toString(number)), reinterpretAsUUID(sipHash128('person', toUInt64(intDiv(number, 2)))), 0, 1
FROM numbers({people} * 2)
WHERE number % 20 = 1
"""


def _dice(people: int) -> str:
    return _DICE.format(people=people, days=DAYS)


def fill_ours(store: Store, rows: int) -> dict[str, str]:
    """The events in our own layout, merged; gives the columns of the properties `plan`, `utm_source` and `amount`."""
    people = max(100, rows // 20)
    names = {"plan": ("plan", "text"), "source": ("utm_source", "text"), "amount": ("amount", "number")}
    columns = {key: store.promote(name, kind).column for key, (name, kind) in names.items()}
    store.execute(Sql(_OURS.format(dice=_dice(people), people=people, rows=rows, **columns)))
    set_moved(store, rows, moved=True)
    store.settle()
    return columns


def set_moved(store: Store, rows: int, *, moved: bool) -> None:
    """With or without the late merges."""
    store.execute(Sql("TRUNCATE TABLE moved"))
    if moved:
        store.execute(Sql(_MOVED.format(people=max(100, rows // 20))))
    store.reload_owners()


def fill_theirs(store: Store, rows: int) -> None:
    """The events in PostHog's layout, merged, in a database beside ours."""
    people = max(100, rows // 20)
    for statement in _THEIR_TABLES:
        store.execute(Sql(statement))
    store.execute(Sql(_THEIRS.format(dice=_dice(people), rows=rows)))
    store.execute(Sql(_OVERRIDES.format(people=people)))
    store.execute(Sql("OPTIMIZE TABLE theirs.events FINAL"))


def fill_duckdb(store: Store, columns: dict[str, str]) -> Any:
    """A DuckDB connection with the events in plain typed columns, sorted as ours; in memory, two threads."""
    import duckdb

    found = store.query(
        Sql(f"SELECT event, toUnixTimestamp64Milli(ts), person, {columns['plan']}, {columns['source']} FROM events")
    )
    moved = store.query(Sql("SELECT n, p FROM moved"))
    import pyarrow as pa

    names = ("event", "ms", "person", "plan", "source")
    events = pa.table({name: [row[i] for row in found.rows] for i, name in enumerate(names)})
    owners = pa.table({"n": [row[0] for row in moved.rows], "p": [row[1] for row in moved.rows]})
    db = duckdb.connect()
    db.execute("SET threads = 2")
    db.register("found", events)
    db.register("owners", owners)
    db.execute(
        "CREATE TABLE events AS SELECT event, make_timestamp_ms(ms) AS ts, person::UINTEGER AS person, plan, source"
        " FROM found ORDER BY event, make_timestamp_ms(ms)::DATE, person, ms"
    )
    db.execute("CREATE TABLE moved AS SELECT n::UINTEGER AS n, p::UINTEGER AS p FROM owners")
    return db

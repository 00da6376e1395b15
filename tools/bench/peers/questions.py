"""What is asked: of us as anybody asks, of the others in SQL. 28 days of 56, all in UTC."""

from typing import Any

__all__ = ["BREAKDOWN_COUNT", "BREAKDOWN_PEOPLE", "COUNT", "DUCKDB", "FUNNEL", "OURS", "PEOPLE", "RETENTION", "THEIRS"]

COUNT, PEOPLE = "count", "people"
BREAKDOWN_COUNT, BREAKDOWN_PEOPLE = "count by plan", "people by source"
FUNNEL, RETENTION = "funnel of 3, median times", "weekly retention"

_RANGE = {"from": "2025-01-06", "to": "2025-02-02"}
_VISIT = {"event": "visit"}
_TRENDS = {"kind": "trends", "range": _RANGE}
OURS: dict[str, dict[str, Any]] = {
    COUNT: _TRENDS | {"series": [_VISIT]},
    PEOPLE: _TRENDS | {"series": [_VISIT | {"measure": "people"}]},
    BREAKDOWN_COUNT: _TRENDS | {"series": [_VISIT], "breakdown": [{"property": "plan"}]},
    BREAKDOWN_PEOPLE: _TRENDS | {"series": [_VISIT | {"measure": "people"}], "breakdown": [{"property": "utm_source"}]},
    FUNNEL: {
        "kind": "funnel",
        "range": _RANGE,
        "window": {"count": 7, "unit": "day"},
        "steps": [{"events": [{"event": name}]} for name in ("visit", "cart", "order")],
        "within_range": True,
    },
    RETENTION: {
        "kind": "retention",
        "range": _RANGE,
        "period": "week",
        "start": {"event": "visit"},
        "return": {"event": "order"},
        "periods": 4,
    },
}

_TIME = (
    "timestamp >= toDateTime64('2025-01-06 00:00:00', 6, 'UTC')"
    " AND timestamp <= toDateTime64('2025-02-02 23:59:59.999999', 6, 'UTC')"
)
_WHO = "if(notEmpty(o.distinct_id), o.person_id, e.person_id)"
_JOIN = """
LEFT OUTER JOIN (
    SELECT distinct_id, argMax(overrides.person_id, version) AS person_id
    FROM theirs.overrides
    WHERE team_id = 1
    GROUP BY distinct_id
    HAVING argMax(is_deleted, version) = 0
) AS o ON e.distinct_id = o.distinct_id"""
_JSON = "replaceRegexpAll(nullIf(nullIf(JSONExtractRaw(e.properties, '{name}'), ''), 'null'), '^\"|\"$', '')"
_LAST = "\nSETTINGS optimize_aggregation_in_order = 1, join_algorithm = 'auto', max_bytes_before_external_group_by = 0"


def _broken_down(total: str, value: str, join: str = "") -> str:
    """Days and values, then each value's days laid on an axis, ranked, and the tail folded: all in the database."""
    return f"""
SELECT
    if(place > 25, '(other)', value) AS label,
    arrayFold((sums, one) -> arrayMap((a, b) -> a + b, sums, one), groupArray(line), arrayWithConstant(28, 0.)) AS total
FROM (
    SELECT
        value,
        arrayMap(
            day -> toFloat64(arraySum(arrayMap((d, n) -> if(d = day, n, 0), groupArray(day_start), groupArray(n)))),
            arrayMap(i -> toDateTime('2025-01-06 00:00:00', 'UTC') + toIntervalDay(i), range(28))
        ) AS line,
        row_number() OVER (ORDER BY value = '(null)', arraySum(line) DESC, value) AS place
    FROM (
        SELECT
            {total} AS n,
            toStartOfDay(toTimeZone(e.timestamp, 'UTC')) AS day_start,
            ifNull(nullIf(toString({value}), ''), '(null)') AS value
        FROM theirs.events AS e{join}
        WHERE team_id = 1
          AND event = 'visit'
          AND {_TIME}
        GROUP BY day_start, value
        ORDER BY day_start, value
    )
    GROUP BY value
)
GROUP BY label
ORDER BY label{_LAST}"""


_PEOPLE_BY_DAY = f"""
SELECT toStartOfDay(toTimeZone(e.timestamp, 'UTC')) AS day, count(DISTINCT {_WHO}) AS n
FROM theirs.events AS e{_JOIN}
WHERE team_id = 1
  AND event = 'visit'
  AND {_TIME}
GROUP BY day
ORDER BY day{_LAST}"""
_STEPS = f"""
    SELECT
        {_WHO} AS who,
        e.timestamp AS timestamp,
        if(event = 'visit', 1, 0) AS step_0, if(step_0 = 1, timestamp, NULL) AS latest_0,
        if(event = 'cart', 1, 0) AS step_1, if(step_1 = 1, timestamp, NULL) AS latest_1,
        if(event = 'order', 1, 0) AS step_2, if(step_2 = 1, timestamp, NULL) AS latest_2
    FROM theirs.events AS e{_JOIN}
    WHERE team_id = 1
      AND event IN ('visit', 'cart', 'order')
      AND {_TIME}"""
_BACK = "OVER (PARTITION BY who ORDER BY timestamp DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 0 PRECEDING)"
_FUNNEL_BY_WINDOWS = f"""
SELECT
    countIf(steps >= 1), countIf(steps >= 2), countIf(steps = 3),
    median(first_time), median(second_time)
FROM (
    SELECT who, max(reached) AS steps, argMax(time_1, reached) AS first_time, argMax(time_2, reached) AS second_time
    FROM (
        SELECT
            who,
            latest_0 <= latest_1 AND latest_1 <= latest_0 + toIntervalDay(7) AS two,
            two AND latest_1 <= latest_2 AND latest_2 <= latest_0 + toIntervalDay(7) AS three,
            multiIf(ifNull(three, 0), 3, ifNull(two, 0), 2, 1) AS reached,
            if(two, dateDiff('second', latest_0, latest_1), NULL) AS time_1,
            if(three, dateDiff('second', latest_1, latest_2), NULL) AS time_2
        FROM (
            SELECT who, timestamp, step_0, latest_0, latest_1, min(latest_2) {_BACK} AS latest_2
            FROM (
                SELECT who, timestamp, step_0, latest_0, latest_1, if(latest_2 < latest_1, NULL, latest_2) AS latest_2
                FROM (
                    SELECT
                        who, timestamp, step_0, latest_0,
                        min(latest_1) {_BACK} AS latest_1,
                        min(latest_2) {_BACK} AS latest_2
                    FROM ({_STEPS})
                )
            )
        )
        WHERE step_0 = 1
    )
    GROUP BY who
){_LAST}"""
# The walk over a person's sorted events that their function makes: (start of 1), (start, time of 2), (start, 2, 3).
_FUNNEL_BY_ARRAYS = f"""
SELECT
    countIf(done.1 > 0), countIf(done.2 > 0), countIf(done.4 > 0),
    medianIf(if(done.4 > 0, done.5 - done.4, done.3 - done.2), done.2 > 0), medianIf(done.6 - done.5, done.4 > 0)
FROM (
    SELECT
        who,
        arrayFold(
            (now, one) -> multiIf(
                now.4 > 0, now,
                one.2 = 1, (one.1, now.2, now.3, now.4, now.5, now.6),
                one.2 = 2 AND now.1 > 0 AND one.1 - now.1 <= 604800.,
                    (now.1, now.1, one.1, now.4, now.5, now.6),
                one.2 = 3 AND now.2 > 0 AND one.1 - now.2 <= 604800.,
                    (now.1, now.2, now.3, now.2, now.3, one.1),
                now
            ),
            arraySort(groupArray((toFloat64(timestamp), multiIf(step_0 = 1, 1, step_1 = 1, 2, 3)))),
            (0., 0., 0., 0., 0., 0.)
        ) AS done
    FROM ({_STEPS})
    GROUP BY who
){_LAST}"""
_RETENTION = f"""
SELECT started, returned, count(DISTINCT who)
FROM (
    SELECT
        who,
        arraySort(groupUniqArrayIf(toMonday(timestamp), event = 'visit')) AS starts,
        arraySort(groupUniqArrayIf(toMonday(timestamp), event = 'order')) AS returns,
        arrayJoin(starts) AS start,
        intDiv(start - toDate('2025-01-06'), 7) AS started,
        arrayJoin(arrayConcat([0], arrayFilter(n -> n > 0, arrayMap(r -> intDiv(r - start, 7), returns)))) AS returned
    FROM (
        SELECT {_WHO} AS who, event, toDate(e.timestamp) AS timestamp
        FROM theirs.events AS e{_JOIN}
        WHERE team_id = 1
          AND event IN ('visit', 'order')
          AND {_TIME}
    )
    GROUP BY who
)
GROUP BY started, returned
ORDER BY started, returned{_LAST}"""

# Question -> form -> SQL; the forms are what the ratios are told by.
THEIRS: dict[str, dict[str, str]] = {
    PEOPLE: {"overrides": _PEOPLE_BY_DAY},
    BREAKDOWN_COUNT: {
        "JSON": _broken_down("count()", _JSON.format(name="plan")),
        "materialized": _broken_down("count()", "e.mat_plan"),
    },
    BREAKDOWN_PEOPLE: {
        "JSON": _broken_down(f"count(DISTINCT {_WHO})", _JSON.format(name="utm_source"), _JOIN),
        "materialized": _broken_down(f"count(DISTINCT {_WHO})", "e.mat_source", _JOIN),
    },
    FUNNEL: {"arrays": _FUNNEL_BY_ARRAYS, "windows": _FUNNEL_BY_WINDOWS},
    RETENTION: {"sets": _RETENTION},
}

_OWNER = "coalesce(m.p, e.person)"
_SOURCE = "events e LEFT JOIN moved m ON e.person = m.n"
_DUCK_TIME = "ts >= TIMESTAMP '2025-01-06' AND ts < TIMESTAMP '2025-02-03'"
DUCKDB: dict[str, str] = {
    COUNT: (
        f"SELECT ts::DATE AS day, count(*) FROM events WHERE event = 'visit' AND {_DUCK_TIME} GROUP BY day ORDER BY day"
    ),
    PEOPLE: (
        f"SELECT ts::DATE AS day, count(DISTINCT {_OWNER}) FROM {_SOURCE}"
        f" WHERE event = 'visit' AND {_DUCK_TIME} GROUP BY day ORDER BY day"
    ),
    FUNNEL: f"""
        WITH steps AS (
            SELECT {_OWNER} AS who, event, epoch_ms(ts) AS t
            FROM {_SOURCE}
            WHERE event IN ('visit', 'cart', 'order') AND {_DUCK_TIME}
        ),
        carts AS (
            SELECT who, event, t, min(CASE WHEN event = 'cart' THEN t END) OVER (
                PARTITION BY who ORDER BY t DESC, event = 'visit' ROWS UNBOUNDED PRECEDING) AS t2
            FROM steps
        ),
        tries AS (SELECT who, t AS t1, t2 FROM carts WHERE event = 'visit'),
        whole AS (
            SELECT tries.who, t1, t2, orders.t AS t3
            FROM tries
            ASOF LEFT JOIN (SELECT who, t FROM steps WHERE event = 'order') orders
            ON tries.who = orders.who AND tries.t2 <= orders.t
        )
        SELECT
            count(DISTINCT who),
            count(DISTINCT CASE WHEN t2 - t1 <= 604800000 THEN who END),
            count(DISTINCT CASE WHEN t2 - t1 <= 604800000 AND t3 - t1 <= 604800000 THEN who END)
        FROM whole""",
    RETENTION: f"""
        WITH weeks AS (
            SELECT DISTINCT {_OWNER} AS who, event, datediff('day', DATE '2025-01-06', ts::DATE) // 7 AS week
            FROM {_SOURCE}
            WHERE event IN ('visit', 'order') AND {_DUCK_TIME}
        )
        SELECT s.week, r.week - s.week, count(*)
        FROM weeks s JOIN weeks r ON s.who = r.who AND r.week > s.week AND r.event = 'order'
        WHERE s.event = 'visit'
        GROUP BY ALL
        UNION ALL
        SELECT week, 0, count(*) FROM weeks WHERE event = 'visit' GROUP BY week
        ORDER BY 1, 2""",
}

-- Who comes back in each week?
SELECT
    place,
    cohort,
    bitmapCardinality(started) AS size,
    window AS column,
    bitmapAndCardinality(started, returned) AS people
FROM
(
    SELECT
        s.1 AS place,
        s.2 AS cohort,
        s.3 AS started,
        r.1 - s.2 AS window,
        r.2 AS returned
    FROM
    (
        SELECT
            groupArray((1, number, started)) AS starts,
            groupArray((number, returned)) AS returns
        FROM
        (
            SELECT
                indexOf({edges:Array(Int64)}, bucket) AS number,
                groupBitmapStateIf(who, is_started) AS started,
                groupBitmapStateIf(who, is_returned) AS returned
            FROM
            (
                SELECT
                    roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                    event = {event:String} AND ts < {end:DateTime64(3, 'UTC')} AS is_started,
                    event = {event_2:String} AS is_returned
                FROM events
                WHERE product = {product:UInt32}
                  AND event IN {events:Array(String)}
                  AND ts >= {start:DateTime64(3, 'UTC')}
                  AND ts < {end_2:DateTime64(3, 'UTC')}
                  AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
            )
            GROUP BY bucket
        )
    )
    ARRAY JOIN starts AS s
    LEFT ARRAY JOIN arrayFilter(r -> r.1 > s.2 AND r.1 <= s.2 + {begun:Array(Int32)}[s.2], returns) AS r
)

-- Who comes back on or after each week?
SELECT DISTINCT place, cohort, size, column, groupBitmapMerge(back) OVER (PARTITION BY place, cohort ORDER BY column DESC) AS people
FROM
(
    SELECT
        place,
        cohort,
        bitmapCardinality(started) AS size,
        if(window > 0, {columns:Array(Int32)}[window], 0) AS column,
        bitmapAnd(started, returned) AS back
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
            SELECT starts, returns
            FROM
            (
                SELECT groupArray((place, number, people)) AS starts
                FROM
                (
                    SELECT
                        place,
                        indexOf({edges:Array(Int64)}, bucket) AS number,
                        groupBitmapState(who) AS people
                    FROM
                    (
                        SELECT
                            1 AS place,
                            bucket,
                            who
                        FROM
                        (
                            SELECT
                                roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                                dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who
                            FROM events
                            WHERE product = {product:UInt32}
                              AND event = {event:String}
                              AND ts >= {start:DateTime64(3, 'UTC')}
                              AND ts < {end:DateTime64(3, 'UTC')}
                              AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                        )
                    )
                    GROUP BY place, bucket
                )
            ) AS a
            CROSS JOIN
            (
                SELECT groupArray((number, people)) AS returns
                FROM
                (
                    SELECT indexOf({edges:Array(Int64)}, bucket) AS number, groupBitmapState(who) AS people
                    FROM
                    (
                        SELECT bucket, who
                        FROM
                        (
                            SELECT
                                dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                                roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket
                            FROM events FINAL
                            WHERE product = {product:UInt32}
                              AND event = {event_2:String}
                              AND ts >= {start_2:DateTime64(3, 'UTC')}
                              AND ts < {end_2:DateTime64(3, 'UTC')}
                              AND indexHint(toDate(ts) BETWEEN {first_day_2:Date} AND {last_day_2:Date})
                        )
                        GROUP BY bucket, who
                        HAVING count() >= {minimum:UInt32}
                    )
                    GROUP BY bucket
                )
            ) AS b
        )
        ARRAY JOIN starts AS s
        LEFT ARRAY JOIN arrayFilter(r -> r.1 > s.2 AND r.1 <= s.2 + {begun:Array(Int32)}[s.2], returns) AS r
    )
)

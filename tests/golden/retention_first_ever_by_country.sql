-- Which values of the breakdown come first?
SELECT v1
FROM
(
    SELECT
        v1,
        groupBitmap(who) AS size
    FROM
    (
        SELECT
            roundDown(toUnixTimestamp64Milli(first_ts), {edges:Array(Int64)}) AS bucket,
            who,
            first_v1 AS v1
        FROM
        (
            SELECT
                who,
                min(ts) AS first_ts,
                argMin(v1, (ts, id)) AS first_v1
            FROM
            (
                SELECT
                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                    ts,
                    toString(uuid) AS id,
                    JSONExtract(props, {name:String}, 'String') AS v1
                FROM events
                WHERE product = {product:UInt32}
                  AND event = {event:String}
                  AND ts < {end:DateTime64(3, 'UTC')}
            )
            GROUP BY who
        )
        WHERE first_ts >= {start:DateTime64(3, 'UTC')} AND first_ts < {end:DateTime64(3, 'UTC')}
    )
    WHERE NOT (v1 = '')
    GROUP BY v1, bucket
)
GROUP BY v1
ORDER BY sum(size) DESC, v1
LIMIT {limit:UInt32};

-- Who comes back after the first event ever in each week, by a property?
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
                        if(v1 = '', {missing:UInt32}, indexOf({top:Array(String)}, v1)) AS place,
                        bucket,
                        who
                    FROM
                    (
                        SELECT
                            roundDown(toUnixTimestamp64Milli(first_ts), {edges:Array(Int64)}) AS bucket,
                            who,
                            first_v1 AS v1
                        FROM
                        (
                            SELECT
                                who,
                                min(ts) AS first_ts,
                                argMin(v1, (ts, id)) AS first_v1
                            FROM
                            (
                                SELECT
                                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                                    ts,
                                    toString(uuid) AS id,
                                    JSONExtract(props, {name:String}, 'String') AS v1
                                FROM events
                                WHERE product = {product:UInt32}
                                  AND event = {event:String}
                                  AND ts < {end:DateTime64(3, 'UTC')}
                            )
                            GROUP BY who
                        )
                        WHERE first_ts >= {start:DateTime64(3, 'UTC')} AND first_ts < {end:DateTime64(3, 'UTC')}
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
                    SELECT
                        dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                        roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket
                    FROM events
                    WHERE product = {product:UInt32}
                      AND event = {event_2:String}
                      AND ts >= {start_2:DateTime64(3, 'UTC')}
                      AND ts < {end_2:DateTime64(3, 'UTC')}
                      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                )
                GROUP BY bucket
            )
        ) AS b
    )
    ARRAY JOIN starts AS s
    LEFT ARRAY JOIN arrayFilter(r -> r.1 > s.2 AND r.1 <= s.2 + {begun:Array(Int32)}[s.2], returns) AS r
)

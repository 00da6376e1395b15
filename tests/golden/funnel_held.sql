-- How many people got to each of 2 steps, and how fast?
SELECT
    countIf(t1 != 0) AS n1,
    countIf(t2 != 0) AS n2,
    countIf(t2 = 0 AND last >= {open_since:Int64}) AS open,
    sumIf(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS sum_p2,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS mid_p2
FROM
(
    SELECT
        who,
        best.1 AS t1,
        best.2 AS t2,
        last_of_all AS last
    FROM
    (
        SELECT
            who,
            argMin((t1, t2), ((-((t1 != 0) + (t2 != 0)), false, multiIf(t2 != 0, t2, t1), -t1), t1, t2)) AS best,
            max(last) AS last_of_all
        FROM
        (
            SELECT who, h1, window, last, t1, walk[indexOf(s2, t1)] AS t2
            FROM
            (
                SELECT who, h1, window, walk, s2, if(window < 0, -1, bitShiftRight(s1[-1], 2)) AS last, greatest(s1[countEqual(s1, 0) + 1], s2[countEqual(s2, 0) + 1]) AS t1
                FROM
                (
                    SELECT who, h1, window, walk, s1, arrayFill((s, x) -> bitAnd(x, 3) = 2 AND bitShiftRight(x, 2) - bitShiftRight(s, 2) <= window, s1, walk) AS s2
                    FROM
                    (
                        SELECT who, h1, window, walk, arrayFill(x -> bitAnd(x, 3) = 1, walk) AS s1
                        FROM
                        (
                            SELECT
                                who,
                                h1,
                                if(h1 = '', -1, {window:Int64}) AS window,
                                arrayPushFront(arraySort(groupArray(bitShiftLeft(toInt64(at), 2) + does)), 0) AS walk
                            FROM
                            (
                                SELECT
                                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                                    toUnixTimestamp64Milli(ts) - {first:Int64} AS at,
                                    multiIf(event = {event:String}, 1, event = {event_2:String}, 2, 0) AS does,
                                    JSONExtract(props, {name:String}, 'String') AS h1
                                FROM events
                                WHERE product = {product:UInt32}
                                  AND event IN {events:Array(String)}
                                  AND ts >= {start:DateTime64(3, 'UTC')}
                                  AND ts < {end:DateTime64(3, 'UTC')}
                                  AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                            )
                            GROUP BY who, h1
                        )
                    )
                )
            )
            WHERE t1 != 0
        )
        GROUP BY who
    )
)

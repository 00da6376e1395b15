-- How many people got to each of 2 steps, and how fast?
SELECT
    countIf(t1 != 0) AS n1,
    countIf(t2 != 0) AS n2,
    countIf(t2 = 0 AND last >= {open_since:Int64}) AS open,
    sumIf(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS sum_p2,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS mid_p2
FROM
(
    SELECT who, last, t1, walk[indexOf(s2, t1)] AS t2
    FROM
    (
        SELECT who, walk, s2, bitShiftRight(s1[-1], 2) AS last, greatest(s1[countEqual(s1, 0) + 1], s2[countEqual(s2, 0) + 1]) AS t1
        FROM
        (
            SELECT who, walk, s1, arrayFill((s, x) -> bitAnd(x, 3) = 2 AND x - s <= {most:Int64}, s1, walk) AS s2
            FROM
            (
                SELECT who, walk, arrayFill(x -> bitAnd(x, 3) = 1, walk) AS s1
                FROM
                (
                    SELECT
                        who,
                        arrayPushFront(arraySort(groupArray(bitShiftLeft(toInt64(at), 2) + does)), 0) AS walk
                    FROM
                    (
                        SELECT
                            dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                            toUnixTimestamp64Milli(ts) - {first:Int64} AS at,
                            multiIf(event = {event:String}, 1, event = {event_2:String}, 2, 0) AS does
                        FROM events
                        WHERE product = {product:UInt32}
                          AND event IN {events:Array(String)}
                          AND ts >= {start:DateTime64(3, 'UTC')}
                          AND ts < {end:DateTime64(3, 'UTC')}
                          AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                    )
                    GROUP BY who
                )
            )
        )
    )
    WHERE t1 != 0
)

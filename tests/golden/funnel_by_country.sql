-- Which values occur?
SELECT
    groupUniqArray(65536)(toString(v1)) AS v1
FROM
(
    SELECT
        dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
        toUnixTimestamp64Milli(ts) - {first:Int64} AS at,
        multiIf((event = {event:String} AND ts < {range_end:DateTime64(3, 'UTC')}), 1, event = {event_2:String}, 2, 0) AS does,
        JSONExtract(props, {name:String}, 'String') AS v1
    FROM events
    WHERE product = {product:UInt32}
      AND event IN {events:Array(String)}
      AND ts >= {start:DateTime64(3, 'UTC')}
      AND ts < {end:DateTime64(3, 'UTC')}
      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
      AND does != 0
);

-- How many people got to each of 2 steps, and how fast, by a property?
SELECT
    multiIf(v1 = 0, 1, true, 0, 2) AS kind,
    if(kind >= 2, 0, v1) AS l1,
    countIf(t1 != 0) AS n1,
    countIf(t2 != 0) AS n2,
    countIf(t2 = 0 AND last >= {open_since:Int64}) AS open,
    sumIf(bitShiftRight(t2, 18) - bitShiftRight(t1, 18), t2 != 0) AS sum_p2,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t2, 18) - bitShiftRight(t1, 18), t2 != 0) AS mid_p2
FROM
(
    SELECT
        who,
        t1,
        t2,
        last,
        arrayFirst(code -> code != 0, [toUInt32(bitAnd(t1, 65535)), toUInt32(bitAnd(t2, 65535))]) AS v1
    FROM
    (
        SELECT who, last, t1, walk[indexOf(s2, t1)] AS t2
        FROM
        (
            SELECT who, walk, s2, bitShiftRight(s1[-1], 18) AS last, greatest(s1[countEqual(s1, 0) + 1], s2[countEqual(s2, 0) + 1]) AS t1
            FROM
            (
                SELECT who, walk, s1, arrayFill((s, x) -> bitAnd(x, 196608) = 131072 AND bitShiftRight(x, 18) - bitShiftRight(s, 18) <= {window:Int64}, s1, walk) AS s2
                FROM
                (
                    SELECT who, walk, arrayFill(x -> bitAnd(x, 196608) = 65536, walk) AS s1
                    FROM
                    (
                        SELECT
                            who,
                            arrayPushFront(arraySort(groupArray(bitShiftLeft(toInt64(at), 18) + bitShiftLeft(toInt64(does), 16) + transform(v1, {v1_all:Array(String)}, range(1), 0))), 0) AS walk
                        FROM
                        (
                            SELECT
                                dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                                toUnixTimestamp64Milli(ts) - {first:Int64} AS at,
                                multiIf((event = {event:String} AND ts < {range_end:DateTime64(3, 'UTC')}), 1, event = {event_2:String}, 2, 0) AS does,
                                JSONExtract(props, {name:String}, 'String') AS v1
                            FROM events
                            WHERE product = {product:UInt32}
                              AND event IN {events:Array(String)}
                              AND ts >= {start:DateTime64(3, 'UTC')}
                              AND ts < {end:DateTime64(3, 'UTC')}
                              AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                              AND does != 0
                        )
                        GROUP BY who
                    )
                )
            )
        )
        WHERE t1 != 0
    )
)
GROUP BY kind, l1

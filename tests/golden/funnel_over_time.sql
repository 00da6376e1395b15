-- How many people got to each of 2 steps, and how fast?
SELECT
    countIf(t1 != 0) AS n1,
    countIf(t2 != 0) AS n2,
    countIf(t2 = 0 AND last >= {open_since:Int64}) AS open,
    sumIf(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS sum_p2,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS mid_p2
FROM
(
    SELECT who, walk, last, got_2, t1, if(got_2, arrayFirst(x -> bitAnd(x, 3) = 2 AND x > t1, walk), 0) AS t2
    FROM
    (
        SELECT who, walk, s2[-1] != 0 AS got_2, bitShiftRight(s1[-1], 2) AS last, arrayFirst(x -> x != 0, multiIf(s2[-1] != 0, s2, s1)) AS t1
        FROM
        (
            SELECT who, walk, s1, arrayFill((s, x) -> bitAnd(x, 3) = 2 AND bitShiftRight(x, 2) - bitShiftRight(s, 2) <= {window:Int64}, s1, walk) AS s2
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
                          AND ts >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
                          AND ts < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
                    )
                    GROUP BY who
                )
            )
        )
        WHERE s1[-1] != 0
    )
);

-- How many people got from step 1 to 2, by month of the first?
SELECT
    bucket,
    countIf(t1 != 0) AS entered,
    countIf(t1 != 0 AND t2 != 0) AS converted,
    countIf(t1 != 0 AND t2 = 0 AND last >= {open_since:Int64}) AS open
FROM
(
    SELECT
        who,
        bucket,
        best[1] AS t1,
        best[2] AS t2,
        last
    FROM
    (
        SELECT
            who,
            bucket,
            argMin(attempt.1, attempt.2) AS best,
            min(attempt.2) AS least_score,
            max(bitShiftRight(attempt.1[1], 2)) AS last
        FROM
        (
            SELECT who, attempt, roundDown(toInt64(bitShiftRight(attempt.1[1], 2)), {edges:Array(Int64)}) AS bucket
            FROM
            (
                SELECT who, arrayJoin(arrayZip(cut, scores)) AS attempt
                FROM
                (
                    SELECT who, starts, cut, arrayMap((c, i) -> (-((c[1] != 0) + (c[2] != 0)), false, multiIf(c[2] != 0, c[2], c[1]), -i), cut, arrayEnumerate(cut)) AS scores
                    FROM
                    (
                        SELECT who, starts, arrayMap((c, s) -> arrayPushFront(arrayMap(y -> if(bitShiftRight(y, 2) - bitShiftRight(s, 2) <= {window:Int64}, y, 0), arrayPopFront(c)), s), chains, starts) AS cut
                        FROM
                        (
                            SELECT who, chains, arrayMap(c -> c[1], chains) AS starts
                            FROM
                            (
                                SELECT who, arrayFilter((c, x) -> bitAnd(x, 3) = 1, own, walk) AS chains
                                FROM
                                (
                                    SELECT who, walk, arrayMap((x, c) -> arrayConcat([x], c), walk, d2) AS own
                                    FROM
                                    (
                                        SELECT who, walk, arrayPushBack(arrayPopFront(arrayReverseFill((c, x) -> bitAnd(x, 3) = 2, own, walk)), arrayWithConstant(1, toInt64(0))) AS d2
                                        FROM
                                        (
                                            SELECT who, walk, arrayMap(x -> [x], walk) AS own
                                            FROM
                                            (
                                                SELECT
                                                    who,
                                                    arrayPushBack(arraySort(groupArray(bitShiftLeft(toInt64(at), 2) + does)), 0) AS walk
                                                FROM
                                                (
                                                    SELECT
                                                        dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                                                        toUnixTimestamp64Milli(ts) - {first:Int64} AS at,
                                                        multiIf(event = {event:String}, 1, event = {event_2:String}, 2, 0) AS does
                                                    FROM events
                                                    WHERE product = {product:UInt32}
                                                      AND event IN {events:Array(String)}
                                                      AND ts >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
                                                      AND ts < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
                                                )
                                                GROUP BY who
                                            )
                                        )
                                    )
                                )
                            )
                            WHERE notEmpty(chains)
                        )
                    )
                )
            )
        )
        GROUP BY who, bucket
    )
)
GROUP BY bucket

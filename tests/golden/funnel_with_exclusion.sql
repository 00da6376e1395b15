-- How many people got to each of 3 steps, and how fast?
SELECT
    countIf(t1 != 0) AS n1,
    countIf(t2 != 0) AS n2,
    countIf(t3 != 0) AS n3,
    countIf(t3 = 0 AND last >= {open_since:Int64}) AS open,
    sumIf(bitShiftRight(t2, 3) - bitShiftRight(t1, 3), t2 != 0) AS sum_p2,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t2, 3) - bitShiftRight(t1, 3), t2 != 0) AS mid_p2,
    sumIf(bitShiftRight(t3, 3) - bitShiftRight(t2, 3), t3 != 0) AS sum_p3,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t3, 3) - bitShiftRight(t2, 3), t3 != 0) AS mid_p3,
    sumIf(bitShiftRight(t3, 3) - bitShiftRight(t1, 3), t3 != 0) AS sum_f3,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t3, 3) - bitShiftRight(t1, 3), t3 != 0) AS mid_f3
FROM
(
    SELECT
        who,
        t1,
        t2,
        t3,
        last
    FROM
    (
        SELECT who, last, best[1] AS t1, best[3] AS t2, best[4] AS t3, least_score.2 AS spoiled
        FROM
        (
            SELECT who, arrayReduce('argMin', cut, scores) AS best, arrayReduce('min', scores) AS least_score, bitShiftRight(arrayMax(starts), 3) AS last
            FROM
            (
                SELECT who, starts, cut, arrayMap((c, i) -> (-((c[1] != 0) + (c[3] != 0) + (c[4] != 0)), (c[2] != 0 AND (c[3] = 0 OR c[2] < c[3])), multiIf(c[4] != 0, c[4], c[3] != 0, c[3], c[1]), -i), cut, arrayEnumerate(cut)) AS scores
                FROM
                (
                    SELECT who, starts, arrayMap((c, s) -> arrayPushFront(arrayMap(y -> if(bitShiftRight(y, 3) - bitShiftRight(s, 3) <= {window:Int64}, y, 0), arrayPopFront(c)), s), chains, starts) AS cut
                    FROM
                    (
                        SELECT who, chains, arrayMap(c -> c[1], chains) AS starts
                        FROM
                        (
                            SELECT who, arrayFilter((c, x) -> bitAnd(x, 7) = 1, own, walk) AS chains
                            FROM
                            (
                                SELECT who, walk, out_0, arrayMap((x, out_0, c) -> arrayConcat([x, out_0], c), walk, out_0, d2) AS own
                                FROM
                                (
                                    SELECT who, walk, out_0, arrayPushBack(arrayPopFront(arrayReverseFill((c, x) -> bitAnd(x, 7) = 2, own, walk)), arrayWithConstant(2, toInt64(0))) AS d2
                                    FROM
                                    (
                                        SELECT who, walk, out_0, d3, arrayMap((x, c) -> arrayConcat([x], c), walk, d3) AS own
                                        FROM
                                        (
                                            SELECT who, walk, out_0, arrayPushBack(arrayPopFront(arrayReverseFill((c, x) -> bitAnd(x, 7) = 3, own, walk)), arrayWithConstant(1, toInt64(0))) AS d3
                                            FROM
                                            (
                                                SELECT who, walk, out_0, arrayMap(x -> [x], walk) AS own
                                                FROM
                                                (
                                                    SELECT who, walk, arrayPushBack(arrayPopFront(arrayReverseFill(x -> bitAnd(x, 7) = 4, walk)), 0) AS out_0
                                                    FROM
                                                    (
                                                        SELECT
                                                            who,
                                                            arrayPushBack(arraySort(groupArray(bitShiftLeft(toInt64(at), 3) + does)), 0) AS walk
                                                        FROM
                                                        (
                                                            SELECT
                                                                dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                                                                toUnixTimestamp64Milli(ts) - {first:Int64} AS at,
                                                                multiIf(event = {event_4:String}, 4, (event = {event:String} AND ts < {range_end:DateTime64(3, 'UTC')}), 1, event = {event_2:String}, 2, event = {event_3:String}, 3, 0) AS does
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
    WHERE NOT spoiled
)

-- How many people got to each of 2 steps, and how fast?
SELECT
    countIf(t1 != 0) AS n1,
    countIf(t2 != 0) AS n2,
    countIf(t2 = 0 AND last >= {open_since:Int64}) AS open,
    sumIf(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS sum_p2,
    quantilesExactInclusiveIf(0.5, 0.9)(bitShiftRight(t2, 2) - bitShiftRight(t1, 2), t2 != 0) AS mid_p2
FROM
(
    SELECT who, last, best[1] AS t1, best[2] AS t2
    FROM
    (
        SELECT who, arrayReduce('argMin', cut, scores) AS best, arrayReduce('min', scores) AS least_score, bitShiftRight(arrayMax(starts), 2) AS last
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
                        SELECT who, arrayFilter((c, x) -> x != 0, all_chains, walk) AS chains
                        FROM
                        (
                            SELECT who, walk, arrayMap((x, next_1, next_2) -> arrayResize(arraySort(arrayFilter(y -> y != 0 AND bitShiftRight(y, 2) - bitShiftRight(x, 2) <= {window:Int64}, [next_1, next_2])), 2, toInt64(0)), walk, next_1, next_2) AS all_chains
                            FROM
                            (
                                SELECT who, walk, next_1, arrayReverseFill(x -> bitAnd(x, 3) = 2, walk) AS next_2
                                FROM
                                (
                                    SELECT who, walk, arrayReverseFill(x -> bitAnd(x, 3) = 1, walk) AS next_1
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
                                              AND ts >= {start:DateTime64(3, 'UTC')}
                                              AND ts < {end:DateTime64(3, 'UTC')}
                                              AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
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

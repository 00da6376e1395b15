-- How many people took part in each day, by a property?
SELECT kind, l1, grouping(bucket) AS is_total, bucket, groupBitmapMerge(cell) AS value
FROM
(
    SELECT
        bucket, cell,
        dense_rank() OVER (ORDER BY v1 = '', total DESC, v1) AS place,
        multiIf(v1 = '', 1, true, 0, 2) AS kind,
        if(kind = 2, '', v1) AS l1
    FROM
    (
        SELECT
            bucket, v1, cell,
            groupBitmapMerge(cell) OVER (PARTITION BY v1) AS total
        FROM
        (
            SELECT bucket, v1, groupBitmapState(who) AS cell
            FROM
            (
                SELECT
                    bucket,
                    who,
                    arrayJoin(arrayFilter((cohort_name, belongs) -> belongs, {cohorts:Array(String)}, [bitmapContains((
                        SELECT bitmapAndnot(
                            bitmapAndnot(
                                (
                                    SELECT groupBitmapState(who)
                                    FROM
                                    (
                                        SELECT dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who
                                        FROM events FINAL
                                        WHERE product = {product:UInt32}
                                          AND event = {event:String}
                                          AND ts >= {start_2:DateTime64(3, 'UTC')}
                                          AND ts < {end:DateTime64(3, 'UTC')}
                                          AND indexHint(toDate(ts) BETWEEN {first_day_2:Date} AND {last_day:Date})
                                        GROUP BY who
                                        HAVING count() >= {times:UInt64}
                                    )
                                ),
                                (
                                    SELECT groupBitmapState(dictGetOrDefault('owner', 'p', toUInt64(person), person))
                                    FROM events
                                    WHERE product = {product:UInt32}
                                      AND event = {event_2:String}
                                      AND ts < {end:DateTime64(3, 'UTC')}
                                )
                            ),
                            (
                                SELECT groupBitmapState(person)
                                FROM people FINAL
                                WHERE product = {product:UInt32}
                                  AND born < {end:DateTime64(3, 'UTC')}
                                  AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
                                  AND JSONExtract(props, {name:String}, 'String') = {value:String}
                            )
                        )
                    ), who), bitmapContains((
                        SELECT bitmapAnd(
                            (
                                SELECT groupBitmapState(dictGetOrDefault('owner', 'p', toUInt64(person), person))
                                FROM cohort_members
                                WHERE product = {product:UInt32}
                                  AND cohort = {cohort:UInt64}
                            ),
                            (
                                SELECT groupBitmapState(person)
                                FROM people FINAL
                                WHERE product = {product:UInt32}
                                  AND born < {end:DateTime64(3, 'UTC')}
                                  AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
                            )
                        )
                    ), who)])) AS v1
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
            GROUP BY bucket, v1
        )
    )
)
GROUP BY GROUPING SETS ((kind, l1, bucket), (kind, l1))

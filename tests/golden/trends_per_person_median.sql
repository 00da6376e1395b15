-- What is the median of events per person in each day?
SELECT scope AS bucket, quantileExactInclusive(0.5)(n) AS value
FROM
(
    SELECT scope, sum(cell) AS n
    FROM
    (
        SELECT
            who,
            arrayJoin([bucket, {whole:Int64}]) AS scope,
            cell
        FROM
        (
            SELECT bucket, who, count() AS cell
            FROM
            (
                SELECT
                    roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who
                FROM events FINAL
                WHERE product = {product:UInt32}
                  AND event = {event:String}
                  AND ts >= {start:DateTime64(3, 'UTC')}
                  AND ts < {end:DateTime64(3, 'UTC')}
                  AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
            )
            GROUP BY bucket, who
        )
    )
    GROUP BY scope, who
)
GROUP BY scope

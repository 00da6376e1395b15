-- How many people took part in each day, by a property?
SELECT kind, l1, grouping(bucket) AS is_total, bucket, groupBitmapMerge(cell) AS value
FROM
(
    SELECT
        bucket, cell,
        dense_rank() OVER (ORDER BY v1 = '', total DESC, v1) AS place,
        multiIf(v1 = '', 1, place <= {limit:UInt32}, 0, 2) AS kind,
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
                    roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                    JSONExtract(props, {name:String}, 'String') AS v1
                FROM events
                WHERE product = {product:UInt32}
                  AND event = {event:String}
                  AND ts >= {start:DateTime64(3, 'UTC')}
                  AND ts < {end:DateTime64(3, 'UTC')}
                  AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
            )
            GROUP BY bucket, v1
        )
    )
)
GROUP BY GROUPING SETS ((kind, l1, bucket), (kind, l1))

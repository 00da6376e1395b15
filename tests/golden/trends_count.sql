-- How many events were there in each day?
SELECT grouping(bucket) AS is_total, bucket, sum(cell) AS value
FROM
(
    SELECT bucket, count() AS cell
    FROM
    (
        SELECT
            roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket
        FROM events FINAL
        WHERE product = {product:UInt32}
          AND event = {event:String}
          AND ts >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
          AND ts < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
          AND toDate(ts) >= toDate(fromUnixTimestamp64Milli({start:Int64}, 'UTC'))
          AND toDate(ts) <= toDate(fromUnixTimestamp64Milli({end:Int64}, 'UTC'))
    )
    GROUP BY bucket
)
GROUP BY GROUPING SETS ((bucket), ())
HAVING count() > 0

-- How many events were there in each day?
SELECT bucket, count() AS value
FROM
(
    SELECT
        roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket
    FROM events FINAL
    WHERE product = {product:UInt32}
      AND event = {event:String}
      AND ts >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')
      AND ts < fromUnixTimestamp64Milli({end:Int64}, 'UTC')
      AND indexHint(toDate(ts) >= toDate(fromUnixTimestamp64Milli({start:Int64}, 'UTC')))
      AND indexHint(toDate(ts) <= toDate(fromUnixTimestamp64Milli({end:Int64}, 'UTC')))
)
GROUP BY bucket

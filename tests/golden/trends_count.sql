-- How many events were there in each day?
SELECT bucket, count() AS value
FROM
(
    SELECT
        roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket
    FROM events FINAL
    WHERE product = {product:UInt32}
      AND event = {event:String}
      AND ts >= {start:DateTime64(3, 'UTC')}
      AND ts < {end:DateTime64(3, 'UTC')}
      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
)
GROUP BY bucket

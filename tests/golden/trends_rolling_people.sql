-- How many people took part in the days up to the end of each day?
SELECT place_in_time AS bucket, groupBitmapMerge(cell) AS value
FROM
(
    SELECT
        arrayJoin(arrayFilter((i, a, b) -> bucket >= a AND bucket < b, arrayEnumerate({window_starts:Array(Int64)}), {window_starts:Array(Int64)}, {window_ends:Array(Int64)})) AS place_in_time,
        cell
    FROM
    (
        SELECT bucket, groupBitmapState(who) AS cell
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
        GROUP BY bucket
    )
)
GROUP BY place_in_time

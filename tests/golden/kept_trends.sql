-- Which questions have states?
SELECT DISTINCT question
FROM kept_days
WHERE product = {product:UInt32};

INSERT INTO kept_questions (product, question, used)
SELECT {product:UInt32}, arrayJoin({questions:Array(UInt64)}), toDateTime({now:Int64}, 'UTC');

-- Which events came late?
SELECT roundDown(toInt64(toUnixTimestamp(at)), {edges:Array(Int64)}) AS since, sum(n) AS n
FROM late_events
WHERE product = {product:UInt32}
  AND (at = toDateTime({removed:Int64}, 'UTC') OR (at >= toDateTime({first:Int64}, 'UTC') AND at < toDateTime({last:Int64}, 'UTC')))
GROUP BY since;

-- Which states are there?
SELECT question, day, noted
FROM kept_days FINAL
WHERE product = {product:UInt32}
  AND question IN {questions:Array(UInt64)}
  AND day IN {days:Array(Date)};

INSERT INTO kept_days (product, question, day, noted, n, people)
SELECT
    {product:UInt32},
    {question:UInt64},
    arrayElement({names:Array(Date)}, indexOf({starts:Array(Int64)}, start)),
    arrayElement({noted:Array(UInt64)}, indexOf({starts:Array(Int64)}, start)),
    sum(events),
    groupBitmapMergeState(numbers)
FROM
(
    SELECT
        roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS start,
        count() AS events,
        groupBitmapState(person) AS numbers
    FROM events FINAL
    WHERE product = {product:UInt32}
      AND event = {event:String}
      AND ts >= {start:DateTime64(3, 'UTC')}
      AND ts < {end:DateTime64(3, 'UTC')}
      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
    GROUP BY start
    UNION ALL
    SELECT arrayJoin({starts:Array(Int64)}) AS start, toUInt64(0) AS events, CAST(bitmapBuild(emptyArrayUInt32()), 'AggregateFunction(groupBitmap, UInt32)') AS numbers
)
GROUP BY start
SETTINGS max_execution_time = 30, max_memory_usage = 2147483648, max_bytes_before_external_group_by = 715827882;

INSERT INTO kept_days (product, question, day, noted, n, people)
SELECT
    {product:UInt32},
    {question:UInt64},
    arrayElement({names:Array(Date)}, indexOf({starts:Array(Int64)}, start)),
    arrayElement({noted:Array(UInt64)}, indexOf({starts:Array(Int64)}, start)),
    sum(events),
    groupBitmapMergeState(numbers)
FROM
(
    SELECT
        roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS start,
        count() AS events,
        groupBitmapState(person) AS numbers
    FROM events FINAL
    WHERE product = {product:UInt32}
      AND event = {event:String}
      AND ts >= {start:DateTime64(3, 'UTC')}
      AND ts < {end:DateTime64(3, 'UTC')}
      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
    GROUP BY start
    UNION ALL
    SELECT arrayJoin({starts:Array(Int64)}) AS start, toUInt64(0) AS events, CAST(bitmapBuild(emptyArrayUInt32()), 'AggregateFunction(groupBitmap, UInt32)') AS numbers
)
GROUP BY start
SETTINGS max_execution_time = 30, max_memory_usage = 2147483648, max_bytes_before_external_group_by = 715827882;

-- How much was there of each series in each day? (series A, B)
SELECT series, grouping(bucket) AS is_total, bucket, sum(cell_0) AS value_0, groupBitmapMerge(cell_1) AS value_1
FROM
(
    SELECT bucket, series, countIf(series = 0) AS cell_0, groupBitmapStateIf(who, series = 1) AS cell_1
    FROM
    (
        SELECT
            roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
            multiIf(event = {event:String}, 0, 1) AS series,
            dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who
        FROM events FINAL
        WHERE product = {product:UInt32}
          AND event IN {events:Array(String)}
          AND ts >= {start:DateTime64(3, 'UTC')}
          AND ts < {end:DateTime64(3, 'UTC')}
          AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
    )
    GROUP BY bucket, series
    UNION ALL
    SELECT bucket, series, sumIf(events, series IN (0)) AS cell_0, groupBitmapMergeStateIf(owned, series IN (1)) AS cell_1
    FROM
    (
        SELECT
            bucket,
            events,
            owned,
            arrayJoin(arrayFilter((i, k) -> k = question, [0, 1], {keys:Array(UInt64)})) AS series
        FROM
        (
            WITH (SELECT groupBitmapState(n) FROM moved) AS gone
            SELECT
                bucket,
                question,
                events,
                bitmapOr(bitmapAndnot(numbers, gone), bitmapBuild(arrayMap(number -> dictGetOrDefault('owner', 'p', toUInt64(number), number), bitmapToArray(bitmapAnd(numbers, gone))))) AS owned
            FROM
            (
                SELECT
                    arrayElement({cells:Array(Int64)}, indexOf({days:Array(Date)}, day)) AS bucket,
                    question,
                    sum(n) AS events,
                    groupBitmapMergeState(people) AS numbers
                FROM kept_days FINAL
                WHERE product = {product:UInt32}
                  AND question IN {questions:Array(UInt64)}
                  AND day IN {days:Array(Date)}
                GROUP BY bucket, question
            )
        )
    )
    GROUP BY bucket, series
)
GROUP BY GROUPING SETS ((series, bucket), (series))

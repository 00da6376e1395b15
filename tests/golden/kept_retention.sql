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

-- Who comes back in each week?
SELECT
    place,
    cohort,
    bitmapCardinality(started) AS size,
    window AS column,
    bitmapAndCardinality(started, returned) AS people
FROM
(
    SELECT
        s.1 AS place,
        s.2 AS cohort,
        s.3 AS started,
        r.1 - s.2 AS window,
        r.2 AS returned
    FROM
    (
        SELECT
            groupArray((1, number, started)) AS starts,
            groupArray((number, returned)) AS returns
        FROM
        (
            SELECT
                number,
                groupBitmapMergeStateIf(people, role IN (1, 3)) AS started,
                groupBitmapMergeStateIf(people, role IN (2, 3)) AS returned
            FROM
            (
                SELECT
                    toUInt64(intDiv(cell, 2)) AS number,
                    if(question = {started:UInt64} AND cell % 2 = 0, 1, 0) + if(question = {returned:UInt64}, 2, 0) AS role,
                    owned AS people
                FROM
                (
                    WITH (SELECT groupBitmapState(n) FROM moved) AS gone
                    SELECT
                        cell,
                        question,
                        events,
                        bitmapOr(bitmapAndnot(numbers, gone), bitmapBuild(arrayMap(number -> dictGetOrDefault('owner', 'p', toUInt64(number), number), bitmapToArray(bitmapAnd(numbers, gone))))) AS owned
                    FROM
                    (
                        SELECT
                            arrayElement({cells:Array(Int64)}, indexOf({days:Array(Date)}, day)) AS cell,
                            question,
                            sum(n) AS events,
                            groupBitmapMergeState(people) AS numbers
                        FROM kept_days FINAL
                        WHERE product = {product:UInt32}
                          AND question IN {questions:Array(UInt64)}
                          AND day IN {days:Array(Date)}
                        GROUP BY cell, question
                    )
                )
                UNION ALL
                SELECT
                    indexOf({edges:Array(Int64)}, bucket) AS number,
                    role,
                    groupBitmapState(who) AS people
                FROM
                (
                    SELECT
                        roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                        dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                        if(event = {event:String} AND ts < {end:DateTime64(3, 'UTC')}, 1, 0) + if(event = {event_2:String}, 2, 0) AS role
                    FROM events
                    WHERE product = {product:UInt32}
                      AND event IN {events:Array(String)}
                      AND ts >= {start:DateTime64(3, 'UTC')}
                      AND ts < {end_2:DateTime64(3, 'UTC')}
                      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                )
                GROUP BY bucket, role
            )
            GROUP BY number
        )
    )
    ARRAY JOIN starts AS s
    LEFT ARRAY JOIN arrayFilter(r -> r.1 > s.2 AND r.1 <= s.2 + {begun:Array(Int32)}[s.2], returns) AS r
)

-- How much was there of each series in each day, by a property, now and before? (series A, B)
SELECT series, now, kind, l1, grouping(bucket) AS is_total, bucket, groupBitmapMerge(cell_0) AS value_0, sum(cell_1) AS value_1
FROM
(
    SELECT
        bucket, now, series, cell_0, cell_1,
        dense_rank() OVER (ORDER BY v1 = '', n_0 = 0, total_0 DESC, n_1 = 0, total_1 DESC, v1) AS place,
        multiIf(v1 = '', 1, place <= {limit:UInt32} AND n_0 + n_1 > 0, 0, 2) AS kind,
        if(kind = 2, '', v1) AS l1
    FROM
    (
        SELECT
            bucket, now, series, v1, cell_0, cell_1,
            groupBitmapMergeIf(cell_0, now AND series = 0) OVER (PARTITION BY v1) AS total_0,
            sumIf(cell_1, now AND series = 1) OVER (PARTITION BY v1) AS total_1,
            countIf(now AND series = 0) OVER (PARTITION BY v1) AS n_0,
            countIf(now AND series = 1) OVER (PARTITION BY v1) AS n_1
        FROM
        (
            SELECT bucket, series, v1, bucket >= {since:Int64} AS now, groupBitmapStateIf(who, series = 0) AS cell_0, countIf(series = 1) AS cell_1
            FROM
            (
                SELECT
                    roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                    multiIf(event = {event:String}, 0, 1) AS series,
                    dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                    JSONExtract(props, {name:String}, 'String') AS v1
                FROM events FINAL
                WHERE product = {product:UInt32}
                  AND event IN {events:Array(String)}
                  AND (ts >= {start:DateTime64(3, 'UTC')} AND ts < {end:DateTime64(3, 'UTC')} OR ts >= {start_2:DateTime64(3, 'UTC')} AND ts < {end_2:DateTime64(3, 'UTC')})
                  AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
            )
            GROUP BY bucket, series, v1
        )
    )
)
GROUP BY GROUPING SETS ((series, now, kind, l1, bucket), (series, now, kind, l1))

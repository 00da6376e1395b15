-- Who comes back in each week?
SELECT
    place,
    cohort,
    groupBitmapMerge(found) OVER (PARTITION BY place, cohort) AS size,
    column,
    bitmapCardinality(found) AS people,
    cell_total AS total,
    cell_amounts AS amounts
FROM
(
    SELECT
        place,
        cohort,
        column,
        groupBitmapState(who) AS found,
        sum(visit_total) AS cell_total,
        sum(visit_amounts) AS cell_amounts
    FROM
    (
        SELECT
            place,
            cohort,
            who,
            if(window > 0, {columns:Array(Int32)}[window], window) AS column,
            amount AS visit_total,
            amount IS NOT NULL AS visit_amounts
        FROM
        (
            SELECT
                place,
                cohort,
                s.who AS who,
                if(came AND at > first, intDiv(at - first, {length:Int64}), -1) AS passed,
                if(passed BETWEEN 0 AND {begun:Array(Int32)}[cohort], passed, -1) AS window,
                amount
            FROM
            (
                SELECT
                    who,
                    at,
                    amount,
                    true AS came
                FROM
                (
                    SELECT
                        dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                        toUnixTimestamp64Milli(ts) AS at,
                        if(isFinite(toFloat64OrNull(JSONExtract(props, {name:String}, 'String'))), toFloat64OrNull(JSONExtract(props, {name:String}, 'String')), NULL) AS amount
                    FROM events FINAL
                    WHERE product = {product:UInt32}
                      AND event = {event:String}
                      AND ts >= {start:DateTime64(3, 'UTC')}
                      AND ts < {end:DateTime64(3, 'UTC')}
                      AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                )
            ) AS r
            RIGHT JOIN
            (
                SELECT
                    place,
                    transform(bucket, {edges:Array(Int64)}, {numbers:Array(Int64)}, toInt64(0)) AS cohort,
                    who,
                    min(first) AS first
                FROM
                (
                    SELECT
                        1 AS place,
                        bucket,
                        who,
                        first
                    FROM
                    (
                        SELECT
                            roundDown(toUnixTimestamp64Milli(ts), {edges:Array(Int64)}) AS bucket,
                            dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                            toUnixTimestamp64Milli(ts) AS first
                        FROM events
                        WHERE product = {product:UInt32}
                          AND event = {event_2:String}
                          AND ts >= {start:DateTime64(3, 'UTC')}
                          AND ts < {end_2:DateTime64(3, 'UTC')}
                          AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day_2:Date})
                    )
                )
                GROUP BY place, bucket, who
            ) AS s
            ON r.who = s.who
        )
    )
    GROUP BY place, cohort, column
)

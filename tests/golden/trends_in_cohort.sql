-- How many people took part in each day?
SELECT grouping(bucket) AS is_total, bucket, groupBitmapMerge(cell) AS value
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
          AND ts >= {start_2:DateTime64(3, 'UTC')}
          AND ts < {end:DateTime64(3, 'UTC')}
          AND indexHint(toDate(ts) BETWEEN {first_day_2:Date} AND {last_day:Date})
          AND bitmapContains((
                  SELECT bitmapAndnot(
                      bitmapAndnot(
                          (
                              SELECT groupBitmapState(who)
                              FROM
                              (
                                  SELECT dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who
                                  FROM events FINAL
                                  WHERE product = {product:UInt32}
                                    AND event = {event:String}
                                    AND ts >= {start:DateTime64(3, 'UTC')}
                                    AND ts < {end:DateTime64(3, 'UTC')}
                                    AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
                                  GROUP BY who
                                  HAVING count() >= {times:UInt64}
                              )
                          ),
                          (
                              SELECT groupBitmapState(dictGetOrDefault('owner', 'p', toUInt64(person), person))
                              FROM events
                              WHERE product = {product:UInt32}
                                AND event = {event_2:String}
                                AND ts < {end:DateTime64(3, 'UTC')}
                          )
                      ),
                      (
                          SELECT groupBitmapState(person)
                          FROM people FINAL
                          WHERE product = {product:UInt32}
                            AND born < {end:DateTime64(3, 'UTC')}
                            AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
                            AND JSONExtract(props, {name:String}, 'String') = {value:String}
                      )
                  )
              ), dictGetOrDefault('owner', 'p', toUInt64(person), person))
    )
    GROUP BY bucket
)
GROUP BY GROUPING SETS ((bucket), ())
HAVING count() > 0

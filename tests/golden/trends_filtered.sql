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
      AND NOT (dictGetOrDefault('owner', 'p', toUInt64(person), person) IN
          (
              SELECT person
              FROM people FINAL
              WHERE product = {product:UInt32}
                AND JSONExtract(props, {name:String}, 'String') = {value:String}
          ))
      AND ifNull(if(isFinite(toFloat64OrNull(JSONExtract(props, {name_2:String}, 'String'))), toFloat64OrNull(JSONExtract(props, {name_2:String}, 'String')), NULL) BETWEEN {number:Float64} AND {number_2:Float64}, false)
      AND (JSONExtract(props, {name_3:String}, 'String') = {value_2:String} OR NOT (JSONExtract(props, {name_3:String}, 'String') != ''))
)
GROUP BY bucket

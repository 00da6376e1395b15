-- Which conditions hold for this person?
SELECT
    bitmapCardinality((
        SELECT groupBitmapState(person)
        FROM people FINAL
        WHERE product = {product:UInt32}
          AND born < {end:DateTime64(3, 'UTC')}
          AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
          AND person = {only:UInt32}
    )) > 0 AS c0;

-- Which conditions hold for this person?
SELECT
    bitmapCardinality((
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
              AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = {only:UInt32}
            GROUP BY who
            HAVING count() >= {times:UInt64}
        )
    )) > 0 AS c0,
    bitmapCardinality(bitmapAndnot(
        (
            SELECT groupBitmapState(person)
            FROM people FINAL
            WHERE product = {product:UInt32}
              AND born < {end:DateTime64(3, 'UTC')}
              AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
              AND person = {only:UInt32}
        ),
        (
            SELECT groupBitmapState(dictGetOrDefault('owner', 'p', toUInt64(person), person))
            FROM events
            WHERE product = {product:UInt32}
              AND event = {event_2:String}
              AND ts < {end:DateTime64(3, 'UTC')}
              AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = {only:UInt32}
        )
    )) > 0 AS c1,
    bitmapCardinality(bitmapAndnot(
        (
            SELECT groupBitmapState(person)
            FROM people FINAL
            WHERE product = {product:UInt32}
              AND born < {end:DateTime64(3, 'UTC')}
              AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
              AND person = {only:UInt32}
        ),
        (
            SELECT groupBitmapState(person)
            FROM people FINAL
            WHERE product = {product:UInt32}
              AND born < {end:DateTime64(3, 'UTC')}
              AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = person
              AND JSONExtract(props, {name:String}, 'String') = {value:String}
              AND person = {only:UInt32}
        )
    )) > 0 AS c2;

-- What did this person do?
SELECT
    count() AS n,
    0 AS periods,
    arraySlice(arraySort(x -> (-x.1, x.3), groupArray((toUnixTimestamp64Milli(ts), toString(event), toString(uuid)))), 1, 5) AS seen
FROM events FINAL
WHERE product = {product:UInt32}
  AND event = {event:String}
  AND ts >= {start:DateTime64(3, 'UTC')}
  AND ts < {end:DateTime64(3, 'UTC')}
  AND indexHint(toDate(ts) BETWEEN {first_day:Date} AND {last_day:Date})
  AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = {only:UInt32};

-- What did this person do?
SELECT
    count() AS n,
    0 AS periods,
    arraySlice(arraySort(x -> (-x.1, x.3), groupArray((toUnixTimestamp64Milli(ts), toString(event), toString(uuid)))), 1, 5) AS seen
FROM events FINAL
WHERE product = {product:UInt32}
  AND event = {event:String}
  AND ts < {end:DateTime64(3, 'UTC')}
  AND dictGetOrDefault('owner', 'p', toUInt64(person), person) = {only:UInt32};

-- What does the property say?
SELECT JSONExtract(props, {name:String}, 'String') AS value
FROM people FINAL
WHERE product = {product:UInt32}
  AND person = {only:UInt32}

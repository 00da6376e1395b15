-- How many people took part for the first time in each day, by a property?
SELECT kind, l1, bucket, sum(cell) AS value
FROM
(
    SELECT
        bucket, cell,
        dense_rank() OVER (ORDER BY v1 = '', total DESC, v1) AS place,
        multiIf(v1 = '', 1, place <= {limit:UInt32}, 0, 2) AS kind,
        if(kind = 2, '', v1) AS l1
    FROM
    (
        SELECT
            bucket, v1, cell,
            sum(cell) OVER (PARTITION BY v1) AS total
        FROM
        (
            SELECT bucket, v1, count() AS cell
            FROM
            (
                SELECT
                    roundDown(toUnixTimestamp64Milli(first), {edges:Array(Int64)}) AS bucket,
                    first_v1 AS v1,
                    who
                FROM
                (
                    SELECT
                        who,
                        min(ts) AS first,
                        argMin(v1, (ts, id)) AS first_v1
                    FROM
                    (
                        SELECT
                            dictGetOrDefault('owner', 'p', toUInt64(person), person) AS who,
                            ts,
                            toString(uuid) AS id,
                            JSONExtract(props, {name:String}, 'String') AS v1
                        FROM events
                        WHERE product = {product:UInt32}
                          AND event = {event:String}
                          AND ts < {end:DateTime64(3, 'UTC')}
                    )
                    GROUP BY who
                )
                WHERE first >= {start:DateTime64(3, 'UTC')} AND first < {end:DateTime64(3, 'UTC')}
            )
            GROUP BY bucket, v1
        )
    )
)
GROUP BY kind, l1, bucket

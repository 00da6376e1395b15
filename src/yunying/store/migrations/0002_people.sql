-- One row per number; the newest version wins. A number that belongs to somebody else today keeps no properties.
CREATE TABLE IF NOT EXISTS people {on_cluster}
(
    product UInt32,
    person UInt32,
    born DateTime64(3, 'UTC'),
    props String CODEC(ZSTD(3)),
    version UInt64
)
ENGINE = {engine everywhere ReplacingMergeTree(version)}
ORDER BY (product, person)
SETTINGS fsync_after_insert = 1;

CREATE TABLE IF NOT EXISTS accounts {on_cluster}
(
    product UInt32,
    account String,
    props String CODEC(ZSTD(3)),
    version UInt64
)
ENGINE = {engine everywhere ReplacingMergeTree(version)}
ORDER BY (product, account)
SETTINGS fsync_after_insert = 1;

-- Numbers that changed owner; chains are flattened by the writer, so one look-up is enough.
CREATE TABLE IF NOT EXISTS moved {on_cluster}
(
    n UInt32,
    p UInt32,
    version UInt64
)
ENGINE = {engine everywhere ReplacingMergeTree(version)}
ORDER BY n
SETTINGS fsync_after_insert = 1;

-- only: one
-- LIFETIME(0): the writer reloads it, after a pause that gathers the merges of a moment.
CREATE DICTIONARY IF NOT EXISTS owner (n UInt64, p UInt32)
PRIMARY KEY n
SOURCE(CLICKHOUSE(QUERY 'SELECT n, argMax(p, version) AS p FROM {database}.moved GROUP BY n' {login}))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 200000 MAX_ARRAY_SIZE 500000000))
LIFETIME(0);

-- only: cluster
CREATE DICTIONARY IF NOT EXISTS owner {on_cluster} (n UInt64, p UInt32)
PRIMARY KEY n
SOURCE(CLICKHOUSE(QUERY 'SELECT n, argMax(p, version) AS p FROM {database}.moved GROUP BY n' {login}))
LAYOUT(FLAT(INITIAL_ARRAY_SIZE 200000 MAX_ARRAY_SIZE 500000000))
LIFETIME(MIN 2 MAX 5);

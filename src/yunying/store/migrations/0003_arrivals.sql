-- What came in lately, for the live stream: a sample of every batch, gone after a day.
CREATE TABLE IF NOT EXISTS arrivals {on_cluster}
(
    product UInt32,
    received DateTime64(3, 'UTC'),
    uuid UUID,
    event LowCardinality(String),
    ts DateTime64(3, 'UTC'),
    person UInt32,
    distinct_id String,
    account String,
    session String,
    protocol LowCardinality(String),
    library LowCardinality(String),
    props String CODEC(ZSTD(3))
)
ENGINE = {engine everywhere ReplacingMergeTree}
PARTITION BY toDate(received)
ORDER BY (product, received, uuid)
TTL toDateTime(received) + INTERVAL 1 DAY
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- Events and bodies that were not accepted, kept for thirty days to be looked at and sent again.
-- `state` is new, replayed or discarded; the newest version wins.
CREATE TABLE IF NOT EXISTS refused {on_cluster}
(
    product UInt32,
    received DateTime64(3, 'UTC'),
    id String,
    protocol LowCardinality(String),
    code LowCardinality(String),
    reason String,
    body String CODEC(ZSTD(3)),
    data String,
    state LowCardinality(String) DEFAULT 'new',
    version UInt64 DEFAULT 1
)
ENGINE = {engine everywhere ReplacingMergeTree(version)}
ORDER BY (product, received, id)
TTL toDateTime(received) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1;

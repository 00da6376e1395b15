-- One row per event. `person` is the number of the event's distinct id, fixed for ever; the dictionary `owner`
-- says whose it is today. Columns p_* are promoted properties, added later and filled by the writer; `props`
-- keeps the whole JSON text. The same event twice has the same key and becomes one row. A month that rests for a
-- quarter of an hour is merged to one part, where FINAL costs nothing.
CREATE TABLE IF NOT EXISTS events{local} {on_cluster}
(
    product UInt32,
    event LowCardinality(String),
    ts DateTime64(3, 'UTC') CODEC(T64, LZ4),
    person UInt32 CODEC(Delta, LZ4),
    uuid UUID,
    distinct_id String CODEC(ZSTD(1)),
    account String CODEC(ZSTD(1)),
    session String CODEC(ZSTD(1)),
    props String CODEC(ZSTD(3)),
    PROJECTION by_person (SELECT product, person, ts, _part_offset ORDER BY product, person, ts)
)
ENGINE = {engine sharded ReplacingMergeTree}
PARTITION BY toYYYYMM(ts)
ORDER BY (product, event, toDate(ts), person, ts, uuid)
SETTINGS
    deduplicate_merge_projection_mode = 'rebuild',
    lightweight_mutation_projection_mode = 'rebuild',
    non_replicated_deduplication_window = 10000,
    min_age_to_force_merge_seconds = 900,
    min_age_to_force_merge_on_partition_only = 1,
    fsync_after_insert = 1,
    fsync_part_directory = 1;

-- only: cluster
-- The number at write time picks the shard, so a row never has to move when people merge.
CREATE TABLE IF NOT EXISTS events {on_cluster} AS events_local
ENGINE = Distributed('{cluster}', currentDatabase(), events_local, intHash32(person));

-- Which properties have a column of their own. No row is ever changed or removed.
CREATE TABLE IF NOT EXISTS promoted {on_cluster}
(
    property String,
    kind LowCardinality(String),
    added DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = {engine everywhere ReplacingMergeTree}
ORDER BY (property, kind);

-- Fixed lists of persons. `person` is the number a member had when the list was made; the dictionary `owner` says
-- who that is today, as for events. Rows, not one bitmap: a person who is erased is a plain DELETE, and a list of
-- 100,000 is read in two milliseconds.
CREATE TABLE IF NOT EXISTS cohort_members {on_cluster}
(
    product UInt32,
    cohort UInt64,
    person UInt32 CODEC(Delta, LZ4)
)
ENGINE = {engine everywhere ReplacingMergeTree}
ORDER BY (product, cohort, person)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1;

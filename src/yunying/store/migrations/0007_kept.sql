-- How many events came late: rows of a quarter of an hour, by when they happened, counted each time they were handed
-- over. A state kept of a day notes the sum; when it differs, the day is worked out anew. What is written within an
-- hour of happening is not noted, because no state is made of a day before that. 1970 counts what was taken away.
CREATE TABLE IF NOT EXISTS late_events {on_cluster}
(
    product UInt32,
    at DateTime('UTC'),
    n UInt64
)
ENGINE = {engine everywhere SummingMergeTree}
ORDER BY (product, at)
SETTINGS fsync_after_insert = 1, index_granularity = 1024;

-- What was worked out of whole local days for questions asked again: events and the numbers of their distinct ids.
-- Whose number that is today is applied when it is read, so merges of people change nothing here. The state made
-- with the largest `noted` wins.
CREATE TABLE IF NOT EXISTS kept_days {on_cluster}
(
    product UInt32,
    question UInt64,
    day Date,
    noted UInt64,
    n UInt64,
    people AggregateFunction(groupBitmap, UInt32)
)
ENGINE = {engine everywhere ReplacingMergeTree(noted)}
ORDER BY (product, question, day)
SETTINGS index_granularity = 128;

-- When a kept question was last asked; one that nobody asks loses its days.
CREATE TABLE IF NOT EXISTS kept_questions {on_cluster}
(
    product UInt32,
    question UInt64,
    used DateTime('UTC')
)
ENGINE = {engine everywhere ReplacingMergeTree(used)}
ORDER BY (product, question);

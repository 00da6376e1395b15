-- Which events an import brought, by its number. `known` is 1 for those that were there before it: taking the import
-- back leaves them alone. `part` is the first row of the piece of the file they stood in.
CREATE TABLE IF NOT EXISTS imported {on_cluster}
(
    product UInt32,
    import UInt64,
    part UInt64,
    known UInt8,
    uuid UUID
)
ENGINE = {engine everywhere ReplacingMergeTree}
ORDER BY (product, import, part, known, uuid)
SETTINGS fsync_after_insert = 1;

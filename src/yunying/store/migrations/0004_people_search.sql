-- What a list of people is searched and narrowed by, beside their properties: whether they are known users, and their
-- distinct ids, one a line. Rows written before have no ids; the program copies those persons anew in the background.
ALTER TABLE people {on_cluster}
    ADD COLUMN IF NOT EXISTS identified UInt8 DEFAULT 0,
    ADD COLUMN IF NOT EXISTS ids String DEFAULT '' CODEC(ZSTD(1));

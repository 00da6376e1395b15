"""Our reports beside the same questions on PostHog's published table layout and on DuckDB, in one process and run.

The layout and the shapes of its queries are as PostHog publishes them, written anew here: properties as JSON text,
persons as UUIDs corrected by a join with the overrides, filling and folding inside the database. DuckDB reads plain
typed columns, sorted as ours are. All three hold the same events.
"""

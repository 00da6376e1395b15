"""The few pieces of SQL about the schema that every question shares, so that they are written once."""

__all__ = ["ACCOUNTS", "EVENTS", "OWNER", "PEOPLE"]

# Exact before the engine's own merges: FINAL makes one row of an event that was written twice. See
# docs/decisions on exact duplicates for what it costs and why nothing cheaper is exact.
EVENTS = "events FINAL"
PEOPLE = "people FINAL"
ACCOUNTS = "accounts FINAL"

# Whose number `person` is today: one array look-up per row.
OWNER = "dictGetOrDefault('owner', 'p', toUInt64(person), person)"

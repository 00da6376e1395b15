"""The few pieces of SQL about the schema that every question shares, so that they are written once."""

__all__ = ["ACCOUNTS", "COHORT_MEMBERS", "EVENTS", "EVENTS_WITH_REPEATS", "OWNER", "PEOPLE"]

# Exact before the engine's own merges: FINAL makes one row of an event that was written twice.
EVENTS = "events FINAL"
# For questions that a second copy cannot change (uniques, minimum, maximum, first time) or that drop it themselves.
EVENTS_WITH_REPEATS = "events"
PEOPLE = "people FINAL"
ACCOUNTS = "accounts FINAL"
# Read into sets only, which a second copy of a row does not change.
COHORT_MEMBERS = "cohort_members"

# Whose number `person` is today: one array look-up per row.
OWNER = "dictGetOrDefault('owner', 'p', toUInt64(person), person)"

"""Copies of people in the event store that an earlier version wrote without ids are written anew."""

from yunying.apps.tracking.write.mirror import Mirror
from yunying.store import OWNER, PEOPLE, Sql, shared

__all__ = ["complete_copies"]

_STEP = 5_000

# Who has a copy without distinct ids, and still is a person of their own?
_WITHOUT_IDS = f"""
SELECT person
FROM {PEOPLE}
WHERE person >= {{first:UInt32}}
    AND ids = ''
    AND {OWNER} = person
ORDER BY person
LIMIT {{limit:UInt32}}
"""


def complete_copies() -> int:
    """Copy every person whose copy has no ids; gives how many there were. Nothing but one scan when there are none."""
    store = shared()
    mirror, first, done = Mirror(store, reload_s=0), 0, 0
    while numbers := [row[0] for row in store.query(Sql(_WITHOUT_IDS, {"first": first, "limit": _STEP})).rows]:
        mirror.persons(numbers, (), token=f"people-with-ids-{numbers[0]}-{numbers[-1]}")
        first, done = numbers[-1] + 1, done + len(numbers)
    return done

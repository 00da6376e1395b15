"""Fixed lists: their members in the event store, and which distinct ids the product knows."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa

from yunying.apps.tracking.selectors import numbers_of_ids
from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.store import Sql, shared

__all__ = ["MOST_IDS", "Matched", "forget", "ids_in", "match", "write"]

MOST_IDS = 500_000
_LONGEST_ID, _CHUNK, _SHOWN = 400, 100_000, 20


@dataclass(frozen=True, slots=True)
class Matched:
    """What became of the ids of a list: the people, how many ids were `given`, and which of them nobody has."""

    numbers: tuple[int, ...]
    given: int
    unknown: int
    examples: tuple[str, ...]


def ids_in(text: str) -> list[str]:
    """The distinct ids in a text or a CSV file: the first column of each line, once each, without empty ones.

    Raises LimitReached when there are more than MOST_IDS, InvalidInput when there is none.
    """
    rows = csv.reader(text.removeprefix("\ufeff").splitlines())
    found: dict[str, None] = {}
    try:
        for row in rows:
            name = row[0].strip() if row else ""
            if name and len(name) <= _LONGEST_ID:
                found[name] = None
            if len(found) > MOST_IDS:
                raise LimitReached("cohort.too_many_ids", msg("Give at most %(most)s ids at a time."), most=MOST_IDS)
    except csv.Error:
        raise InvalidInput("cohort.csv", msg("This is not a list of ids. Write one id a line."), field="ids") from None
    if not found:
        raise InvalidInput("cohort.no_ids", msg("Write at least one id, one a line."), field="ids")
    return list(found)


def match(product_id: int, ids: Sequence[str]) -> Matched:
    """The people these distinct ids belong to today; ids nobody has are counted."""
    known = numbers_of_ids(product_id, ids)
    unknown = [name for name in ids if name not in known]
    return Matched(tuple(sorted(set(known.values()))), len(ids), len(unknown), tuple(unknown[:_SHOWN]))


def write(product_id: int, cohort_id: int, numbers: Iterable[int]) -> None:
    """Add people to a list. Raises Unavailable when the event store is away."""
    every = sorted(set(numbers))
    for start in range(0, len(every), _CHUNK):
        part = every[start : start + _CHUNK]
        rows = {
            "product": pa.array([product_id] * len(part), pa.uint32()),
            "cohort": pa.array([cohort_id] * len(part), pa.uint64()),
            "person": pa.array(part, pa.uint32()),
        }
        # A list may be written, emptied and written again: no two writes share a token.
        shared().insert("cohort_members", pa.table(rows), token=f"cohort-{cohort_id}-{uuid4()}")


_FORGET = """
DELETE FROM cohort_members
WHERE product = {product:UInt32}
    AND cohort = {cohort:UInt64}
SETTINGS lightweight_deletes_sync = 2
"""


def forget(product_id: int, cohort_id: int) -> None:
    """Remove all members of a list."""
    shared().execute(Sql(_FORGET, {"product": product_id, "cohort": cohort_id}))

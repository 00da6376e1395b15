"""Which statements erase a product, or take an import back, from the event store."""

from collections.abc import Iterator
from typing import NamedTuple

from yunying.store.scripts import Form
from yunying.store.sql import Sql

__all__ = ["Removal", "erasing", "taking_back"]

# A set of so many ids takes about 100 MB; each slice is one more pass over the product's events.
SLICE_EVENTS = 1_000_000


class Removal(NamedTuple):
    """A statement that removes rows of one table."""

    table: str
    sql: Sql


# `people` comes last: it says which numbers of `moved`, which knows no products, are to go.
_TABLES = (
    "moved",
    "events{local} {on_cluster}",
    "accounts",
    "arrivals",
    "refused",
    "imported",
    "cohort_members",
    "kept_days",
    "kept_questions",
    "late_events",
    "people",
)
_OF_PRODUCT = "product = {product:UInt32}"
_NUMBERS = f"n IN (SELECT person FROM people WHERE {_OF_PRODUCT})"


def erasing(product: int, form: Form) -> Iterator[Removal]:
    """Hide the rows at once, then write the parts anew without them, so that nothing stays on disk.

    Each statement returns when it is carried out and may be repeated at any point.
    """
    tables = [form.render(table) for table in _TABLES]
    for table in tables:
        where = _NUMBERS if table.startswith("moved") else _OF_PRODUCT
        settings = "lightweight_deletes_sync = 2, allow_nondeterministic_mutations = 1"
        yield Removal(table, Sql(f"DELETE FROM {table}\nWHERE {where}\nSETTINGS {settings}", {"product": product}))
    for table in tables:
        yield Removal(table, Sql(f"ALTER TABLE {table}\nAPPLY DELETED MASK\nSETTINGS mutations_sync = 2"))


# Those that an import brought and that were not there before it, in slices that fit into memory. Every part of the
# table asks this anew, and several at once: grouping the ids here took five times the memory and seven times the CPU.
_OF_SLICE = """
    FROM imported
    WHERE product = {product:UInt32}
        AND import = {import:UInt64}
        AND cityHash64(uuid) % {slices:UInt32} = {slice:UInt32}"""
_BROUGHT = f"""
    SELECT uuid{_OF_SLICE}
        AND known = 0
        AND (part, uuid) NOT IN (SELECT part, uuid{_OF_SLICE} AND known = 1)
"""


def taking_back(product: int, number: int, noted: int, form: Form) -> Iterator[Removal]:
    """Hide the events that import `number` brought, write the parts anew without them, then forget the import.

    It has about `noted` events on record, those that were there before it as well. Each statement returns when it is
    carried out and may be repeated at any point.
    """
    settings = "lightweight_deletes_sync = 2, allow_nondeterministic_mutations = 1"
    events = form.render("events{local} {on_cluster}")
    slices = max(1, -(-noted // SLICE_EVENTS))
    params = {"product": product, "import": number, "slices": slices}
    for part in range(slices):
        # Also out of the live stream, which keeps a sample of what came in lately.
        for table in ("arrivals", events):
            brought = f"WHERE {_OF_PRODUCT}\n    AND uuid IN ({_BROUGHT})"
            removed = Sql(f"DELETE FROM {table}\n{brought}\nSETTINGS {settings}", params | {"slice": part})
            yield Removal(table, removed)
    yield Removal(events, Sql(f"ALTER TABLE {events}\nAPPLY DELETED MASK\nSETTINGS mutations_sync = 2"))
    mine = f"{_OF_PRODUCT} AND import = {{import:UInt64}}"
    yield Removal("imported", Sql(f"DELETE FROM imported\nWHERE {mine}\nSETTINGS {settings}", params))

"""Which statements take single persons, or events past their time, out of the event store.

Rows are hidden at once, so that no question sees them, and go from disk when the tables are swept: writing all parts
of a table anew is dear, and once a night does for everybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from yunying.store.erasing import Removal
from yunying.store.scripts import Form
from yunying.store.sql import Sql

__all__ = ["Hidden", "mentioning", "of_people", "old_events", "old_parts", "sweeping", "swept"]

_SYNC = "SETTINGS lightweight_deletes_sync = 2, allow_nondeterministic_mutations = 1"
# New parts are put on disk at once, old ones do not stay for minutes in case they were not, and go at once.
_SETTINGS = {
    "min_rows_to_fsync_after_merge": 1,
    "min_compressed_bytes_to_fsync_after_merge": 1,
    "old_parts_lifetime": 1,
    "cleanup_delay_period": 1,
    "max_cleanup_delay_period": 1,
    "cleanup_delay_period_random_add": 0,
}
_OF_PRODUCT = "product = {product:UInt32}"
_THEIRS = f"{_OF_PRODUCT} AND person IN {{numbers:Array(UInt32)}}"
_SWEPT = (
    "events{local} {on_cluster}",
    "arrivals",
    "refused",
    "people",
    "moved",
    "cohort_members",
    "imported",
    "kept_days",
)
# A body that nobody could read may hold anything, packed in any way.
_MENTIONED = """
SELECT id
FROM refused
WHERE product IN ({product:UInt32}, 0)
    AND (
        multiSearchAny(body, {texts:Array(String)})
        OR multiSearchAny(data, {texts:Array(String)})
        OR (product != 0 AND JSONExtractBool(data, 'unread'))
    )
"""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Rows of `table` that are to be seen no more."""

    table: str
    where: str
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The table as people know it."""
        return self.table.split()[0].removesuffix("_local")

    def count(self) -> Sql:
        """How many there are."""
        return Sql(f"SELECT count()\nFROM {self.table.split()[0]}\nWHERE {self.where}", self.params)

    def delete(self) -> Sql:
        """Hide them; may be repeated."""
        return Sql(f"DELETE FROM {self.table}\nWHERE {self.where}\n{_SYNC}", self.params)


def mentioning(product: int, names: Sequence[str]) -> Sql:
    """The refused items that mention one of these ids."""
    return Sql(_MENTIONED, {"product": product, "texts": _written(names)})


def of_people(product: int, numbers: Sequence[int], refused: Sequence[str], form: Form) -> Iterator[Hidden]:
    """All rows about the distinct ids with these numbers, and these refused items; kept states of the product go along.

    The engine keeps the text of what it removed by for a while, so no condition may hold what is to be forgotten.

    What import brought which event is asked first, as long as the events are there.
    """
    events = form.render("events{local} {on_cluster}")
    params = {"product": product, "numbers": sorted(numbers)}
    brought = f"SELECT uuid FROM {events.split()[0]} WHERE {_THEIRS}"
    yield Hidden("imported", f"{_OF_PRODUCT} AND uuid IN ({brought})", params)
    for table in (events, "arrivals", "people", "cohort_members"):
        yield Hidden(table, _THEIRS, params)
    yield Hidden("moved", "n IN {numbers:Array(UInt32)}", params)
    if refused:
        mentioned = "product IN ({product:UInt32}, 0) AND id IN {refused:Array(String)}"
        yield Hidden("refused", mentioned, {"product": product, "refused": list(refused)})
    yield Hidden("kept_days", _OF_PRODUCT, {"product": product})


def _written(names: Sequence[str]) -> list[str]:
    """How ids stand in a JSON text: as texts, and numbers as numbers too."""
    found = [orjson.dumps(name).decode() for name in names]
    for name in names:
        if name.isdecimal():
            found += [f"{before}{name}{after}" for before in ":[," for after in ",}]"]
    return found


def old_events(product: int, event: str, others: Sequence[str], before: datetime, form: Form) -> Hidden:
    """The events called `event` that happened before; with '' those of all names but `others`."""
    named = "event = {event:String}" if event else "event NOT IN {others:Array(String)}"
    params = {"product": product, "event": event, "others": list(others), "before": before}
    where = f"{_OF_PRODUCT} AND {named} AND ts < {{before:DateTime64(3, 'UTC')}}"
    return Hidden(form.render("events{local} {on_cluster}"), where, params)


def sweeping(form: Form) -> Iterator[Removal]:
    """Write the parts with hidden rows anew, without them. Minutes for tens of millions of events.

    `swept` takes the settings back.
    """
    for table in map(form.render, _SWEPT):
        given = ", ".join(f"{name} = {value}" for name, value in _SETTINGS.items())
        yield Removal(table, Sql(f"ALTER TABLE {table}\nMODIFY SETTING {given}"))
        yield Removal(table, Sql(f"ALTER TABLE {table}\nAPPLY DELETED MASK\nSETTINGS mutations_sync = 2"))


def old_parts(form: Form) -> tuple[Sql, list[str]]:
    """How many parts that were written anew still lie on disk, and the tables whose clean-up to hurry."""
    tables = [form.render(table) for table in _SWEPT]
    source = f"clusterAllReplicas('{form.cluster}', system.parts)" if form.cluster else "system.parts"
    text = (
        f"SELECT count()\nFROM {source}\n"
        "WHERE NOT active AND database = currentDatabase() AND table IN {tables:Array(String)}"
    )
    return Sql(text, {"tables": [table.split()[0] for table in tables]}), tables


def swept(form: Form) -> Iterator[Removal]:
    """Take back what `sweeping` set."""
    for table in map(form.render, _SWEPT):
        yield Removal(table, Sql(f"ALTER TABLE {table}\nRESET SETTING {', '.join(_SETTINGS)}"))

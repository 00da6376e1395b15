"""The statements about kept states: which hold, making them, reading them, forgetting them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from yunying.engine.kept.days import Day
from yunying.engine.kept.states import State
from yunying.engine.scan import Binder, clause, columns, millis, nested, scan
from yunying.engine.terms import terms
from yunying.store import OWNER, Sql

__all__ = ["cells_sql", "forget_sql", "late_sql", "make_sql", "noted_sql", "questions_sql", "sets_sql", "use_sql"]

KEPT = "kept_days"
_GUARD = "product = {product:UInt32}"
_NONE = "CAST(bitmapBuild(emptyArrayUInt32()), 'AggregateFunction(groupBitmap, UInt32)')"


def _guard(binder: Binder) -> str:
    binder.bind("product", binder.product, "UInt32")
    return _GUARD


def questions_sql(binder: Binder) -> Sql:
    """Which questions of the product have states."""
    text = f"-- Which questions have states?\nSELECT DISTINCT question\nFROM {KEPT}\nWHERE {_guard(binder)}"
    return Sql(text, binder.params)


def noted_sql(binder: Binder, keys: Sequence[int], days: Sequence[Day]) -> Sql:
    """question, day and noted of every state there is of these days.

    A state holds while `noted` is the late events of its day and of the day 1970-01-01 together.
    """
    chosen = clause("WHERE", [_guard(binder), *_chosen(binder, keys, days)])
    text = f"SELECT question, day, noted\nFROM {KEPT} FINAL\n{chosen}"
    return Sql(f"-- Which states are there?\n{text}", binder.params)


def late_sql(binder: Binder, days: Sequence[Day]) -> Sql:
    """at and n: the late events from each start of a day (seconds) to the next edge; at 0 what was taken away."""
    edges = sorted({0} | {int(at.timestamp()) for day in days for at in (day.span.start, day.span.end)})
    cut = f"roundDown(toInt64(toUnixTimestamp(at)), {binder.bind('edges', edges, 'Array(Int64)')}) AS since"
    removed, first, last = (
        f"toDateTime({binder.bind(name, at, 'Int64')}, 'UTC')"
        for name, at in (("removed", 0), ("first", edges[1]), ("last", edges[-1]))
    )
    lies = clause("WHERE", [_guard(binder), f"(at = {removed} OR (at >= {first} AND at < {last}))"])
    text = f"SELECT {cut}, sum(n) AS n\nFROM late_events\n{lies}\nGROUP BY since"
    return Sql(f"-- Which events came late?\n{text}", binder.params)


def _chosen(binder: Binder, keys: Sequence[int], days: Sequence[Day]) -> list[str]:
    return [
        f"question IN {binder.bind('questions', sorted(set(keys)), 'Array(UInt64)')}",
        f"day IN {binder.bind('days', [day.name.isoformat() for day in days], 'Array(Date)')}",
    ]


def make_sql(
    binder: Binder, state: State, days: Sequence[Day], noted: Sequence[int], zone: ZoneInfo, limits: tuple[float, int]
) -> Sql:
    """Work out `days` of a state, those without events too; `noted` stands beside each.

    `limits` are seconds and megabytes.
    """
    edges = [edge for day in days for edge in (millis(day.span.start), millis(day.span.end))]
    starts = binder.bind("starts", [millis(day.span.start) for day in days], "Array(Int64)")
    names = binder.bind("names", [day.name.isoformat() for day in days], "Array(Date)")
    sums = binder.bind("noted", list(noted), "Array(UInt64)")
    cut = binder.bind("edges", sorted(set(edges)), "Array(Int64)")
    source = scan(
        binder,
        events=[state.event] if state.event is not None else [],
        spans=[(day.span.start, day.span.end) for day in days],
        where=terms(binder, state.filters, zone),
        exact=True,
    )
    start = f"roundDown(toUnixTimestamp64Milli(ts), {cut}) AS start"
    found = f"{columns([start, 'count() AS events', 'groupBitmapState(person) AS numbers'])}\n{source}\nGROUP BY start"
    empty = f"SELECT arrayJoin({starts}) AS start, toUInt64(0) AS events, {_NONE} AS numbers"
    all_days = f"{found}\nUNION ALL\n{empty}"
    shown = [
        _guard(binder).removeprefix("product = "),
        binder.bind("question", state.key, "UInt64"),
        f"arrayElement({names}, indexOf({starts}, start))",
        f"arrayElement({sums}, indexOf({starts}, start))",
        "sum(events)",
        "groupBitmapMergeState(numbers)",
    ]
    seconds, memory_mb = limits
    settings = (
        f"max_execution_time = {seconds:g}, max_memory_usage = {memory_mb << 20},"
        f" max_bytes_before_external_group_by = {(memory_mb << 20) // 3}"
    )
    return Sql(
        f"INSERT INTO {KEPT} (product, question, day, noted, n, people)\n"
        f"{columns(shown)}\nFROM\n{nested(all_days)}\nGROUP BY start\nSETTINGS {settings}",
        binder.params,
    )


def cells_sql(
    binder: Binder, keys: Sequence[int], days: Sequence[Day], cells: Sequence[int], *, people: bool, name: str = "cell"
) -> str:
    """cell, question, events and, with `people`, the bitmap of those behind them today, of states that hold.

    `cells` says what each day is put together under, in a column of this `name`. Only numbers in `moved` are looked
    at one by one.
    """
    chosen = clause("WHERE", [_guard(binder), *_chosen(binder, keys, days)])
    names = binder.bind("days", [day.name.isoformat() for day in days], "Array(Date)")
    cell = f"arrayElement({binder.bind('cells', list(cells), 'Array(Int64)')}, indexOf({names}, day)) AS {name}"
    sets = ["groupBitmapMergeState(people) AS numbers"] if people else []
    made = columns([cell, "question", "sum(n) AS events", *sets])
    grouped = f"{made}\nFROM {KEPT} FINAL\n{chosen}\nGROUP BY {name}, question"
    if not people:
        return grouped
    owner = OWNER.replace("person", "number")
    theirs = f"bitmapBuild(arrayMap(number -> {owner}, bitmapToArray(bitmapAnd(numbers, gone))))"
    owned = f"bitmapOr(bitmapAndnot(numbers, gone), {theirs}) AS owned"
    shown = columns([name, "question", "events", owned])
    return f"WITH (SELECT groupBitmapState(n) FROM moved) AS gone\n{shown}\nFROM\n{nested(grouped)}"


def sets_sql(binder: Binder, keys: Sequence[int], days: Sequence[Day], most_bytes: int) -> Sql:
    """The index of the day, question, events and people of states that hold, as `cells_sql` has them.

    The people are the state of a bitmap in base64; '' when all of them together take more than `most_bytes`.
    """
    cells = cells_sql(binder, keys, days, range(len(days)), people=True)
    written = f"{columns(['cell', 'question', 'events', 'CAST(owned AS String) AS state'])}\nFROM\n{nested(cells)}"
    fits = f"sum(length(state)) OVER () <= {binder.bind('most_bytes', most_bytes, 'UInt64')}"
    shown = columns(["cell", "question", "events", f"if({fits}, base64Encode(state), '') AS people"])
    return Sql(f"-- Who was there on days that are kept?\n{shown}\nFROM\n{nested(written)}", binder.params)


def use_sql(product: int, keys: Sequence[int], now: datetime) -> Sql:
    """Note that the states of these questions were wanted."""
    return Sql(
        "INSERT INTO kept_questions (product, question, used)\n"
        "SELECT {product:UInt32}, arrayJoin({questions:Array(UInt64)}), toDateTime({now:Int64}, 'UTC')",
        {"product": product, "questions": sorted(set(keys)), "now": int(now.timestamp())},
    )


def forget_sql(before: datetime) -> list[Sql]:
    """Remove the states of questions nobody asked since `before`, and of those that were never noted."""
    params = {"before": int(before.timestamp())}
    used = "SELECT product, question FROM kept_questions FINAL WHERE used >= toDateTime({before:Int64}, 'UTC')"
    settings = "SETTINGS lightweight_deletes_sync = 2, allow_nondeterministic_mutations = 1"
    return [
        Sql(f"DELETE FROM {table}\nWHERE (product, question) NOT IN ({used})\n{settings}", params)
        for table in (KEPT, "kept_questions")
    ]

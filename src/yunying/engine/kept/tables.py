"""The statements about kept states: which hold, making them, reading them, forgetting them."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from yunying.engine.kept.days import Day
from yunying.engine.kept.states import State
from yunying.engine.scan import Binder, clause, columns, millis, nested, scan
from yunying.engine.terms import terms
from yunying.store import OWNER, Sql

__all__ = ["check_sql", "forget_sql", "make_sql", "questions_sql", "read", "use_sql"]

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


def check_sql(binder: Binder, keys: Sequence[int], days: Sequence[Day]) -> Sql:
    """question, day and noted of every state; and, under question 0, the late events of each day that has any.

    A state holds while `noted` is the late events of its day and of the day 1970-01-01 together.
    """
    chosen = clause("WHERE", [_guard(binder), *_chosen(binder, keys, days)])
    states = f"SELECT question, day, noted\nFROM {KEPT} FINAL\n{chosen}"
    late_keys = [_guard(binder), f"(at = toDateTime(0, 'UTC') OR {_stretch(binder, days)})"]
    edges = binder.bind("starts", [0, *(int(day.span.start.timestamp()) for day in days)], "Array(Int64)")
    names = binder.bind("names", ["1970-01-01", *(day.name.isoformat() for day in days)], "Array(Date)")
    slot = f"arrayElement({names}, indexOf({edges}, roundDown(toInt64(toUnixTimestamp(at)), {edges})))"
    late = f"SELECT toUInt64(0) AS question, {slot} AS day, sum(n) AS noted\nFROM late_events\n"
    late += clause("WHERE", late_keys) + "\nGROUP BY day"
    return Sql(f"-- Which states hold?\n{states}\nUNION ALL\n{late}", binder.params)


def _stretch(binder: Binder, days: Sequence[Day]) -> str:
    first = binder.bind("late_from", int(days[0].span.start.timestamp()), "Int64")
    end = binder.bind("late_to", int(days[-1].span.end.timestamp()), "Int64")
    return f"(at >= toDateTime({first}, 'UTC') AND at < toDateTime({end}, 'UTC'))"


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


def read(binder: Binder, keys: Sequence[int], days: Sequence[Day]) -> str:
    """question, day, n and people (numbers as they were written) of states that hold."""
    chosen = clause("WHERE", [_guard(binder), *_chosen(binder, keys, days)])
    return f"SELECT question, day, n, people\nFROM {KEPT} FINAL\n{chosen}"


def owners(people: str) -> str:
    """The bitmap `people` with every number that belongs to somebody else today replaced by theirs.

    Only numbers in `moved` are looked at one by one.
    """
    gone = "(SELECT groupBitmapState(n) FROM moved)"
    owner = OWNER.replace("person", "number")
    theirs = f"arrayMap(number -> {owner}, bitmapToArray(bitmapAnd({people}, {gone})))"
    return f"bitmapOr(bitmapAndnot({people}, {gone}), bitmapBuild({theirs}))"


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

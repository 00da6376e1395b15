"""Compile: the statements of a retention question, each with what it asks on top."""

from yunying.engine.retention import sets, timed
from yunying.engine.retention.matched import Part, starts
from yunying.engine.retention.spec import Clock, Mode, Retention
from yunying.engine.scan import columns, nested
from yunying.store import Sql

__all__ = ["answer_sql", "people_sql", "ranking_sql"]


def answer_sql(part: Part) -> Sql:
    """place, cohort, size, column, people; with a retained value also total and amounts."""
    body = timed.answer(part) if _by_time(part.plan.spec) else sets.answer(part)
    return Sql(f"-- {_question(part.plan.spec)}\n{body}", part.binder.params)


def _by_time(spec: Retention) -> bool:
    return spec.clock is Clock.ROLLING or spec.value is not None


def _question(spec: Retention) -> str:
    who = {
        Mode.RECURRING: "Who comes back",
        Mode.FIRST_TIME: "Who comes back after the first time",
        Mode.FIRST_EVER: "Who comes back after the first event ever",
    }[spec.mode]
    by = {0: "", 1: ", by a property"}.get(len(spec.breakdown), f", by {len(spec.breakdown)} properties")
    when = "on or after" if spec.on_or_after else "in"
    return f"{who} {when} each {spec.period.value}{by}?"


def ranking_sql(part: Part) -> Sql:
    """The breakdown values with the largest cohorts, by the sum of their sizes and then by name."""
    values, limit = ", ".join(part.values), part.binder.bind("limit", part.plan.spec.breakdown_limit, "UInt32")
    cohorts = f"{columns([values, 'groupBitmap(who) AS size'])}\nFROM\n{nested(starts(part, timed=False))}"
    cohorts += f"\nWHERE NOT ({part.missing()})\nGROUP BY {values}, bucket"
    ranked = f"SELECT {values}\nFROM\n{nested(cohorts)}\nGROUP BY {values}\nORDER BY sum(size) DESC, {values}"
    return Sql(f"-- Which values of the breakdown come first?\n{ranked}\nLIMIT {limit}", part.binder.params)


def people_sql(part: Part, place: int, cohorts: list[int], column: int, returned: bool, page: tuple[int, int]) -> Sql:
    """How many people of these cohorts came back in a column, or did not, and a page of them.

    `cohorts` are counted from 0. Everybody came back in column 0.
    """
    inner = (
        _visitors(part, place, cohorts, column) if _by_time(part.plan.spec) else _members(part, place, cohorts, column)
    )
    if column == 0:
        found = "started_all" if returned else "bitmapAndnot(started_all, started_all)"
    else:
        found = "back_all" if returned else "bitmapAndnot(started_all, back_all)"
    limit, offset = part.binder.bind("size", page[0], "UInt64"), part.binder.bind("skip", page[1], "UInt64")
    shown = f"arraySlice(arraySort(bitmapToArray(found)), {offset} + 1, {limit}) AS numbers"
    text = (
        f"SELECT bitmapCardinality(found) AS total, {shown}\n"
        f"FROM\n{nested(f'SELECT {found} AS found{chr(10)}FROM{chr(10)}{nested(inner)}')}"
    )
    return Sql(f"-- Who is behind this number?\n{text}", part.binder.params)


def _members(part: Part, place: int, cohorts: list[int], column: int) -> str:
    first, last = part.plan.columns[column]
    lies = f"window >= {part.binder.bind('first_window', first, 'Int32')}"
    if not part.plan.spec.on_or_after:
        lies += f" AND window <= {part.binder.bind('last_window', last, 'Int32')}"
    made = [
        "groupBitmapMergeState(started) AS started_all",
        f"groupBitmapMergeStateIf(bitmapAnd(started, returned), {lies}) AS back_all",
    ]
    return f"{columns(made)}\nFROM\n{nested(sets.pairs(part))}\nWHERE {_where(part, place, cohorts)}"


def _visitors(part: Part, place: int, cohorts: list[int], column: int) -> str:
    compare = ">=" if part.plan.spec.on_or_after else "="
    lies = f"column {compare} {part.binder.bind('column', column, 'Int32')}"
    made = ["groupBitmapState(who) AS started_all", f"groupBitmapStateIf(who, {lies}) AS back_all"]
    return f"{columns(made)}\nFROM\n{nested(timed.visits(part))}\nWHERE {_where(part, place, cohorts)}"


def _where(part: Part, place: int, cohorts: list[int]) -> str:
    chosen = part.binder.bind("cohorts", [cohort + 1 for cohort in cohorts], "Array(UInt32)")
    return f"place = {part.binder.bind('place', place, 'UInt32')} AND cohort IN {chosen}"

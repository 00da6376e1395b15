"""Retention where the time of a start matters: windows from each person's own start, and retained values.

Return events stream past a hash table of starts (one for each person, cohort and breakdown value). The join keeps
starts nobody returned to, so that the size of a cohort and its cells are of the same moment.
"""

from yunying.engine.retention.matched import Part, back, starts
from yunying.engine.retention.plan import WINDOWS
from yunying.engine.scan import columns, nested

__all__ = ["answer", "visits"]

_VALUE = ("total", "amounts")


def answer(part: Part) -> str:
    """place, cohort, size, column and people, with total and amounts of a retained value; see `sets.answer`."""
    spec, value = part.plan.spec, part.plan.spec.value is not None
    sums = ["sum(visit_total) AS cell_total", "sum(visit_amounts) AS cell_amounts"] if value else []
    made = columns(["place", "cohort", "column", "groupBitmapState(who) AS found", *sums])
    cells = f"{made}\nFROM\n{nested(visits(part))}\nGROUP BY place, cohort, column"
    whole = "OVER (PARTITION BY place, cohort)"
    onward = " OVER (PARTITION BY place, cohort ORDER BY column DESC)" if spec.on_or_after else ""
    people = f"groupBitmapMerge(found){onward}" if onward else "bitmapCardinality(found)"
    shown = ["place", "cohort", f"groupBitmapMerge(found) {whole} AS size", "column", f"{people} AS people"]
    if value:
        shown += [f"{f'sum(cell_{name}){onward}' if onward else f'cell_{name}'} AS {name}" for name in _VALUE]
    return f"{columns(shown)}\nFROM\n{nested(cells)}"


def visits(part: Part) -> str:
    """place, cohort, who, column and what a value is made of; column -1 are visits that do not count.

    Where each visit counts for itself there is a row for each, else one for a person's visits in a window.
    """
    spec = part.plan.spec
    to = part.binder.bind("columns", part.plan.column_of, "Array(Int32)")
    if spec.minimum == 1:
        made = ["amount AS visit_total", "amount IS NOT NULL AS visit_amounts"] if spec.value else []
        column = f"if(window > 0, {to}[window], window) AS column"
        return f"{columns(['place', 'cohort', 'who', column, *made])}\nFROM\n{nested(_windows(part))}"
    least = part.binder.bind("minimum", spec.minimum, "UInt32")
    column = f"multiIf(window <= 0, window, count() >= {least}, {to}[window], -1) AS column"
    made = ["sum(amount) AS visit_total", "count(amount) AS visit_amounts"] if spec.value else []
    shown = columns(["place", "cohort", "who", column, *made])
    return f"{shown}\nFROM\n{nested(_windows(part))}\nGROUP BY place, cohort, who, window"


def _windows(part: Part) -> str:
    """Each return with each start of its person, and the window after that start it lies in."""
    plan, amount = part.plan, ["amount"] if part.plan.spec.value else []
    lowest = 0 if amount else 1
    if plan.rolling:
        length = part.binder.bind("length", int(WINDOWS[plan.spec.period].total_seconds() * 1000), "Int64")
        window = f"intDiv(at - first, {length})"
    else:
        window = "number - cohort"
    # Equal times do not count: nothing comes after itself. Nobody `came` where the join found only a start.
    later = f"if(came AND at > first, {window}, -1) AS passed"
    counted = f"if(passed BETWEEN {lowest} AND {part.begun()}[cohort], passed, -1) AS window"
    shown = columns(["place", "cohort", "s.who AS who", later, counted, *amount])
    return f"{shown}\nFROM\n{nested(_returns(part))} AS r\nRIGHT JOIN\n{nested(_starts(part))} AS s\nON r.who = s.who"


def _returns(part: Part) -> str:
    names = ["who", "at", *(["amount"] if part.plan.spec.value else []), "true AS came"]
    if not part.plan.rolling:
        names.append(f"{_number(part)} AS number")
    return f"{columns(names)}\nFROM\n{nested(back(part, timed=True))}"


def _number(part: Part) -> str:
    """The number of a bucket: by a hash, because there are as many rows as people or events."""
    numbers = part.binder.bind("numbers", list(range(1, len(part.plan.buckets) + 1)), "Array(Int64)")
    return f"transform(bucket, {part.edges()}, {numbers}, toInt64(0))"


def _starts(part: Part) -> str:
    placed = columns([f"{part.place()} AS place", "bucket", "who", "first"])
    rows = f"{placed}\nFROM\n{nested(starts(part, timed=True))}"
    shown = columns(["place", f"{_number(part)} AS cohort", "who", "min(first) AS first"])
    return f"{shown}\nFROM\n{nested(rows)}\nGROUP BY place, bucket, who"

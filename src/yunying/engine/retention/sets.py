"""Retention by the calendar as set algebra: one bitmap of starters and one of returners for each period.

Every cell is the size of what two of them have in common. Used where the time inside a period does not matter:
no retained value, no windows from a person's own start.
"""

from collections.abc import Sequence

from yunying.engine.retention.matched import Part, back, back_test, bucket_of, number_of, start_test, starts
from yunying.engine.retention.spec import Mode
from yunying.engine.retention.states import state_sets
from yunying.engine.scan import columns, nested, scan
from yunying.engine.terms import terms
from yunying.store import OWNER

__all__ = ["answer", "pairs"]


def answer(part: Part) -> str:
    """place, cohort, size, column and people; a column below 1 tells of the cohort's size only."""
    if part.plan.plain and not part.plan.spec.on_or_after:
        counted = "bitmapAndCardinality(started, returned) AS people"
        return f"{columns([*_cohort(), 'window AS column', counted])}\nFROM\n{nested(pairs(part))}"
    both = columns([*_cohort(), f"{_column(part)} AS column", "bitmapAnd(started, returned) AS back"])
    both += f"\nFROM\n{nested(pairs(part))}"
    if not part.plan.spec.on_or_after:
        found = columns(["place", "cohort", "size", "column", "groupBitmapMerge(back) AS people"])
        return f"{found}\nFROM\n{nested(both)}\nGROUP BY place, cohort, size, column"
    so_far = "groupBitmapMerge(back) OVER (PARTITION BY place, cohort ORDER BY column DESC) AS people"
    return f"SELECT DISTINCT place, cohort, size, column, {so_far}\nFROM\n{nested(both)}"


def _cohort() -> list[str]:
    return ["place", "cohort", "bitmapCardinality(started) AS size"]


def _column(part: Part) -> str:
    if part.plan.plain:
        return "window"
    return f"if(window > 0, {part.binder.bind('columns', part.plan.column_of, 'Array(Int32)')}[window], 0)"


def pairs(part: Part) -> str:
    """place, cohort, started, window, returned: each cohort with the returners of each window that has begun.

    A cohort to which nobody can have come back has one row, with a window below 1.
    """
    later = f"arrayFilter(r -> r.1 > s.2 AND r.1 <= s.2 + {part.begun()}[s.2], returns)"
    shown = columns(["s.1 AS place", "s.2 AS cohort", "s.3 AS started", "r.1 - s.2 AS window", "r.2 AS returned"])
    source = _one_scan(part) if _together(part) else _two_scans(part)
    return f"{shown}\nFROM\n{nested(source)}\nARRAY JOIN starts AS s\nLEFT ARRAY JOIN {later} AS r"


def _together(part: Part) -> bool:
    """Whether starts and returns can be gathered in one pass over the events."""
    spec = part.plan.spec
    return spec.mode is Mode.RECURRING and not spec.breakdown and spec.minimum == 1


def _one_scan(part: Part) -> str:
    if part.kept is not None:
        return _with_states(part)
    tests = (start_test(part), back_test(part))
    rows, names = _events(part, tests, ["bucket", "who"]), ("people", "people")
    made = ["groupBitmapState(who) AS people"]
    if tests[0] != tests[1]:
        names = ("started", "returned")
        made = [
            f"groupBitmapStateIf(who, {test}) AS {name}" if test else f"groupBitmapState(who) AS {name}"
            for name, test in zip(
                names, ("is_started" if tests[0] else "", "is_returned" if tests[1] else ""), strict=True
            )
        ]
        tested = [f"{test} AS {name}" for name, test in zip(("is_started", "is_returned"), tests, strict=True) if test]
        rows = _events(part, tests, ["bucket", "who", *tested])
    number = number_of(part, "bucket")
    grouped = f"{columns([f'{number} AS number', *made])}\nFROM\n{nested(rows)}\nGROUP BY bucket"
    arrays = [f"groupArray((1, number, {names[0]})) AS starts", f"groupArray((number, {names[1]})) AS returns"]
    return f"{columns(arrays)}\nFROM\n{nested(grouped)}"


def _with_states(part: Part) -> str:
    """The same from the states of days that are kept, and from the events of all others."""
    assert part.kept is not None
    sources = [state_sets(part)]
    if part.kept.rest:
        tests = (start_test(part), back_test(part))
        role = f"if({tests[0] or 'true'}, 1, 0) + if({tests[1] or 'true'}, 2, 0) AS role"
        rows = _events(part, tests, ["bucket", "who", role])
        shown = columns([f"{number_of(part, 'bucket')} AS number", "role", "groupBitmapState(who) AS people"])
        sources.append(f"{shown}\nFROM\n{nested(rows)}\nGROUP BY bucket, role")
    sets = [
        "groupBitmapMergeStateIf(people, role IN (1, 3)) AS started",
        "groupBitmapMergeStateIf(people, role IN (2, 3)) AS returned",
    ]
    both = nested("\nUNION ALL\n".join(sources))
    merged = f"{columns(['number', *sets])}\nFROM\n{both}\nGROUP BY number"
    arrays = ["groupArray((1, number, started)) AS starts", "groupArray((number, returned)) AS returns"]
    return f"{columns(arrays)}\nFROM\n{nested(merged)}"


def _events(part: Part, tests: tuple[str, str], reads: Sequence[str]) -> str:
    """The events that pass either test, of the whole reach or of what is not kept."""
    plan, names = part.plan, [part.plan.spec.start.event, part.plan.spec.back.event]
    filtered = plan.spec.start.filters.items or plan.spec.back.filters.items
    either = [f"({' OR '.join(f'({test})' for test in dict.fromkeys(tests))})"] if filtered and all(tests) else []
    whole = [(plan.span.start, max(plan.span.end, plan.reach))]
    source = scan(
        part.binder,
        events=[] if None in names else sorted({name for name in names if name is not None}),
        spans=whole if part.kept is None else [(span.start, span.end) for span in part.kept.rest],
        where=[*terms(part.binder, (plan.spec.filters,), plan.context.zone), *either],
        exact=False,
    )
    known = {"bucket": f"{bucket_of(part, 'toUnixTimestamp64Milli(ts)')} AS bucket", "who": f"{OWNER} AS who"}
    return f"{columns([known.get(name, name) for name in reads])}\n{source}"


def _two_scans(part: Part) -> str:
    placed = columns([f"{part.place()} AS place", "bucket", "who"]) + f"\nFROM\n{nested(starts(part, timed=False))}"
    started = columns(["place", f"{number_of(part, 'bucket')} AS number", "groupBitmapState(who) AS people"])
    first = f"{started}\nFROM\n{nested(placed)}\nGROUP BY place, bucket"
    second = f"SELECT {number_of(part, 'bucket')} AS number, groupBitmapState(who) AS people\nFROM\n"
    second += f"{nested(_returners(part))}\nGROUP BY bucket"
    starters = f"SELECT groupArray((place, number, people)) AS starts\nFROM\n{nested(first)}"
    returners = f"SELECT groupArray((number, people)) AS returns\nFROM\n{nested(second)}"
    return f"SELECT starts, returns\nFROM\n{nested(starters)} AS a\nCROSS JOIN\n{nested(returners)} AS b"


def _returners(part: Part) -> str:
    """bucket and who, of those who did it often enough."""
    rows, least = back(part, timed=False), part.plan.spec.minimum
    if least == 1:
        return rows
    enough = f"HAVING count() >= {part.binder.bind('minimum', least, 'UInt32')}"
    return f"SELECT bucket, who\nFROM\n{nested(rows)}\nGROUP BY bucket, who\n{enough}"

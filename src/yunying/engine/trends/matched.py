"""The innermost part of every trends statement: the events that match its series, one row each."""

from collections.abc import Callable, Sequence
from functools import partial

from yunying.engine.breakdown import Breakdown, crossed
from yunying.engine.filters import Of
from yunying.engine.scan import Reach, accounts, columns, nested, people, scan, within
from yunying.engine.terms import cohort_names, property_text, terms
from yunying.engine.trends.measures import amount_of, contributing
from yunying.engine.trends.part import Column, Part, Top
from yunying.engine.trends.spec import Measure
from yunying.engine.trends.states import state_cells
from yunying.store import OWNER

__all__ = ["cells", "keys_of", "matched"]

# No text that comes from outside holds it.
_NAMELESS = "'\\0'"


def keys_of(part: Part) -> list[str]:
    """What tells cells apart besides their time: series, breakdown values; for measures per person the person."""
    return [*(["series"] if part.many else []), *part.values, *(["who"] if part.series.measure.per_person else [])]


def cells(part: Part, *, answer: bool = False) -> str:
    """bucket, keys and cells; `now` when both periods are counted, true in the present one.

    With `answer` each cell is a number of the answer already, and has its name.
    """
    if part.kept is None:
        return _cells(part, answer=answer)
    return "\nUNION ALL\n".join([*([_cells(part)] if part.kept.rest else []), state_cells(part)])


def _cells(part: Part, *, answer: bool = False) -> str:
    """The cells made of events."""
    keys = ["bucket", *keys_of(part)]
    now = [f"bucket >= {part.since()} AS now"] if part.compared else []
    made = [
        f"{column.aggregate.made(column.reads, _of_series(part, column.series))}"
        f" AS {column.value if answer else column.cell}"
        for column in (part.columns[:1] if part.series.measure.per_person else part.columns)
    ]
    reads = [*keys_of(part), *(column.reads for column in part.columns if column.reads)]
    shown = ["any(found.v1) AS v1" if part.keyed and name == "v1" else name for name in keys]
    if part.keyed:
        reads, keys = [*reads, "digest"], ["digest" if name == "v1" else name for name in keys]
    return (
        f"SELECT {', '.join([*shown, *now, *made])}\n"
        f"FROM\n{nested(matched(part, reads))}{' AS found' if part.keyed else ''}\n"
        f"GROUP BY {', '.join(keys)}"
    )


def _of_series(part: Part, indices: Sequence[int]) -> str:
    """The test for rows of these series; "" where all are."""
    if len(part.columns) == 1 or part.series.measure.per_person:
        return ""
    return f"series = {indices[0]}" if len(indices) == 1 else f"series IN ({', '.join(map(str, indices))})"


def matched(part: Part, reads: Sequence[str]) -> str:
    """bucket, breakdown values and the columns in `reads` for each matching event, and each series it matches.

    For first_time that is each person's first matching event of all time, if it falls in a period.
    """
    if part.series.measure is Measure.FIRST_TIME:
        return _firsts(part)
    return _with_people(part, ["bucket", *reads], part.reaches)


def _firsts(part: Part) -> str:
    """The cohorts of a person are found last: each of them counts the same first event."""
    series, keys = ["series"] if part.many else [], ["series", "who"] if part.many else ["who"]
    values = _of_properties(part)
    ends = max(span.end for span in part.spans)
    source = _with_properties(part, [*series, "who", "ts", *(["id"] if values else [])], [(None, ends)])
    first = columns([*keys, "min(ts) AS first", *(f"argMin({v}, (ts, id)) AS first_{v}" for v in values)])
    bucket = _bucket(part, "toUnixTimestamp64Milli(first)")
    inside = within(part.binder, "first", [(span.start, span.end) for span in part.spans])
    found = (
        f"{columns([f'{bucket} AS bucket', *(f'first_{v} AS {v}' for v in values), *keys])}\n"
        "FROM\n" + nested(f"{first}\nFROM\n{nested(source)}\nGROUP BY {', '.join(keys)}") + "\n"
        f"WHERE {' AND '.join(inside)}"
    )
    return _with_cohorts(part, found, ["bucket", *values, *keys])


def _bucket(part: Part, at: str) -> str:
    """The start, in milliseconds, of the cell an instant (also milliseconds) falls in."""
    return f"roundDown({at}, {part.binder.bind('edges', part.edges, 'Array(Int64)')})"


def _with_people(part: Part, reads: Sequence[str], spans: Sequence[Reach]) -> str:
    """The matching events with their breakdown values, one row for each cohort of their person."""
    names = _needed(part, [*(name for name in reads if name not in part.values), *_of_properties(part)])
    return _with_cohorts(part, _with_properties(part, reads, spans), names)


def _with_cohorts(part: Part, sql: str, names: Sequence[str]) -> str:
    """`sql` with a row for each cohort of a breakdown that the person belongs to."""
    for v, by in _pairs(part):
        if by.of is Of.COHORT:
            found = cohort_names(part.binder, by, "who")
            if part.top is not None and crossed(part.breakdown):
                found = _shown(part, v, found, part.top)
            sql = f"{columns([*names, f'arrayJoin({found}) AS {v}'])}\nFROM\n{nested(sql)}"
    return sql


def _shown(part: Part, v: str, cohorts: str, top: Top) -> str:
    """The cohorts with a row of their own, and one that has no name for all others.

    Many of a person's cohorts may be in the remainder, where the event counts once.
    """
    names = ", ".join("cohort" if value == v else value for value in part.values)
    known = part.binder.bind("top", list(top), f"Array(Tuple({', '.join('String' for _ in part.values)}))")
    return f"arrayDistinct(arrayMap(cohort -> if(has({known}, ({names})), cohort, {_NAMELESS}), {cohorts}))"


def _pairs(part: Part) -> list[tuple[str, Breakdown]]:
    return list(zip(part.values, part.breakdown, strict=True))


def _of_properties(part: Part) -> list[str]:
    """The breakdown columns that hold the values of properties."""
    return [v for v, by in _pairs(part) if by.of is not Of.COHORT]


def _with_properties(part: Part, reads: Sequence[str], spans: Sequence[Reach]) -> str:
    """The matching events with the values of properties, those of people and accounts joined to them."""
    pairs = _pairs(part)
    names = [name for name in reads if name not in part.values] + [v for v, by in pairs if by.of is Of.EVENT]
    sql = _events(part, _needed(part, names), spans)
    for v, by in pairs:
        if by.of in (Of.PERSON, Of.ACCOUNT):
            names.append(v)
            sql = _joined(part, sql, names, v, by)
    return sql


def _joined(part: Part, sql: str, names: Sequence[str], value: str, by: Breakdown) -> str:
    """`sql` with the value of a property of the event's person or account, '' where there is none."""
    source, key, mine = (people, "person", "who") if by.of is Of.PERSON else (accounts, "account", "account")
    text = property_text(part.binder, by.of, by.property)
    keep = [name for name in _needed(part, names) if name != value]
    return (
        f"{columns([*(f'found.{name} AS {name}' for name in keep), f'now.{value} AS {value}'])}\n"
        f"FROM\n{nested(sql)} AS found\n"
        f"LEFT ANY JOIN\n{nested(f'SELECT {key} AS id_now, {text} AS {value}{chr(10)}{source(part.binder)}')} AS now\n"
        f"ON found.{mine} = now.id_now"
    )


def _needed(part: Part, names: Sequence[str]) -> list[str]:
    """`names` and what joins look up, each once."""
    keys = {Of.PERSON: "who", Of.ACCOUNT: "account", Of.COHORT: "who"}
    return list(dict.fromkeys([*names, *(keys[by.of] for by in part.breakdown if by.of in keys)]))


def _events(part: Part, names: Sequence[str], spans: Sequence[Reach]) -> str:
    """The columns `names` of the events that match any series."""
    spec, zone = part.plan.spec, part.plan.context.zone
    series, conditions = _series(part)
    chosen = [spec.series[i].event for i in part.batch.series]
    source = scan(
        part.binder,
        events=[] if None in chosen else sorted({name for name in chosen if name is not None}),
        spans=spans,
        where=[*terms(part.binder, (spec.filters,), zone), *conditions],
        exact=any(column.aggregate.exact for column in part.columns),
    )
    offered = _offered(part) | {"series": lambda: f"{series} AS series"}
    return f"{columns([offered[name]() for name in names] or ['1'])}\n{source}"


def _offered(part: Part) -> dict[str, Callable[[], str]]:
    """How each column is read from the events."""
    found: dict[str, Callable[[], str]] = {
        "bucket": lambda: f"{_bucket(part, 'toUnixTimestamp64Milli(ts)')} AS bucket",
        "who": lambda: f"{OWNER} AS who",
        "id": lambda: "toString(uuid) AS id",
        "account": lambda: "account",
        "session": lambda: "session",
        "ts": lambda: "ts",
        "digest": lambda: "sipHash128(v1) AS digest",
    }
    for column in part.columns:
        if column.aggregate.reads == "amount":
            found[column.reads] = partial(_amount, part, column)
    for v, by in _pairs(part):
        found[v] = partial(_value, part, v, by)
    return found


def _amount(part: Part, column: Column) -> str:
    amount = amount_of(part.plan.spec.series[column.series[0]], part.binder)
    return f"assumeNotNull({amount}) AS {column.reads}"


def _value(part: Part, name: str, by: Breakdown) -> str:
    return f"{property_text(part.binder, by.of, by.property)} AS {name}"


def _series(part: Part) -> tuple[str, list[str]]:
    """The series of a row of events, and the conditions that leave only rows with one."""
    tests = [_test(part, index) for index in part.batch.series]
    if not part.many:
        return "", tests[0]
    names = [part.plan.spec.series[index].event for index in part.batch.series]
    named = [_named(part, name) if len(set(names)) > 1 else [] for name in names]
    asked = [" AND ".join([*name, *test]) or "true" for name, test in zip(named, tests, strict=True)]
    anything = ["(" + " OR ".join(asked) + ")"] if any(tests) else []
    if None in names or len(set(names)) < len(names):  # an event may belong to several series: one row for each
        numbers = ", ".join(map(str, part.batch.series))
        return f"arrayJoin(arrayFilter((i, holds) -> holds, [{numbers}], [{', '.join(asked)}]))", anything
    pairs = [f"{test}, {index}" for test, index in zip(asked[:-1], part.batch.series, strict=False)]
    return f"multiIf({', '.join(pairs)}, {part.batch.series[-1]})", anything


def _named(part: Part, event: str | None) -> list[str]:
    return [f"event = {part.binder.bind('event', event, 'String')}"] if event is not None else []


def _test(part: Part, index: int) -> list[str]:
    """What an event must be to count for a series, besides its name and the filters of all."""
    series = part.plan.spec.series[index]
    return [*terms(part.binder, (series.filters,), part.plan.context.zone), *contributing(series, part.binder)]

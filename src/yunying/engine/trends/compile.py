"""Compile: the statements of a trends question.

Every statement is nested one level per name, from the inside out: matched events, cells (series, bucket and
breakdown value), totals of the values, their label, the answer. It yields rows of

    series    the index of the series, where a statement counts several
    now       whether the number is of the present period, where both are counted
    kind      RANKED, MISSING ("no value") or REMAINDER, where there is a breakdown
    l1 ...    the breakdown values, '' in the remainder
    is_total  1 for the number over the whole range, where `bucket` does not tell; absent where buckets add up to it
    bucket    which bucket, as `Part.places` has it
    value     the number; value_0 ... when the series do not all measure the same
"""

from collections.abc import Sequence

from yunying.engine.breakdown import chosen
from yunying.engine.scan import clause, columns, millis, nested
from yunying.engine.trends.matched import cells, keys_of, matched
from yunying.engine.trends.part import Column, Part, Top
from yunying.engine.trends.spec import Display, Measure
from yunying.store import Sql

__all__ = ["MISSING", "RANKED", "REMAINDER", "people_sql", "ranking_sql", "trend_sql"]

RANKED, MISSING, REMAINDER = 0, 1, 2


def trend_sql(part: Part) -> Sql:
    """All numbers of a batch. Measures per person and cohorts that meet other values need its `top`."""
    if part.adds_up and not part.breakdown and part.kept is None:
        return Sql(f"-- {_question(part)}\n{cells(part, answer=True)}", part.binder.params)
    labelled = _labelled(part) if part.breakdown else cells(part)
    if part.series.measure.per_person:
        body = _per_person(part, labelled)
    elif part.rolling:
        body = _sliding(part, labelled)
    elif part.plan.spec.display is Display.CUMULATIVE and part.series.measure.distinct:
        body = _running(part, labelled)
    else:
        body = _plain(part, labelled)
    return Sql(f"-- {_question(part)}\n{body}", part.binder.params)


_ASKS = {
    Measure.COUNT: "How many events were there",
    Measure.PEOPLE: "How many people took part",
    Measure.ACCOUNTS: "How many accounts took part",
    Measure.SESSIONS: "How many sessions were there",
    Measure.ROLLING_PEOPLE: "How many people took part in the days up to the end of",
    Measure.FIRST_TIME: "How many people took part for the first time",
}


def _question(part: Part) -> str:
    spec, measure = part.plan.spec, part.series.measure
    asks = _ASKS.get(measure, f"What is the {measure.value} of a property")
    if measure.per_person:
        asks = f"What is the {measure.value.removeprefix('per_person_')} of events per person"
    if len(part.columns) > 1:
        asks = "How much was there of each series"
    each = "each" if measure is Measure.ROLLING_PEOPLE else "in each"
    by = {0: "", 1: ", by a property"}.get(len(spec.breakdown), f", by {len(spec.breakdown)} properties")
    also = f" (series {', '.join(spec.letters[i] for i in part.batch.series)})" if part.many else ""
    return f"{asks} {each} {spec.interval.value}{by}{', now and before' if part.compared else ''}?{also}"


def _list(*names: str) -> str:
    return ", ".join(names)


def _and(*conditions: str) -> str:
    return " AND ".join(filter(None, conditions))


def _missing(part: Part) -> str:
    return " AND ".join(f"{v} = ''" for v in part.values)


# --- labels -------------------------------------------------------------------------------------------------------


def _labelled(part: Part) -> str:
    """The cells under the label they are shown with: kind and l1, l2 ..."""
    limit = part.binder.bind("limit", part.plan.spec.breakdown_limit, "UInt32")
    if part.top is None:
        place, source = _rank(part), _totalled(part)
        shown = _and(f"place <= {limit}", _seen(part))
    else:
        place, source, shown = _index(part, part.top), cells(part), f"place BETWEEN 1 AND {limit}"
    if chosen(part.breakdown):  # also those that nobody was in lately
        shown = "true"
    keep = [name for name in _cell_columns(part) if name not in part.values]
    return (
        columns(
            [
                _list(*keep),
                f"{place} AS place",
                f"multiIf({_missing(part)}, {MISSING}, {shown}, {RANKED}, {REMAINDER}) AS kind",
                _list(*(f"if(kind = {REMAINDER}, '', {v}) AS {label}" for v, label in _labels(part))),
            ]
        )
        + f"\nFROM\n{nested(source)}"
    )


def _labels(part: Part) -> list[tuple[str, str]]:
    return [(v, v.replace("v", "l")) for v in part.values]


def _cell_columns(part: Part) -> list[str]:
    made = part.columns[:1] if part.series.measure.per_person else part.columns
    return ["bucket", *(["now"] if part.compared else []), *keys_of(part), *(column.cell for column in made)]


def _index(part: Part, top: Top) -> str:
    """Where the row's values stand in `top`, from 1 on; 0 when they do not."""
    values = part.values
    if len(values) == 1:
        return f"indexOf({part.binder.bind('top', [row[0] for row in top], 'Array(String)')}, {values[0]})"
    kind = f"Array(Tuple({_list(*('String' for _ in values))}))"
    return f"indexOf({part.binder.bind('top', list(top), kind)}, ({_list(*values)}))"


def _ranks(part: Part) -> list[tuple[str, Column, str]]:
    """What values are ranked by, in order: a suffix, a column of cells, and a test for the rows it is taken of.

    Under a formula the total of the first series counts, then that of the second ...; otherwise each series
    has a ranking of its own.
    """
    now = "now" if part.compared else ""
    if not (part.many and part.plan.spec.formula):
        return [(column.suffix, column, now) for column in part.columns]
    own = {index: column for column in part.columns for index in column.series}
    return [(f"_{index}", own[index], _and(now, f"series = {index}")) for index in part.batch.series]


def _totalled(part: Part) -> str:
    """The cells with the totals of their values, and how many cells those are made of where it may be none."""
    own = ["series"] if part.many and not part.plan.spec.formula else []
    over = f"OVER (PARTITION BY {_list(*own, *part.values)})"
    totals = [f"{_total(part, column, test)} {over} AS total{suffix}" for suffix, column, test in _ranks(part)]
    counts = [f"countIf({test}) {over} AS n{suffix}" for suffix, _, test in _ranks(part) if test]
    return f"{columns([_list(*_cell_columns(part)), *totals, *counts])}\nFROM\n{nested(cells(part))}"


def _total(part: Part, column: Column, when: str = "") -> str:
    """The number over the whole range that values are ranked by."""
    if part.rolling:
        start = part.binder.bind("total_start", millis(part.windows[0][0].start), "Int64")
        when = _and(when, f"bucket >= {start}")
    return column.aggregate.merged(column.cell, when)


def _rank(part: Part) -> str:
    order = [
        f"n{suffix} = 0, total{suffix} DESC" if test else f"total{suffix} DESC" for suffix, _, test in _ranks(part)
    ]
    own = "PARTITION BY series " if part.many and not part.plan.spec.formula else ""
    return f"dense_rank() OVER ({own}ORDER BY {_list(_missing(part), *order, *part.values)})"


def _seen(part: Part) -> str:
    """That the value occurs in the present period; "" when every one does."""
    if not part.compared:
        return ""
    return " + ".join(f"n{suffix}" for suffix, _, _ in _ranks(part)) + " > 0"


# --- the answer ---------------------------------------------------------------------------------------------------


def _keys(part: Part, *, now: bool = False) -> list[str]:
    """What rows are told apart by, besides their bucket."""
    found = (["series"] if part.many else []) + (["now"] if now and part.compared else [])
    return found + (["kind", *(label for _, label in _labels(part))] if part.breakdown else [])


def _numbers(part: Part, over: str = "") -> list[str]:
    return [f"{column.aggregate.merged(column.cell)}{over} AS {column.value}" for column in part.columns]


def _plain(part: Part, labelled: str) -> str:
    keys = _keys(part, now=True)
    if part.adds_up:
        return (
            f"SELECT {_list(*keys, 'bucket', *_numbers(part))}\nFROM\n{nested(labelled)}\n"
            f"GROUP BY {_list(*keys, 'bucket')}"
        )
    sets = f"({_list(*keys, 'bucket')}), ({_list(*keys)})"
    # Without keys there is a total even of nothing.
    having = "" if keys else "\nHAVING count() > 0"
    return (
        f"SELECT {_list(*keys, 'grouping(bucket) AS is_total', 'bucket', *_numbers(part))}\n"
        f"FROM\n{nested(labelled)}\n"
        f"GROUP BY GROUPING SETS ({sets}){having}"
    )


def _running(part: Part, labelled: str) -> str:
    """Distinct things so far: each counts in its first bucket."""
    keys = _list(*_keys(part, now=True))
    over = f" OVER ({f'PARTITION BY {keys} ' if keys else ''}ORDER BY bucket)"
    return f"SELECT DISTINCT {_list(*_keys(part, now=True), 'bucket', *_numbers(part, over))}\nFROM\n{nested(labelled)}"


def _sliding(part: Part, labelled: str) -> str:
    """Each cell goes to every window that holds it."""
    spans = [span for found in part.windows.values() for span in found]
    starts = part.binder.bind("window_starts", [millis(span.start) for span in spans], "Array(Int64)")
    ends = part.binder.bind("window_ends", [millis(span.end) for span in spans], "Array(Int64)")
    holds = f"arrayFilter((i, a, b) -> bucket >= a AND bucket < b, arrayEnumerate({starts}), {starts}, {ends})"
    made = [column.cell for column in part.columns]
    spread = columns([*_keys(part), f"arrayJoin({holds}) AS place_in_time", *made]) + f"\nFROM\n{nested(labelled)}"
    return (
        f"SELECT {_list(*_keys(part), 'place_in_time AS bucket', *_numbers(part))}\n"
        f"FROM\n{nested(spread)}\n"
        f"GROUP BY {_list(*_keys(part), 'place_in_time')}"
    )


def _per_person(part: Part, labelled: str) -> str:
    """Events of each person first, in every bucket and in all, then the statistics over persons."""
    wholes = [part.binder.bind("whole", at, "Int64") for at in part.wholes.values()]
    whole = f"if(now, {_list(*wholes)})" if part.compared else wholes[0]
    cell, keys = part.columns[0].cell, _keys(part)
    both = columns([*keys, "who", f"arrayJoin([bucket, {whole}]) AS scope", cell]) + f"\nFROM\n{nested(labelled)}"
    scoped = _list(*keys, "scope")
    counted = f"SELECT {scoped}, sum({cell}) AS n\nFROM\n{nested(both)}\nGROUP BY {scoped}, who"
    numbers = [f"{column.aggregate.merged('n')} AS {column.value}" for column in part.columns]
    return f"SELECT {_list(*keys, 'scope AS bucket', *numbers)}\nFROM\n{nested(counted)}\nGROUP BY {scoped}"


# --- ranking and people -------------------------------------------------------------------------------------------


def ranking_sql(parts: Sequence[Part]) -> Sql:
    """The breakdown values that get rows of their own: by the total of the first series, then the second ...,

    then by name. Each part is one series in the present period; all share one binder.
    """
    first = parts[0]
    values = _list(*first.values)
    totals = "\nUNION ALL\n".join(
        f"SELECT {index} AS series, {values}, toFloat64(total) AS total\nFROM\n{nested(_totals(part))}"
        for index, part in enumerate(parts)
    )
    by = [f"maxIf(total, series = {i}) AS t{i}, countIf(series = {i}) AS n{i}" for i in range(len(parts))]
    order = [f"n{i} = 0, t{i} DESC" for i in range(len(parts))]
    limit = first.binder.bind("limit", first.plan.spec.breakdown_limit, "UInt32")
    ranked = f"SELECT {values}, {_list(*by)}\nFROM\n{nested(totals)}\nWHERE NOT ({_missing(first)})\nGROUP BY {values}"
    text = f"SELECT {values}\nFROM\n{nested(ranked)}\nORDER BY {_list(*order)}, {values}\nLIMIT {limit}"
    return Sql(f"-- Which values of the breakdown come first?\n{text}", first.binder.params)


def _totals(part: Part) -> str:
    values, [column], inner = _list(*part.values), part.columns, cells(part)
    total = _total(part, column)
    if part.series.measure.per_person:
        inner = f"SELECT {values}, who, sum({column.cell}) AS n\nFROM\n{nested(inner)}\nGROUP BY {values}, who"
        total = column.aggregate.merged("n")
    return f"SELECT {values}, {total} AS total\nFROM\n{nested(inner)}\nGROUP BY {values}"


def people_sql(
    part: Part, stretch: tuple[int, int], values: tuple[str, ...], top: Top | None, page: tuple[int, int]
) -> Sql:
    """The people of the cells in `stretch` (from, before; milliseconds), a page of them, and how many there are.

    With `top` those of the remainder: everybody who is there under other values.
    """
    bind, (start, end), (limit, offset) = part.binder.bind, stretch, page
    where = [f"bucket >= {bind('first', start, 'Int64')}", f"bucket < {bind('last', end, 'Int64')}"]
    if top is not None:
        where += [f"{_index(part, top)} = 0", f"NOT ({_missing(part)})"]
    else:
        where += [f"{v} = {bind(v, value, 'String')}" for v, value in zip(part.values, values, strict=True)]
    found = f"SELECT DISTINCT who\nFROM\n{nested(matched(part, ['who', *part.values]))}\n{clause('WHERE', where)}"
    rows = f"LIMIT {bind('size', limit, 'UInt64')}\nOFFSET {bind('skip', offset, 'UInt64')}"
    text = f"SELECT who, count() OVER () AS total\nFROM\n{nested(found)}\nORDER BY who\n{rows}"
    return Sql(f"-- Who is behind this number?\n{text}", part.binder.params)

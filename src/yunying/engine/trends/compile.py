"""Compile: the statements of a trends question.

Every statement is nested one level per name, from the inside out: matched events, cells (bucket and
breakdown value), their place in the ranking, their label, the answer. It yields rows of

    kind      RANKED, MISSING ("no value") or REMAINDER
    v1 ...    the breakdown values, '' in the remainder
    is_total  1 for the number over the whole range
    bucket    the start of the bucket in milliseconds; for rolling measures the index of the window
    value     the number
"""

from collections.abc import Sequence

from yunying.engine.scan import clause, millis, nested
from yunying.engine.trends.matched import Part, cells, matched, values_of
from yunying.engine.trends.spec import Display, Measure
from yunying.store import Sql

__all__ = ["MISSING", "RANKED", "REMAINDER", "Top", "people_sql", "ranking_sql", "trend_sql"]

RANKED, MISSING, REMAINDER = 0, 1, 2
Top = tuple[tuple[str, ...], ...]


def trend_sql(part: Part, top: Top | None) -> Sql:
    """All numbers of one series in one period. `top` are the values that get rows of their own.

    Without `top` they are ranked in the same statement; measures per person need it.
    """
    labelled = _labelled(part, _placed(part, top)) if part.breakdown else _unlabelled(part)
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
    each = "each" if measure is Measure.ROLLING_PEOPLE else "in each"
    by = {0: "", 1: ", by a property"}.get(len(spec.breakdown), f", by {len(spec.breakdown)} properties")
    return f"{asks} {each} {spec.interval.value}{by}?"


def _list(*names: str) -> str:
    return ", ".join(names)


def _missing(part: Part) -> str:
    return " AND ".join(f"{v} = ''" for v in values_of(part))


def _placed(part: Part, top: Top | None) -> str:
    """The cells with the `place` of their value: from 1 on in the ranking, or 0 for "not among the top"."""
    values = values_of(part)
    if top is not None:
        keep = _cell_columns(part)
        return f"SELECT {_list(*keep)}, {_index(part, top)} AS place\nFROM\n{nested(cells(part))}"
    total = f"{_total(part)} OVER (PARTITION BY {_list(*values)})"
    order = f"dense_rank() OVER (ORDER BY {_missing(part)}, total DESC, {_list(*values)})"
    totals = f"SELECT bucket, {_list(*values)}, cell, {total} AS total\nFROM\n{nested(cells(part))}"
    return f"SELECT bucket, {_list(*values)}, cell, {order} AS place\nFROM\n{nested(totals)}"


def _cell_columns(part: Part) -> list[str]:
    return ["bucket", *values_of(part), *(["who"] if part.series.measure.per_person else []), "cell"]


def _index(part: Part, top: Top) -> str:
    """Where the row's values stand in `top`, from 1 on; 0 when they do not."""
    values = values_of(part)
    if len(values) == 1:
        return f"indexOf({part.binder.bind('top', [row[0] for row in top], 'Array(String)')}, {values[0]})"
    kind = f"Array(Tuple({_list(*('String' for _ in values))}))"
    return f"indexOf({part.binder.bind('top', list(top), kind)}, ({_list(*values)}))"


def _labelled(part: Part, placed: str) -> str:
    """The cells under the label they are shown with: kind and l1, l2 ..."""
    limit = part.binder.bind("limit", part.plan.spec.breakdown_limit, "UInt32")
    kind = f"multiIf({_missing(part)}, {MISSING}, place BETWEEN 1 AND {limit}, {RANKED}, {REMAINDER}) AS kind"
    labels = [f"if(kind = {REMAINDER}, '', {v}) AS {label}" for v, label in _labels(part)]
    keep = [name for name in _cell_columns(part) if name not in values_of(part)]
    return f"SELECT\n    {kind},\n    {_list(*labels)},\n    {_list(*keep)}\nFROM\n{nested(placed)}"


def _unlabelled(part: Part) -> str:
    return f"SELECT {RANKED} AS kind, {_list(*_cell_columns(part))}\nFROM\n{nested(cells(part))}"


def _labels(part: Part) -> list[tuple[str, str]]:
    return [(v, v.replace("v", "l")) for v in values_of(part)]


def _keys(part: Part) -> list[str]:
    return ["kind", *(label for _, label in _labels(part))]


def _total(part: Part) -> str:
    """The number over the whole range that values are ranked by."""
    if not part.rolling:
        return part.aggregate.merged
    start = part.binder.bind("total_start", millis(part.windows[0].start), "Int64")
    return f"groupBitmapMergeIf(cell, bucket >= {start})"


def _plain(part: Part, labelled: str) -> str:
    keys = _list(*_keys(part))
    return (
        f"SELECT {keys}, grouping(bucket) AS is_total, bucket, {part.aggregate.merged} AS value\n"
        f"FROM\n{nested(labelled)}\n"
        f"GROUP BY GROUPING SETS (({keys}, bucket), ({keys}))"
    )


def _running(part: Part, labelled: str) -> str:
    """Distinct things so far: each counts in its first bucket."""
    keys = _list(*_keys(part))
    so_far = f"{part.aggregate.merged} OVER (PARTITION BY {keys} ORDER BY bucket)"
    return f"SELECT DISTINCT {keys}, 0 AS is_total, bucket, {so_far} AS value\nFROM\n{nested(labelled)}"


def _sliding(part: Part, labelled: str) -> str:
    """Each cell goes to every window that holds it; the first window is the total."""
    starts = part.binder.bind("window_starts", [millis(w.start) for w in part.windows], "Array(Int64)")
    ends = part.binder.bind("window_ends", [millis(w.end) for w in part.windows], "Array(Int64)")
    holds = f"arrayFilter((i, a, b) -> bucket >= a AND bucket < b, arrayEnumerate({starts}), {starts}, {ends})"
    keys = _list(*_keys(part))
    spread = f"SELECT {keys}, arrayJoin({holds}) AS place_in_time, cell\nFROM\n{nested(labelled)}"
    return (
        f"SELECT {keys}, place_in_time = 1 AS is_total, place_in_time AS bucket, {part.aggregate.merged} AS value\n"
        f"FROM\n{nested(spread)}\n"
        f"GROUP BY {keys}, place_in_time"
    )


def _per_person(part: Part, labelled: str) -> str:
    """Events of each person first, in every bucket and in all, then the statistic over persons."""
    keys = _list(*_keys(part))
    whole = part.binder.bind("whole", min(part.edges()) - 1, "Int64")  # a bucket that there is not
    both = f"SELECT {keys}, who, arrayJoin([bucket, {whole}]) AS scope, cell\nFROM\n{nested(labelled)}"
    counted = f"SELECT {keys}, scope, sum(cell) AS n\nFROM\n{nested(both)}\nGROUP BY {keys}, scope, who"
    return (
        f"SELECT {keys}, scope = {whole} AS is_total, scope AS bucket, {part.aggregate.merged} AS value\n"
        f"FROM\n{nested(counted)}\n"
        f"GROUP BY {keys}, scope"
    )


def ranking_sql(parts: Sequence[Part]) -> Sql:
    """The breakdown values that get rows of their own: by the total of the first series, then the second ...,

    then by name. All parts share one binder.
    """
    first = parts[0]
    values = _list(*values_of(first))
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
    values = _list(*values_of(part))
    inner = cells(part)
    if part.series.measure.per_person:
        inner = f"SELECT {values}, who, sum(cell) AS n\nFROM\n{nested(inner)}\nGROUP BY {values}, who"
    return f"SELECT {values}, {_total(part)} AS total\nFROM\n{nested(inner)}\nGROUP BY {values}"


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
        where += [f"{v} = {bind(v, value, 'String')}" for v, value in zip(values_of(part), values, strict=True)]
    found = f"SELECT DISTINCT who\nFROM\n{nested(matched(part, ['who']))}\n{clause('WHERE', where)}"
    rows = f"LIMIT {bind('size', limit, 'UInt64')}\nOFFSET {bind('skip', offset, 'UInt64')}"
    text = f"SELECT who, count() OVER () AS total\nFROM\n{nested(found)}\nORDER BY who\n{rows}"
    return Sql(f"-- Who is behind this number?\n{text}", part.binder.params)

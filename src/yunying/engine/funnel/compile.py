"""Compile: the statements of a funnel question, nested one level per name, from the inside out: matching events,
each person's walk, the attempt that counts, its values, one cell for each value, their ranks, the answer.

Every statement yields rows of

    kind, l1 ...  RANKED, MISSING ("no value"), REMAINDER or LEFT_OUT and the texts of the values, with a breakdown
    n1 ...        how many people got to each step
    everybody     the different people, where some may be left out and stand under several values
    open          how many of the others may still get through, where any may
    sum_, mid_    the sum, and median and 90th percentile, of the milliseconds to a step: p2 from the previous one that
                  is not optional, f2 from the first
    low_s ...     the histogram, if one is asked for
    entered ...   buckets with the number of people, where one statement tells the points over time too
"""

from yunying.engine.funnel.part import Part
from yunying.engine.funnel.rows import LEFT_OUT, REMAINDER, Top, best_of, label, labelled, labels, left_out, rows
from yunying.engine.funnel.spec import Display
from yunying.engine.scan import columns, nested
from yunying.store import Sql

__all__ = ["over_time_sql", "remainder_sql", "steps_sql"]

_QUANTILES = "(0.5, 0.9)"


def steps_sql(part: Part) -> Sql:
    """How many got to each step and how long it took them, for everybody or each breakdown value."""
    by = {0: "", 1: ", by a property"}.get(len(part.values), f", by {len(part.values)} properties")
    # Whose window is open is asked of the latest start, which idle people do not have.
    body = _by_value(part) if part.values else _figured(part, rows(part, idle=not (part.open_since or part.held)))
    return _statement(part, f"How many people got to each of {part.steps} steps, and how fast{by}?", body)


def remainder_sql(part: Part, top: Top) -> Sql:
    """The same for everybody outside `top`, each person once with the best of their attempts there."""
    apart = f"SELECT *\nFROM\n{nested(labelled(part, top))}\nWHERE kind = {REMAINDER}"
    asks = f"How many people with other values got to each of {part.steps} steps, and how fast?"
    return _statement(part, asks, _figured(part, best_of(part, apart, [])))


def over_time_sql(part: Part, top: Top) -> Sql:
    """bucket, entered, converted and open, for each label that `top` makes."""
    spec, keys = part.plan.spec, ["kind", *labels(part)] if part.values else []
    sql = labelled(part, top) if part.values else rows(part)
    if part.shared:
        sql = best_of(part, sql, ["bucket", *keys])
    start, end = f"t{spec.from_step}", f"t{spec.to_step}"
    open_since = part.open_since
    still = f"countIf({start} != 0 AND {end} = 0 AND last >= {open_since}) AS open" if open_since else "0 AS open"
    figures = [f"countIf({start} != 0) AS entered", f"countIf({start} != 0 AND {end} != 0) AS converted", still]
    where = f"\nWHERE kind != {LEFT_OUT}" if left_out(part) else ""
    by = ["bucket", *keys]
    body = f"{columns([*by, *figures])}\nFROM\n{nested(sql)}{where}\nGROUP BY {', '.join(by)}"
    asks = f"How many people got from step {spec.from_step} to {spec.to_step}, by {spec.interval.value} of the first?"
    return _statement(part, asks, body)


def _statement(part: Part, asks: str, body: str) -> Sql:
    return Sql(f"-- {asks}\n{body}", part.binder.params)


# --- figures ------------------------------------------------------------------------------------------------------


def _figured(part: Part, sql: str) -> str:
    """The figures of all rows together."""
    return _histogram(part, [], f"{columns(_figures(part, state=False))}\nFROM\n{nested(sql)}")


def _figures(part: Part, *, state: bool) -> list[str]:
    """The figures of rows; with `state` quantiles as something that can be merged."""
    found = [f"countIf({time} != 0) AS n{step}" for step, time in enumerate(part.times, 1)]
    if part.open_since:
        found.append(f"countIf(t{part.steps} = 0 AND last >= {part.open_since}) AS open")
    suffix = "State" if state else ""
    for name, later, earlier in _stretches(part):
        took, reached = part.took(later, earlier), f"{later} != 0"
        found.append(f"sumIf({took}, {reached}) AS sum_{name}")
        found.append(f"quantilesExactInclusiveIf{suffix}{_QUANTILES}({took}, {reached}) AS mid_{name}")
    if part.shared and left_out(part):
        found.append(f"groupBitmap{suffix}(who) AS everybody")
    found += [f"sumMap({name}, arrayWithConstant(length({name}), toUInt64(1))) AS {name}" for name in part.charts]
    if _wants_histogram(part):
        later, earlier = f"t{part.plan.spec.to_step}", f"t{part.plan.spec.from_step}"
        found.append(f"groupArrayIf({part.took(later, earlier)}, {later} != 0 AND {earlier} != 0) AS took")
    return found


def _merged(part: Part) -> list[str]:
    """The same figures from cells."""
    found = [f"sum(n{step}) AS n{step}" for step in range(1, part.steps + 1)]
    found += ["sum(open) AS open"] if part.open_since else []
    for name, _, _ in _stretches(part):
        found.append(f"sum(sum_{name}) AS sum_{name}")
        found.append(f"quantilesExactInclusiveIfMerge{_QUANTILES}(mid_{name}) AS mid_{name}")
    if part.shared and left_out(part):
        found.append("groupBitmapMerge(everybody) AS everybody")
    return [*found, *(["groupArrayArray(took) AS took"] if _wants_histogram(part) else [])]


def _figure_names(part: Part) -> list[str]:
    found = [f"n{step}" for step in range(1, part.steps + 1)] + (["open"] if part.open_since else [])
    found += ["everybody"] if part.shared and left_out(part) else []
    for name, _, _ in _stretches(part):
        found += [f"sum_{name}", f"mid_{name}"]
    return found


def _stretches(part: Part) -> list[tuple[str, str, str]]:
    """The times that are measured: a name, the event they end with and the one they start with."""
    spec = part.plan.spec
    found = []
    for step in range(2, part.steps + 1):
        before = spec.before(step)
        found.append((f"p{step}", f"t{step}", f"t{before}"))
        if before > 1:
            found.append((f"f{step}", f"t{step}", "t1"))
    return found


# --- breakdown ----------------------------------------------------------------------------------------------------


def _by_value(part: Part) -> str:
    """Cells of each value, ranked by people at step 1 and name, then merged under their label; or all, if few."""
    keys = ["kind", *labels(part)]
    if part.few:
        body = columns([*label(part, "true", left_out(part)), *_figures(part, state=False)])
        return _histogram(part, keys, f"{body}\nFROM\n{nested(rows(part))}\nGROUP BY {', '.join(keys)}")
    names = [name for name, _ in part.values]
    left = [f"{left_out(part)} AS left_out"] if left_out(part) else []
    by = [*names, *(["left_out"] if left else [])]
    order = ", ".join([*by[len(names) :], f"({part.missing(names)})", "n1 DESC", *names])
    place = f"row_number() OVER (ORDER BY {order}) AS place"
    cells = columns([*names, *left, *_figures(part, state=True), place])
    cells = f"{cells}\nFROM\n{nested(rows(part))}\nGROUP BY {', '.join(by)}"
    limit = part.binder.bind("limit", part.plan.spec.breakdown_limit, "UInt32")
    body = columns([*label(part, f"place <= {limit}", "left_out" if left else None), *_merged(part)])
    return _histogram(part, keys, f"{body}\nFROM\n{nested(cells)}\nGROUP BY {', '.join(keys)}")


# --- histogram ----------------------------------------------------------------------------------------------------


def _wants_histogram(part: Part) -> bool:
    return part.plan.spec.display is Display.TIMES


def _histogram(part: Part, keys: list[str], sql: str) -> str:
    """Instead of all times `took` how many fall into each of `bins` equal bins, from `low_s` on, `width_s` wide."""
    if not _wants_histogram(part):
        return sql
    keep = [*keys, *_figure_names(part)]
    asked = part.plan.spec.bins
    bins = part.binder.bind("bins", asked, "UInt32") if asked else "arrayFirst(b -> b * b * b >= size, range(1, 4096))"
    low = "intDiv(arrayMin(took), 1000) AS low_s, arrayMax(took) AS high, length(took) AS size"
    sql = f"SELECT {', '.join([*keep, 'took', low])}\nFROM\n{nested(sql)}"
    sql = f"SELECT {', '.join([*keep, 'took', 'low_s', 'high', f'{bins} AS bins'])}\nFROM\n{nested(sql)}"
    width = "greatest(1, intDiv(intDiv(high - low_s * 1000 + 999, 1000) + bins - 1, bins)) AS width_s"
    sql = f"SELECT {', '.join([*keep, 'took', 'low_s', 'bins', width])}\nFROM\n{nested(sql)}"
    bin_of = "least(intDiv(t - low_s * 1000, width_s * 1000), bins - 1)"
    counted = f"arrayReduce('sumMap', arrayMap(t -> [{bin_of}], took), arrayMap(t -> [toUInt64(1)], took)) AS counted"
    return f"SELECT {', '.join([*keep, 'low_s', 'bins', 'width_s', counted])}\nFROM\n{nested(sql)}"

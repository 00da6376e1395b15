"""The general form: every attempt of a person with the events that do its steps, and the one that counts.

An attempt is an array, its chain: for each step the event that does it, or 0, and after it the next event of each
exclusion that begins with the step. Chains are built from the last step to the first. At each place of the walk
`own` is the chain of an event as if it did the step, and `d` the chain of the event that does it next after this
place; arrayReverseFill carries it backwards. So every attempt costs one pass for each step, however many there are.
"""

from collections.abc import Mapping
from itertools import count

from yunying.engine.funnel.matched import walks
from yunying.engine.funnel.part import Part
from yunying.engine.funnel.plain import beside
from yunying.engine.funnel.spec import Order
from yunying.engine.scan import columns, nested

__all__ = ["attempt_rows", "score"]


def attempt_rows(part: Part) -> str:
    """keys, t1 ..., `spoiled` where attempts may be, `last` and, where asked for, `bucket`."""
    if part.plan.spec.order is Order.UNORDERED:
        return _picked(part, _unordered(part), {step: step for step in range(1, part.steps + 1)}, {})
    steps, outs = _places(part)
    return _picked(part, _ordered(part), steps, outs)


def _places(part: Part) -> tuple[dict[int, int], dict[int, int]]:
    """Where a chain holds each step, and the next event of each exclusion."""
    place = count(1)
    steps, outs = {}, {}
    for step in part.path:
        steps[step] = next(place)
        for index in _from(part, step):
            outs[index] = next(place)
    return steps, outs


def _from(part: Part, step: int) -> list[int]:
    """The exclusions that begin with a step."""
    return [index for index, out in enumerate(part.plan.spec.exclusions) if out.first == step]


def _level(part: Part, keep: list[str], made: str, sql: str, where: str = "") -> str:
    found = f"SELECT {', '.join([*part.kept, *keep, made])}\nFROM\n{nested(sql)}"
    return f"{found}\nWHERE {where}" if where else found


# --- ordered and strict -------------------------------------------------------------------------------------------


def _ordered(part: Part) -> str:
    """keys and `chains`: one for each event that does the first step."""
    outs = range(len(part.plan.spec.exclusions))
    sql, keep = walks(part), ["walk"]
    for index in outs:
        forbidden = f"arrayReverseFill(x -> {part.packing.excludes('x', index)}, walk)"
        sql = _level(part, keep, f"arrayPushBack(arrayPopFront({forbidden}), 0) AS out_{index}", sql)
        keep.append(f"out_{index}")
    for step in reversed(part.path[1:]):
        later = [f"d{part.after(step)}"] if step < part.steps else []
        sql = _level(part, [*keep, *later], f"{_own(part, step)} AS own", sql)
        if part.plan.spec.steps[step - 1].optional:
            sql = _level(part, [*keep, *later], f"{_next(part, step)} AS through", sql)
            sql = _level(part, keep, f"{_or_skipped(part, step)} AS d{step}", sql)
        else:
            sql = _level(part, keep, f"{_next(part, step)} AS d{step}", sql)
    sql = _level(part, keep, f"{_own(part, 1)} AS own", sql)
    keep = ["walk"] if part.beside else []
    return _level(part, keep, f"arrayFilter((c, x) -> {part.packing.does('x', 1)}, own, walk) AS chains", sql)


def _own(part: Part, step: int) -> str:
    """At each place the chain of its event, as if it did the step."""
    outs = [f"out_{index}" for index in _from(part, step)]
    own = f"[{', '.join(['x', *outs])}]"
    if step == part.steps:
        return "arrayMap(x -> [x], walk)"
    names = ["x", *outs, "c"]
    over = ["walk", *outs, f"d{part.after(step)}"]
    return f"arrayMap(({', '.join(names)}) -> arrayConcat({own}, c), {', '.join(over)})"


def _none(part: Part, step: int) -> str:
    """The chain from a step on that nothing does."""
    size = sum(1 + len(_from(part, each)) for each in part.path if each >= step)
    return f"arrayWithConstant({size}, to{part.packing.kind}(0))"


def _next(part: Part, step: int) -> str:
    """At each place the chain of the event that does the step next: the earliest later one, or the very next."""
    does, none = part.packing.does("x", step), _none(part, step)
    if part.plan.spec.order is Order.STRICT:
        found = f"arrayMap((c, x) -> if({does}, c, {none}), own, walk)"
    else:
        found = f"arrayReverseFill((c, x) -> {does}, own, walk)"
    return f"arrayPushBack(arrayPopFront({found}), {none})"


def _or_skipped(part: Part, step: int) -> str:
    """The chain through an optional step where it was done before the next one that is not, else the one past it."""
    steps, _ = _places(part)
    after = min(each for each in part.plan.spec.required if each > step)
    place = steps[after] - steps[step] + 1
    done = f"c[1] != 0 AND (p[{place - 1}] = 0 OR c[1] < p[{place - 1}])"
    return f"arrayMap((c, p) -> if({done}, c, arrayPushFront(p, 0)), through, d{step + 1})"


# --- unordered ----------------------------------------------------------------------------------------------------


def _unordered(part: Part) -> str:
    """keys and `chains`: for each step event in the range the different steps done from it on, in order of time."""
    packing, steps = part.packing, range(1, part.steps + 1)
    sql, keep = walks(part), ["walk"]
    for step in steps:
        sql = _level(part, keep, f"arrayReverseFill(x -> {packing.does('x', step)}, walk) AS next_{step}", sql)
        keep.append(f"next_{step}")
    stops = bool(part.plan.spec.exclusions)
    if stops:
        sql = _level(part, keep, f"arrayReverseFill(x -> {packing.excludes('x', 0)}, walk) AS stop", sql)
        keep.append("stop")
    before = " AND (stop = 0 OR y < stop)" if stops else ""
    nexts = ", ".join(keep[1 : part.steps + 1])
    in_time = f"{part.took('y', 'x')} <= {part.window}"
    in_time = f"(y = x OR {in_time})" if part.held else in_time  # where nothing can go on, the start is left
    inside = f"arrayFilter(y -> y != 0 AND {in_time}{before}, [{nexts}])"
    chain = f"arrayResize(arraySort({inside}), {part.steps}, to{packing.kind}(0))"
    names = ", ".join(["x", *keep[1:]])
    sql = _level(part, ["walk"], f"arrayMap(({names}) -> {chain}, {', '.join(keep)}) AS all_chains", sql)
    starts = ["x != 0", *([f"NOT ({packing.excludes('x', 0)})"] if stops else [])]
    if part.plan.looks_ahead:
        starts.append(f"{packing.time('x')} < {part.range_ms}")
    return _level(part, [], f"arrayFilter((c, x) -> {' AND '.join(starts)}, all_chains, walk) AS chains", sql)


# --- the attempt that counts --------------------------------------------------------------------------------------


def score(part: Part, times: list[str], spoiled: str = "false", latest: str = "t1") -> str:
    """What the attempt that counts has the smallest of: furthest, not spoiled, there first, started latest.

    `times` are the events of all steps, 0 for those that were not done; `latest` grows with the start.
    """
    required = [times[step - 1] for step in part.plan.spec.required]
    depth = " + ".join(f"({time} != 0)" for time in required)
    deepest = ", ".join(f"{time} != 0, {time}" for time in reversed(required[1:]))
    return f"(-({depth}), {spoiled}, multiIf({deepest}, {required[0]}), -{latest})"


def _picked(part: Part, sql: str, steps: Mapping[int, int], outs: Mapping[int, int]) -> str:
    """The chain that counts as t1 ...: one for each key, or for each bucket its attempts start in."""
    walk = ["walk"] if part.beside else []
    starts = "arrayMap(c -> c[1], chains) AS starts"
    sql = _level(part, [*walk, "chains"], starts, sql, where="notEmpty(chains)")
    inside = f"if({part.took('y', 's')} <= {part.window}, y, 0)"
    cut = f"arrayMap((c, s) -> arrayPushFront(arrayMap(y -> {inside}, arrayPopFront(c)), s), chains, starts) AS cut"
    sql = _level(part, [*walk, "starts"], cut, sql)
    events = [f"c[{steps[step]}]" if step in steps else "0" for step in range(1, part.steps + 1)]
    scored = score(part, events, _spoiled(part, steps, outs), latest="i")
    scores = f"arrayMap((c, i) -> {scored}, cut, arrayEnumerate(cut)) AS scores"
    sql = _level(part, [*walk, "starts", "cut"], scores, sql)
    sql = _each_bucket(part, sql) if part.bucketed else _best(part, sql, events)
    keep = [*(["bucket"] if part.bucketed else []), *(["last"] if part.open_since else []), *part.charts]
    spoiled = ["least_score.2 AS spoiled"] if part.spoils else []
    times = [f"best[{place}] AS t{step}" for step, place in steps.items()]
    sql = _level(part, [*walk, *keep], ", ".join([*times, *spoiled]), sql)
    return beside(part, sql, [*walk, *keep, *(["spoiled"] if spoiled else [])])


def _best(part: Part, sql: str, events: list[str]) -> str:
    walk = ["walk"] if part.beside else []
    last = f", {part.latest('arrayMax(starts)')} AS last" if part.open_since else ""
    made = f"arrayReduce('argMin', cut, scores) AS best, arrayReduce('min', scores) AS least_score{last}"
    if not part.charted:
        return _level(part, walk, made, sql)
    bucket = f"arrayMap(s -> roundDown(toInt64({part.packing.time('s')}), {part.edges}), starts) AS buckets"
    sql = _level(part, [*walk, "starts", "cut", "scores"], bucket, sql)
    return _level(part, walk, ", ".join([made, *_charts(part, events)]), sql)


def _charts(part: Part, events: list[str]) -> list[str]:
    """The buckets in which a person got to the step asked from, on to the one asked for, and those still going."""
    spec = part.plan.spec

    def where(test: str) -> str:
        return f"arrayDistinct(arrayFilter((b, c, s) -> {test}, buckets, cut, starts))"

    entered, converted = where(f"{events[spec.from_step - 1]} != 0"), where(f"{events[spec.to_step - 1]} != 0")
    found = [f"{entered} AS entered", f"{converted} AS converted"]
    if part.open_since:
        still = where(f"{part.packing.time('s')} >= {part.open_since}")
        found.append(f"arrayExcept(arrayIntersect({still}, entered), converted) AS going")
    return found


def _each_bucket(part: Part, sql: str) -> str:
    """One chain for each bucket: attempts that start in another are no part of it."""
    walk = ["walk"] if part.beside else []
    sql = _level(part, walk, "arrayJoin(arrayZip(cut, scores)) AS attempt", sql)
    start = part.packing.time("attempt.1[1]")
    sql = _level(part, [*walk, "attempt"], f"roundDown(toInt64({start}), {part.edges}) AS bucket", sql)
    last = [f"max({part.latest('attempt.1[1]')}) AS last"] if part.open_since else []
    made = ["argMin(attempt.1, attempt.2) AS best", "min(attempt.2) AS least_score", *last]
    same = [*walk, *(["window"] if part.held else [])]
    keys = [*part.keys, "bucket"]
    sql = f"{columns([*keys, *made, *(f'any({name}) AS any_{name}' for name in same)])}\nFROM\n{nested(sql)}"
    sql = f"{sql}\nGROUP BY {', '.join(keys)}"
    if not same:
        return sql
    kept = [*keys, "best", "least_score", *(["last"] if last else [])]
    return f"{columns([*kept, *(f'any_{name} AS {name}' for name in same)])}\nFROM\n{nested(sql)}"


def _spoiled(part: Part, steps: Mapping[int, int], outs: Mapping[int, int]) -> str:
    """Whether an exclusion happened between its two steps, or after the first of them while the attempt waited."""
    found = []
    for index, out in outs.items():
        forbidden, end = f"c[{out}]", f"c[{steps[part.plan.spec.exclusions[index].last]}]"
        found.append(f"{forbidden} != 0 AND ({end} = 0 OR {forbidden} < {end})")
    return "(" + " OR ".join(found) + ")" if found else "false"

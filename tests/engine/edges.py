"""Events at the edges of a question: where a window, a period or a range begins and ends, or a millisecond beside.

Worlds are drawn without a look at what is asked. That somebody does it as often as asked, and just in time, is so rare
in them that a rule could be off by one and nobody would notice.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.engine import cohort_interpreter, funnel_interpreter, interpreter, retention_interpreter
from tests.engine.interpreter import DAY, Period, Thing, first_instant, shown
from tests.engine.worlds import EVENTS, MILLI, PROPERTIES, Product, fresh

HOUR = timedelta(hours=1)
BESIDE = st.sampled_from([0, 0, 0, 0, -1, 1]).map(lambda count: count * MILLI)
PROPS = st.fixed_dictionaries({}, optional={name: st.sampled_from(["a", "B", 7, "7.50"]) for name in PROPERTIES[:3]})


@st.composite
def act(draw: st.DrawFn, product: Product, who: list[int], asked: dict[str, Any], at: datetime, **props: Any) -> None:
    """One of the numbers of a person does what is asked for."""
    event = Thing(
        uuid=str(UUID(int=fresh())),
        name=asked.get("event") or draw(st.sampled_from(EVENTS)),
        number=draw(st.sampled_from(who)),
        at=at,
        props=draw(PROPS) | props,
        account=draw(st.sampled_from(["", "acme"])),
        session=draw(st.sampled_from(["", "s1", "s2"])),
    )
    product.world.events.append(event)


def somebody(product: Product) -> st.SearchStrategy[list[int]]:
    """The numbers of a person, most often of one who has several."""
    found: dict[int, list[int]] = {}
    for number in range(product.first, product.first + 8):
        found.setdefault(product.world.owners.get(number, number), []).append(number)
    return st.sampled_from(sorted(found.values(), key=len, reverse=True))


# --- trends -------------------------------------------------------------------------------------------------------


@st.composite
def counted(draw: st.DrawFn, product: Product, question: dict[str, Any]) -> None:
    """People do what a series counts where buckets, rolling windows, the range and the one before begin or end."""
    period = interpreter.period_of(question, product.zone, product.week_start, product.now)
    if period.start >= period.end:
        return
    for series in question["series"]:
        edges = _edges_of(series, question, period)
        for _ in range(draw(st.integers(2, 4))):
            who = draw(somebody(product))
            for at in draw(st.lists(st.sampled_from(edges), min_size=1, max_size=2)):
                draw(act(product, who, series, at + draw(BESIDE)))


def _edges_of(series: dict[str, Any], question: dict[str, Any], period: Period) -> list[datetime]:
    edges = [*_begins(period), period.start, period.end]
    if series["measure"] == "rolling_people":
        days = timedelta(days=series["window_days"])
        edges += [first_instant(shown(edge, period.zone) - days, period.zone) for edge in edges]
    elif series["measure"] == "first_time":
        edges += [period.start - DAY] * 3
    if question.get("compare"):
        before = interpreter.earlier(period, question["compare"]["to"])
        edges += [before.start, before.end]
    return edges


def _begins(period: Period) -> list[datetime]:
    """Where the first buckets begin and the last one does."""
    starts = period.starts()
    return [
        at if isinstance(at, datetime) else first_instant(datetime.combine(at, datetime.min.time()), period.zone)
        for at in [*starts[:3], starts[-1]]
    ]


# --- cohorts ------------------------------------------------------------------------------------------------------


@st.composite
def behaved(draw: st.DrawFn, product: Product, judge: cohort_interpreter.Judge) -> None:
    """For each condition two people do about as often as it asks for, and about when."""
    for leaf in (leaf for tree in judge.definitions.values() for leaf in _behaviours(tree)):
        edges, often = _edges_in(leaf, judge), leaf.get("at_least") or (leaf.get("times") or {}).get("count", 1)
        for times in (often, often + draw(st.sampled_from([1, 1, -1]))):
            who, first, step = draw(somebody(product)), draw(st.integers(0, 3)), draw(st.sampled_from([1, 1, 0]))
            for i in range(times):
                draw(act(product, who, leaf, edges[(first + i * step) % len(edges)] + draw(BESIDE)))


def _behaviours(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "items" in tree:
        for item in tree["items"]:
            yield from _behaviours(item)
    elif "event" in tree:
        yield tree


def _edges_in(leaf: dict[str, Any], judge: cohort_interpreter.Judge) -> list[datetime]:
    """Where its windows begin, and the last moment that counts; of periods where each begins."""
    if leaf["kind"] == "regularly":
        windows = [{"last": last, "unit": leaf["unit"]} for last in range(1, leaf["of"] + 1)]
    else:
        windows = [leaf.get("absent"), leaf.get("within")] if leaf.get("absent") else [leaf.get("within")]
    starts = [judge.window(window)[0] for window in windows]
    edges = [start for start in starts if start is not None and start < judge.until]
    if leaf["kind"] == "stopped":
        return [*edges, *(edge - MILLI for edge in edges)]
    return [*edges, judge.until - MILLI] if leaf["kind"] != "regularly" or not edges else edges


# --- retention ----------------------------------------------------------------------------------------------------


@st.composite
def came_back(draw: st.DrawFn, product: Product, question: dict[str, Any]) -> None:
    """Somebody starts, and comes back as a later window begins, as often as asked for or at the start itself."""
    asked = question | {"interval": question["period"]}
    period = interpreter.period_of(asked, product.zone, product.week_start, product.now)
    if period.start >= period.end:
        return
    judge = retention_interpreter.Judge(question, product.world, product.zone, product.week_start, product.now)
    value = (question.get("value") or {}).get("property")
    cohorts = [cohort for cohort in range(judge.size) if judge.begun(cohort, 0)]
    for _ in range(draw(st.integers(1, 3)) if cohorts else 0):
        props = {value: draw(st.sampled_from([1, 2.5, "7"]))} if value else {}
        who, cohort = draw(somebody(product)), draw(st.sampled_from(cohorts))
        begin = max(judge.begin(cohort), period.start)
        start = draw(st.sampled_from([begin, begin, begin + HOUR, judge.begin(cohort + 1) - MILLI])) + draw(BESIDE)
        for aside in draw(st.sampled_from([(0,), (0,), (0, 1), (0, -24)])):
            draw(act(product, who, question["start"], start + aside * HOUR, **props))
        windows = [window for window in range(min(judge.last, 4) + 1) if judge.begun(cohort, window)]
        window = draw(st.sampled_from(windows))
        back = start + window * judge.length if judge.rolling else max(judge.begin(cohort + window), start)
        back += draw(st.sampled_from([0, 0, 1])) * HOUR
        for _ in range(draw(st.sampled_from([0, 1, 1])) + question["minimum"] - 1):
            draw(act(product, who, question["return"], back + draw(BESIDE), **props))


# --- funnels ------------------------------------------------------------------------------------------------------


@st.composite
def walked(draw: st.DrawFn, product: Product, question: dict[str, Any]) -> None:
    """Somebody does the steps, the last of them as the window closes; now and then what is excluded, on the way."""
    judge = funnel_interpreter.Judge(question, product.world, product.zone, product.week_start, product.now)
    period, window, steps = judge.period, judge.window, question["steps"]
    if period.start >= period.end:
        return
    waiting = product.now - window
    last = [at for at in (waiting, waiting, period.end - MILLI, period.end) if period.start <= at]
    props = {held["property"]: "a" for held in question["hold"]}
    gap = window // len(steps) // MILLI * MILLI
    for number in range(draw(st.integers(1, 3))):
        # Half of the time somebody new, of whom no other attempt can count instead.
        who = draw(st.one_of(somebody(product), st.just([product.first + 8 + number])))
        at = start = draw(st.sampled_from([*_begins(period), period.start, *last])) + draw(BESIDE)
        for place, step in enumerate(steps[: draw(st.sampled_from([1, 2, 9, 9]))], 1):
            draw(act(product, who, step["events"][-1], at, **props))
            on_the_way = draw(st.sampled_from([start + place * gap, at]))
            at = start + window + draw(BESIDE) if place + 1 == len(steps) else on_the_way
        for out in question["exclusions"]:
            after = draw(st.sampled_from([None, timedelta(), gap, window, window]))
            if after is not None:
                draw(act(product, who, out, start + after + draw(BESIDE), **props))

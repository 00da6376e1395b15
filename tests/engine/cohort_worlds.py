"""Generated cohorts for generated products."""

from datetime import timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tests.engine.cohort_interpreter import Judge
from tests.engine.edges import behaved
from tests.engine.interpreter import DAY
from tests.engine.worlds import EVENTS, RARELY, Product, conditions, midnight, times
from yunying.engine.cohorts import Cohort, Members, parse
from yunying.store import Store

LIST = 1
KINDS = ["property", "did", "did", "did", "first_time", "first_time", "stopped", "regularly"]
UNITS = ["hour", "day", "day", "week", "week", "month", "quarter", "year"]


class Known:
    """The cohorts of a product, as the engine asks for them."""

    def __init__(self, definitions: dict[int, dict[str, Any]]) -> None:
        self._definitions = definitions

    def definition(self, cohort: int) -> Cohort | Members | None:
        if cohort == LIST:
            return Members(LIST)
        found = self._definitions.get(cohort)
        return parse(found) if found else None

    def name(self, cohort: int) -> str:
        return f"cohort {cohort}"


@st.composite
def born(draw: st.DrawFn, product: Product) -> None:
    """Everybody gets a row: those with events were born at the first of them or before, some have none."""
    world = product.world
    firsts: dict[int, Any] = {}
    for event in world.events:
        for number in {event.number, world.who(event)}:
            firsts[number] = min(firsts.get(number, event.at), event.at)
    for number in sorted({*firsts, *world.people}):
        before = draw(st.sampled_from([timedelta(0), timedelta(0), timedelta(hours=5), timedelta(days=400)]))
        world.people.setdefault(number, {})
        world.born[number] = firsts.get(number, product.day) - before


@st.composite
def last(draw: st.DrawFn) -> dict[str, Any]:
    found = {"last": draw(st.sampled_from([1, 1, 2, 3, 7, 30])), "unit": draw(st.sampled_from(UNITS))}
    return _small(found) | ({"whole": True} if draw(st.integers(0, 4)) == 0 else {})


def _small(window: dict[str, Any]) -> dict[str, Any]:
    return window | {"last": 2} if window["unit"] in ("quarter", "year", "month") else window


def within(product: Product) -> st.SearchStrategy[dict[str, Any] | None]:
    """All time, the last units, or since about the day on which clocks do something odd."""
    day = product.day
    since = [f"{day:%Y-%m-%d}", f"{day - DAY:%Y-%m-%d}", f"{day:%Y-%m-%dT00:30}", f"{day - DAY:%Y-%m-%dT12:30}"]
    return st.one_of(st.none(), last(), st.sampled_from(since).map(lambda text: {"since": text}))


OFTEN = st.fixed_dictionaries({"op": st.sampled_from(["gte", "lte", "eq"]), "count": st.sampled_from([1, 2, 2, 3])})
TIMES = st.one_of(st.none(), OFTEN, OFTEN)


@st.composite
def filters(draw: st.DrawFn, cohorts: list[int]) -> dict[str, Any] | None:
    found = draw(RARELY)
    if cohorts and draw(st.integers(0, 4)) == 0:
        more = draw(in_cohort(cohorts))
        return {"op": draw(st.sampled_from(["and", "or"])), "items": [more, *([found] if found else [])]}
    return found


@st.composite
def in_cohort(draw: st.DrawFn, cohorts: list[int]) -> dict[str, Any]:
    values = draw(st.lists(st.sampled_from(cohorts), min_size=1, max_size=2, unique=True))
    return {"of": "person", "operator": draw(st.sampled_from(["in_cohort", "not_in_cohort"])), "values": values}


@st.composite
def leaves(draw: st.DrawFn, product: Product, cohorts: list[int]) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS + ["cohort"] * bool(cohorts)))
    if kind == "property":
        return {"kind": kind} | draw(conditions()) | {"of": draw(st.sampled_from(["person", "account"]))}
    if kind == "cohort":
        return {"kind": kind, "cohort": draw(st.sampled_from(cohorts)), "not": draw(st.booleans())}
    found = {"kind": kind, "event": draw(st.sampled_from([*EVENTS, None])), "filters": draw(filters(cohorts))}
    if kind == "did":
        return found | {"not": draw(st.booleans()), "times": draw(TIMES), "within": draw(within(product))}
    if kind == "first_time":
        return found | {"within": draw(within(product))}
    if kind == "stopped":
        spans = [("year", "day"), ("month", "week"), ("day", "hour"), ("week", "day")]
        long, short = draw(st.sampled_from(spans))
        return found | {"within": {"last": 2, "unit": long}, "absent": {"last": draw(st.integers(1, 2)), "unit": short}}
    count = draw(st.integers(1, 4))
    return found | {"at_least": draw(st.integers(1, count)), "of": count, "unit": draw(st.sampled_from(UNITS))}


def groups(inner: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {
            "op": st.sampled_from(["and", "or"]),
            "not": st.sampled_from([False, False, True]),
            "items": st.lists(inner, min_size=1, max_size=most),
        }
    )


def definitions(product: Product, cohorts: list[int], *, deep: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    """Few conditions: what they cost is planning, and there are three definitions for every product."""
    leaf = leaves(product, cohorts)
    if deep:
        return groups(st.one_of(leaf, leaf, groups(st.one_of(leaf, groups(leaf, 2)), 2)), 3)
    return groups(st.one_of(leaf, leaf, leaf, groups(leaf, 2)), 2)


@st.composite
def judges(draw: st.DrawFn, product: Product, *, deep: bool = False) -> Judge:
    """Three definitions, each of which may rest on the ones before, and a fixed list; the last may be `deep`.

    Somebody does what they ask for, and everybody is born.
    """
    known: dict[int, dict[str, Any]] = {}
    for number in (2, 3, 4):
        known[number] = draw(definitions(product, [LIST, *known], deep=deep and number == 4))
    listed = sorted(product.first + n for n in draw(st.sets(st.integers(0, 7), max_size=5)))
    tomorrow = midnight(product.day, product.zone, 1)
    until = draw(st.one_of(st.just(product.now), st.just(tomorrow), times(product.day, product.zone)))
    judge = Judge(product.world, product.zone, product.week_start, until, known, {LIST: listed})
    judge.attach()
    draw(behaved(product, judge))
    draw(born(product))
    return judge


def keep_list(store: Store, product: int, numbers: list[int]) -> None:
    if numbers:
        rows = {
            "product": pa.array([product] * len(numbers), pa.uint32()),
            "cohort": pa.array([LIST] * len(numbers), pa.uint64()),
            "person": pa.array(numbers, pa.uint32()),
        }
        store.insert("cohort_members", pa.table(rows), token=f"engine-{product}-list")

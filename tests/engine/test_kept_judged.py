"""Answers from kept states must be those from the events, whatever comes late, twice, merges or goes."""

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from tests.engine.interpreter import Thing
from tests.engine.judging import always, nightly
from tests.engine.worlds import EVENTS, PROPERTIES, WANTED, Product, products, write_events
from tests.removing import remove
from yunying.base.errors import InvalidInput
from yunying.engine import Context, Result, kept, parse, run
from yunying.store import Store

pytestmark = pytest.mark.long
EAGER, NEVER = kept.Policy(rows=0, asks=1), kept.Policy(asks=0)
# The second asks the store for every answer, though its sets were in memory.
WAYS = [EAGER, replace(EAGER, sets_bytes=0)]
_tokens = count()


@settings(always, max_examples=15)
@given(data=st.data())
def test_states_give_the_numbers_of_the_events(quick: Store, data: st.DataObject) -> None:
    judge(quick, data)


@pytest.mark.nightly
@settings(nightly, max_examples=300)
@given(data=st.data())
def test_states_give_the_numbers_of_the_events_for_long(crowd: Store, data: st.DataObject) -> None:
    judge(crowd, data)


FILTERS = st.one_of(
    st.none(),
    st.none(),
    st.lists(
        st.fixed_dictionaries(
            {
                "property": st.sampled_from(PROPERTIES),
                "operator": st.sampled_from(["exact", "is_not", "contains"]),
                "values": st.lists(WANTED, min_size=1, max_size=2),
            }
        ),
        max_size=2,
    ),
)
NAMES = st.sampled_from([*EVENTS, None, None, None])


@st.composite
def ranges(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    """Until today, whole days, most of them over, or parts of days at the ends."""
    kind = draw(st.sampled_from(["whole", "whole", "whole", "last", "parts"]))
    if kind == "last":
        return {"last": draw(st.integers(1, 6)), "unit": draw(st.sampled_from(["day", "week", "month"]))}
    # Near the day with most of the events, or far around it.
    day = st.one_of(st.integers(-3, 3), st.integers(-36, 12))
    days = sorted(draw(st.lists(day, min_size=2, max_size=2)))
    first, last = (product.day.fromordinal(product.day.toordinal() + day) for day in days)
    if kind == "whole":
        return {"from": f"{first:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"}
    return {"from": f"{first:%Y-%m-%dT03:15}", "to": f"{last:%Y-%m-%dT17:45}"}


@st.composite
def trends(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    line = st.fixed_dictionaries(
        {
            "event": NAMES,
            "measure": st.sampled_from(["people", "count", "people", "count", "rolling_people"]),
            "window_days": st.sampled_from([2, 7]),
            "filters": FILTERS,
        }
    )
    lines = draw(st.lists(line, min_size=1, max_size=3))
    plain = all(one["measure"] != "rolling_people" for one in lines)
    return {
        "kind": "trends",
        "range": draw(ranges(product)),
        "interval": draw(st.sampled_from(["day", "day", "week", "month", "year"])),
        "series": lines,
        "filters": draw(FILTERS),
        "display": draw(st.sampled_from(["series", "series", "cumulative"] if plain else ["series"])),
        "compare": draw(st.sampled_from([None, {"to": "previous"}, {"to": "month"}])),
    }


@st.composite
def retentions(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    doing = st.fixed_dictionaries({"event": NAMES, "filters": FILTERS})
    start = draw(doing)
    return {
        "kind": "retention",
        "range": draw(ranges(product)),
        "period": draw(st.sampled_from(["day", "week", "month"])),
        "start": start,
        "return": draw(st.one_of(st.just(start), doing)),
        "on_or_after": draw(st.booleans()),
        **draw(st.sampled_from([{}, {"periods": 1}, {"periods": 3}, {"brackets": [1, 3]}])),
    }


def judge(store: Store, data: st.DataObject) -> None:
    product = data.draw(products())
    questions = [data.draw(trends(product)), data.draw(retentions(product))]
    now = data.draw(st.sampled_from([*[product.day + timedelta(days=40)] * 3, product.now]))
    context = Context(store, product.id, product.zone, now, product.week_start)
    events = product.world.events
    half = data.draw(st.integers(0, len(events)))
    merges = list(product.world.owners.items())
    write(store, product, events[:half])
    compare(questions, context)
    merge(store, merges[:1])
    write(store, product, events[half:])  # late, as far as their day is over
    compare(questions, context)
    write(store, product, events[: half // 2])  # once more
    merge(store, merges[1:])
    compare(questions, context)
    if events:
        erase(store, product, data.draw(st.sampled_from(events)))
        compare(questions, context)


def write(store: Store, product: Product, events: list[Thing]) -> None:
    write_events(store, product, events, token=f"kept-{next(_tokens)}")


def merge(store: Store, pairs: list[tuple[int, int]]) -> None:
    if not pairs:
        return
    numbers = {"n": [n for n, _ in pairs], "p": [p for _, p in pairs]}
    data = {name: pa.array(values, pa.uint32()) for name, values in numbers.items()}
    data["version"] = pa.array([1] * len(pairs), pa.uint64())
    store.insert("moved", pa.table(data), token=f"kept-{next(_tokens)}")
    store.reload_owners()


def erase(store: Store, product: Product, event: Thing) -> None:
    """All events under one distinct id."""
    where = "product = {product:UInt32} AND person = {person:UInt32}"
    remove(store, "events", where, product=product.id, person=event.number)
    store.void_kept(product.id)


def compare(questions: list[dict[str, Any]], context: Context) -> None:
    for question in questions:
        spec = parse(question)
        try:
            with kept.using(NEVER):
                wanted = numbers(run(spec, context))
        except InvalidInput:  # more numbers than a chart holds, or a day that a place left out
            continue
        for _ in range(2):  # the states are made, then read
            for way in WAYS:
                with kept.using(way):
                    result = run(spec, context)
                for sql in result.provenance.sql:
                    note(sql)
                assert numbers(result) == wanted


def numbers(result: Result) -> dict[str, Any]:
    """The answer without where it comes from."""
    return {name: value for name, value in result.to_json().items() if name != "provenance"}

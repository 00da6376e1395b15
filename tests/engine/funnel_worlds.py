"""Generated funnels, and people busy enough to get through them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.engine.interpreter import Thing
from tests.engine.worlds import (
    EVENTS,
    FILTERS,
    MILLI,
    PEOPLE,
    PROPERTIES,
    PROPS,
    RARELY,
    Product,
    midnight,
    products,
    ranges,
)

QUARTER = timedelta(minutes=15)
NAMES = [EVENTS[0], EVENTS[1], EVENTS[0], EVENTS[2], EVENTS[3]]
FEW = {
    "engine_tier": st.sampled_from(["a", "a", "b", "", 0, None, "中国 😀"]),
    "国家": st.sampled_from(["x", "x", "y", ["x"], False]),
}
AMOUNTS = st.one_of(st.integers(0, 24), st.integers(12, 24), st.integers(16, 24))
STEPS_ASIDE = st.one_of(st.just(0), st.integers(0, 15))


@st.composite
def busy_products(draw: st.DrawFn) -> Product:
    """Few people, many events within hours, most at a full quarter of an hour and many at once.

    Names, people and times are drawn as a distance from walks through all steps: drawn alone, they are often alike.
    """
    product = draw(products(most=10))
    start = midnight(product.day, product.zone, draw(st.integers(0, 1)))
    numbers = _few(product)
    more = [
        Thing(
            uuid=str(UUID(int=_unique(product, index))),
            name=NAMES[(index + draw(st.integers(0, 4))) % 5],
            number=numbers[(index // 8 + draw(st.integers(0, len(numbers) - 1))) % len(numbers)],
            at=start
            + timedelta(minutes=15 * ((index // 2 + draw(STEPS_ASIDE)) % 16 - 4))
            + draw(st.sampled_from([0, 0, 0, 0, 1])) * MILLI,
            props=draw(st.one_of(st.fixed_dictionaries({}, optional=FEW), PROPS)),
            account=draw(st.sampled_from(["", "acme", "a'cme 公司"])),
        )
        for index in range(draw(AMOUNTS))
    ]
    world = product.world
    return replace(product, world=replace(world, events=[*world.events, *more]))


def _few(product: Product) -> list[int]:
    """Two numbers of one person, if there are, and one or two more."""
    owners, seen = product.world.owners, {event.number for event in product.world.events}
    pair = next(iter(owners.items()), ())
    return sorted({*pair, *sorted(seen)[:2]}) or [PEOPLE - 20, PEOPLE - 19]


def _unique(product: Product, index: int) -> int:
    """No other event's: those of `products` have an empty lower half."""
    return (product.id << 64) + index + 1


EVENT = st.sampled_from([*EVENTS, EVENTS[0], EVENTS[1], EVENTS[2], EVENTS[0], None])


ONE = st.fixed_dictionaries({"event": EVENT, "filters": FILTERS})


@st.composite
def steps(draw: st.DrawFn, *, simple: bool, unordered: bool) -> list[dict[str, Any]]:
    count = draw(st.sampled_from([2, 2, 3, 3, 4]))
    if simple:  # no event does two steps
        names = draw(st.permutations(EVENTS))[:count]
        return [{"events": [{"event": name, "filters": draw(RARELY)}]} for name in names]
    found = [
        {
            "events": [
                {"event": draw(EVENT), "filters": draw(RARELY)} for _ in range(draw(st.sampled_from([1, 1, 2])))
            ],
            "optional": not unordered and 0 < place < count - 1 and draw(st.booleans()),
        }
        for place in range(count)
    ]
    different = [step for i, step in enumerate(found) if step["events"] not in [s["events"] for s in found[:i]]]
    return different if unordered else found


@st.composite
def exclusions(draw: st.DrawFn, of: list[dict[str, Any]], *, whole: bool) -> list[dict[str, Any]]:
    required = [number for number, step in enumerate(of, 1) if not step.get("optional")]
    found = []
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        ends = [1, len(of)] if whole else sorted(draw(st.permutations(required))[:2])
        found.append({"event": draw(EVENT), "filters": draw(RARELY), "from": ends[0], "to": ends[1]})
    return found


BY: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"of": st.sampled_from(["event", "event", "person", "account"]), "property": st.sampled_from(PROPERTIES)}
)
COHORTS: st.SearchStrategy[Any] = st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=3, unique=True).map(
    lambda numbers: {"of": "cohort", "cohorts": numbers}
)
MINUTES = st.fixed_dictionaries({"count": st.sampled_from([15, 30, 60, 14]), "unit": st.just("minute")})
WINDOWS = st.one_of(
    MINUTES,
    MINUTES,
    st.sampled_from([(1, "second"), (3600, "second"), (2, "hour"), (1, "day"), (1, "week"), (2, "month")]).map(
        lambda pair: {"count": pair[0], "unit": pair[1]}
    ),
)


@st.composite
def funnels(draw: st.DrawFn, product: Product) -> dict[str, Any]:
    """A third is what most people ask, for which the engine has a form of its own."""
    usual = draw(st.sampled_from([True, False, False]))
    order = "ordered" if usual else draw(st.sampled_from(["ordered", "ordered", "strict", "unordered"]))
    simple = usual or draw(st.booleans())
    of = draw(steps(simple=simple, unordered=order == "unordered").filter(lambda found: len(found) > 1))
    ends = sorted(draw(st.permutations(range(1, len(of) + 1)))[:2])
    display = draw(st.sampled_from(["steps", "times"] if usual else ["steps", "times", "over_time"]))
    interval = draw(st.sampled_from(["hour", "day", "week", "month"]))
    found: dict[str, Any] = {
        "kind": "funnel",
        "range": draw(ranges(product, whole=False, longest=2 if interval == "hour" else 20)),
        "order": order,
        "window": draw(WINDOWS),
        "steps": of,
        "exclusions": draw(exclusions(of, whole=order == "unordered")) if not usual else [],
        "filters": draw(RARELY),
        "within_range": draw(st.booleans()),
        "display": display,
        "interval": interval,
        "from_step": ends[0],
        "to_step": ends[1],
        "bins": draw(st.sampled_from([None, None, 1, 3, 10])),
    }
    held = st.lists(st.sampled_from(["engine_tier", "国家"]), max_size=2, unique=True)
    found["hold"] = [{"of": "event", "property": name} for name in draw(st.one_of(st.just([]), st.just([]), held))]
    if draw(st.booleans()):
        by = draw(st.lists(BY, min_size=1, max_size=2, unique_by=lambda b: (b["of"], b["property"])))
        if draw(st.integers(0, 3)) == 0:
            by = [draw(COHORTS), *by[1:]]
        alone = len(by) == 1 and by[0]["of"] == "cohort"
        found |= {"breakdown": by, "breakdown_limit": draw(st.integers(3 if alone else 1, 3))}
        to = draw(st.sampled_from(["first", "last", "step", "all"]))
        found["attribution"] = {"to": to} | ({"step": draw(st.integers(1, len(of)))} if to == "step" else {})
    return found

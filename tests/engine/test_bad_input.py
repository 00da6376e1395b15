"""Questions that ask for too much: refused in a moment with what to change, and nobody else waits for them.

The product has 300,000 events, each with a value of its own, made by the store itself.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from yunying.base.errors import InvalidInput, LimitReached, YunyingError
from yunying.engine import Context, parse, run
from yunying.engine.result import Result
from yunying.store import Sql, Store

SOON_S = 5
RANGE = {"from": "2025-01-01", "to": "2025-01-31"}
FIFTY_YEARS = {"from": "1976-01-01", "to": "2025-12-31"}
_FILL = """
INSERT INTO events (product, event, ts, person, uuid, distinct_id, props)
SELECT {product:UInt32}, ['view', 'basket', 'order'][1 + number % 3],
    toDateTime64('2025-01-01', 3, 'UTC') + number * 8, 5000000 + intHash32(number) % 20000,
    reinterpretAsUUID(toUInt128(number) + bitShiftLeft(toUInt128({product:UInt32}), 64)), '',
    concat('{"token":"t', toString(number), '","plan":"', ['free', 'pro'][1 + number % 2], '","words":"',
        repeat('ab', 100), '"}')
FROM numbers(300000)
"""


@pytest.fixture(scope="module")
def busy(store: Store) -> Iterator[Context]:
    product = 970_001
    store.execute(Sql(_FILL, {"product": product}))
    yield Context(store, product, ZoneInfo("Asia/Shanghai"), datetime(2025, 3, 1, tzinfo=UTC))
    store.erase(product)


def trends(**more: Any) -> dict[str, Any]:
    return {"kind": "trends", "range": RANGE, "series": [{"event": "view", "measure": "people"}]} | more


def funnel(*steps: Any, **more: Any) -> dict[str, Any]:
    found = [{"events": [{"event": name} for name in names.split()]} for names in steps or ("view", "basket", "order")]
    return {"kind": "funnel", "range": RANGE, "steps": found} | more


def retention(**more: Any) -> dict[str, Any]:
    doing = {"start": {"event": "view"}, "return": {"event": None}}
    return {"kind": "retention", "range": RANGE, "period": "day"} | doing | more


def matching(*patterns: str) -> dict[str, Any]:
    return {"op": "and", "items": [{"property": "words", "operator": "regex", "values": list(patterns)}]}


def rows(result: Result) -> Any:
    return result.to_json()["rows"]


BY_TOKEN = {"breakdown": [{"property": "token"}]}
FORTY = [{"event": "view"}] * 40
_numbers = count()


def conditions(size: int) -> dict[str, Any]:
    one = {"operator": "exact", "values": ["x"]}
    return {"op": "and", "items": [one | {"property": f"p{next(_numbers)}"} for _ in range(size)]}


REFUSED: dict[str, tuple[dict[str, Any], type[YunyingError], str | None, str]] = {
    "40 series": (trends(series=FORTY), InvalidInput, "series", "use at most 26"),
    "40 steps": (funnel(*["view"] * 40), InvalidInput, "steps", "use at most 20"),
    "40 exclusions": (funnel(exclusions=FORTY), InvalidInput, "exclusions", "use at most 10"),
    "40 breakdowns": (trends(breakdown=[{"property": "x"}] * 40), InvalidInput, "breakdown", "use at most"),
    "a funnel by a million values": (funnel(**BY_TOKEN), InvalidInput, "breakdown.0", "Break down by another one"),
    "a funnel of 400 events": (
        funnel(*(" ".join(f"e{step}-{i}" for i in range(20)) for step in range(20))),
        InvalidInput, "steps", "fewer events in a step",
    ),
    "a funnel of a thousand conditions": (
        {**funnel(), "steps": [{"events": [{"event": "view", "filters": conditions(60)}]} for _ in range(20)]},
        InvalidInput, "steps", "fewer conditions",
    ),
    "repetitions of repetitions": (
        trends(filters=matching("(a{1000}){1000}")), InvalidInput, "filters.items.0.values.0", "is not valid",
    ),
    "a pattern of all letters": (
        trends(filters=matching(r"\pL{900}")), InvalidInput, "filters.items.0.values.0", "Use fewer or shorter ones",
    ),
    "a pattern that never ends": (
        trends(filters=matching(r"(\pL|\pN|\p{Han}){0,300}x$")), InvalidInput, "filters.items.0.values", "too large",
    ),
    "a thousand patterns": (
        funnel(filters=matching(*(f"(.*{i}.*){{20}}z" for i in range(1000)))),
        InvalidInput, "filters.items.0.values", "Use fewer or shorter ones",
    ),
    "a series for each of many patterns": (
        trends(series=[{"event": "view", "filters": matching(f".{{0,900}}{letter}")} for letter in "abcdefgh"]),
        InvalidInput, "series.2.filters.items.0.values", "Use fewer or shorter ones",
    ),
    "many conditions with patterns": (
        retention(filters=[matching(f"[ab]{{0,900}}{i}")["items"][0] for i in range(90)]),
        InvalidInput, "filters", "Use fewer or shorter ones",
    ),
    "look ahead": (trends(filters=matching("(?=a)b")), InvalidInput, "filters.items.0.values.0", "is not valid"),
    "a long pattern": (trends(filters=matching("a" * 1001)), InvalidInput, "filters.items.0.values.0", "at most 1000"),
    "50 years by the hour": (
        trends(range=FIFTY_YEARS, interval="hour"), InvalidInput, "interval", "Choose a longer interval",
    ),
    "the last 50 years by the hour": (
        trends(range={"last": 50, "unit": "year"}, interval="hour"),
        InvalidInput, "interval", "Choose a longer interval",
    ),
    "50 years of a funnel by the hour": (
        funnel(range=FIFTY_YEARS, display="over_time", interval="hour"),
        InvalidInput, "interval", "Choose a longer interval",
    ),
    "50 years of retention by the hour": (
        retention(range=FIFTY_YEARS, period="hour"), InvalidInput, "period", "Choose a longer period",
    ),
    "50 years of retention by the day": (
        retention(range=FIFTY_YEARS), InvalidInput, "period", "Choose a longer period",
    ),
    "50 years of retention by values": (
        retention(range=FIFTY_YEARS, period="month", periods=120, **BY_TOKEN),
        InvalidInput, "period", "Choose a longer period",
    ),
    "10,000 years": (trends(range={"last": 10_000, "unit": "year"}), InvalidInput, "range.last", "Choose fewer units"),
    "a year far away": (trends(range={"from": "0001-01-01"}), InvalidInput, "range.from", "must lie between"),
    "thousands of conditions": (
        trends(series=[{"event": "view", "filters": conditions(100)} for _ in range(26)]),
        LimitReached, None, "Use fewer series",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_asks_for_too_much_is_refused_at_once_with_what_to_change(name: str, busy: Context) -> None:
    question, error, field, says = REFUSED[name]
    began = time.perf_counter()
    with pytest.raises(error) as caught:
        run(parse(question), busy)
    assert time.perf_counter() - began < SOON_S
    assert caught.value.field == field
    assert says in caught.value.text


OVERLAPPING = ["view basket" if place % 2 else "basket order" for place in range(20)]
THREE = [{"property": "plan"}, {"property": "words"}, {"of": "person", "property": "plan"}]
ANSWERED: dict[str, dict[str, Any]] = {
    "a million values": trends(**BY_TOKEN),
    "a million values by hour": trends(interval="hour", **BY_TOKEN),
    "a million values of retention": retention(**BY_TOKEN),
    "a funnel for each of a million values": funnel(attribution={"to": "all"}, **BY_TOKEN),
    "a funnel that holds a million values": funnel(hold=[{"property": "token"}]),
    "steps inside steps": trends(filters=matching("(a*)*c$", "(a+b+)+c", "(.*a.*b){200}c$")),
    "a thousand parts": trends(
        filters=[{"property": "words", "operator": "contains", "values": [f"z{i}" for i in range(1000)]}]
    ),
    "27 years by the day": trends(range={"from": "1999-01-01", "to": "2025-12-31"}),
    "50 years of a funnel": funnel(range=FIFTY_YEARS),
    "20 steps that overlap": funnel(*OVERLAPPING, hold=[{"property": "plan"}], breakdown=THREE),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_what_is_large_but_allowed_is_answered_soon(name: str, busy: Context) -> None:
    began = time.perf_counter()
    run(parse(ANSWERED[name]), replace(busy, timeout_s=30))
    assert time.perf_counter() - began < 4 * SOON_S


def test_a_plain_question_is_answered_beside_them(busy: Context) -> None:
    plain, heavy = parse(trends()), parse(trends(interval="hour", **BY_TOKEN))
    expected = rows(run(plain, busy))
    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(run, heavy, busy) for _ in range(2)]
        began = time.perf_counter()
        assert rows(run(plain, busy)) == expected
        assert time.perf_counter() - began < SOON_S
        assert all(rows(other.result()) for other in others)


def test_a_question_that_takes_too_long_ends_and_leaves_the_store_as_it_was(busy: Context) -> None:
    heavy = parse(trends(interval="hour", **BY_TOKEN))
    with pytest.raises(LimitReached, match="Choose a shorter range"):
        run(heavy, replace(busy, timeout_s=0.02))
    with pytest.raises(LimitReached, match="Choose a shorter range"):
        run(heavy, replace(busy, memory_mb=8))
    assert rows(run(parse(trends()), busy))

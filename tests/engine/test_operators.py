"""Every operator on every odd value, against its definition in the interpreter."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.engine.interpreter import Thing, World, holds
from tests.engine.worlds import TEXTS, Product, keep
from yunying.engine import Context, parse, run
from yunying.engine.trends import TrendsResult
from yunying.store import Store

ZONE = ZoneInfo("Europe/Paris")
NOON = datetime(2024, 3, 31, 12, tzinfo=UTC)
VALUES: list[Any] = [
    *TEXTS, None, True, False, 0, 7, 7.5, -30, 1e21, 0.001, 10**30,
    [], ["a", "B"], [1, 2], ["中国", None], [[1]], {"a": 1},
    "2024-03-30", "2024-03-31", "2024-04-01", "2024-03-31T03:30", "2024-03-31T01:30Z", "2024-03-31T00:59:59.999Z",
    "2024-3-31", "20240331", "31.03.2024", "1711843200", "2024-03-31T25:00", "line\nbreak", "tab\t", " ",
]  # fmt: skip
ASKED: list[tuple[str, list[Any]]] = [
    ("exact", ["France"]), ("exact", ["0", "", True]), ("exact", [7.5, ["a", "B"], [1, 2]]), ("exact", [""]),
    ("exact", [10**30, 1e21, 0.001]), ("contains", ["FR"]), ("contains", ["国", "B"]), ("contains", ["1"]),
    ("contains", [""]), ("contains", ["\n"]), ("contains", ["'"]), ("contains", ["[1]"]), ("regex", ["^.$"]),
    ("regex", ["fr", "\\d{4}"]), ("regex", ["line.break"]), ("regex", [""]), ("gt", [0]), ("gte", [7]), ("lt", [7.5]),
    ("lte", [-30]), ("between", [-30, 7]), ("is_set", []),
    ("date_after", ["2024-03-30"]), ("date_after", ["2024-03-31"]),
    ("date_after", ["2024-03-31T03:00"]), ("date_after", ["2024-03-31T02:30"]), ("date_before", ["2024-03-31"]),
    ("date_before", ["2024-03-31T03:30"]), ("date_before", ["2024-10-27"]), ("date_after", ["2024-03-31T01:00Z"]),
]  # fmt: skip
OPPOSITE = {"exact": "is_not", "contains": "not_contains", "regex": "not_regex", "is_set": "is_not_set"}
_products = count(650_001)


@pytest.fixture(scope="module")
def odd(store: Store) -> Context:
    """A product with one event for each value, in an event property, and the same values at people and accounts."""
    numbers = range(2_950_000, 2_950_000 + len(VALUES))
    events = [
        Thing(str(UUID(int=(i + 1) << 90)), "e", n, NOON, {"v": value, "i": f"i{i}"}, account=f"a{i}")
        for i, (n, value) in enumerate(zip(numbers, VALUES, strict=True))
    ]
    people = {n: {"v": value} for n, value in zip(numbers, VALUES, strict=True)}
    accounts = {f"a{i}": {"v": value} for i, value in enumerate(VALUES)}
    # Integers past 64 bits have no place in the documents of people.
    people[numbers[VALUES.index(10**30)]] = accounts[f"a{VALUES.index(10**30)}"] = {}
    product = Product(next(_products), ZONE, 1, NOON, NOON, World(events, people=people, accounts=accounts))
    keep(store, product, [])
    return Context(store, product.id, ZONE, NOON)


def matching(context: Context, of: str, operator: str, wanted: list[Any]) -> set[str]:
    condition = {"of": of, "property": "v", "operator": operator, "values": wanted}
    by = {"breakdown": [{"property": "i"}], "breakdown_limit": 500}
    asked = {
        "kind": "trends",
        "range": {"from": "2024-03-31", "to": "2024-03-31"},
        "series": [{}],
        "filters": [condition],
    }
    result = run(parse(asked | by), context)
    assert isinstance(result, TrendsResult)
    return {row.values[0].text for row in result.rows}


@pytest.mark.parametrize(("operator", "wanted"), ASKED, ids=lambda x: str(x)[:40])
@pytest.mark.parametrize("of", ["event", "person", "account"])
def test_an_operator_and_its_opposite_match_what_they_should(
    odd: Context, of: str, operator: str, wanted: list[Any]
) -> None:
    values = [None if value == 10**30 and of != "event" else value for value in VALUES]
    expected = {f"i{i}" for i, value in enumerate(values) if holds(operator, value, wanted, ZONE)}
    assert matching(odd, of, operator, wanted) == expected
    if operator in OPPOSITE:
        everything = {f"i{i}" for i in range(len(VALUES))}
        assert matching(odd, of, OPPOSITE[operator], wanted) == everything - expected

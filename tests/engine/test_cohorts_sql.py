"""Statements about cohorts: read as prose under tests/golden, with the product guard, and bounded."""

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from yunying.base.errors import InvalidInput
from yunying.engine import Context, cohorts, parse, people_behind, run
from yunying.store import EventColumns, Rows, Sql

GOLDEN = Path(__file__).parents[1] / "golden"
GUARDED = r"WHERE product = \{product:UInt32\}\n"
ORDER = {"kind": "did", "event": "order"}
REGULAR = {
    "op": "and",
    "items": [
        ORDER | {"times": {"op": "gte", "count": 3}, "within": {"last": 90, "unit": "day"}},
        {"kind": "did", "event": "refund", "not": True},
        {"kind": "property", "of": "person", "property": "plan", "operator": "is_not", "values": ["free"]},
    ],
}
EVERYTHING = {
    "op": "or",
    "not": True,
    "items": [
        {"kind": "did", "event": None, "filters": [{"of": "person", "operator": "in_cohort", "values": [2, 1]}]},
        {"kind": "first_time", "event": "order", "within": {"since": "2024-01-01"}},
        {"kind": "stopped", "event": "o", "within": {"last": 3, "unit": "month"}, "absent": {"last": 7, "unit": "day"}},
        {"kind": "regularly", "event": "order", "at_least": 2, "of": 4, "unit": "week"},
        {"kind": "property", "of": "account", "property": "国家", "operator": "contains", "values": ["x"]},
        {"kind": "cohort", "cohort": 2, "not": True},
        {"kind": "cohort", "cohort": 1},
    ],
}
LIST = 1


class Listener:
    """A store that notes what it is asked and says that nobody was there."""

    def __init__(self) -> None:
        self.heard: list[Sql] = []

    def columns(self) -> EventColumns:
        return EventColumns()

    def query(self, sql: Sql, **_: Any) -> Rows:
        self.heard.append(sql)
        if "AS c0" in sql.text:
            names = re.findall(r"AS (c\d+)", sql.text)
            return Rows(tuple(names), [tuple(0 for _ in names)], 0, 0.0)
        if "AS seen" in sql.text:
            return Rows(("n", "periods", "seen"), [(0, 0, [])], 0, 0.0)
        if "Which of these" in sql.text:
            return Rows(("numbers",), [([],)], 0, 0.0)
        if "AS page" in sql.text:
            return Rows(("page", "total"), [([], 0)], 0, 0.0)
        if "bitmapCardinality" in sql.text:
            return Rows(("n",), [(0,)], 0, 0.0)
        return Rows((), [], 0, 0.0)


class Some:
    """Cohorts from JSON; number 1 is a fixed list."""

    def __init__(self, **definitions: dict[str, Any]) -> None:
        self._known = {int(name[1:]): definition for name, definition in definitions.items()}

    def definition(self, cohort: int) -> cohorts.Cohort | cohorts.Members | None:
        if cohort == LIST:
            return cohorts.Members(LIST)
        return cohorts.parse(self._known[cohort]) if cohort in self._known else None

    def name(self, cohort: int) -> str:
        return f"Cohort {cohort}"


def context(listener: Any, **definitions: dict[str, Any]) -> Context:
    zone, now = ZoneInfo("Asia/Shanghai"), datetime(2024, 2, 1, tzinfo=UTC)
    return Context(listener, 42, zone, now, cohorts=Some(**definitions))


def of_cohort(filters: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    series = [{"event": "order", "measure": "people"}]
    asked = {"kind": "trends", "range": {"from": "2024-01-01", "to": "2024-01-31"}, "series": series}
    return asked | {"filters": filters} | more


def statements(name: str) -> list[Sql]:
    listener = Listener()
    known = context(listener, c2=REGULAR)
    if name == "cohort_size":
        cohorts.size(cohorts.parse(REGULAR), known)
    elif name == "cohort_explained":
        cohorts.explain(cohorts.parse(REGULAR), 7, known)
    elif name == "trends_in_cohort":
        run(parse(of_cohort([{"operator": "in_cohort", "values": [2]}])), known)
    else:
        run(parse(of_cohort([], breakdown=[{"cohort": 2}, {"cohort": LIST}])), known)
    return listener.heard


@pytest.mark.parametrize("name", ["cohort_size", "cohort_explained", "trends_in_cohort", "trends_by_cohort"])
def test_statements_about_cohorts_read_as_agreed(name: str) -> None:
    path = GOLDEN / f"{name}.sql"
    text = ";\n\n".join(sql.text for sql in statements(name)) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


def test_every_statement_about_cohorts_asks_for_one_product_only() -> None:
    listener, checked = Listener(), 0
    known, cohort = context(listener, c2=REGULAR), cohorts.parse(EVERYTHING)
    cohorts.size(cohort, known)
    cohorts.people_in(cohort, known)
    cohorts.members_among(cohort, [3, 4], known)
    cohorts.belongs_to(7, {0: cohort}, known)
    cohorts.explain(cohort, 7, known)
    inside = [{"operator": "not_in_cohort", "values": [2, LIST]}]
    spec = parse(of_cohort(inside, breakdown=[{"cohorts": [2, LIST]}, {"property": "plan"}]))
    run(spec, known)
    people_behind(spec, {"values": ["Cohort 2", "pro"]}, known)
    tables = set()
    for sql in listener.heard:
        assert sql.params["product"] == 42
        scans = re.findall(r"(?:FROM|JOIN) +(\w+)(?: FINAL)?\n *(.*\n)", sql.text)
        tables |= {table for table, _ in scans}
        assert all(re.fullmatch(GUARDED, after) for _, after in scans), sql.text
        checked += len(scans)
    assert tables == {"events", "people", "accounts", "cohort_members"}
    assert checked > 100


def test_no_value_of_a_definition_stands_in_its_sql() -> None:
    evil = "x') OR 1=1 -- `\\"
    item = ORDER | {"event": evil, "filters": [{"property": evil, "operator": "contains", "values": [evil]}]}
    listener = Listener()
    definition = {"items": [item, {"kind": "property", "of": "person", "property": evil, "operator": "is_set"}]}
    cohorts.size(cohorts.parse(definition), context(listener))
    [sql] = listener.heard
    assert "1=1" not in sql.text
    assert evil in sql.params.values()


def named(*numbers: int) -> dict[str, Any]:
    return {"items": [{"kind": "cohort", "cohort": number} for number in numbers]}


def test_circles_are_named_however_they_close() -> None:
    through_filter = {"items": [ORDER | {"filters": [{"operator": "not_in_cohort", "values": [2]}]}]}
    known = context(Listener(), c2=named(3), c3=through_filter)
    with pytest.raises(InvalidInput, match="Cohort 2 → Cohort 3 → Cohort 2"):
        run(parse(of_cohort([{"operator": "in_cohort", "values": [2]}])), known)
    with pytest.raises(InvalidInput) as refused:
        cohorts.size(cohorts.parse(named(9)), context(Listener()))
    assert refused.value.code == "cohort.absent"


def test_long_chains_and_wide_trees_are_refused_quickly() -> None:
    chain = {f"c{n}": named(n + 1) for n in range(2, 30)}
    with pytest.raises(InvalidInput) as refused:
        cohorts.size(cohorts.parse(named(2)), context(Listener(), **chain, c30={"items": [ORDER]}))
    assert refused.value.code == "cohort.too_deep_chain"
    wide = {f"c{n}": named(*[n + 1] * 40) for n in range(2, 6)}
    with pytest.raises(InvalidInput) as refused:
        cohorts.size(cohorts.parse(named(2)), context(Listener(), **wide, c6={"items": [ORDER]}))
    assert refused.value.code == "cohort.too_large"
    deep: dict[str, Any] = ORDER
    for _ in range(500):
        deep = {"op": "and", "items": [deep]}
    with pytest.raises(InvalidInput):
        cohorts.parse(deep)

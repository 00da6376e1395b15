"""The statements: small ones read as prose under tests/golden, and the product guard in all of them."""

import ast
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product as every
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import yunying.apps
import yunying.engine
from yunying.engine import Context, kept, kinds, parse, people_behind, run
from yunying.engine.scan import Binder
from yunying.engine.trends import MEASURES, Measure
from yunying.store import EventColumns, Rows, Sql

GOLDEN = Path(__file__).parents[1] / "golden"
SCAN = Path(yunying.engine.__path__[0]) / "scan.py"


class Listener:
    """A store that notes what it is asked and has nothing to say."""

    def __init__(self) -> None:
        self.heard: list[Sql] = []

    def columns(self) -> EventColumns:
        return EventColumns()

    def query(self, sql: Sql, **_: Any) -> Rows:
        self.heard.append(sql)
        return Rows((), [], 0, 0.0)


class Keeper(Listener):
    """A store that keeps no states yet: they are made when a question is asked."""

    timeout_s, memory_mb = 30.0, 2048

    def execute(self, sql: Sql) -> None:
        self.heard.append(sql)

    def late_version(self, product: int) -> None:
        return None

    def owners_version(self) -> None:
        return None


def context(store: Any) -> Context:
    return Context(store, 42, ZoneInfo("Asia/Shanghai"), datetime(2024, 2, 1, tzinfo=UTC))


def asked(question: dict[str, Any]) -> list[Sql]:
    listener = Listener()
    with kept.using(kept.Policy(asks=0)):
        run(parse(question), context(listener))
    return listener.heard


def question(measure: str, **more: Any) -> dict[str, Any]:
    one = {"event": "order", "measure": measure, "property": "worth", "percentile": 90}
    return {"kind": "trends", "range": {"from": "2024-01-01", "to": "2024-01-31"}, "series": [one]} | more


COUNTRY = {"property": "country"}
GOLDENS = {
    "trends_count": question("count"),
    "trends_people_by_country": question("people", breakdown=[COUNTRY]),
    "trends_rolling_people": question("rolling_people"),
    "trends_first_time_by_country": question("first_time", breakdown=[COUNTRY]),
    "trends_per_person_median": question("per_person_median"),
    "trends_formula_compared": question(
        "people",
        series=[{"event": "order", "measure": "people"}, {"event": "visit", "measure": "count"}],
        breakdown=[COUNTRY],
        formula="A / B",
        compare={"to": "year"},
    ),
    "trends_filtered": question(
        "count",
        filters=[
            {"of": "person", "property": "city", "operator": "is_not", "values": ["北京"]},
            {"property": "worth", "operator": "between", "values": [1, 9]},
            {
                "op": "or",
                "items": [COUNTRY | {"operator": o, "values": v} for o, v in (("exact", ["FR"]), ("is_not_set", []))],
            },
        ],
    ),
}


def returning(**more: Any) -> dict[str, Any]:
    doing = {"start": {"event": "visit"}, "return": {"event": "order"}}
    return {"kind": "retention", "range": {"from": "2024-01-01", "to": "2024-01-21"}} | doing | more


GOLDENS |= {
    "retention_weekly": returning(),
    "retention_same_event_daily": returning(period="day", **{"return": {"event": "visit"}}),
    "retention_first_ever_by_country": returning(mode="first_ever", breakdown=[COUNTRY]),
    "retention_often_on_or_after": returning(minimum=3, on_or_after=True, brackets=[1, 2]),
    "retention_rolling_value": returning(clock="rolling", value={"measure": "sum", "property": "worth"}),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_statements_read_as_agreed(name: str) -> None:
    """After a wanted change: run once with UPDATE_GOLDEN=1, then review the files as prose."""
    path = GOLDEN / f"{name}.sql"
    text = ";\n\n".join(sql.text for sql in asked(GOLDENS[name])) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


ORDER, VISIT = {"event": "order"}, {"event": "visit"}
PEOPLE, ROLLING, FIRST = ({"event": "order", "measure": m} for m in ("people", "rolling_people", "first_time"))


@pytest.mark.parametrize(
    ("statements", "asks"),
    [
        (1, {"series": [ORDER, VISIT, PEOPLE], "compare": {"to": "previous"}}),
        (1, {"series": [ORDER, PEOPLE], "breakdown": [COUNTRY], "formula": "A / B", "compare": {"to": "year"}}),
        (1, {"series": [ROLLING, ROLLING | {"event": "visit"}], "compare": {"to": "week"}}),
        (1, {"series": [FIRST, FIRST | {"event": "visit"}], "breakdown": [COUNTRY], "compare": {"to": "previous"}}),
        (2, {"series": [ORDER, ROLLING]}),
        (2, {"series": [ORDER, VISIT], "compare": {"to": "week"}}),  # the periods overlap
        (3, {"series": [ORDER, FIRST], "breakdown": [COUNTRY], "formula": "A / B"}),  # one ranking for both
    ],
)
def test_what_can_be_counted_together_is_one_statement(statements: int, asks: dict[str, Any]) -> None:
    assert len(asked(question("count", **asks))) == statements


Asked = tuple[dict[str, Any], list[dict[str, Any]]]


def everything() -> Iterator[Asked]:
    """Questions of every kind, each with points whose people are asked for."""
    for asks in trends():
        values = ["x" for _ in asks["breakdown"]]
        rest = [{"remainder": True}] if values else []
        yield asks, [{"bucket": 0, "values": values}, *rest]
    yield from retentions()
    yield from funnels()


def trends() -> Iterator[dict[str, Any]]:
    """A question of every measure, display, breakdown, filter and comparison."""
    owners = ("event", "person", "account")
    for number, (measure, by) in enumerate(every(MEASURES, (0, 1, 3))):
        condition = {"of": owners[number % 3], "property": "国家", "operator": "contains", "values": ["x"]}
        breakdown = [{"of": owner, "property": f"p{i}"} for i, owner in enumerate(owners[:by])]
        asks = question(measure, filters=[condition], breakdown=breakdown, compare={"to": "previous"})
        yield asks
        yield asks | {"formula": "A * 2"}
        if Measure(measure).accumulates:
            yield asks | {"display": "cumulative"}


def retentions() -> Iterator[Asked]:
    """A question of every mode, clock, column, breakdown and value, filtered by everything."""
    owners = ("event", "person", "account")
    modes, clocks = ("recurring", "first_time", "first_ever"), ("calendar", "rolling")
    extras: list[dict[str, Any]] = [{}, {"on_or_after": True}, {"brackets": [1, 3]}, {"minimum": 2}]
    extras.append({"value": {"measure": "avg", "property": "worth"}})
    for number, (mode, clock, extra, by) in enumerate(every(modes, clocks, extras, (0, 1, 3))):
        condition = {"of": owners[number % 3], "property": "国家", "operator": "contains", "values": ["x"]}
        asks = {"kind": "retention", "range": {"from": "2024-01-01", "to": "2024-01-31"}, "mode": mode, "clock": clock}
        asks |= {"start": {"event": "visit"}, "return": {"event": "order", "filters": [condition]}} | extra
        asks["breakdown"] = [{"of": owner, "property": f"p{i}"} for i, owner in enumerate(owners[:by])]
        values = ["x" for _ in asks["breakdown"]]
        points = [{"cohort": 0, "column": 1, "values": values}, {"column": 1, "values": values, "returned": False}]
        yield asks, [*points, *([{"cohort": 0, "column": 1, "remainder": True}] if by else [])]


def funnels() -> Iterator[Asked]:
    """A funnel of every order and display, with all that can be asked of one, by every attribution."""
    owners = ("event", "person", "account")
    orders, displays = ("ordered", "strict", "unordered"), ("steps", "times", "over_time")
    extras: list[dict[str, Any]] = [{}, {"within_range": True}, {"exclusions": [{"event": "visit"}]}]
    extras += [{"hold": [{"property": "p9"}]}]
    for number, (order, display, extra, by) in enumerate(every(orders, displays, extras, (0, 1, 3))):
        condition = {"of": owners[number % 3], "property": "国家", "operator": "contains", "values": ["x"]}
        steps = [{"events": [{"event": "order", "filters": [condition]}]}, {"events": [{"event": None}]}]
        asks = {"kind": "funnel", "range": {"from": "2024-01-01", "to": "2024-01-31"}, "order": order, "steps": steps}
        asks |= extra | {"display": display, "filters": [condition]}
        asks["breakdown"] = [{"of": owner, "property": f"p{i}"} for i, owner in enumerate(owners[:by])]
        asks["attribution"] = {"to": ("first", "last", "step", "all")[number % 4]}
        values = ["x" for _ in asks["breakdown"]]
        points: list[dict[str, Any]] = [{"step": 1, "values": values}]
        points.append({"step": 2, "outcome": "dropped", "values": values} | ({"bucket": 0} if number % 9 > 5 else {}))
        points = [point for point in points if "bucket" not in point or display == "over_time"]
        yield asks, [*points, *([{"step": 2, "remainder": True}] if by else [])]


GUARDED = r"WHERE product = \{product:UInt32\}\n"


def test_every_statement_asks_for_one_product_only() -> None:
    listener, checked, asked_kinds = Listener(), 0, set()
    for asks, points in everything():
        spec = parse(asks)
        asked_kinds.add(asks["kind"])
        with kept.using(kept.Policy(asks=0)):
            run(spec, context(listener))
        for point in points:
            people_behind(spec, point, context(listener))
    assert asked_kinds == set(kinds()), "add the new kind to everything()"
    for sql in listener.heard:
        assert sql.params["product"] == 42
        scans = re.findall(r"(?:FROM|JOIN) +(\w+)(?: FINAL)?\n *(.*\n)", sql.text)
        assert {table for table, _ in scans} <= {"events", "people", "accounts"}
        assert "events" in {table for table, _ in scans}
        assert all(re.fullmatch(GUARDED, after) for _, after in scans), sql.text
        checked += len(scans)
    assert checked > 500


def test_no_value_or_name_of_a_question_stands_in_its_sql() -> None:
    evil = "x') OR 1=1 -- `\\"
    asks = question("sum", breakdown=[{"property": evil}, {"of": "person", "property": evil}])
    asks["series"][0] |= {"event": evil, "property": evil, "label": evil}
    asks["filters"] = [
        {"property": evil, "operator": o, "values": [evil]} for o in ("exact", "contains", "not_contains")
    ]
    for sql in asked(asks):
        assert "1=1" not in sql.text
        assert evil in sql.params.values()


KEPT = {
    "kept_retention": {"period": "week", "start": {"event": "visit"}, "return": {"event": "order"}},
    "kept_trends": {"series": [{"event": "order"}, {"event": "visit", "measure": "people"}]},
}


@pytest.mark.parametrize("name", KEPT)
def test_statements_of_kept_states_read_as_agreed_and_ask_for_one_product_only(name: str) -> None:
    kind = name.removeprefix("kept_")
    keeper = Keeper()
    with kept.using(kept.Policy(rows=0, asks=1)):
        run(parse({"kind": kind, "range": {"from": "2024-01-01", "to": "2024-02-01"}} | KEPT[name]), context(keeper))
    for sql in keeper.heard:
        assert sql.params["product"] == 42
        tables = re.findall(r"(?:FROM|JOIN) +(\w+)(?: FINAL)?\n *(.*\n|.*$)", sql.text)
        assert {table for table, _ in tables} <= {"events", "kept_days", "late_events"}
        assert all(re.match(r"WHERE product = \{product:UInt32\}", after) for _, after in tables), sql.text
    path = GOLDEN / f"{name}.sql"
    text = ";\n\n".join(sql.text for sql in keeper.heard) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text


def sources() -> Iterator[Path]:
    for package in (yunying.engine, yunying.apps):
        for root in package.__path__:
            yield from Path(root).rglob("*.py")


# Not questions: these list, count, export and remember single events, and belong to the app that keeps them.
KEEPERS = (
    "tracking/selectors.py",
    "tracking/exporting.py",
    "tracking/write/repeats.py",
    "tracking/write/sessions.py",
    "tracking/catalogue/bots.py",
    "tracking/catalogue/reads.py",
    "tracking/importing/ledger.py",
    "tracking/catalogue/volumes.py",
    "tracking/people/accounts.py",
    "tracking/people/activity.py",
)


@pytest.mark.parametrize("keeper", [name for name in KEEPERS if "/write/" not in name])
def test_whoever_else_reads_events_keeps_to_a_product(keeper: str) -> None:
    """No other guard stands outside of the engine. (`write` remembers ids and sessions of all products.)"""
    text = next(path for path in sources() if str(path).endswith(keeper)).read_text("utf-8")
    for place in re.finditer(r"(FROM|JOIN) \{EVENTS(_WITH_REPEATS)?\}", text):
        assert re.search(r"product = \{", text[place.end() : place.end() + 400]), text[place.start() :][:200]


def others() -> list[Path]:
    return [path for path in sources() if path != SCAN and not str(path).endswith(KEEPERS)]


@pytest.mark.parametrize("path", others(), ids=lambda p: "/".join(p.parts[-3:]))
def test_only_scan_names_the_events_table(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert not [t for t in texts if re.search(r"\b(FROM|JOIN)\s+events\b", t)]
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) for a in n.names}
    assert not names & {"EVENTS", "EVENTS_WITH_REPEATS"}


def test_scan_is_the_one_function_that_names_it() -> None:
    tree = ast.parse(SCAN.read_text("utf-8"))
    users = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id in ("EVENTS", "EVENTS_WITH_REPEATS")
    }
    assert users == {"scan"}


@pytest.mark.parametrize(
    ("at", "bound"),
    [
        (datetime(2024, 3, 10, 1, 2, 3, 4_600, tzinfo=ZoneInfo("Asia/Kathmandu")), "2024-03-09 19:17:03.005"),
        (datetime(2024, 12, 31, 23, 59, 59, 999_700, tzinfo=UTC), "2025-01-01 00:00:00.000"),
        (datetime(1, 1, 1, tzinfo=UTC), "1900-01-01 00:00:00.000"),
        (datetime.max.replace(tzinfo=UTC), "2299-12-31 00:00:00.000"),
    ],
)
def test_an_instant_is_bound_to_the_millisecond_and_within_what_the_store_can_write(at: datetime, bound: str) -> None:
    binder = Binder(42, EventColumns())
    assert binder.moment("at", at) == "{at:DateTime64(3, 'UTC')}"
    assert binder.params == {"at": bound}

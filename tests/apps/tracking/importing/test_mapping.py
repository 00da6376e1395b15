from pathlib import Path
from typing import Any

import pytest

from yunying.apps.tracking.importing.mapping import Aggregate, ColumnType, load, parse
from yunying.base.errors import InvalidInput

SMALLEST: dict[str, Any] = {"time": "at", "distinct_id": "who", "events": [{"name": "order"}]}


def test_the_smallest_mapping_reads_time_and_person_only() -> None:
    mapping = parse(SMALLEST)
    assert mapping.columns() == {"at", "who"}
    assert mapping.rules[0].name.constant == "order"


def test_properties_of_accounts_are_read_from_columns_of_their_own() -> None:
    accounts = {"set": {"plan": "tier"}, "set_once": ["founded"]}
    mapping = parse(SMALLEST | {"events": [{"name": "order", "account": "firm", "account_properties": accounts}]})
    assert mapping.columns() == {"at", "who", "firm", "tier", "founded"}


def test_columns_of_lookups_are_not_read_from_the_file_itself() -> None:
    raw = SMALLEST | {
        "events": [{"name": "item", "properties": ["brand", "price"]}],
        "lookups": [{"file": "products.csv", "on": "product", "columns": ["brand"]}],
    }
    assert parse(raw).columns() == {"at", "who", "price", "product"}


def test_json_and_toml_give_the_same_mapping(tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"time": "at", "distinct_id": "who", "events": [{"name": "order"}]}')
    (tmp_path / "m.toml").write_text('time = "at"\ndistinct_id = "who"\n[[events]]\nname = "order"\n')
    assert load(tmp_path / "m.json") == load(tmp_path / "m.toml")


def test_types_and_aggregates_are_closed_sets() -> None:
    raw = SMALLEST | {
        "columns": {"n": "integer"},
        "group": "invoice",
        "events": [{"name": "order", "per": "group", "properties": {"sum": {"column": "n", "of": "sum"}}}],
    }
    mapping = parse(raw)
    assert mapping.types["n"] is ColumnType.INTEGER
    assert mapping.rules[0].properties["sum"].aggregate is Aggregate.SUM


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"events": []}, "events"),
        ({"colums": {}}, "colums"),
        ({"time": {"column": "at", "zone": "Europe/Londn"}}, "events[0].time.zone"),
        ({"events": [{"properties": ["x"]}]}, "events[0].name"),
        ({"events": [{"name": "a", "per": "group"}]}, "events[0].per"),
        ({"events": [{"name": "a", "when": [{"column": "x", "like": "y"}]}]}, "events[0].when[0]"),
        ({"events": [{"name": "a", "properties": {"p": {"column": "x", "of": "avg"}}}]}, "events[0].properties.p.of"),
        ({"events": [{"name": "a", "properties": {"p": {"column": "x", "value": 1}}}]}, "events[0].properties.p"),
        ({"lookups": [{"file": "a.csv"}]}, "lookups[0]"),
        ({"events": [{"name": "a", "account_properties": {"set": ["plan"]}}]}, "events[0].account_properties"),
        (
            {"events": [{"name": "a", "account": "firm", "account_properties": {"add": ["plan"]}}]},
            "events[0].account_properties.add",
        ),
    ],
)
def test_a_mistake_names_the_entry_at_fault(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(SMALLEST | change)
    assert caught.value.field == field


def test_a_file_that_is_no_mapping_is_told(tmp_path: Path) -> None:
    path = tmp_path / "m.toml"
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(path)
    path.write_text("time =")
    with pytest.raises(InvalidInput, match="not well formed"):
        load(path)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"group_within": "many"}, "group_within"),
        ({"distinct_id": {"column": 5}}, "events[0].distinct_id.column"),
        ({"distinct_id": {"template": "{who"}}, "events[0].distinct_id.template"),
        ({"distinct_id": {"template": "nobody"}}, "events[0].distinct_id.template"),
        ({"distinct_id": {"column": "who", "digits": "two"}}, "events[0].distinct_id.digits"),
        ({"events": [{"name": "visit", "when": [{"column": "who", "is": []}]}]}, "events[0].when[0]"),
        ({"events": [{"name": "visit", "when": [{"column": 5, "is": 1}]}]}, "events[0].when[0]"),
        ({"events": [{"name": "visit", "uuid": ["id"]}]}, "events[0].uuid"),
        ({"file": {"encoding": "hex"}}, "file.encoding"),
        ({"file": {"separator": ",,"}}, "file.separator"),
    ],
)
def test_an_entry_of_the_wrong_kind_is_named(changes: dict[str, Any], field: str) -> None:
    whole = {"time": "at", "distinct_id": "who", "events": [{"name": "visit"}]}
    with pytest.raises(InvalidInput) as refused:
        parse(whole | changes)
    assert refused.value.field == field

"""The text and number form of a value are the same in Python, in SQL and in a promoted column."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunying.events.event import Event
from yunying.store import Sql, Store, number_form, number_sql, text_form, text_sql
from yunying.store.writer import document, event_table

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
    | st.from_regex(r"[+-]?[0-9]{0,4}\.?[0-9]{0,4}([eE][+-]?[0-9]{0,3})?", fullmatch=True)
    | st.sampled_from(["inf", "-Infinity", "nan", "1e400", "1_0", " 5", "5 ", "0x1f", "٣", "１", "1e-400", "+", "."])
)
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES, min_size=1, max_size=60))
def test_python_and_sql_read_every_value_alike(store: Store, values: list[Any]) -> None:
    documents = [document({"k": value}) for value in values]
    text = (
        f"SELECT {text_sql('d', '{k:String}')}, {number_sql('d', '{k:String}')}"
        " FROM (SELECT arrayJoin({documents:Array(String)}) AS d)"
    )
    rows = store.query(Sql(text, {"documents": documents, "k": "k"})).rows
    assert [row[0] for row in rows] == [text_form(value) for value in values]
    assert [row[1] for row in rows] == [number_form(value) for value in values]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES, min_size=1, max_size=30))
def test_the_writer_fills_columns_as_their_default_would(store: Store, values: list[Any]) -> None:
    text, number = store.promote("held", "text").column, store.promote("held", "number").column
    product = uuid4().int % 1_000_000 + 800_000
    events = [
        Event(product, str(uuid4()), "visit", "ann", 1_772_712_000_000 + i, 0, {"held": value})
        for i, value in enumerate(values)
    ]
    store.insert("events", event_table(events, [1] * len(events), store.columns()), token=str(uuid4()))
    where = "FROM events WHERE product = {p:UInt32} ORDER BY ts"
    written = store.query(Sql(f"SELECT {text}, {number} {where}", {"p": product})).rows
    default = f"{text_sql('props', '{k:String}')}, {number_sql('props', '{k:String}')}"
    assert written == store.query(Sql(f"SELECT {default} {where}", {"p": product, "k": "held"})).rows


@pytest.mark.parametrize(
    ("value", "text", "number"),
    [
        (None, "", None),
        (True, "true", None),
        (1.0, "1", 1.0),
        (1e22, "1e22", 1e22),
        (1e-7, "1e-7", 1e-7),
        (123456789012345680.0, "123456789012345680", 123456789012345680.0),
        (2**70, str(2**70), float(2**70)),
        ("12.50", "12.50", 12.5),
        ("inf", "inf", None),
        ([1, 2.0, "a"], '[1,2,"a"]', None),
        ({"a": None}, '{"a":null}', None),
    ],
)
def test_forms_by_example(value: Any, text: str, number: float | None) -> None:
    assert text_form(value) == text
    assert number_form(value) == number

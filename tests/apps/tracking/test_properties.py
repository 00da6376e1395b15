"""What operations make of properties, whatever the order they arrive in and however often."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunying.apps.tracking.write.folding import ABSENT, LETTERS, step
from yunying.apps.tracking.write.properties import MAX_LOG, Properties, tag_of
from yunying.events.event import Op, OpKind

Deed = tuple[int, str, list[Op]]  # when, the id of the event, what it does

K = OpKind
SCALARS = st.sampled_from([0, 1, 2.5, "a", "b", True, None])
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))
LISTED = st.sampled_from([K.SET, K.APPEND, K.PREPEND, K.UNION, K.UNION_FIRST, K.REMOVE])
OPS = st.one_of(
    st.builds(
        Op, st.sampled_from([K.SET, K.APPEND, K.PREPEND, K.UNION, K.UNION_FIRST, K.REMOVE]), st.just("k"), VALUES
    ),
    st.builds(Op, st.just(K.ADD), st.sampled_from(["k", "n"]), st.sampled_from([1, 2, -3, "x", True])),
    st.builds(Op, st.just(K.UNSET), st.sampled_from(["k", "n", "once"])),
    st.builds(Op, st.just(K.CLEAR), st.just("")),
    st.builds(Op, st.just(K.SET_ONCE), st.just("once"), st.uuids().map(str)),  # two of them are never the same
    st.builds(Op, st.just(K.SET), st.just("once"), SCALARS),
)
DEEDS = st.lists(st.tuples(st.integers(1, 6), st.uuids().map(str), st.lists(OPS, min_size=1, max_size=3)), max_size=12)


def told(deeds: list[Deed]) -> dict[str, Any]:
    """The same, as plainly as it can be said: all operations in the order of their events."""
    values: dict[str, Any] = {}
    for _, _, ops in sorted(deeds, key=lambda deed: (deed[0], tag_of(deed[1]))):
        for op in ops:
            before = values.get(op.key, ABSENT)
            if op.kind is K.CLEAR:
                values.clear()
            elif op.kind is K.UNSET:
                values.pop(op.key, None)
            elif (after := op.value if op.kind is K.SET else step(before, LETTERS[op.kind], op.value)) is not ABSENT:
                values[op.key] = after
    return values


def after(deeds: list[Deed]) -> Properties:
    properties = Properties()
    for ms, uuid, ops in deeds:
        properties.apply(ops, ms, uuid)
    return properties


def state(properties: Properties) -> Any:
    return repr(sorted(properties.values.items())), repr(sorted(properties.marks.items()))


@settings(deadline=None, max_examples=400)
@given(deeds=DEEDS, data=st.data())
def test_any_order_and_any_repetition_end_in_what_the_times_of_the_events_say(deeds: list[Deed], data: Any) -> None:
    again = data.draw(st.lists(st.sampled_from(deeds), max_size=4)) if deeds else []
    found = after(data.draw(st.permutations([*deeds, *again])))
    assert repr(sorted(found.values.items())) == repr(sorted(told(deeds).items()))
    assert state(found) == state(after(deeds))


@settings(deadline=None, max_examples=400)
@given(deeds=DEEDS, data=st.data())
def test_two_people_made_one_have_what_one_person_would_have(deeds: list[Deed], data: Any) -> None:
    sides = data.draw(st.lists(st.integers(0, 2), min_size=len(deeds), max_size=len(deeds)))
    parts = [after([deed for deed, side in zip(deeds, sides, strict=True) if side == i]) for i in range(3)]
    first, *others = data.draw(st.permutations(parts))
    for other in others:
        first.absorb(other)
    assert state(first) == state(after(deeds))


@pytest.mark.parametrize(
    ("ops", "expected"),
    [
        ([(K.SET_ONCE, 1, 5), (K.SET_ONCE, 2, 3)], 2),
        ([(K.SET_ONCE, 1, 5), (K.SET, 2, 3)], 2),
        ([(K.SET, 2, 3), (K.SET_ONCE, 1, 5)], 2),
        ([(K.SET_ONCE, 1, 1), (K.SET_ONCE, 2, 3), (K.UNSET, None, 2)], 2),
        ([(K.UNSET, None, 4), (K.SET, 1, 3)], None),
        ([(K.UNSET, None, 4), (K.SET_ONCE, 1, 5)], 1),
        ([(K.ADD, 2, 4), (K.ADD, 3, 1)], 5),
        ([(K.ADD, 2, 4), (K.SET, 10, 2)], 12),
        ([(K.ADD, 2, 4), (K.SET, 10, 6)], 10),
        ([(K.SET, 10, 6), (K.ADD, 2, 4)], 10),
        ([(K.ADD, "x", 4)], None),
        ([(K.ADD, True, 4)], None),
        ([(K.SET, "old", 1), (K.ADD, 3, 2)], 3),
        ([(K.APPEND, "a", 1), (K.APPEND, ["b", "c"], 2)], ["a", "b", "c"]),
        ([(K.APPEND, "b", 2), (K.APPEND, "a", 1)], ["a", "b"]),
        ([(K.PREPEND, "b", 2), (K.PREPEND, ["c", "d"], 1)], ["b", "c", "d"]),
        ([(K.UNION, ["a", "b"], 1), (K.UNION, ["b", "c", "c"], 2)], ["a", "b", "c"]),
        ([(K.APPEND, [1], 1), (K.UNION, [True, 1, 1.0], 2)], [1, True, 1.0]),
        ([(K.UNION_FIRST, ["c", "a"], 2), (K.APPEND, ["a", "b"], 1)], ["c", "a", "b"]),
        ([(K.REMOVE, ["a"], 3), (K.APPEND, ["a", "b", "a"], 1)], ["b"]),
        ([(K.REMOVE, "a", 3), (K.SET, "a", 1)], "a"),
        ([(K.SET, "a", 1), (K.APPEND, "b", 2)], ["a", "b"]),
        ([(K.SET, "a", 1), (K.CLEAR, None, 2)], None),
        ([(K.CLEAR, None, 2), (K.SET, "a", 1)], None),
        ([(K.CLEAR, None, 2), (K.SET, "a", 3)], "a"),
    ],
)
def test_operations_by_example(ops: list[tuple[OpKind, Any, int]], expected: Any) -> None:
    properties = after([(ms, str(ms), [Op(kind, "" if kind is K.CLEAR else "k", value)]) for kind, value, ms in ops])
    assert properties.values.get("k") == expected


def test_operations_of_one_event_are_carried_out_in_their_order() -> None:
    ops = [Op(K.SET, "a", 1), Op(K.CLEAR, ""), Op(K.SET, "b", 2), Op(K.ADD, "b", 3), Op(K.ADD, "b", 4)]
    assert after([(1, "e", ops), (1, "e", ops)]).values == {"b": 9}


def test_marks_of_earlier_versions_hold_as_before() -> None:
    values, marks = {"plan": "pro", "source": "ads"}, {"plan": ["s", 5], "source": ["o", 5], "city": ["u", 5]}
    properties = Properties(dict(values), dict(marks))
    for key in ("plan", "city"):
        properties.apply([Op(K.SET, key, "older")], 4, "e4")
    properties.apply([Op(K.SET_ONCE, "source", "later")], 6, "e6")
    assert properties.values == values
    properties.apply([Op(K.SET, "plan", "free"), Op(K.SET_ONCE, "city", "Linz"), Op(K.ADD, "plan", 1)], 7, "e7")
    assert properties.values == {"plan": 1, "source": "ads", "city": "Linz"}


def test_a_long_log_is_put_together_and_still_adds_what_comes_late() -> None:
    properties = after([(ms, f"e{ms}", [Op(K.ADD, "n", 1)]) for ms in range(10, 10 + 3 * MAX_LOG)])
    assert len(properties.marks["n"][3]) == MAX_LOG
    properties.apply([Op(K.ADD, "n", 1)], 5, "late")
    assert properties.values["n"] == 3 * MAX_LOG + 1
    other = after([(ms, f"f{ms}", [Op(K.ADD, "n", 1)]) for ms in range(3 * MAX_LOG)])
    properties.absorb(other)
    assert properties.values["n"] == 6 * MAX_LOG + 1
    properties.apply([Op(K.SET, "n", 0)], 10_000, "set")
    assert properties.values["n"] == 0
    assert properties.marks["n"] == ["s", 10_000, tag_of("set")]


def test_a_value_set_once_again_and_again_takes_little_room() -> None:
    properties = after([(ms, f"e{ms}", [Op(K.SET_ONCE, "source", "ads")]) for ms in range(100)])
    assert [entry[0] for entry in properties.marks["source"][3]] == [0, 99]


def test_a_person_has_a_bounded_number_of_properties() -> None:
    properties = Properties()
    properties.apply([Op(K.SET, f"k{i}", i) for i in range(1500)], 1, "a")
    assert len(properties.values) == 1000
    properties.apply([Op(K.SET, "k5", "new")], 2, "b")
    assert properties.values["k5"] == "new"


def test_the_same_value_again_is_nothing_to_show() -> None:
    marks = after([(1, "a", [Op(K.SET, "list", [1]), Op(K.SET, "plan", "pro")])])
    again = Properties(marks.values, marks.marks)
    again.apply([Op(K.SET, "list", [1]), Op(K.SET, "plan", "pro")], 2, "b")
    assert (again.changed, again.shown) == (True, False)

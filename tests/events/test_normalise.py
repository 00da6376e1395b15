import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunying.base.errors import YunyingError
from yunying.events.normalise import (
    Arrival,
    event_name,
    event_uuid,
    identity,
    moment_ms,
    properties,
    required_identity,
    when_ms,
)

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def refused(call: object, *args: object) -> str:
    with pytest.raises(YunyingError) as error:
        call(*args)  # type: ignore[operator]
    assert error.value.text, "a refusal says what to change"
    return error.value.code


@pytest.mark.parametrize(
    "sent", ["", " ", None, "null", "undefined", "Anonymous", "0", "NaN", "[object Object]", 0, True]
)
def test_what_stands_for_nobody_is_no_id(sent: object) -> None:
    assert identity(sent) == ""


def test_an_id_may_be_a_number_and_is_trimmed() -> None:
    assert (identity(42), identity(" u-1 ")) == ("42", "u-1")


def test_a_refused_id_names_its_reason() -> None:
    assert refused(required_identity, "") == "id.missing"
    assert refused(required_identity, "null") == "id.unusable"
    assert refused(required_identity, "x" * 401) == "id.too_long"


def test_names_are_trimmed_and_bounded() -> None:
    assert event_name(" order ") == "order"
    assert refused(event_name, " ") == "event.name_missing"
    assert refused(event_name, 5) == "event.name_missing"
    assert refused(event_name, "x" * 201) == "event.name_too_long"


def nested(depth: int) -> dict[str, object]:
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return {"p": value}


def test_properties_are_bounded() -> None:
    assert properties(None) == {}
    assert properties(nested(20)) == nested(20)
    assert refused(properties, nested(21)) == "props.too_deep"
    assert refused(properties, {str(n): n for n in range(1001)}) == "props.too_many"
    assert refused(properties, {"k" * 201: 1}) == "props.key_too_long"
    assert refused(properties, ["a"]) == "field.not_object"


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("2026-01-01T00:00:00Z", NOW),
        ("2026-01-01T08:00:00+08:00", NOW),
        ("2026-01-01 00:00:00.5", NOW + 500),
        ("2026-01-01", NOW),
        (NOW, NOW),
        (NOW // 1000, NOW),
        (NOW / 1000 + 0.25, NOW + 250),
        (str(NOW), NOW),
        (None, None),
        ("", None),
    ],
)
def test_times_are_read_in_every_spelling(sent: object, expected: int | None) -> None:
    assert moment_ms(sent) == expected


@pytest.mark.parametrize("sent", ["yesterday", [], True, float("nan"), {"at": 1}])
def test_an_unreadable_time_is_refused(sent: object) -> None:
    assert refused(moment_ms, sent) == "time.unreadable"


@pytest.mark.parametrize("sent", ["1960-01-01", "9999-12-31T00:00:00Z", -5, 1e16])
def test_a_time_out_of_range_is_refused(sent: object) -> None:
    assert refused(moment_ms, sent) == "time.out_of_range"


def test_a_wrong_clock_is_corrected_by_its_error() -> None:
    hour_slow = Arrival(product=1, received_ms=NOW, sent_ms=NOW - 3_600_000)
    assert when_ms(NOW - 3_600_000 - 5_000, hour_slow) == NOW - 5_000


def test_a_delay_below_ten_seconds_is_not_a_wrong_clock() -> None:
    assert when_ms(NOW - 30_000, Arrival(product=1, received_ms=NOW, sent_ms=NOW - 9_000)) == NOW - 30_000


def test_explicit_and_historical_times_stay_as_they_are() -> None:
    old = Arrival(product=1, received_ms=NOW, sent_ms=NOW - 3_600_000)
    assert when_ms(NOW - 86_400_000, old, explicit=True) == NOW - 86_400_000
    old.historical = True
    assert when_ms(NOW - 86_400_000, old) == NOW - 86_400_000


def test_the_far_future_becomes_the_time_of_arrival() -> None:
    arrival = Arrival(product=1, received_ms=NOW)
    assert when_ms(NOW + 3_700_000, arrival) == NOW
    assert when_ms(NOW + 3_500_000, arrival) == NOW + 3_500_000
    assert when_ms(None, arrival) == NOW


def test_the_same_message_id_is_the_same_event() -> None:
    assert event_uuid("0190F3B1-0000-7000-8000-00000000ABCD", "own", 1) == "0190f3b1-0000-7000-8000-00000000abcd"
    assert event_uuid("order-77", "own", 1) == event_uuid("order-77", "own", 1)
    assert event_uuid("order-77", "own", 1) != event_uuid("order-77", "own", 2)
    assert event_uuid("order-77", "own", 1) != event_uuid("order-77", "segment", 1)
    assert event_uuid("", "own", 1) != event_uuid("", "own", 1)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_time_crashes_the_reader(sent: object) -> None:
    try:
        found = moment_ms(sent)
    except YunyingError:
        return
    assert found is None or 0 <= found < 32_503_680_000_000

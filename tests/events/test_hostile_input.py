"""No request ends in anything but events, refusals or a told error; `make fuzz` does the same a million times."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tools.fuzz.inputs import request_of
from tools.fuzz.reading import take_in

from yunying.events.protocols.base import Request
from yunying.store.columns import EventColumns, Kind, Promoted

COLUMNS = EventColumns.of([Promoted.of("plan", Kind.TEXT), Promoted.of("amount", Kind.NUMBER)])


class Drawn:
    """Choices that hypothesis makes, and makes smaller."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def whole(self, low: int, high: int) -> int:
        return int(self._data.draw(st.integers(low, high)))

    def some(self, most: int) -> bytes:
        return bytes(self._data.draw(st.binary(max_size=min(most, 200))))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_comes_is_read_or_refused(data: Any) -> None:
    take_in(request_of(Drawn(data)), COLUMNS)


@pytest.mark.parametrize("batch", [5, "x", {"event": "a"}, True])
def test_a_batch_that_is_no_list_is_refused_and_answered(batch: Any) -> None:
    body = json.dumps({"api_key": "k", "batch": batch}).encode()
    for path in ("/i/v1/analytics/events", "/batch", "/v1/batch", "/2/httpapi"):
        take_in(Request("POST", path, {}, {}, body, 1_767_225_600_000), COLUMNS)

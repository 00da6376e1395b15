"""Times of a file moved by whole days, and only a part of a file taken."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.apps.tracking.importing.test_conversion import INVOICES, MAPPING, converted, events_of
from yunying.apps.tracking.importing.mapping import load, parse, spanned
from yunying.apps.tracking.importing.runner import import_file
from yunying.apps.tracking.importing.spans import Span
from yunying.apps.tracking.ingest import Ingest
from yunying.base.actor import SYSTEM
from yunying.base.errors import InvalidInput
from yunying.cli import _span, parser
from yunying.events.event import Event
from yunying.store import EVENTS, Sql

if TYPE_CHECKING:
    from yunying.platform.products.models import Product
    from yunying.store import Store

VISITS = "at,who\n2011-10-31T09:00:00,a\n2011-11-01T09:00:00,b\n2011-11-02T09:00:00,c\n"
VISIT: dict[str, Any] = {"time": "at", "distinct_id": "who", "events": [{"name": "visit"}]}


def times(events: list[Event]) -> list[str]:
    return [f"{datetime.fromtimestamp(event.ts_ms / 1000, UTC):%Y-%m-%d %H:%M}" for event in events]


def test_times_move_by_days_of_the_products_clock(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("at,who\n2011-01-31T09:00:00,a\n", encoding="utf-8")
    winter = converted(path, parse(VISIT), "Europe/London").events
    summer = converted(path, parse(VISIT | {"shift_days": 150}), "Europe/London").events
    assert times(winter) == ["2011-01-31 09:00"]
    assert times(summer) == ["2011-06-30 08:00"]  # nine o'clock in London, by summer time


def test_a_moved_event_is_known_again_and_is_another_than_the_recorded(tmp_path: Path) -> None:
    def ids(raw: dict[str, Any]) -> set[str]:
        return {event.uuid for event in events_of(INVOICES, tmp_path, raw).events}

    moved = MAPPING | {"shift_days": 7}
    assert ids(moved) == ids(moved | {"until": "2030-01-01"})
    assert not ids(moved) & ids(MAPPING)
    assert not ids(moved) & ids(MAPPING | {"shift_days": 14})


def test_ids_of_the_file_move_too(tmp_path: Path) -> None:
    row = "at,who,id\n2011-01-31T09:00:00,a,0189f7e0-0000-7000-8000-000000000001\n"
    raw = VISIT | {"events": [{"name": "visit", "uuid": "id"}]}
    kept, moved = (events_of(row, tmp_path, raw | extra).events[0].uuid for extra in ({}, {"shift_days": 1}))
    assert kept == "0189f7e0-0000-7000-8000-000000000001"
    assert moved != kept


def test_bounds_hold_for_the_moved_times_and_are_half_open(tmp_path: Path) -> None:
    raw = VISIT | {"shift_days": 1, "since": "2011-11-02T09:00:00Z", "until": "2011-11-03T09:00:00Z"}
    assert times(events_of(VISITS, tmp_path, raw).events) == ["2011-11-02 09:00"]


def test_a_bound_without_offset_is_the_products_clock(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("at,who\n2011-07-01T23:30:00Z,a\n2011-07-01T22:30:00Z,b\n", encoding="utf-8")
    found = converted(path, parse(VISIT | {"since": "2011-07-02"}), "Europe/London").events
    assert times(found) == ["2011-07-01 23:30"]


def test_a_group_is_taken_or_left_whole(tmp_path: Path) -> None:
    text = INVOICES.replace("1,pot,1,9.99,3/1/2011 9:00", "1,pot,1,9.99,3/2/2011 9:00")
    result = events_of(text, tmp_path, MAPPING | {"until": "2011-03-01T12:00"})
    orders = {event.distinct_id: event.props["lines"] for event in result.events if event.name == "order"}
    assert orders == {"customer-17": 3, "visitor-2": 1}
    assert [event.props["product"] for event in result.events if event.name == "item"] == ["mug", "cup", "mug"]


def test_what_moves_out_of_all_years_is_a_row_at_fault(tmp_path: Path) -> None:
    result = events_of(VISITS, tmp_path, VISIT | {"shift_days": -30_000})
    assert result.events == []
    assert {error.reason for error in result.errors} == {"before 1970 or after 2299"}


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("shift_days", 1.5),
        ("shift_days", True),
        ("shift_days", 40_001),
        ("since", "soon"),
        ("until", "2011-13-01"),
        ("until", "2011-01-01"),
    ],
)
def test_a_span_that_cannot_be_is_told_by_its_entry(entry: str, value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(VISIT | {"since": "2011-01-01"} | {entry: value})
    assert caught.value.field == entry


def test_dates_of_toml_are_bounds(tmp_path: Path) -> None:
    path = tmp_path / "visits.toml"
    path.write_text('until = 2011-11-02\ntime = "at"\ndistinct_id = "who"\n[[events]]\nname = "visit"\n')
    assert load(path).span.until == datetime(2011, 11, 2)


def test_the_command_line_goes_before_the_mapping_and_includes_its_last_day() -> None:
    words = ["import", "f.csv", "--product", "tea", "--mapping", "m.toml", "--shift-days", "7", "--to", "2011-02-28"]
    span = _span(parser().parse_args(words), Span(1, since=datetime(2011, 1, 31)), "Asia/Shanghai")
    assert span == Span(7, datetime(2011, 1, 31), datetime(2011, 2, 28, 16, tzinfo=UTC))


def test_a_later_part_of_a_file_is_added_to_what_was_imported(
    product: "Product", store: "Store", tmp_path: Path
) -> None:
    path = tmp_path / "visits.csv"
    path.write_text(VISITS, encoding="utf-8")

    def counted(span: Span) -> int:
        mapping = spanned(parse(VISIT), span)
        run = import_file(actor=SYSTEM, product=product, path=path, mapping=mapping, sink=Ingest())
        return run.events

    first = Span(364, until=datetime(2012, 10, 31, tzinfo=UTC))
    assert counted(first) == 2
    assert counted(first) == 2  # the same import again: it is not begun anew
    assert counted(replace(first, until=None)) == 1
    sql = Sql(f"SELECT count(), uniqExact(uuid) FROM {EVENTS} WHERE product = {{p:UInt32}}", {"p": product.pk})
    assert store.query(sql).rows == [(3, 3)]

"""Dates of a recipe moved to the present."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from yunying.base import clock
from yunying.demo.loading import wants_more
from yunying.demo.moving import Moved, filled, shift_for
from yunying.demo.notes import Noted, Notes
from yunying.demo.recipes import Recipe

LONDON = ZoneInfo("Europe/London")
LAST = date(2011, 12, 9)
RECIPE = Recipe("gifts", Path(), False, {"timezone": "Europe/London"}, (), (), LAST)


@pytest.mark.parametrize("day", range(1, 15))
def test_the_last_day_comes_to_lie_four_weeks_ahead_and_keeps_its_weekday(day: int) -> None:
    today = date(2026, 11, day)
    days = shift_for(LAST, today)
    moved = Moved(days, LONDON).day(LAST)
    assert 28 <= (moved - today).days <= 34
    assert moved.weekday() == LAST.weekday()


def test_a_day_in_braces_is_the_moved_day_and_a_name_what_was_kept() -> None:
    moved = Moved(7, LONDON)
    body = {"day": "{2011-12-09}", "goal": "{goal}", "query": "from={2011-12-01}&x={unknown}", "deep": [{"n": 1}]}
    assert filled(body, {"goal": 4}, moved) == {
        "day": "2011-12-16",
        "goal": 4,
        "query": "from=2011-12-08&x={unknown}",
        "deep": [{"n": 1}],
    }


def test_a_carried_out_recipe_wants_more_only_when_a_day_with_records_has_begun() -> None:
    days = shift_for(LAST, date(2026, 11, 22))
    noted = Noted(days, "2026-11-22T22:00:00+00:00", done=True)

    def on(text: str) -> bool:
        with clock.fixed(datetime.fromisoformat(text).replace(tzinfo=LONDON)):
            return wants_more(RECIPE, noted)

    assert not on("2026-11-22T23:59")
    assert on("2026-11-23T00:01")
    assert on("2027-06-01")
    noted.until = "2026-12-26T09:00:00+00:00"  # the last recorded day is 25 December now
    assert not on("2027-06-01")


def test_what_was_loaded_as_recorded_wants_nothing_more() -> None:
    assert not wants_more(RECIPE, Noted(done=True))
    assert wants_more(RECIPE, Noted(made=3))
    assert wants_more(RECIPE, None)


def test_notes_survive_a_restart_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "demo.json", "secret", {"gifts": Noted(14, "2026-11-22T22:00:00+00:00", 2, {"goal": 1})})
    notes.save()
    assert notes.path.stat().st_mode & 0o777 == 0o600
    assert Notes.load(notes.path) == notes


def test_notes_of_a_demo_from_before_dates_were_moved_are_understood(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_text('{"password": "secret", "recipes": ["gifts"]}')
    assert Notes.load(tmp_path / "demo.json").recipes == {"gifts": Noted(done=True)}

import pytest

from yunying.apps.insights.dashboards.grid import Place, packed


def test_tiles_rise_as_far_as_they_can() -> None:
    laid = packed([Place(1, 0, 3, 6, 2), Place(2, 0, 9, 6, 4), Place(3, 6, 9, 6, 1)])
    assert [(one.key, one.y) for one in laid] == [(1, 0), (3, 0), (2, 2)]


def test_tiles_never_overlap() -> None:
    laid = packed([Place(n, (n * 5) % 12, n % 4, 1 + n % 7, 1 + n % 3) for n in range(30)])
    cells = [(x, y) for one in laid for x in range(one.x, one.x + one.w) for y in range(one.y, one.bottom)]
    assert len(cells) == len(set(cells))
    assert max(one.x + one.w for one in laid) <= 12


@pytest.mark.parametrize("place", [Place(1, -4, -1, 40, 0), Place(1, 11, 0, 6, 99)])
def test_a_place_out_of_the_grid_is_moved_into_it(place: Place) -> None:
    (laid,) = packed([place])
    assert laid.x >= 0 and laid.x + laid.w <= 12 and laid.y == 0 and 1 <= laid.h <= 20


def test_laying_twice_changes_nothing() -> None:
    once = packed([Place(n, n % 3 * 4, n, 4, 2) for n in range(8)])
    assert packed(once) == once

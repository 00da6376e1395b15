"""The grid of a dashboard: twelve columns, tiles that rise as far as they can. Pure; `grid.js` does the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

__all__ = ["COLUMNS", "HIGHEST", "LOWEST", "Place", "packed"]

COLUMNS, LOWEST, HIGHEST = 12, 1, 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where the tile `key` lies: `x` and `w` in columns, `y` and `h` in rows."""

    key: int
    x: int
    y: int
    w: int
    h: int

    @property
    def bottom(self) -> int:
        return self.y + self.h


def packed(places: Iterable[Place]) -> tuple[Place, ...]:
    """The places, made to fit the columns and risen without overlap, from top to bottom and left to right."""
    done: list[Place] = []
    for place in sorted((_fitted(place) for place in places), key=lambda one: (one.y, one.x)):
        done.append(_risen(place, done))
    return tuple(sorted(done, key=lambda one: (one.y, one.x)))


def _fitted(place: Place) -> Place:
    width = min(max(place.w, 1), COLUMNS)
    x = min(max(place.x, 0), COLUMNS - width)
    return replace(place, x=x, w=width, y=max(place.y, 0), h=min(max(place.h, LOWEST), HIGHEST))


def _risen(place: Place, done: Sequence[Place]) -> Place:
    beside = [one for one in done if one.x < place.x + place.w and place.x < one.x + one.w]
    y = 0
    while any(one.y < y + place.h and y < one.bottom for one in beside):
        y += 1
    return replace(place, y=y)

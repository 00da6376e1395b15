"""The tiles of a dashboard as a page shows them, and whether what they show may have changed.

A tile's stamp changes with its question, the filter bar, the notes, the names of the catalogue, the number of events
and of merges, the hour and the language. Same stamp, same tile: pages take it from the cache, and open pages leave it
as it is.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.translation import get_language

from yunying.apps.insights.cohorts.selectors import named_in, stamp_of
from yunying.apps.insights.dashboards.annotations import Mark, marks_of
from yunying.apps.insights.dashboards.bar import Bar
from yunying.apps.insights.dashboards.faces import Face, Viewer, face_of
from yunying.apps.insights.dashboards.grid import Place, packed
from yunying.apps.insights.dashboards.models import Dashboard, Kind, Tile
from yunying.apps.insights.freshness import event_count
from yunying.apps.tracking.selectors import merge_count
from yunying.base import clock
from yunying.platform.products.models import Product

__all__ = ["Shown", "Sight", "changed", "faces_of", "shown_tile", "shown_tiles", "sight_of", "tiles_of"]

# Events are counted a moment before questions can see them. An answer that was computed this long after the count
# last grew has them all; an earlier one is asked for again.
SETTLES_S = 30
KEPT_S, KEPT_EARLY_S = 3600, 30


@dataclass(frozen=True, slots=True)
class Sight:
    """Everything beside the tile itself on which the looks of all tiles of a page depend."""

    viewer: Viewer
    bar: Bar
    marks: tuple[Mark, ...]
    basis: str
    settled: bool
    cohorts: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A tile in its place; `html` is empty while nobody has computed it."""

    tile: Tile
    place: Place
    stamp: str
    html: str

    @property
    def name(self) -> str:
        source = self.tile.report or self.tile.metric
        return self.tile.title or (source.name if source else str(self.tile.get_kind_display()))


def tiles_of(dashboard: Dashboard) -> list[Tile]:
    """The tiles with what they show, in reading order. One query."""
    tiles = {tile.pk: tile for tile in Tile.objects.filter(dashboard=dashboard).select_related("report", "metric")}
    places = packed([Place(t.pk, t.x, t.y, t.w, t.h) for t in tiles.values()])
    found = []
    for place in places:
        tile = tiles[place.key]
        tile.x, tile.y, tile.w, tile.h = place.x, place.y, place.w, place.h
        found.append(tile)
    return found


def sight_of(dashboard: Dashboard, bar: Bar, viewer: Viewer, tiles: Iterable[Tile]) -> Sight:
    """How the tiles of the dashboard are seen now. Four queries: names, events, merges, notes; one more where the
    bar or a tile names a cohort.
    """
    product = viewer.access.product
    # Notes are the team's own.
    marks = () if viewer.public else marks_of(product, dashboard.pk)
    count = (event_count(product), merge_count(product.pk))
    hour = f"{clock.now().astimezone(product.zone):%Y%m%d%H}"
    rights = ",".join(sorted(viewer.access.permissions))
    seen = [count, hour, product.timezone, product.week_start, get_language(), viewer.public, rights]
    # The words alone: what else the titles hold is another object at each request. Cohorts have a stamp of their own.
    words = [sorted(viewer.titles.events.items()), sorted(viewer.titles.properties.items())]
    basis = _hash([*seen, words, [str(mark) for mark in marks]])
    cohorts = stamp_of(product.pk, [_asked(bar, tile) for tile in tiles])
    return Sight(viewer, bar, marks, basis, _settled(product, count), cohorts)


def shown_tiles(tiles: Sequence[Tile], sight: Sight) -> list[Shown]:
    """All tiles with the html that is known already; texts and metrics that need no engine always have theirs."""
    stamps = {tile.pk: _stamp(tile, sight) for tile in tiles}
    known = cache.get_many([_key(stamp) for stamp in stamps.values()])
    found = []
    for tile in tiles:
        stamp = stamps[tile.pk]
        html = known.get(_key(stamp), "")
        if not html and _cheap(tile, sight.bar):
            html = _computed(tile, sight, stamp)
        found.append(Shown(tile, Place(tile.pk, tile.x, tile.y, tile.w, tile.h), stamp, html))
    return found


def shown_tile(tile: Tile, sight: Sight, *, fresh: bool = False) -> Shown:
    """One tile with its html, computed if need be."""
    stamp = _stamp(tile, sight)
    html = "" if fresh else cache.get(_key(stamp), "")
    place = Place(tile.pk, tile.x, tile.y, tile.w, tile.h)
    return Shown(tile, place, stamp, html or _computed(tile, sight, stamp))


def faces_of(tiles: Iterable[Tile], sight: Sight) -> list[tuple[Tile, Face]]:
    """What the tiles show, for pictures, spreadsheets and mails."""
    return [(tile, face_of(tile, sight.bar, sight.viewer, sight.marks)) for tile in tiles]


def changed(tiles: Iterable[Tile], sight: Sight, have: dict[int, str]) -> list[int]:
    """Which tiles may show something else than the page has. Asks no engine."""
    return [tile.pk for tile in tiles if have.get(tile.pk) != _stamp(tile, sight)]


def _cheap(tile: Tile, bar: Bar) -> bool:
    asks = tile.follows and (bar.span is not None or bool(bar.conditions))
    return tile.kind == Kind.TEXT or (tile.kind == Kind.METRIC and not asks) or not (tile.report or tile.metric)


def _computed(tile: Tile, sight: Sight, stamp: str) -> str:
    face = face_of(tile, sight.bar, sight.viewer, sight.marks)
    html = render_to_string("insights/dashboards/_face.html", {"face": face, "tile": tile})
    if not face.problem:
        cache.set(_key(stamp), html, KEPT_S if sight.settled else KEPT_EARLY_S)
    return html


def _stamp(tile: Tile, sight: Sight) -> str:
    source = tile.report or tile.metric
    parts: list[Any] = [tile.pk, tile.kind, tile.title, tile.text, tile.chart, tile.follows]
    if source is not None:
        parts += [source.pk, source.version, source.name, sight.basis, sight.settled]
        parts.append(sight.bar.hash if tile.follows else "")
        # Whoever belongs to a cohort now is another answer, whatever the cohort is used for.
        parts.append(sight.cohorts if named_in(_asked(sight.bar, tile)) else "")
    if tile.metric is not None:
        parts.append(str(tile.metric.recent_at))
    return _hash([*parts, get_language(), sight.viewer.public])


def _asked(bar: Bar, tile: Tile) -> list[Any]:
    """What a tile asks for, as far as cohorts may be named in it."""
    own = tile.report.spec if tile.report else tile.metric.question if tile.metric else None
    return [own, *(row.to_spec() for row in (bar.conditions if tile.follows else ()))]


def _settled(product: Product, count: tuple[int, int]) -> bool:
    """Whether the counts have stood still for long enough, as this process saw it."""
    now_s = clock.now().timestamp()
    key = f"dashboards:since:{product.pk}:{count[0]}:{count[1]}"
    since: float = cache.get_or_set(key, now_s, 24 * 3600) or now_s
    return now_s - since >= SETTLES_S


def _key(stamp: str) -> str:
    return f"dashboards:tile:{stamp}"


def _hash(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:20]

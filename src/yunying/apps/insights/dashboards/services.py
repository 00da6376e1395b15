"""Commands on dashboards, tiles and variants: check → write → audit, in one transaction."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import F

from yunying.apps.insights.dashboards.grid import Place, packed
from yunying.apps.insights.dashboards.models import Dashboard, Kind, Look, Tile, Variant, Visit
from yunying.apps.insights.models import Metric, Report
from yunying.apps.insights.services import checked_name, checked_text
from yunying.base import clock
from yunying.base.actor import ActorKind
from yunying.base.errors import InvalidInput, LimitReached, msg
from yunying.platform.audit.services import record
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.versions import write_version

__all__ = [
    "REFRESHES",
    "add_tile",
    "arrange",
    "create_dashboard",
    "delete_dashboard",
    "delete_variant",
    "duplicate_dashboard",
    "pin",
    "remove_tile",
    "save_variant",
    "saw",
    "update_dashboard",
    "update_tile",
]

MOST_TILES, MOST_VARIANTS = 60, 50
SEEN_EVERY_S = 60
LONGEST_TEXT = 20_000
REFRESHES = (0, 1, 5, 15)
"""Minutes between two looks of an open page for what is new; 0 is never."""
SIZES = {Kind.REPORT: (6, 5), Kind.METRIC: (3, 3), Kind.TEXT: (12, 2)}


def create_dashboard(*, access: ProductAccess, name: str, description: str = "", refresh_min: int = 0) -> Dashboard:
    """An empty dashboard. Raises InvalidInput for what cannot be kept, NotAllowed without the right."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        dashboard = Dashboard.objects.create(
            product=access.product,
            name=checked_name(name),
            description=checked_text(description),
            refresh_min=_refresh(refresh_min),
            owner_id=access.actor.id if access.actor.kind == ActorKind.USER else None,
        )
        _record(access, "dashboard.created", dashboard, after=_facts(dashboard))
    return dashboard


def update_dashboard(
    *,
    access: ProductAccess,
    dashboard: Dashboard,
    version: int,
    name: str | None = None,
    description: str | None = None,
    refresh_min: int | None = None,
) -> Dashboard:
    """Change what is given; `version` is the one the editor saw. Raises Conflict when somebody else was faster."""
    access.require(Permission.EDIT_REPORTS)
    changes: dict[str, Any] = {}
    if name is not None:
        changes["name"] = checked_name(name)
    if description is not None:
        changes["description"] = checked_text(description)
    if refresh_min is not None:
        changes["refresh_min"] = _refresh(refresh_min)
    with transaction.atomic():
        before = _facts(dashboard)
        write_version(dashboard, version, changes)
        _record(access, "dashboard.changed", dashboard, before=before, after=_facts(dashboard))
    return dashboard


def delete_dashboard(*, access: ProductAccess, dashboard: Dashboard) -> None:
    """Remove a dashboard with its tiles, links and mails. The reports and metrics on it stay."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        _record(access, "dashboard.deleted", dashboard, before=_facts(dashboard))
        dashboard.delete()


def duplicate_dashboard(*, access: ProductAccess, dashboard: Dashboard, name: str) -> Dashboard:
    """A copy with tiles and variants, without links, mails and notes: those were made for the first one."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        copy = create_dashboard(
            access=access, name=name, description=dashboard.description, refresh_min=dashboard.refresh_min
        )
        _copy(Tile, dashboard, copy)
        _copy(Variant, dashboard, copy)
    return copy


def add_tile(
    *,
    access: ProductAccess,
    dashboard: Dashboard,
    kind: str,
    report: Report | None = None,
    metric: Metric | None = None,
    title: str = "",
    text: str = "",
    chart: str = "",
    follows: bool = True,
    place: tuple[int, int, int, int] | None = None,
) -> Tile:
    """Put a tile at the end of the dashboard, or at `place` (x, y, w, h).

    `report` and `metric` must come from this product's door. Raises InvalidInput with the field at fault, and
    LimitReached when the dashboard is full.
    """
    access.require(Permission.EDIT_REPORTS)
    fields = _tile_fields(kind=kind, report=report, metric=metric, title=title, text=text, chart=chart)
    with transaction.atomic():
        # The row lock orders two people who add at once, so that both see the true end of the grid.
        Dashboard.objects.select_for_update().get(pk=dashboard.pk)
        places = _places(dashboard)
        if len(places) >= MOST_TILES:
            text_ = msg("A dashboard may have at most %(most)d tiles. Make a second one.")
            raise LimitReached("dashboard.full", text_, most=MOST_TILES)
        spot = _spot(places, *SIZES[Kind(kind)]) if place is None else Place(0, *place)
        spot = next(one for one in packed([*places, spot]) if one.key == spot.key)
        tile = Tile.objects.create(
            dashboard=dashboard, follows=follows, x=spot.x, y=spot.y, w=spot.w, h=spot.h, **fields
        )
        _touch(dashboard)
        _record(access, "dashboard.tile_added", dashboard, after={"tile": _tile_facts(tile)})
    return tile


def update_tile(*, access: ProductAccess, dashboard: Dashboard, tile: Tile, version: int, **changes: Any) -> Tile:
    """Change the tile's `report`, `metric`, `title`, `text`, `chart`, `follows`, `x`, `y`, `w`, `h`.

    `version` is the dashboard's that the editor saw. Raises InvalidInput and Conflict.
    """
    access.require(Permission.EDIT_REPORTS)
    known = {name: getattr(tile, name) for name in ("report", "metric", "title", "text", "chart")}
    fields = _tile_fields(kind=tile.kind, **(known | {k: v for k, v in changes.items() if k in known}))
    fields["follows"] = bool(changes.get("follows", tile.follows))
    spot = packed([Place(tile.pk, *(int(changes.get(k, getattr(tile, k))) for k in ("x", "y", "w", "h")))])[0]
    fields |= {"x": spot.x, "y": min(max(int(changes.get("y", tile.y)), 0), 1000), "w": spot.w, "h": spot.h}
    with transaction.atomic():
        before = _tile_facts(tile)
        write_version(dashboard, version, {})
        for name, value in fields.items():
            setattr(tile, name, value)
        tile.save(update_fields=list(fields))
        _record(access, "dashboard.tile_changed", dashboard, before={"tile": before}, after={"tile": _tile_facts(tile)})
    return tile


def remove_tile(*, access: ProductAccess, dashboard: Dashboard, tile: Tile) -> None:
    """Take a tile away; what it shows stays."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        facts = _tile_facts(tile)
        tile.delete()
        _touch(dashboard)
        _record(access, "dashboard.tile_removed", dashboard, before={"tile": facts})


def arrange(*, access: ProductAccess, dashboard: Dashboard, version: int, places: Iterable[Place]) -> None:
    """Lay the tiles anew; tiles that are not named keep their place. Raises Conflict when somebody was faster."""
    access.require(Permission.EDIT_REPORTS)
    wanted = {place.key: place for place in places}
    with transaction.atomic():
        write_version(dashboard, version, {})
        known = {place.key: place for place in _places(dashboard)}
        laid = packed([*(wanted.get(key, place) for key, place in known.items())])
        tiles = Tile.objects.in_bulk([place.key for place in laid])
        for place in laid:
            tile = tiles[place.key]
            tile.x, tile.y, tile.w, tile.h = place.x, place.y, place.w, place.h
        Tile.objects.bulk_update(tiles.values(), ["x", "y", "w", "h"])
        _record(access, "dashboard.arranged", dashboard, after={"tiles": len(laid)})


def save_variant(
    *, access: ProductAccess, dashboard: Dashboard, name: str, query: str, default: bool = False
) -> Variant:
    """Keep a state of the filter bar under a name; an old one of that name is replaced."""
    access.require(Permission.EDIT_REPORTS)
    name = checked_name(name)
    if len(name) > 80:
        raise InvalidInput("name.long", msg("The name may have at most %(most)d characters."), field="name", most=80)
    with transaction.atomic():
        if Variant.objects.filter(dashboard=dashboard).exclude(name=name).count() >= MOST_VARIANTS:
            text = msg("A dashboard may have at most %(most)d variants.")
            raise LimitReached("dashboard.variants", text, most=MOST_VARIANTS)
        if default:
            Variant.objects.filter(dashboard=dashboard, default=True).update(default=False)
        variant, _made = Variant.objects.update_or_create(
            dashboard=dashboard, name=name, defaults={"query": query, "default": default}
        )
        _record(access, "dashboard.variant_saved", dashboard, after={"name": name, "query": query, "default": default})
    return variant


def delete_variant(*, access: ProductAccess, dashboard: Dashboard, variant: Variant) -> None:
    """Forget a named state of the filter bar."""
    access.require(Permission.EDIT_REPORTS)
    with transaction.atomic():
        variant.delete()
        _record(access, "dashboard.variant_deleted", dashboard, before={"name": variant.name})


def pin(*, dashboard: Dashboard, user_id: int, pinned: bool) -> None:
    """Keep the dashboard on top of this person's list, or not."""
    Visit.objects.update_or_create(dashboard=dashboard, user_id=user_id, defaults={"pinned": pinned})


def saw(*, dashboard: Dashboard, user_id: int) -> None:
    """Note that this person looked, at most once a minute: a look should not wait for whoever writes now."""
    if not cache.add(f"dashboards:seen:{dashboard.pk}:{user_id}", True, SEEN_EVERY_S):
        return
    if Visit.objects.filter(dashboard=dashboard, user_id=user_id).update(seen_at=clock.now()):
        return
    try:
        with transaction.atomic():
            Visit.objects.create(dashboard=dashboard, user_id=user_id)
    except IntegrityError:
        # Two first looks at once: the other one has noted it.
        return


def _copy(model: Any, source: Dashboard, target: Dashboard) -> None:
    rows = list(model.objects.filter(dashboard=source))
    for row in rows:
        row.pk, row.dashboard = None, target
    model.objects.bulk_create(rows)


def _refresh(minutes: int) -> int:
    if minutes not in REFRESHES:
        raise InvalidInput("dashboard.refresh", msg("Choose one of the offered values."), field="refresh_min")
    return minutes


def _tile_fields(
    *, kind: str, report: Report | None, metric: Metric | None, title: str, text: str, chart: str
) -> dict[str, Any]:
    if kind not in Kind.values:
        raise InvalidInput("tile.kind", msg("A tile shows a report, a metric or a text."), field="kind")
    if chart not in Look.values:
        raise InvalidInput("tile.chart", msg("Choose one of the offered values."), field="chart")
    if kind == Kind.REPORT and report is None:
        raise InvalidInput("tile.report", msg("Choose the report to show."), field="report")
    if kind == Kind.METRIC and metric is None:
        raise InvalidInput("tile.metric", msg("Choose the metric to show."), field="metric")
    if kind == Kind.TEXT and not text.strip():
        raise InvalidInput("tile.text", msg("Write the text to show."), field="text")
    if len(text) > LONGEST_TEXT:
        most = msg("The text may have at most %(most)d characters.")
        raise InvalidInput("tile.text_long", most, field="text", most=LONGEST_TEXT)
    return {
        "kind": kind,
        "report": report if kind == Kind.REPORT else None,
        "metric": metric if kind == Kind.METRIC else None,
        "title": title.strip()[:120],
        "text": text if kind == Kind.TEXT else "",
        "chart": chart if kind == Kind.REPORT else "",
    }


def _places(dashboard: Dashboard) -> list[Place]:
    rows = Tile.objects.filter(dashboard=dashboard).values_list("pk", "x", "y", "w", "h")
    return [Place(*row) for row in rows]


def _spot(places: list[Place], w: int, h: int) -> Place:
    """Beside the last tile where there is room, else below all."""
    bottom = max((place.bottom for place in places), default=0)
    last = max(places, key=lambda place: (place.bottom, place.x), default=None)
    if last is not None and last.x + last.w + w <= 12 and last.bottom == bottom:
        return Place(0, last.x + last.w, last.y, w, h)
    return Place(0, 0, bottom, w, h)


def _touch(dashboard: Dashboard) -> None:
    Dashboard.objects.filter(pk=dashboard.pk).update(version=F("version") + 1, updated_at=clock.now())
    dashboard.refresh_from_db(fields=["version", "updated_at"])


def _record(
    access: ProductAccess,
    verb: str,
    dashboard: Dashboard,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    target = ("dashboard", dashboard.pk, dashboard.name)
    record(access.actor, verb, target, product_id=access.product.pk, before=before, after=after)


def _facts(dashboard: Dashboard) -> dict[str, Any]:
    return {
        "name": dashboard.name,
        "description": dashboard.description,
        "refresh_min": dashboard.refresh_min,
    }


def _tile_facts(tile: Tile) -> dict[str, Any]:
    return {
        "id": tile.pk,
        "kind": str(tile.kind),
        "report": tile.report_id,
        "metric": tile.metric_id,
        "title": tile.title,
        "text": tile.text,
        "chart": str(tile.chart),
        "follows": tile.follows,
    }

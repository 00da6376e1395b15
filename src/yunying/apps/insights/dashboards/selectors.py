"""Reading dashboards."""

from dataclasses import dataclass
from datetime import datetime

from yunying.apps.insights.dashboards.annotations import noted, spans_until
from yunying.apps.insights.dashboards.models import Dashboard, Tile, Variant, Visit
from yunying.platform.products.access import ProductAccess

__all__ = ["Listed", "dashboards_of", "listed", "noted", "spans_until", "variants_of"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A dashboard as it stands in somebody's list."""

    dashboard: Dashboard
    tiles: int
    pinned: bool
    seen_at: datetime | None

    @property
    def name(self) -> str:
        return self.dashboard.name

    @property
    def owner(self) -> str:
        return self.dashboard.owner.shown_name if self.dashboard.owner else ""

    @property
    def updated_at(self) -> datetime:
        return self.dashboard.updated_at


def dashboards_of(access: ProductAccess) -> list[Dashboard]:
    """The product's dashboards by name. One query."""
    return list(Dashboard.objects.filter(product=access.product).select_related("owner").order_by("name", "pk"))


def listed(access: ProductAccess, user_id: int) -> list[Listed]:
    """The product's dashboards, this person's pinned ones first. Three queries."""
    visits = {one.dashboard_id: one for one in Visit.objects.filter(user_id=user_id, dashboard__product=access.product)}
    counts: dict[int, int] = {}
    for pk in Tile.objects.filter(dashboard__product=access.product).values_list("dashboard_id", flat=True):
        counts[pk] = counts.get(pk, 0) + 1
    found = [_listed(one, counts.get(one.pk, 0), visits.get(one.pk)) for one in dashboards_of(access)]
    return sorted(found, key=lambda one: not one.pinned)


def variants_of(dashboard: Dashboard) -> list[Variant]:
    """The named states of its filter bar, by name. One query."""
    return list(Variant.objects.filter(dashboard=dashboard))


def _listed(dashboard: Dashboard, tiles: int, visit: Visit | None) -> Listed:
    return Listed(dashboard, tiles, visit is not None and visit.pinned, visit.seen_at if visit else None)

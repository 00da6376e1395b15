"""The one door to dashboards and what lies on them."""

from yunying.apps.insights.dashboards.models import (
    Annotation,
    Dashboard,
    ShareLink,
    Subscription,
    Tile,
    Variant,
)
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess

__all__ = ["annotation_for", "dashboard_for", "link_for", "subscription_for", "tile_for", "variant_for"]


def dashboard_for(access: ProductAccess, dashboard_id: int) -> Dashboard:
    """The dashboard of this product. Raises NotFound when it is absent or belongs to another product."""
    found = Dashboard.objects.select_related("owner").filter(product=access.product, pk=dashboard_id).first()
    if found is None:
        raise NotFound("dashboard.absent", msg("There is no such dashboard."))
    return found


def tile_for(access: ProductAccess, dashboard: Dashboard, tile_id: int) -> Tile:
    """The tile of this dashboard, with its report and metric. Raises NotFound."""
    found = Tile.objects.select_related("report", "metric").filter(dashboard=dashboard, pk=tile_id).first()
    if found is None:
        raise NotFound("tile.absent", msg("There is no such tile."))
    return found


def variant_for(access: ProductAccess, dashboard: Dashboard, variant_id: int) -> Variant:
    """The variant of this dashboard. Raises NotFound."""
    found = Variant.objects.filter(dashboard=dashboard, pk=variant_id).first()
    if found is None:
        raise NotFound("variant.absent", msg("There is no such variant."))
    return found


def link_for(access: ProductAccess, dashboard: Dashboard, link_id: int) -> ShareLink:
    """The shared link of this dashboard. Raises NotFound."""
    found = ShareLink.objects.filter(dashboard=dashboard, pk=link_id).first()
    if found is None:
        raise NotFound("share.absent", msg("There is no such link."))
    return found


def subscription_for(access: ProductAccess, dashboard: Dashboard, subscription_id: int) -> Subscription:
    """The subscription of this dashboard. Raises NotFound."""
    found = Subscription.objects.select_related("variant").filter(dashboard=dashboard, pk=subscription_id).first()
    if found is None:
        raise NotFound("subscription.absent", msg("There is no such subscription."))
    return found


def annotation_for(access: ProductAccess, annotation_id: int) -> Annotation:
    """The annotation of this product. Raises NotFound."""
    found = Annotation.objects.select_related("dashboard").filter(product=access.product, pk=annotation_id).first()
    if found is None:
        raise NotFound("annotation.absent", msg("There is no such annotation."))
    return found

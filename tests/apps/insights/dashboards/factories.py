"""Dashboards and what lies on them, for the test that nobody reaches another product's."""

from datetime import date

from tests.architecture.factories import metric
from tests.isolation import factory
from yunying.apps.insights.dashboards.notes import annotate
from yunying.apps.insights.dashboards.services import add_tile, create_dashboard, save_variant
from yunying.apps.insights.dashboards.sharing import create_link
from yunying.apps.insights.dashboards.subscriptions import subscribe
from yunying.apps.insights.models import Metric


@factory(
    "insights:dashboard",
    "insights:dashboard_edit",
    "insights:dashboard_copy",
    "insights:dashboard_delete",
    "insights:dashboard_pin",
    "insights:dashboard_changed",
    "insights:dashboard_arrange",
    "insights:tile_add",
    "insights:variant_save",
    "insights:dashboard_links",
    "insights:dashboard_mails",
    "insights:dashboard_export",
    "/api/v1/products/{product}/dashboards/{dashboard}",
    "/api/v1/products/{product}/dashboards/{dashboard}/tiles",
    "/api/v1/products/{product}/dashboards/{dashboard}/variants",
    "/api/v1/products/{product}/dashboards/{dashboard}/copy",
    "/api/v1/products/{product}/dashboards/{dashboard}/links",
    "/api/v1/products/{product}/dashboards/{dashboard}/mails",
    "/api/v1/products/{product}/dashboards/{dashboard}/export",
)
def dashboard(access):
    number = create_dashboard(access=access, name="Monday").pk
    return {"dashboard_id": number, "dashboard": number}


@factory(
    "insights:tile",
    "insights:tile_edit",
    "insights:tile_remove",
    "/api/v1/products/{product}/dashboards/{dashboard}/tiles/{tile}",
)
def tile(access):
    made = create_dashboard(access=access, name="Monday")
    shown = Metric.objects.get(pk=metric(access)["metric"])
    number = add_tile(access=access, dashboard=made, kind="metric", metric=shown).pk
    return {"dashboard_id": made.pk, "dashboard": made.pk, "tile_id": number, "tile": number}


@factory("insights:variant_delete", "/api/v1/products/{product}/dashboards/{dashboard}/variants/{variant}")
def variant(access):
    made = create_dashboard(access=access, name="Monday")
    number = save_variant(access=access, dashboard=made, name="UK", query="bar=1").pk
    return {"dashboard_id": made.pk, "dashboard": made.pk, "variant_id": number, "variant": number}


@factory("insights:link_revoke", "/api/v1/products/{product}/dashboards/{dashboard}/links/{link}")
def link(access):
    made = create_dashboard(access=access, name="Monday")
    number = create_link(access=access, dashboard=made)[0].pk
    return {"dashboard_id": made.pk, "dashboard": made.pk, "link_id": number, "link": number}


@factory("insights:mail_send", "insights:mail_end", "/api/v1/products/{product}/dashboards/{dashboard}/mails/{mail}")
def subscription(access):
    made = create_dashboard(access=access, name="Monday")
    ordered = subscribe(access=access, dashboard=made, user_ids=[access.actor.id], weekdays=[1], hour=9)
    return {"dashboard_id": made.pk, "dashboard": made.pk, "subscription_id": ordered.pk, "mail": ordered.pk}


@factory(
    "insights:annotation_edit",
    "insights:annotation_delete",
    "/api/v1/products/{product}/dashboards/annotations/{annotation}",
)
def annotation(access):
    number = annotate(access=access, text="Release", day=date(2026, 3, 1)).pk
    return {"annotation_id": number, "annotation": number}


@factory("insights:dashboard_from_template")
def template(access):
    return {"template": "shop"}

"""`/api/v1/products/{product}/dashboards`: make, read and change dashboards. Parse, call, answer.

Links, mails and files are in `api_sharing`.
"""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from ninja import Path, Router, Status
from ninja.pagination import paginate

from yunying.apps.insights.access import metric_for, report_for
from yunying.apps.insights.dashboards import notes, schemas, services
from yunying.apps.insights.dashboards.access import annotation_for, dashboard_for, tile_for, variant_for
from yunying.apps.insights.dashboards.api_sharing import router as sharing_router
from yunying.apps.insights.dashboards.bar import bar_of
from yunying.apps.insights.dashboards.models import Annotation, Dashboard, Tile, Variant
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Pages, api_access

__all__ = ["router"]

router = Router(tags=["Dashboards"])


@router.get("", response=list[schemas.DashboardOut], summary="Dashboards")
@paginate(Pages)
def list_dashboards(request: HttpRequest, product: Path[str]) -> QuerySet[Dashboard]:
    rows = Dashboard.objects.filter(product=api_access(request, product).product)
    return rows.prefetch_related("tiles", "variants").order_by("name", "pk")


@router.post("", response={201: schemas.DashboardOut}, summary="Make a dashboard")
def create_dashboard(request: HttpRequest, product: Path[str], body: schemas.DashboardIn) -> Status[Dashboard]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    return Status(201, services.create_dashboard(access=access, **body.model_dump()))


# Before the dashboards' own addresses, of which "annotations" is none.
@router.get("/annotations", response=list[schemas.AnnotationOut], summary="Notes on days")
@paginate(Pages)
def list_annotations(request: HttpRequest, product: Path[str]) -> QuerySet[Annotation]:
    return Annotation.objects.filter(product=api_access(request, product).product)


@router.get("/annotations/{annotation}", response=schemas.AnnotationOut, summary="One note")
def get_annotation(request: HttpRequest, product: Path[str], annotation: Path[Id]) -> Annotation:
    return annotation_for(api_access(request, product), annotation)


@router.patch("/annotations/{annotation}", response=schemas.AnnotationOut, summary="Change a note")
def update_annotation(
    request: HttpRequest, product: Path[str], annotation: Path[Id], body: schemas.AnnotationPatch
) -> Annotation:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = annotation_for(access, annotation)
    known = {name: getattr(found, name) for name in ("text", "day", "until", "dashboard")}
    changes = body.model_dump(exclude_unset=True)
    if body.dashboard is not None:
        changes["dashboard"] = dashboard_for(access, body.dashboard)
    return notes.change_annotation(access=access, annotation=found, **(known | changes))


@router.post("/annotations", response={201: schemas.AnnotationOut}, summary="Note something on a day")
def create_annotation(request: HttpRequest, product: Path[str], body: schemas.AnnotationIn) -> Status[Annotation]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    data = body.model_dump()
    dashboard = dashboard_for(access, data.pop("dashboard")) if body.dashboard else data.pop("dashboard")
    return Status(201, notes.annotate(access=access, dashboard=dashboard, **data))


@router.delete("/annotations/{annotation}", response={204: None}, summary="Delete a note")
def delete_annotation(request: HttpRequest, product: Path[str], annotation: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    notes.delete_annotation(access=access, annotation=annotation_for(access, annotation))
    return Status(204, None)


@router.get("/{dashboard}", response=schemas.DashboardOut, summary="One dashboard")
def get_dashboard(request: HttpRequest, product: Path[str], dashboard: Path[Id]) -> Dashboard:
    return dashboard_for(api_access(request, product), dashboard)


@router.patch("/{dashboard}", response=schemas.DashboardOut, summary="Change a dashboard")
def update_dashboard(
    request: HttpRequest, product: Path[str], dashboard: Path[Id], body: schemas.DashboardPatch
) -> Dashboard:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    changes = body.model_dump(exclude_unset=True)
    return services.update_dashboard(access=access, dashboard=dashboard_for(access, dashboard), **changes)


@router.delete("/{dashboard}", response={204: None}, summary="Delete a dashboard")
def delete_dashboard(request: HttpRequest, product: Path[str], dashboard: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    services.delete_dashboard(access=access, dashboard=dashboard_for(access, dashboard))
    return Status(204, None)


@router.post("/{dashboard}/copy", response={201: schemas.DashboardOut}, summary="Copy a dashboard")
def copy_dashboard(
    request: HttpRequest, product: Path[str], dashboard: Path[Id], body: schemas.CopyIn
) -> Status[Dashboard]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = dashboard_for(access, dashboard)
    return Status(201, services.duplicate_dashboard(access=access, dashboard=found, name=body.name))


@router.post("/{dashboard}/tiles", response={201: schemas.TileOut}, summary="Add a tile")
def add_tile(request: HttpRequest, product: Path[str], dashboard: Path[Id], body: schemas.TileIn) -> Status[Tile]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    place = (body.x or 0, body.y if body.y is not None else 1000, body.w or 6, body.h or 5)
    named = any(value is not None for value in (body.x, body.y, body.w, body.h))
    data = body.model_dump(exclude={"x", "y", "w", "h"})
    data["report"] = report_for(access, body.report) if body.report else None
    data["metric"] = metric_for(access, body.metric) if body.metric else None
    found = dashboard_for(access, dashboard)
    return Status(201, services.add_tile(access=access, dashboard=found, place=place if named else None, **data))


@router.patch("/{dashboard}/tiles/{tile}", response=schemas.TileOut, summary="Change a tile")
def update_tile(
    request: HttpRequest, product: Path[str], dashboard: Path[Id], tile: Path[Id], body: schemas.TilePatch
) -> Tile:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = dashboard_for(access, dashboard)
    changes: dict[str, Any] = body.model_dump(exclude_unset=True)
    return services.update_tile(access=access, dashboard=found, tile=tile_for(access, found, tile), **changes)


@router.delete("/{dashboard}/tiles/{tile}", response={204: None}, summary="Remove a tile")
def remove_tile(request: HttpRequest, product: Path[str], dashboard: Path[Id], tile: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = dashboard_for(access, dashboard)
    services.remove_tile(access=access, dashboard=found, tile=tile_for(access, found, tile))
    return Status(204, None)


@router.get("/{dashboard}/variants", response=list[schemas.VariantOut], summary="Variants")
@paginate(Pages)
def list_variants(request: HttpRequest, product: Path[str], dashboard: Path[Id]) -> QuerySet[Variant]:
    return Variant.objects.filter(dashboard=dashboard_for(api_access(request, product), dashboard))


@router.get("/{dashboard}/variants/{variant}", response=schemas.VariantOut, summary="One variant")
def get_variant(request: HttpRequest, product: Path[str], dashboard: Path[Id], variant: Path[Id]) -> Variant:
    access = api_access(request, product)
    return variant_for(access, dashboard_for(access, dashboard), variant)


@router.post("/{dashboard}/variants", response={201: schemas.VariantOut}, summary="Save a variant")
def save_variant(
    request: HttpRequest, product: Path[str], dashboard: Path[Id], body: schemas.VariantIn
) -> Status[Variant]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = dashboard_for(access, dashboard)
    query = bar_of(QueryDict(body.query)).query
    made = services.save_variant(access=access, dashboard=found, name=body.name, query=query, default=body.default)
    return Status(201, made)


@router.delete("/{dashboard}/variants/{variant}", response={204: None}, summary="Delete a variant")
def delete_variant(request: HttpRequest, product: Path[str], dashboard: Path[Id], variant: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    found = dashboard_for(access, dashboard)
    services.delete_variant(access=access, dashboard=found, variant=variant_for(access, found, variant))
    return Status(204, None)


router.add_router("", sharing_router)

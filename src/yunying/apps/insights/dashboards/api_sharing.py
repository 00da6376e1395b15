"""The part of `…/dashboards` by which dashboards leave the program: links, mails, files. Parse, call, answer."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from ninja import Path, Query, Router, Status
from ninja.pagination import paginate

from yunying.apps.insights.dashboards import schemas, sharing, subscriptions
from yunying.apps.insights.dashboards.access import dashboard_for, link_for, subscription_for, variant_for
from yunying.apps.insights.dashboards.bar import bar_of
from yunying.apps.insights.dashboards.files import TYPES, file_response
from yunying.apps.insights.dashboards.models import ShareLink, Subscription
from yunying.platform.products.access import Permission
from yunying.platform.products.rest import Id, Pages, api_access

__all__ = ["router"]

router = Router(tags=["Dashboards"])

_FILE = {content: {"schema": {"type": "string", "format": "binary"}} for content in TYPES.values()}


@router.get("/{dashboard}/links", response=list[schemas.LinkOut], summary="Shared links")
@paginate(Pages)
def list_links(request: HttpRequest, product: Path[str], dashboard: Path[Id]) -> QuerySet[ShareLink]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    return ShareLink.objects.filter(dashboard=dashboard_for(access, dashboard)).order_by("-pk")


@router.post(
    "/{dashboard}/links",
    response={201: schemas.LinkMade},
    summary="Make a link",
    description="Whoever has the address sees the tiles without an account. It is told this once.",
)
def create_link(
    request: HttpRequest, product: Path[str], dashboard: Path[Id], body: schemas.LinkIn
) -> Status[dict[str, Any]]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    data = body.model_dump()
    data["query"] = bar_of(QueryDict(body.query)).query if body.query else ""
    link, secret = sharing.create_link(access=access, dashboard=dashboard_for(access, dashboard), **data)
    address = request.build_absolute_uri(reverse("shared:dashboard", args=[secret]))
    return Status(201, {"link": link, "address": address})


@router.delete("/{dashboard}/links/{link}", response={204: None}, summary="Revoke a link")
def revoke_link(request: HttpRequest, product: Path[str], dashboard: Path[Id], link: Path[Id]) -> Status[None]:
    access = api_access(request, product, Permission.EDIT_REPORTS)
    sharing.revoke_link(access=access, link=link_for(access, dashboard_for(access, dashboard), link))
    return Status(204, None)


@router.get(
    "/{dashboard}/mails",
    response=list[schemas.MailOut],
    summary="Mails of a dashboard",
    description="All of them for who may edit reports, else the caller's own.",
)
@paginate(Pages)
def list_mails(request: HttpRequest, product: Path[str], dashboard: Path[Id]) -> Sequence[Subscription]:
    access = api_access(request, product)
    return subscriptions.visible(access, dashboard_for(access, dashboard))


@router.post(
    "/{dashboard}/mails",
    response={201: schemas.MailOut},
    summary="Order mails",
    description="For oneself, or with the right to edit reports for other members. Only a person can: no key.",
)
def order_mails(
    request: HttpRequest, product: Path[str], dashboard: Path[Id], body: schemas.MailIn
) -> Status[Subscription]:
    access = api_access(request, product)
    found = dashboard_for(access, dashboard)
    data = body.model_dump(exclude={"people", "variant"})
    variant = variant_for(access, found, body.variant) if body.variant else None
    made = subscriptions.subscribe(access=access, dashboard=found, user_ids=body.people, variant=variant, **data)
    return Status(201, made)


@router.delete("/{dashboard}/mails/{mail}", response={204: None}, summary="End mails")
def end_mails(request: HttpRequest, product: Path[str], dashboard: Path[Id], mail: Path[Id]) -> Status[None]:
    access = api_access(request, product)
    found = subscription_for(access, dashboard_for(access, dashboard), mail)
    subscriptions.unsubscribe(access=access, subscription=found)
    return Status(204, None)


@router.get(
    "/{dashboard}/export",
    response={200: None},
    summary="A dashboard as a file",
    description=(
        "A picture, a document or a workbook with a sheet for each tile, in the language of `Accept-Language`. `query`"
        " is the part of the page's address behind the question mark; without it the `variant`'s, else none."
    ),
    openapi_extra={"responses": {200: {"description": "The file.", "content": _FILE}}},
)
def export(
    request: HttpRequest,
    product: Path[str],
    dashboard: Path[Id],
    format: Query[Literal["png", "pdf", "xlsx"]],
    query: Annotated[str, Query(max_length=10_000)] = "",
    variant: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> HttpResponse:
    access = api_access(request, product)
    found = dashboard_for(access, dashboard)
    named = variant_for(access, found, variant) if variant else None
    state = bar_of(QueryDict(query or (named.query if named else "")))
    shown = named.name if named and not query else ""
    return file_response(access=access, dashboard=found, bar=state, kind=format, variant=shown)

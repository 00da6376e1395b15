"""`/api/v1` endpoints of products, members and keys. Parse, call, answer."""

from typing import Any

from django.http import HttpRequest
from ninja import Path, Router, Status
from ninja.pagination import paginate

from yunying.base.errors import NotAllowed, msg
from yunying.platform.products import schemas, selectors, services
from yunying.platform.products.access import Permission, organisation_for, organisations_of, products_of
from yunying.platform.products.http import actor_of, user_of
from yunying.platform.products.models import ApiKey, Organisation, Product, WriteKey
from yunying.platform.products.rest import Id, Pages, api_access

__all__ = ["caller_router", "router"]

router = Router(tags=["Products"])
caller_router = Router(tags=["Caller"])


def _key(request: HttpRequest) -> ApiKey | None:
    caller = getattr(request, "auth", None)
    return caller if isinstance(caller, ApiKey) else None


def _people_only(request: HttpRequest) -> None:
    if _key(request):
        raise NotAllowed("access.people_only", msg("An API key belongs to one product; sign in as a person for this."))


@caller_router.get("/me", response=schemas.Caller, summary="Who calls")
def me(request: HttpRequest) -> dict[str, Any]:
    key = _key(request)
    if key:
        return {"kind": "api_key", "id": key.pk, "name": key.name, "products": [key.product.slug]}
    user = user_of(request)
    slugs = [product.slug for product in products_of(user)]
    return {"kind": "user", "id": user.pk, "name": user.shown_name, "products": slugs}


@caller_router.get("/organisations", response=list[schemas.OrganisationOut], summary="Organisations of the caller")
@paginate(Pages)
def organisations(request: HttpRequest) -> list[Organisation]:
    _people_only(request)
    return organisations_of(user_of(request))


@router.get("", response=list[schemas.ProductOut], summary="Products the caller may see")
@paginate(Pages)
def list_products(request: HttpRequest) -> list[Product]:
    key = _key(request)
    if key:
        return [key.product] if key.product.archived_at is None else []
    return products_of(user_of(request))


@router.post("", response={201: schemas.ProductOut}, summary="Create a product with a first write key")
def create_product(request: HttpRequest, body: schemas.ProductIn) -> Status[Product]:
    _people_only(request)
    place = organisation_for(user_of(request), actor_of(request), body.organisation_id)
    return Status(201, services.create_product(access=place, **body.model_dump(exclude={"organisation_id"})))


@router.get("/{product}", response=schemas.ProductOut, summary="One product")
def get_product(request: HttpRequest, product: str) -> Product:
    return api_access(request, product).product


@router.patch("/{product}", response=schemas.ProductOut, summary="Change the profile")
def update_product(request: HttpRequest, product: str, body: schemas.ProductPatch) -> Product:
    access = api_access(request, product, Permission.MANAGE_PRODUCT)
    return services.update_product(access=access, **body.model_dump(exclude_unset=True))


@router.get("/{product}/members", response=list[schemas.MemberOut], summary="Who can see the product")
@paginate(Pages)
def list_members(request: HttpRequest, product: str) -> list[dict[str, Any]]:
    access = api_access(request, product)
    return [
        {
            "user_id": person.user.pk,
            "name": person.user.shown_name,
            "email": person.user.email,
            "role": person.role.value,
            "own_role": person.own,
            "since": person.since,
        }
        for person in selectors.product_members(access)
    ]


@router.put("/{product}/members/{user}/role", response={204: None}, summary="Role of a member in this product")
def set_role(request: HttpRequest, product: str, user: Path[Id], body: schemas.RoleIn) -> Status[None]:
    access = api_access(request, product, Permission.MANAGE_MEMBERS)
    services.set_product_role(access=access, user_id=user, role=body.role)
    return Status(204, None)


@router.get("/{product}/write-keys", response=list[schemas.WriteKeyOut], summary="Write keys")
@paginate(Pages)
def list_write_keys(request: HttpRequest, product: str) -> list[WriteKey]:
    return selectors.write_keys(api_access(request, product, Permission.MANAGE_PRODUCT))


@router.post("/{product}/write-keys", response={201: schemas.WriteKeyOut}, summary="Create a write key")
def create_write_key(request: HttpRequest, product: str, body: schemas.WriteKeyIn) -> Status[WriteKey]:
    access = api_access(request, product, Permission.MANAGE_PRODUCT)
    return Status(201, services.create_write_key(access=access, name=body.name))


@router.delete("/{product}/write-keys/{key}", response={204: None}, summary="Revoke a write key")
def revoke_write_key(request: HttpRequest, product: str, key: Path[Id]) -> Status[None]:
    services.revoke_write_key(access=api_access(request, product, Permission.MANAGE_PRODUCT), key_id=key)
    return Status(204, None)


@router.get("/{product}/api-keys", response=list[schemas.ApiKeyOut], summary="API keys, without their secrets")
@paginate(Pages)
def list_api_keys(request: HttpRequest, product: str) -> list[ApiKey]:
    return selectors.api_keys(api_access(request, product, Permission.MANAGE_PRODUCT))


@router.post("/{product}/api-keys", response={201: schemas.NewApiKeyOut}, summary="Create an API key")
def create_api_key(request: HttpRequest, product: str, body: schemas.ApiKeyIn) -> Status[dict[str, Any]]:
    access = api_access(request, product, Permission.MANAGE_PRODUCT)
    made = services.create_api_key(access=access, name=body.name, scopes=body.scopes)
    return Status(201, {**schemas.ApiKeyOut.from_orm(made.key).model_dump(), "secret": made.secret})


@router.delete("/{product}/api-keys/{key}", response={204: None}, summary="Revoke an API key")
def revoke_api_key(request: HttpRequest, product: str, key: Path[Id]) -> Status[None]:
    services.revoke_api_key(access=api_access(request, product, Permission.MANAGE_PRODUCT), key_id=key)
    return Status(204, None)

"""From a request to an actor and a product: what every page below `/p/<product>/` and every API call begins with."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from yunying.base.actor import Actor, ActorKind
from yunying.platform.accounts.models import User
from yunying.platform.products.access import Permission, ProductAccess, key_access, product_for
from yunying.platform.products.models import ApiKey

__all__ = ["ProductView", "actor_of", "api_access", "product_view", "user_of"]

ProductView = Callable[..., HttpResponse]
LAST_PRODUCT = "yunying_product"
_YEAR_S = 365 * 24 * 3600


def user_of(request: HttpRequest) -> User:
    """The signed-in user. Call only behind a login."""
    return cast(User, request.user)


def _agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:300]


def _ip(request: HttpRequest) -> str:
    return cast(str, request.META.get("REMOTE_ADDR", ""))


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in user as an actor. Call only behind a login."""
    user = user_of(request)
    return Actor(ActorKind.USER, user.pk, user.shown_name, _ip(request), _agent(request))


def api_access(request: HttpRequest, product: str, need: Permission = Permission.VIEW) -> ProductAccess:
    """What the caller of the API, an API key or a signed-in user, may do in the product `product` (its short name).

    Raises NotFound to outsiders and NotAllowed to insiders without `need`, for both kinds of caller alike.
    """
    caller = getattr(request, "auth", None)
    if isinstance(caller, ApiKey):
        access = key_access(caller, product, need, ip=_ip(request), agent=_agent(request))
    else:
        access = product_for(user_of(request), actor_of(request), product, need)
    request.access = access  # type: ignore[attr-defined]
    return access


def product_view(
    need: Permission = Permission.VIEW,
) -> Callable[[Callable[Concatenate[HttpRequest, ProductAccess, ...], HttpResponse]], ProductView]:
    """Make `view(request, access, …)` a view of `/p/<slug:product>/…` that only the right people reach.

    The access is also set as `request.access`, for the menu and the product switcher; the product's timezone is the
    current one inside the view. Raises NotFound to outsiders and NotAllowed to members without `need`.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, ProductAccess, ...], HttpResponse]) -> ProductView:
        @login_required
        @wraps(view)
        def inner(request: HttpRequest, product: str, *args: Any, **kwargs: Any) -> HttpResponse:
            access = product_for(user_of(request), actor_of(request), product, need)
            request.access = access  # type: ignore[attr-defined]
            with timezone.override(access.product.zone_or_utc):
                response = view(request, access, *args, **kwargs)
            _remember(request, response, access)
            return response

        return inner

    return decorate


def _remember(request: HttpRequest, response: HttpResponse, access: ProductAccess) -> None:
    """The product looked at last is the one that pages without a product, and the next sign-in, begin with."""
    if request.COOKIES.get(LAST_PRODUCT) != access.product.slug:
        response.set_cookie(
            LAST_PRODUCT,
            access.product.slug,
            max_age=_YEAR_S,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )

"""From a request to an actor and a product: what every page below `/p/<product>/` begins with."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse

from yunying.base.actor import Actor, ActorKind
from yunying.platform.accounts.models import User
from yunying.platform.products.access import Permission, ProductAccess, product_for

__all__ = ["actor_of", "product_view"]

type_view = Callable[..., HttpResponse]


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in user as an actor. Call only behind a login."""
    user = cast(User, request.user)
    agent = request.headers.get("User-Agent", "")[:300]
    return Actor(ActorKind.USER, user.pk, user.shown_name, request.META.get("REMOTE_ADDR", ""), agent)


def product_view(
    need: Permission = Permission.VIEW,
) -> Callable[[Callable[Concatenate[HttpRequest, ProductAccess, ...], HttpResponse]], type_view]:
    """Make `view(request, access, …)` a view of `/p/<slug:product>/…` that only the right people reach.

    The access is also set as `request.access`, for the menu and the product switcher.
    Raises NotFound to outsiders and NotAllowed to members without `need`.
    """

    def decorate(view: Callable[Concatenate[HttpRequest, ProductAccess, ...], HttpResponse]) -> type_view:
        @login_required
        @wraps(view)
        def inner(request: HttpRequest, product: str, *args: Any, **kwargs: Any) -> HttpResponse:
            access = product_for(cast(User, request.user), actor_of(request), product, need)
            request.access = access  # type: ignore[attr-defined]
            return view(request, access, *args, **kwargs)

        return inner

    return decorate

"""Pages for people without an account. They show what the maker of the link chose, and nothing of the product beside.

Every answer forbids search engines and caches to keep it; only sites that the link names may embed the page.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from yunying.apps.insights.dashboards import sharing
from yunying.apps.insights.dashboards.bar import Bar, bar_of
from yunying.apps.insights.dashboards.faces import Viewer
from yunying.apps.insights.dashboards.mails import recipient_of, unsubscribed
from yunying.apps.insights.dashboards.models import ShareLink, Tile
from yunying.apps.insights.dashboards.selectors import variants_of
from yunying.apps.insights.dashboards.tiles import Sight, changed, shown_tile, shown_tiles, sight_of, tiles_of
from yunying.apps.insights.dashboards.views.state import State
from yunying.apps.insights.dashboards.views.tiles import have_in
from yunying.base.actor import Actor, ActorKind
from yunying.base.errors import NotFound, msg
from yunying.platform.accounts import limits
from yunying.platform.products.access import looking_at
from yunying.platform.ui.headers import POLICY

__all__ = ["show", "tile", "unsubscribe", "what_changed"]

REQUESTS_PER_MINUTE, WRONG_PER_MINUTE, PASSWORDS_PER_WINDOW, WINDOW_S = 300, 30, 10, 300

View = Callable[Concatenate[HttpRequest, ShareLink, ...], HttpResponse]


def shared_view(view: View) -> Callable[..., HttpResponse]:
    """Make `view(request, link, …)` a view of `/shared/<secret>/…`: limited, unlocked, in the product's zone."""

    @wraps(view)
    def inner(request: HttpRequest, secret: str, *args: Any, **kwargs: Any) -> HttpResponse:
        ip = str(request.META.get("REMOTE_ADDR", ""))
        limits.count("shared", ip, most=REQUESTS_PER_MINUTE, window_s=60)
        try:
            link = sharing.opened(secret)
        except NotFound:
            limits.count("shared.wrong", ip, most=WRONG_PER_MINUTE, window_s=60)
            raise
        if link.password and not sharing.right_key(link, request.COOKIES.get(_cookie(link), "")):
            return _closed(_asked(request, link, secret, ip), link)
        with timezone.override(link.dashboard.product.zone):
            return _closed(view(request, link, *args, secret=secret, **kwargs), link)

    return inner


@require_http_methods(["GET", "HEAD", "POST"])
@shared_view
def show(request: HttpRequest, link: ShareLink, *, secret: str) -> HttpResponse:
    here = reverse("shared:dashboard", args=[secret])
    tiles = tiles_of(link.dashboard)
    context = {
        "dashboard": link.dashboard,
        "state": State(Bar(), next((one for one in variants_of(link.dashboard) if one.query == link.query), None)),
        "shown": shown_tiles(tiles, _sight(link, tiles)),
        "public": True,
        "here": here,
        "part_base": f"{here}tiles/",
        "changed_url": reverse("shared:changed", args=[secret]),
    }
    sharing.noted(link)
    return HttpResponse(render_to_string("insights/dashboards/shared.html", context, request))


@require_GET
@shared_view
def tile(request: HttpRequest, link: ShareLink, *, secret: str, tile_id: int) -> HttpResponse:
    found = next((one for one in tiles_of(link.dashboard) if one.pk == tile_id), None)
    if found is None:
        raise NotFound("tile.absent", msg("There is no such tile."))
    context = {"one": shown_tile(found, _sight(link, [found])), "part_url": request.path}
    return HttpResponse(render_to_string("insights/dashboards/_body.html", context, request))


@require_GET
@shared_view
def what_changed(request: HttpRequest, link: ShareLink, *, secret: str) -> HttpResponse:
    tiles = tiles_of(link.dashboard)
    found = changed(tiles, _sight(link, tiles), have_in(request))
    return JsonResponse({"changed": found}) if found else HttpResponse(status=204)


# Mail programs send the one click of RFC 8058 without a token of ours; the signed name is the right itself.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, signed: str) -> HttpResponse:
    """Ends somebody's mails. A look alone ends nothing: programs open links of mails by themselves."""
    limits.count("shared", str(request.META.get("REMOTE_ADDR", "")), most=REQUESTS_PER_MINUTE, window_s=60)
    recipient = recipient_of(signed)
    done = request.method == "POST"
    if done:
        unsubscribed(recipient)
    context = {"dashboard": recipient.subscription.dashboard, "done": done or recipient.unsubscribed_at is not None}
    return HttpResponse(render_to_string("insights/dashboards/unsubscribe.html", context, request))


def _sight(link: ShareLink, tiles: Sequence[Tile]) -> Sight:
    actor = Actor(ActorKind.SYSTEM, None, link.label or "Shared link")
    viewer = Viewer(looking_at(link.dashboard.product, actor), public=True)
    return sight_of(link.dashboard, bar_of(QueryDict(link.query)), viewer, tiles)


def _asked(request: HttpRequest, link: ShareLink, secret: str, ip: str) -> HttpResponse:
    """The page that asks for the password, and what becomes of an answer."""
    wrong = ""
    if request.method == "POST":
        limits.count("shared.password", f"{link.pk}:{ip}", most=PASSWORDS_PER_WINDOW, window_s=WINDOW_S)
        if sharing.right_password(link, request.POST.get("password", "")):
            here = reverse("shared:dashboard", args=[secret])
            response = redirect(here)
            response.set_cookie(
                _cookie(link),
                sharing.key_for(link),
                max_age=sharing.KEY_LASTS_S,
                path=here,
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
            return response
        wrong = _("This is not the password.")
    page = render_to_string("insights/dashboards/password.html", {"wrong": wrong}, request)
    return HttpResponse(page, status=422 if wrong else 200)


def _cookie(link: ShareLink) -> str:
    return f"yunying_shared_{link.pk}"


def _closed(response: HttpResponse, link: ShareLink) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Cache-Control"] = "private, no-store"
    # No other site learns the address. "no-referrer" would also hide from ourselves where a form comes from, and the
    # password would be refused.
    response["Referrer-Policy"] = "same-origin"
    if link.origins:
        response["Content-Security-Policy"] = POLICY.replace(
            "frame-ancestors 'none'", f"frame-ancestors {' '.join(link.origins)}"
        )
        response.xframe_options_exempt = True
    return response

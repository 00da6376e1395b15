"""Pages of calendars: one's secret address, its file, and the file of one goal."""

from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.goals import calendars, selectors, services
from yunying.apps.goals.access import goal_for
from yunying.apps.goals.models import CalendarFeed
from yunying.apps.goals.standing import today_in
from yunying.apps.goals.views.common import get_or_post, to
from yunying.apps.goals.working_days import country_of, years_of
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

MIME = "text/calendar; charset=utf-8"


@get_or_post
@product_view()
def calendar(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """The page of one's secret address; a new one is shown in the answer to the form that asked for it, only then."""
    address = ""
    if request.method == "POST":
        secret = services.make_feed(access=access)
        address = urljoin(settings.CONFIG.base_url + "/", reverse("goals_feed", kwargs={"secret": secret}))
    feed = CalendarFeed.objects.filter(product=access.product, user_id=access.actor.id or 0).first()
    context = {"feed": feed, "address": address, "help_page": "goals", **_working_days(access)}
    return render(request, "goals/calendar.html", context)


def _working_days(access: ProductAccess) -> dict[str, Any]:
    today = today_in(access.product.timezone)
    return {"country": country_of(access.product), "years": years_of(access.product, today.year)}


@require_POST
@product_view()
def revoke(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    services.revoke_feed(access=access)
    messages.success(request, _("The address opens nothing any more."))
    return to("goals:calendar", access)


@require_GET
@product_view()
def goal_ics(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    answer = HttpResponse(calendars.goal_file(selectors.card_for(access, goal)), content_type=MIME)
    answer["Content-Disposition"] = f'attachment; filename="goal-{goal.pk}.ics"'
    return answer


@require_http_methods(["GET", "HEAD"])
def feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The file behind a secret address, for calendar programs, which cannot sign in."""
    found = calendars.feed_behind(secret)
    if found is None:
        raise NotFound("calendar.absent", msg("There is no such calendar."))
    with (
        translation.override(found.user.language or settings.LANGUAGE_CODE),
        timezone.override(found.product.zone_or_utc),
    ):
        answer = HttpResponse(calendars.feed_file(found), content_type=MIME)
    answer["Cache-Control"] = "private, max-age=300"
    return answer

"""Pages of check-ins and following."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yunying.apps.goals import selectors, services
from yunying.apps.goals.access import check_in_for, goal_for
from yunying.apps.goals.forms import CheckInForm
from yunying.apps.goals.services.check_ins import promises_of
from yunying.apps.goals.views.common import closed, form_page, get_or_post, goal_url, to_goal
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view


@get_or_post
@product_view(Permission.EDIT_GOALS)
def check_in(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    form = CheckInForm(request.POST or None, promises=promises_of(goal))

    def save() -> HttpResponse:
        services.add_check_in(access=access, goal=goal, **form.values())
        messages.success(request, _("The check-in is kept."))
        return to_goal(access, goal)

    card = selectors.card_for(access, goal)
    page: dict[str, Any] = {"title": _("Check-in"), "card": card, "goal": goal, "refusal": closed(goal)}
    return form_page(request, "goals/check_in.html", form, save, back=goal_url(access, goal), **page)


@require_POST
@product_view(Permission.EDIT_GOALS)
def delete_check_in(request: HttpRequest, access: ProductAccess, check_in_id: int) -> HttpResponse:
    found = check_in_for(access, check_in_id)
    services.delete_check_in(access=access, check_in=found)
    messages.success(request, _("The check-in is deleted."))
    return to_goal(access, found.goal)


@require_POST
@product_view()
def follow(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    services.follow(access=access, goal=goal)
    messages.success(request, _("You follow this goal. You hear when it turns, and once a week what changed."))
    return to_goal(access, goal)


@require_POST
@product_view()
def unfollow(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    services.unfollow(access=access, goal=goal)
    messages.success(request, _("You do not follow this goal any more."))
    return to_goal(access, goal)

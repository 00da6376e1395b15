"""What a person was told, and the bell that counts it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yunying.base.errors import NotFound, msg
from yunying.platform.notify import selectors, services
from yunying.platform.products.http import user_of
from yunying.platform.ui.page import render
from yunying.platform.ui.shell import Bell

__all__ = ["bell", "urlpatterns"]


@login_required
def show(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    unread_only = request.GET.get("show") == "unread"
    found = selectors.notifications(user.pk, unread_only=unread_only)
    page = Paginator(found, 25).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "unread_only": unread_only,
        "unread": selectors.unread_count(user.pk),
        "tab": "notifications",
        "help_page": "notifications",
    }
    return render(request, "console/notifications.html", context)


@login_required
@require_POST
def open_one(request: HttpRequest, notification: int) -> HttpResponse:
    """Mark it read and go where it points."""
    user = user_of(request)
    found = selectors.notifications(user.pk).filter(pk=notification).first()
    if found is None:
        raise NotFound("notification.absent", msg("There is no such notification."))
    services.mark_read(user_id=user.pk, notification_id=notification)
    inside = url_has_allowed_host_and_scheme(found.url, {request.get_host()}, require_https=request.is_secure())
    return redirect(found.url if inside else "console:notifications")


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    if services.mark_all_read(user_id=user_of(request).pk):
        messages.success(request, _("All notifications are marked read."))
    return redirect("console:notifications")


def bell(request: HttpRequest) -> Bell | None:
    """The number at the bell of this person; one short query a page."""
    if not request.user.is_authenticated:
        return None
    return Bell(selectors.unread_count(user_of(request).pk), reverse("console:notifications"))


urlpatterns = [
    path("you/notifications/", show, name="notifications"),
    path("you/notifications/read/", read_all, name="notifications_read"),
    path("you/notifications/<int:notification>/", open_one, name="notification"),
]

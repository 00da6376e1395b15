"""What the pages of goals share."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunying.apps.goals.forms import add_problem
from yunying.apps.goals.models import Goal
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.page import render

__all__ = ["form_page", "get_or_post", "goal_url", "page_url", "to", "to_goal"]

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def form_page(
    request: HttpRequest, template: str, form: Any, save: Callable[[], HttpResponse], **context: Any
) -> HttpResponse:
    """Show the form; when it was sent and the service takes it, what `save` answers."""
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except YunyingError as error:
            add_problem(form, error)
    if any(field.errors for field in form.hidden_fields()):
        # Nobody sees an error at a field that is not shown.
        form.add_error(None, _("This page is out of date. Load it again."))
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form, "help_page": "goals", **context}, status=status)


def page_url(name: str, access: ProductAccess, **kwargs: Any) -> str:
    return reverse(name, kwargs={"product": access.product.slug, **kwargs})


def goal_url(access: ProductAccess, goal: Goal) -> str:
    return page_url("goals:detail", access, goal_id=goal.pk)


def to(name: str, access: ProductAccess, **kwargs: Any) -> HttpResponse:
    return redirect(page_url(name, access, **kwargs))


def to_goal(access: ProductAccess, goal: Goal) -> HttpResponse:
    return redirect(goal_url(access, goal))

"""What the pages of goals share."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yunying.apps.goals.forms import add_problem
from yunying.apps.goals.models import Cycle, Goal
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.page import render

__all__ = ["closed", "form_page", "get_or_post", "goal_url", "page_url", "to", "to_goal"]

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


def closed(row: Goal | Cycle) -> str:
    """Why a goal or a cycle cannot be changed; empty while it is open."""
    if row.is_open:
        return ""
    if isinstance(row, Goal):
        return _("This goal is closed. Reopen it to change it.")
    return _("This cycle is closed. Reopen it to change it.")


def form_page(
    request: HttpRequest,
    template: str,
    form: Any,
    save: Callable[[], HttpResponse],
    *,
    back: str,
    refusal: str = "",
    **context: Any,
) -> HttpResponse:
    """Show the form; when it was sent and the service takes it, what `save` answers.

    With a `refusal` the form is not even shown: it is told on the page to go `back` to. One that was sent all the same
    is shown again with what was typed.
    """
    if refusal and request.method != "POST":
        messages.error(request, refusal)
        return redirect(back)
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except YunyingError as error:
            add_problem(form, error)
    if any(field.errors for field in form.hidden_fields()):
        # Nobody sees an error at a field that is not shown.
        form.add_error(None, _("This page is out of date. Load it again."))
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form, "back": back, "help_page": "goals", **context}, status=status)


def page_url(name: str, access: ProductAccess, **kwargs: Any) -> str:
    return reverse(name, kwargs={"product": access.product.slug, **kwargs})


def goal_url(access: ProductAccess, goal: Goal) -> str:
    return page_url("goals:detail", access, goal_id=goal.pk)


def to(name: str, access: ProductAccess, **kwargs: Any) -> HttpResponse:
    return redirect(page_url(name, access, **kwargs))


def to_goal(access: ProductAccess, goal: Goal) -> HttpResponse:
    return redirect(goal_url(access, goal))

"""Pages of key results."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.goals import pictures, services
from yunying.apps.goals.access import goal_for, key_result_for
from yunying.apps.goals.forms import KeyResultForm
from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.readings import try_to_read
from yunying.apps.goals.views.common import closed, form_page, get_or_post, goal_url, to_goal
from yunying.apps.insights.selectors import metrics_of
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render


@get_or_post
@product_view(Permission.EDIT_GOALS)
def add(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    metrics = metrics_of(access)
    start = {"start": goal.start, "due": goal.due} | {
        name: request.GET[name]
        for name in ("metric", "baseline", "start", "due", "shape", "guardrail")
        if request.GET.get(name)
    }
    if "metric" not in start and metrics:
        start["metric"] = str(metrics[0].pk)
    form = KeyResultForm(request.POST or None, metrics=metrics, initial=start)

    def save() -> HttpResponse:
        metric_id = form.cleaned_data["metric"]
        key_result = services.add_key_result(access=access, goal=goal, metric_id=metric_id, **form.values())
        return _read_and_show(request, access, key_result)

    return _key_result_page(request, access, goal, form, save, title=_("Add key result"))


@get_or_post
@product_view(Permission.EDIT_GOALS)
def change(request: HttpRequest, access: ProductAccess, key_result_id: int) -> HttpResponse:
    key_result = key_result_for(access, key_result_id)
    form = KeyResultForm(
        request.POST or None,
        metrics=[key_result.metric],
        key_result=key_result,
        initial=KeyResultForm.initial_of(key_result),
    )

    def save() -> HttpResponse:
        version = form.cleaned_data["version"]
        services.update_key_result(access=access, key_result=key_result, version=version, **form.values())
        return _read_and_show(request, access, key_result)

    page = {"title": _("Change key result"), "key_result": key_result}
    return _key_result_page(request, access, key_result.goal, form, save, **page)


@require_POST
@product_view(Permission.EDIT_GOALS)
def remove(request: HttpRequest, access: ProductAccess, key_result_id: int) -> HttpResponse:
    key_result = key_result_for(access, key_result_id)
    services.remove_key_result(access=access, key_result=key_result)
    messages.success(request, _("The key result is removed."))
    return to_goal(access, key_result.goal)


@require_GET
@product_view()
def readings(request: HttpRequest, access: ProductAccess, key_result_id: int) -> HttpResponse:
    """The readings in force and those that a newer definition superseded."""
    key_result = key_result_for(access, key_result_id)
    context = {
        "key_result": key_result,
        "goal": key_result.goal,
        "back": goal_url(access, key_result.goal),
        "table": pictures.reading_table(request, key_result),
        "definitions": pictures.definitions_of(key_result),
        "help_page": "goals",
    }
    return render(request, "goals/readings.html", context)


@require_GET
@product_view()
def preview(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """What the chosen metric says over the chosen time, for the key result's form."""
    form = KeyResultForm(metrics=metrics_of(access), initial=request.GET.dict())
    return render(request, "goals/_preview.html", {"preview": pictures.preview_of(access, form)})


def _key_result_page(
    request: HttpRequest,
    access: ProductAccess,
    goal: Goal,
    form: KeyResultForm,
    save: Callable[[], HttpResponse],
    **context: Any,
) -> HttpResponse:
    preview = SimpleLazyObject(lambda: pictures.preview_of(access, form))
    page = {"goal": goal, "preview": preview, "refusal": closed(goal), **context}
    return form_page(request, "goals/key_result.html", form, save, back=goal_url(access, goal), **page)


def _read_and_show(request: HttpRequest, access: ProductAccess, key_result: KeyResult) -> HttpResponse:
    if try_to_read(key_result):
        messages.success(request, _("The key result is saved and read."))
    else:
        messages.warning(request, _("The key result is saved. Its first reading did not work and is tried again."))
    return to_goal(access, key_result.goal)

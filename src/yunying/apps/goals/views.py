"""Pages of goals: parse, call, render."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yunying.apps.goals import pictures, selectors, services
from yunying.apps.goals.access import goal_for, key_result_for
from yunying.apps.goals.forms import CloseForm, GoalForm, KeyResultForm, add_problem
from yunying.apps.goals.models import Goal, KeyResult
from yunying.apps.goals.readings import try_to_read
from yunying.apps.goals.standing import today_in
from yunying.apps.insights.selectors import metrics_of
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@require_GET
@product_view()
def goal_list(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    closed = request.GET.get("show") == "closed"
    as_table = request.GET.get("view") == "table"
    context: dict[str, Any] = {
        "closed": closed,
        "as_table": as_table,
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "goals",
    }
    if as_table:
        context["table"] = pictures.goal_table(request, access, closed=closed)
    else:
        context["cards"] = selectors.cards(access, closed=closed)
    return render(request, "goals/list.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    today = today_in(access.product.timezone)
    start = {"start": today, "due": _quarter_end(today), "owner": access.actor.id, "parent": request.GET.get("parent")}
    form = GoalForm(request.POST or None, access=access, initial=start)

    def save() -> HttpResponse:
        goal = services.create_goal(access=access, **form.values())
        messages.success(request, _("The goal is set. Now bind it to a number that moves."))
        return _to("goals:add", access, goal_id=goal.pk)

    return _form_page(request, "goals/form.html", form, save, title=_("New goal"), back=_url("goals:list", access))


@require_GET
@product_view()
def detail(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    card = selectors.card_for(access, goal)
    readings = selectors.readings_of([item.key_result for item in card.key_results])
    context = {
        "card": card,
        "goal": goal,
        "results": [
            (item, pictures.progress_chart(item.key_result, readings[item.key_result.pk], access.product.week_start))
            for item in card.key_results
        ],
        "children": selectors.children(access, goal),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "goals",
    }
    return render(request, "goals/detail.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def edit(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    fields = ("title", "why", "start", "due", "version")
    start = {name: getattr(goal, name) for name in fields} | {"owner": goal.owner_id, "parent": goal.parent_id}
    form = GoalForm(request.POST or None, access=access, goal=goal, initial=start)

    def save() -> HttpResponse:
        services.update_goal(access=access, goal=goal, version=form.cleaned_data["version"], **form.values())
        messages.success(request, _("The goal is changed."))
        return _to_goal(access, goal)

    return _form_page(request, "goals/form.html", form, save, title=_("Change goal"), back=_goal_url(access, goal))


@get_or_post
@product_view(Permission.EDIT_GOALS)
def close(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    card = selectors.card_for(access, goal)
    form = CloseForm(request.POST or None, initial={"status": pictures.likely_outcome(card)})

    def save() -> HttpResponse:
        services.close_goal(access=access, goal=goal, **form.cleaned_data)
        messages.success(request, _("The goal is closed."))
        return _to_goal(access, goal)

    back = _goal_url(access, goal)
    return _form_page(request, "goals/close.html", form, save, title=_("Close goal"), back=back, card=card)


@require_POST
@product_view(Permission.EDIT_GOALS)
def reopen(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = services.reopen_goal(access=access, goal=goal_for(access, goal_id))
    messages.success(request, _("The goal is open again."))
    return _to_goal(access, goal)


@require_POST
@product_view(Permission.EDIT_GOALS)
def delete(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    services.delete_goal(access=access, goal=goal_for(access, goal_id))
    messages.success(request, _("The goal is deleted."))
    return _to("goals:list", access)


@require_POST
@product_view(Permission.EDIT_GOALS)
def read(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    key_results = goal.key_results.select_related("metric", "goal__product")
    # All are tried, also after one that did not work.
    read = [try_to_read(key_result) for key_result in key_results]
    if all(read):
        messages.success(request, _("All key results are read."))
    else:
        messages.error(request, _("Not every key result could be read. It is tried again every hour."))
    return _to_goal(access, goal)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def add(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    metrics = metrics_of(access)
    start = {"start": goal.start, "due": goal.due} | {
        name: request.GET[name] for name in ("metric", "baseline", "start", "due") if request.GET.get(name)
    }
    if "metric" not in start and metrics:
        start["metric"] = str(metrics[0].pk)
    form = KeyResultForm(request.POST or None, metrics=metrics, initial=start)

    def save() -> HttpResponse:
        data = {name: value for name, value in form.cleaned_data.items() if name not in ("metric", "version")}
        key_result = services.add_key_result(access=access, goal=goal, metric_id=form.cleaned_data["metric"], **data)
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
        data = {name: value for name, value in form.cleaned_data.items() if name != "metric"}
        services.update_key_result(access=access, key_result=key_result, **data)
        return _read_and_show(request, access, key_result)

    page = {"title": _("Change key result"), "key_result": key_result}
    return _key_result_page(request, access, key_result.goal, form, save, **page)


@require_POST
@product_view(Permission.EDIT_GOALS)
def remove(request: HttpRequest, access: ProductAccess, key_result_id: int) -> HttpResponse:
    key_result = key_result_for(access, key_result_id)
    services.remove_key_result(access=access, key_result=key_result)
    messages.success(request, _("The key result is removed."))
    return _to_goal(access, key_result.goal)


@require_GET
@product_view()
def preview(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """What the chosen metric says over the chosen time, for the key result's form."""
    form = KeyResultForm(metrics=metrics_of(access), initial=request.GET.dict())
    return render(request, "goals/_preview.html", {"preview": pictures.preview_of(access, form)})


def _form_page(
    request: HttpRequest, template: str, form: Any, save: Callable[[], HttpResponse], **context: Any
) -> HttpResponse:
    """Show the form; when it was sent and the service takes it, what `save` answers."""
    if request.method == "POST" and form.is_valid():
        try:
            return save()
        except YunyingError as error:
            add_problem(form, error)
    status = 422 if request.method == "POST" else 200
    return render(request, template, {"form": form, "help_page": "goals", **context}, status=status)


def _key_result_page(
    request: HttpRequest,
    access: ProductAccess,
    goal: Goal,
    form: KeyResultForm,
    save: Callable[[], HttpResponse],
    **context: Any,
) -> HttpResponse:
    preview = SimpleLazyObject(lambda: pictures.preview_of(access, form))
    page = {"goal": goal, "back": _goal_url(access, goal), "preview": preview, **context}
    return _form_page(request, "goals/key_result.html", form, save, **page)


def _read_and_show(request: HttpRequest, access: ProductAccess, key_result: KeyResult) -> HttpResponse:
    if try_to_read(key_result):
        messages.success(request, _("The key result is saved and read."))
    else:
        messages.warning(request, _("The key result is saved. Its first reading did not work and is tried again."))
    return _to_goal(access, key_result.goal)


def _quarter_end(today: date) -> date:
    """The last day of the quarter of `today`: the commonest due day."""
    month = (today.month - 1) // 3 * 3 + 3
    return date(today.year, month, 31 if month in (3, 12) else 30)


def _url(name: str, access: ProductAccess, **kwargs: Any) -> str:
    return reverse(name, kwargs={"product": access.product.slug, **kwargs})


def _goal_url(access: ProductAccess, goal: Goal) -> str:
    return _url("goals:detail", access, goal_id=goal.pk)


def _to(name: str, access: ProductAccess, **kwargs: Any) -> HttpResponse:
    return redirect(_url(name, access, **kwargs))


def _to_goal(access: ProductAccess, goal: Goal) -> HttpResponse:
    return redirect(_goal_url(access, goal))

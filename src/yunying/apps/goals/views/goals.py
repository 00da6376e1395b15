"""Pages of goals: the list and the tree, one goal, setting, changing, moving, closing."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.goals import pictures, selectors, services
from yunying.apps.goals.access import goal_for
from yunying.apps.goals.forms import CloseForm, GoalForm, MoveForm, ReopenForm
from yunying.apps.goals.history import history_of
from yunying.apps.goals.models import Cycle, Follower, Rhythm
from yunying.apps.goals.outlooks import forecast_card
from yunying.apps.goals.readings import try_to_read
from yunying.apps.goals.rhythm import pending_check_in
from yunying.apps.goals.standing import GoalCard, KeyResultCard, today_in
from yunying.apps.goals.views.common import closed, form_page, get_or_post, goal_url, page_url, to, to_goal
from yunying.apps.insights.selectors import marks_of
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

VIEWS = ("tree", "cards", "table")


@require_GET
@product_view()
def goal_list(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    closed = request.GET.get("show") == "closed"
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "cards" if closed else "tree"
    context: dict[str, Any] = {
        "closed": closed,
        "view": view,
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "goals",
    }
    if view == "table":
        context["table"] = pictures.goal_table(request, access, closed=closed)
    elif view == "tree":
        context["branches"] = selectors.forest(access).branches(access, closed=closed)
    else:
        context["cards"] = selectors.cards(access, closed=closed)
    return render(request, "goals/list.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    form = GoalForm(request.POST or None, access=access, initial=_first_values(request, access))

    def save() -> HttpResponse:
        goal = services.create_goal(access=access, **form.values())
        messages.success(request, _("The goal is set. Now bind it to a number that moves."))
        return to("goals:add", access, goal_id=goal.pk)

    return form_page(request, "goals/goal.html", form, save, title=_("New goal"), back=page_url("goals:list", access))


@require_GET
@product_view()
def detail(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    card = selectors.card_for(access, goal)
    check_ins = list(goal.check_ins.all()[:20])
    context = {
        "card": card,
        "goal": goal,
        **_drawn(access, card),
        "children": selectors.children(access, card),
        "check_ins": check_ins,
        "next_check_in": _next_check_in(card, check_ins[0].on if check_ins else None),
        "today": today_in(access.product.timezone),
        "history": history_of(access, goal, [item.key_result for item in _results(card)]),
        "followed": Follower.objects.filter(goal=goal, user_id=access.actor.id or 0).exists(),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "goals",
    }
    return render(request, "goals/detail.html", context)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def edit(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    form = GoalForm(request.POST or None, access=access, goal=goal, initial=GoalForm.initial_of(goal))

    def save() -> HttpResponse:
        services.update_goal(access=access, goal=goal, version=form.cleaned_data["version"], **form.values())
        messages.success(request, _("The goal is changed."))
        return to_goal(access, goal)

    page = {"title": _("Change goal"), "back": goal_url(access, goal), "refusal": closed(goal)}
    return form_page(request, "goals/goal.html", form, save, **page)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def move(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    start = {"parent": goal.parent_id, "version": goal.version}
    form = MoveForm(request.POST or None, access=access, goal=goal, initial=start)

    def save() -> HttpResponse:
        data = form.cleaned_data
        services.move_goal(access=access, goal=goal, version=data["version"], parent_id=data["parent"])
        messages.success(request, _("The goal is moved."))
        return to("goals:list", access)

    title = _("Move “%(goal)s”") % {"goal": goal.title}
    page = {"title": title, "back": page_url("goals:list", access), "refusal": closed(goal)}
    return form_page(request, "goals/form.html", form, save, **page)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def close(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    card = selectors.card_for(access, goal)
    start = {"status": pictures.likely_outcome(card), "score": _score(card)}
    form = CloseForm(request.POST or None, initial=start)

    def save() -> HttpResponse:
        services.close_goal(access=access, goal=goal, **form.cleaned_data)
        messages.success(request, _("The goal is closed."))
        return to_goal(access, goal)

    page: dict[str, Any] = {"title": _("Close goal"), "back": goal_url(access, goal), "card": card}
    refusal = "" if goal.is_open else _("This goal is closed already.")
    return form_page(request, "goals/close.html", form, save, refusal=refusal, **page)


@get_or_post
@product_view(Permission.EDIT_GOALS)
def reopen(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    goal = goal_for(access, goal_id)
    form = ReopenForm(request.POST or None)

    def save() -> HttpResponse:
        services.reopen_goal(access=access, goal=goal, reason=form.cleaned_data["reason"])
        messages.success(request, _("The goal is open again."))
        return to_goal(access, goal)

    title = _("Reopen “%(goal)s”") % {"goal": goal.title}
    refusal = _("This goal is open.") if goal.is_open else ""
    return form_page(request, "goals/form.html", form, save, title=title, back=goal_url(access, goal), refusal=refusal)


@require_POST
@product_view(Permission.EDIT_GOALS)
def delete(request: HttpRequest, access: ProductAccess, goal_id: int) -> HttpResponse:
    services.delete_goal(access=access, goal=goal_for(access, goal_id))
    messages.success(request, _("The goal is deleted."))
    return to("goals:list", access)


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
    return to_goal(access, goal)


def _results(card: GoalCard) -> list[KeyResultCard]:
    return [*card.key_results, *card.guardrails]


def _drawn(access: ProductAccess, card: GoalCard) -> dict[str, Any]:
    """Key results and guardrails, each with its chart and its forecast. Two queries."""
    rows = [item.key_result for item in _results(card)]
    readings = selectors.readings_of(rows)
    marks = marks_of(access.product, None, card.goal.start, card.goal.due) if rows else ()
    week_start = access.product.week_start

    def drawn(item: KeyResultCard) -> tuple[Any, ...]:
        forecast = forecast_card(item.key_result)
        chart = pictures.progress_chart(item.key_result, readings[item.key_result.pk], week_start, item.outlook, marks)
        return item, chart, forecast

    return {
        "results": [drawn(item) for item in card.key_results],
        "guardrails": [drawn(item) for item in card.guardrails],
    }


def _next_check_in(card: GoalCard, last: date | None) -> date | None:
    goal, today = card.goal, today_in(card.goal.product.timezone)
    if not card.is_open:
        return None
    return pending_check_in(goal.rhythm, goal.rhythm_day, goal.start, goal.due, last, today)


def _first_values(request: HttpRequest, access: ProductAccess) -> dict[str, Any]:
    """What the form of a new goal begins with: the cycle's time and the level below the goal it shall serve."""
    today = today_in(access.product.timezone)
    values: dict[str, Any] = {
        "start": today,
        "due": _quarter_end(today),
        "owner": access.actor.id,
        "rhythm": Rhythm.WEEKLY,
        **{name: request.GET[name] for name in ("parent", "cycle", "level") if request.GET.get(name)},
    }
    cycle = _number(request.GET.get("cycle"))
    if cycle and (found := Cycle.objects.filter(product=access.product, pk=cycle).first()):
        values |= {"start": found.start, "due": found.due}
    return values


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 18 else None


def _score(card: GoalCard) -> float | None:
    return None if card.progress is None else round(card.progress, 2)


def _quarter_end(today: date) -> date:
    """The last day of the quarter of `today`: the commonest due day."""
    month = (today.month - 1) // 3 * 3 + 3
    return date(today.year, month, 31 if month in (3, 12) else 30)

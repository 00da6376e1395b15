"""Dashboards from templates: what fits, what each tile is bound to, what is missing and where to go on, make."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yunying.apps.insights.dashboards.starters import STARTERS, Starter
from yunying.apps.insights.dashboards.starting import Bound, bound
from yunying.apps.insights.dashboards.starting import make as make_dashboard
from yunying.apps.insights.dashboards.views.pages import url_of
from yunying.apps.insights.kinds import Titles, titles_for
from yunying.apps.insights.metric_templates.binding import Binding
from yunying.apps.insights.metric_templates.catalogue import REVENUE
from yunying.apps.insights.metric_templates.choices import binding_of, choices_of, how_in_words, need_label
from yunying.apps.insights.metric_templates.roles import ROLES
from yunying.base.errors import NotFound, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

__all__ = ["listing", "make"]


@dataclass(frozen=True, slots=True)
class Line:
    """A tile as the page tells it: `to` are its events as people know them with how they were found, `missing` what
    it lacks, and `role` the first of these that can be chosen.
    """

    title: str
    to: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    role: str


@require_GET
@product_view(Permission.EDIT_REPORTS)
def listing(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """All templates, the one that most of is there for first, each with what binds and what is missing."""
    binding, titles = Binding(access.product), titles_for(access.product)
    cards = []
    for starter in STARTERS:
        lines = _lines(bound(starter, binding), titles)
        ready = sum(1 for line in lines if not line.missing)
        cards.append({"starter": starter, "lines": lines, "ready": ready, "share": ready / len(lines)})
    cards.sort(key=lambda card: -float(str(card["share"])))
    context = {"cards": cards, "no_events": not binding.events, "help_page": "dashboards"}
    return render(request, "insights/dashboards/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def make(request: HttpRequest, access: ProductAccess, template: str) -> HttpResponse:
    """What a template would make of the events that are there or chosen in the address; sent, it makes it."""
    starter = next((one for one in STARTERS if one.key == template), None)
    if starter is None:
        raise NotFound("template.absent", msg("There is no such template."))
    binding = binding_of(request, access)
    tiles = bound(starter, binding)
    if request.method == "POST" and any(not one.missing for one in tiles):
        dashboard = make_dashboard(access=access, starter=starter, binding=binding)
        messages.success(request, _("The dashboard is made. Its reports are yours to change."))
        return redirect(url_of(access, "dashboard", dashboard_id=dashboard.pk))
    return _preview(request, access, starter, binding, tiles)


def _preview(
    request: HttpRequest, access: ProductAccess, starter: Starter, binding: Binding, tiles: Sequence[Bound]
) -> HttpResponse:
    lines = _lines(tiles, titles_for(access.product))
    used = [role for one in tiles for needed in one.part.needs for role in needed.split("|")]
    context = {
        "starter": starter,
        "lines": lines,
        "ready": sum(1 for line in lines if not line.missing),
        "choices": choices_of(binding, used),
        "events": binding.events,
        "back": url_of(access, "dashboard_templates"),
        "help_page": "dashboards",
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "insights/dashboards/template.html", context, status=status)


def _lines(tiles: Sequence[Bound], titles: Titles) -> list[Line]:
    return [_line(one, titles) for one in tiles]


def _line(one: Bound, titles: Titles) -> Line:
    to = []
    for found in one.roles.values():
        amount = f" · {titles.property('event', found.need.amount)}" if found.need.amount else ""
        to.append((titles.event(found.need.event) + amount, how_in_words(found)))
    missing = tuple(_needed(role) for role in one.missing)
    firsts = (role.partition("|")[0] for role in one.missing)
    chosen = next((role for role in firsts if role in ROLES or role == REVENUE), "")
    return Line(str(one.part.title), tuple(dict.fromkeys(to)), missing, chosen)


def _needed(role: str) -> str:
    return " / ".join(need_label(one or "event") for one in role.split("|"))

"""The catalogue as a file: out, and in again after a look at what would change."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from yunying.apps.tracking import services
from yunying.apps.tracking.catalogue.plan import Change, Plan
from yunying.apps.tracking.catalogue.sheet import COLUMNS, sheet_heads, sheet_length, sheet_rows
from yunying.apps.tracking.forms import SheetForm
from yunying.apps.tracking.models import State
from yunying.apps.tracking.pages.catalogue import HELP
from yunying.base.errors import InvalidInput, LimitReached, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.products.selectors import product_members
from yunying.platform.ui import formats
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import render

# What a form may carry back; a catalogue is far smaller.
_MOST_JSON = 2_000_000
_LISTED = 200
# A workbook of more takes minutes; CSV is sent as it is written.
MOST_LINES = 50_000


@require_GET
@product_view()
def export(request: HttpRequest, access: ProductAccess, kind: str) -> HttpResponse:
    """The whole catalogue, one line for each property of each event."""
    if kind == "xlsx" and (lines := sheet_length(access.product.pk)) > MOST_LINES:
        raise LimitReached(
            "sheet.too_long",
            msg("The sheet has %(lines)d lines, more than a workbook is made of here. Take the CSV file instead."),
            lines=lines,
        )
    return file_response(kind, f"catalogue-{access.product.slug}", sheet_heads(), sheet_rows(access))


@require_http_methods(["GET", "POST"])
@product_view(Permission.MANAGE_DATA)
def load(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Upload a sheet, look at what it changes, and carry it out."""
    if request.method == "POST" and "changes" in request.POST:
        return _apply(request, access)
    form = SheetForm(request.POST or None, request.FILES or None)
    context: dict[str, Any] = {"form": form, "help_page": HELP, "heads": [str(c.label) for c in COLUMNS]}
    if request.method == "POST" and form.is_valid():
        try:
            file = form.cleaned_data["file"]
            plan = services.plan_of(access, file.name, file.read())
            context |= _preview(access, plan)
        except YunyingError as error:
            form.add_error("file", problem_of(error).detail)
    return render(request, "tracking/catalogue_load.html", context, status=422 if form.errors else 200)


def _preview(access: ProductAccess, plan: Plan) -> dict[str, Any]:
    changes = json.dumps([change.to_json() for change in plan.changes], ensure_ascii=False)
    if len(changes.encode()) > _MOST_JSON:
        raise LimitReached("sheet.too_many", msg("These are too many changes at once. Split the sheet."))
    people = {one.user.pk: one.user.shown_name for one in product_members(access)}
    return {
        "plan": plan,
        "changes": changes,
        "listed": [(change, _lines(change, people)) for change in plan.changes[:_LISTED]],
        "more": max(0, len(plan.changes) - _LISTED),
    }


def _lines(change: Change, people: dict[int, str]) -> list[tuple[str, str, str]]:
    """What changes about one entry: the field, before, after."""
    about = "event" if change.of == "name" else "property"
    labels = {column.word: str(column.label) for column in COLUMNS if column.word and column.of == about}

    def shown(word: str, value: Any) -> str:
        if isinstance(value, bool):
            return formats.yes_no(value)
        if word == "owner_id":
            return people.get(value, "")
        return str(State(value).label) if word == "state" and value else str(value or "")

    return [(labels[word], shown(word, change.before[word]), shown(word, new)) for word, new in change.words.items()]


def _apply(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    try:
        changes = json.loads(request.POST["changes"])
    except ValueError:
        changes = None
    if not isinstance(changes, list) or not all(isinstance(one, dict) for one in changes):
        raise InvalidInput("sheet.changes", msg("These changes cannot be read. Upload the sheet again."))
    done, problems = services.apply_plan(access, changes)
    text = ngettext("%(count)d entry was changed.", "%(count)d entries were changed.", done)
    messages.success(request, text % {"count": done})
    for problem in problems[:20]:
        messages.error(request, problem.text)
    return redirect("tracking:catalogue", product=access.product.slug)

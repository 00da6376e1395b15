"""Pages of goals as a sheet: export, import with a look before it is taken."""

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.goals.access import cycle_for
from yunying.apps.goals.exchange import Imported, import_rows
from yunying.apps.goals.models import Cycle
from yunying.apps.goals.sheets import COLUMNS, MOST_BYTES, WHICH, rows_of_file, sheet_rows
from yunying.apps.goals.views.common import to
from yunying.base.errors import InvalidInput, YunyingError, msg
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import render

PAGE = "goals/exchange.html"


@require_GET
@product_view()
def exchange(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    return render(request, PAGE, _context(access))


@require_GET
@product_view()
def export(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """A file of open goals (or closed ones, or `which=all`), of one cycle or of any."""
    kind = "csv" if request.GET.get("as") == "csv" else "xlsx"
    which = request.GET.get("which", "")
    asked = request.GET.get("cycle", "")
    cycle = cycle_for(access, int(asked)) if asked.isdecimal() and len(asked) < 18 else None
    rows = sheet_rows(access, which if which in WHICH else "open", cycle.pk if cycle else None)
    return file_response(kind, f"goals-{access.product.slug}", COLUMNS, rows)


@require_POST
@product_view(Permission.EDIT_GOALS)
def preview(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """What an uploaded file would do; nothing is changed."""
    file = request.FILES.get("file")
    try:
        if file is None:
            raise InvalidInput("goals.file", msg("Choose a file."), field="file")
        rows = rows_of_file(file.name or "", file.read(MOST_BYTES + 1))
        found = import_rows(access, rows, apply=False)
    except YunyingError as error:
        return render(request, PAGE, _context(access, problem=problem_of(error).detail), status=422)
    return render(request, PAGE, _context(access, imported=found, rows=json.dumps(rows, ensure_ascii=False)))


@require_POST
@product_view(Permission.EDIT_GOALS)
def take(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Take in what was previewed; what was changed in the meantime is checked again."""
    try:
        rows = _rows(request.POST.get("rows", ""))
        found = import_rows(access, rows, apply=True)
    except YunyingError as error:
        return render(request, PAGE, _context(access, problem=problem_of(error).detail), status=422)
    if not found.applied:
        page = _context(access, imported=found, rows=request.POST.get("rows", ""))
        return render(request, PAGE, page, status=422)
    text = ngettext("%(count)d line brought a change.", "%(count)d lines brought a change.", found.changes)
    messages.success(request, text % {"count": found.changes})
    return to("goals:list", access)


def _rows(text: str) -> list[dict[str, str]]:
    try:
        rows = json.loads(text[: MOST_BYTES * 2])
        return [{str(name): str(value) for name, value in row.items() if name in COLUMNS} for row in rows]
    except (ValueError, AttributeError, TypeError):
        raise InvalidInput(
            "goals.file", msg("What was previewed is not there any more. Choose the file again.")
        ) from None


def _context(
    access: ProductAccess, *, imported: Imported | None = None, rows: str = "", problem: str = ""
) -> dict[str, Any]:
    return {
        "imported": imported,
        "cycles": Cycle.objects.filter(product=access.product),
        "rows": rows,
        "problem": problem,
        "title": _("Import and export"),
        "may_edit": access.may(Permission.EDIT_GOALS),
        "help_page": "goals",
    }

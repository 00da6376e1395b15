"""What the pages of one import are drawn from: a draft with its choices, a dry run, an import at work or done."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from yunying.apps.tracking.importing import services, storage
from yunying.apps.tracking.importing.errorlog import listed
from yunying.apps.tracking.importing.forms import KINDS, ROLES, ChoicesForm, LayoutForm
from yunying.apps.tracking.importing.guessing import guesses
from yunying.apps.tracking.importing.identity import FOUND_BEFORE
from yunying.apps.tracking.importing.mapping import parse
from yunying.apps.tracking.importing.models import CheckState, ImportRun, ImportStatus
from yunying.apps.tracking.importing.plans import Plan
from yunying.apps.tracking.importing.shown import column_rows, preview_table, problem_text, span_of
from yunying.apps.tracking.importing.tally import moment
from yunying.apps.tracking.importing.trial import preview
from yunying.base.errors import Conflict, InvalidInput, LimitReached, NotFound, YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.page import render

__all__ = ["REFUSALS", "check_of", "draft_page", "progress_of", "told"]

REFUSALS = (InvalidInput, LimitReached, Conflict, NotFound)
_ERRORS_SHOWN = 20


def draft_page(
    request: HttpRequest,
    access: ProductAccess,
    run: ImportRun,
    *,
    layout_form: LayoutForm | None = None,
    form: ChoicesForm | None = None,
    data: QueryDict | None = None,
) -> HttpResponse:
    context: dict[str, Any] = {
        "run": run,
        "roles": ROLES,
        "kinds": KINDS,
        "help_page": "importing",
        "found_before": problem_text(run.problem) if run.problem.get("code") in FOUND_BEFORE else "",
        "earlier": run.problem.get("data", {}).get("earlier"),
        **check_of(run),
    }
    wrong = bool((layout_form and layout_form.errors) or (form and form.errors))
    try:
        found = services.read_sample(run)
    except REFUSALS as error:
        context["gone"] = told(error)
        return render(request, "tracking/import/draft.html", context, status=422 if wrong else 200)
    plan = services.plan_of(run)
    context |= {
        "layout_form": layout_form or LayoutForm(found.layout),
        "form": form or ChoicesForm(plan, max_errors=run.max_errors),
        "layout": found.layout,
        "columns": column_rows(plan, found, guesses(found)),
        "kept": services.kept_for(access=access, columns=found.columns),
        "keep_as": data.get("keep_as", "") if data else "",
        "preview": _preview(run, plan, context),
        "ask_again": bool(form and form.errors.get("again")) or run.problem.get("code") == "import.other_choices",
    }
    return render(request, "tracking/import/draft.html", context, status=422 if wrong else 200)


def _preview(run: ImportRun, plan: Plan, context: dict[str, Any]) -> Any:
    if not run.document:
        return None
    try:
        return preview_table(plan, preview(run.product, storage.path_of(run), parse(run.document)))
    except REFUSALS as error:
        context["preview_problem"] = told(error)
        return None


def check_of(run: ImportRun) -> dict[str, Any]:
    report = run.check_report or {}
    return {
        "run": run,
        "report": report,
        "checking": run.check_state == CheckState.RUNNING,
        "checked": run.check_state == CheckState.DONE,
        "names": sorted(report.get("names", {}).items(), key=lambda item: -item[1])[:20],
        "reasons": [(_reason(text), count) for text, count in report.get("reasons", {}).items()],
        "first": moment(report.get("first_ms")),
        "last": moment(report.get("last_ms")),
        "problem": problem_text(run.problem) if run.problem.get("code") not in FOUND_BEFORE else "",
    }


def progress_of(run: ImportRun) -> dict[str, Any]:
    first, last = span_of(run)
    return {
        "run": run,
        "working": run.status in (ImportStatus.RUNNING, ImportStatus.TAKING_BACK),
        "first": first,
        "last": last,
        "names": run.names[:20],
        "more_names": max(0, len(run.names) - 20),
        "errors": [(row, column, value, _(why)) for row, column, value, why in listed(run.errors_file, _ERRORS_SHOWN)],
        "problem": problem_text(run.problem),
        "help_page": "importing",
    }


def _reason(text: str) -> str:
    column, colon, reason = text.partition(": ")
    return f"{column}: {_(reason)}" if colon else _(text)


def told(error: YunyingError) -> str:
    text = _(error.message)
    return text % error.data if error.data else text

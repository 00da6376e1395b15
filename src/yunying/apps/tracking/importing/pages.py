"""Pages of the import: parse, call, render."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_POST

from yunying.apps.tracking.importing import services, storage
from yunying.apps.tracking.importing.access import import_for, kept_mapping_for
from yunying.apps.tracking.importing.contexts import REFUSALS, check_of, draft_page, progress_of, told
from yunying.apps.tracking.importing.errorlog import HEADS, listed
from yunying.apps.tracking.importing.forms import ChoicesForm, LayoutForm, chosen_plan
from yunying.apps.tracking.importing.guessing import guess_plan, guesses
from yunying.apps.tracking.importing.models import ImportMapping, ImportRun, ImportStatus, Place
from yunying.apps.tracking.importing.plans import Role
from yunying.apps.tracking.importing.uploads import Stored, ToDisk
from yunying.base.errors import InvalidInput, LimitReached, YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.exports import file_response
from yunying.platform.ui.page import render
from yunying.platform.ui.tables import Column, Empty, Filter, Table

# -- the list ----------------------------------------------------------------------------------------------------


@require_GET
@product_view(Permission.MANAGE_DATA)
def imports(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Every import of the product with its state, and the kept mappings."""
    slug = access.product.slug
    rows = ImportRun.objects.filter(product=access.product).defer("carry", "plan", "document")
    for run in rows.filter(status__in=(ImportStatus.RUNNING, ImportStatus.TAKING_BACK)):
        services.settled(run)
    table = Table(
        request=request,
        name="imports",
        rows=rows,
        sort="-started_at",
        columns=(
            Column("file_name", gettext_lazy("File"), sort=True, search=True, link=_link(slug), fixed=True),
            Column("status", gettext_lazy("State"), template="tracking/import/_state.html", sort=True),
            Column("events", gettext_lazy("Events added"), kind="number", sort=True),
            Column("repeated", gettext_lazy("Already there"), kind="number", sort=True),
            Column("errors", gettext_lazy("Rows at fault"), kind="number", sort=True),
            Column("rows_read", gettext_lazy("Rows"), kind="number", sort=True, hidden=True),
            Column("place", pgettext_lazy("import", "From"), value="get_place_display", sort=True),
            Column("source", gettext_lazy("Source"), sort=True, search=True, hidden=True),
            Column("started_by", gettext_lazy("By"), sort=True, search=True),
            Column("started_at", gettext_lazy("Started"), kind="when", sort=True),
        ),
        filters=(
            Filter("status", gettext_lazy("State"), ImportStatus.choices),
            Filter("place", pgettext_lazy("import", "From"), Place.choices),
        ),
        empty=Empty(
            gettext_lazy("Nothing was imported yet"),
            gettext_lazy("Bring a file of events: CSV, JSON lines, Parquet or Excel. You see what comes of it before."),
            reverse("tracking:import_new", args=[slug]),
            gettext_lazy("Import a file"),
            icon="database-import",
        ),
        caption=gettext_lazy("Imports"),
    )
    kept = ImportMapping.objects.filter(product=access.product).order_by("name")
    return render(request, "tracking/import/list.html", {"table": table, "kept": kept, "help_page": "importing"})


# -- bringing a file ---------------------------------------------------------------------------------------------


@require_GET
@product_view(Permission.MANAGE_DATA)
def new(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """Upload a file, or choose one of the server's folder."""
    return _new(request, access)


# The form is checked inside, once the handler that writes to disk is in place: checking reads the whole body.
@csrf_exempt
@require_POST
@product_view(Permission.MANAGE_DATA)
def upload(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    handler = ToDisk(request)
    request.upload_handlers = [handler]
    try:
        return _uploaded(request, access, handler)
    except REFUSALS as error:
        return _new(request, access, error)
    finally:
        handler.drop_unclaimed()


@csrf_protect
def _uploaded(request: HttpRequest, access: ProductAccess, handler: ToDisk) -> HttpResponse:
    given: Any = request.FILES.get("file")
    if not isinstance(given, Stored):
        raise InvalidInput("import.no_file", _("Choose a file."), field="file")
    # `draft_from_upload` deletes what it refuses.
    handler.claim()
    run = services.draft_from_upload(access=access, upload=given.upload)
    return redirect("tracking:import", access.product.slug, run.pk)


@require_POST
@product_view(Permission.MANAGE_DATA)
def from_folder(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """An import of a file that lies on the server."""
    try:
        run = services.draft_from_folder(access=access, relative=request.POST.get("path", ""))
    except REFUSALS as error:
        return _new(request, access, error)
    return redirect("tracking:import", access.product.slug, run.pk)


def _new(request: HttpRequest, access: ProductAccess, error: YunyingError | None = None) -> HttpResponse:
    slug = access.product.slug
    context = {
        "cap_mb": storage.cap_bytes() >> 20,
        "cap_bytes": storage.cap_bytes(),
        "folder": storage.folder_of(slug) is not None,
        "files": storage.folder_files(slug),
        "problem": told(error) if error else "",
        "help_page": "importing",
    }
    return render(request, "tracking/import/new.html", context, status=422 if error else 200)


# -- one import --------------------------------------------------------------------------------------------------


@require_GET
@product_view(Permission.MANAGE_DATA)
def one(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """A draft with its choices, preview and dry run; afterwards how far the import is, and what it brought."""
    run = services.settled(import_for(access, number))
    if run.status == ImportStatus.DRAFT:
        return draft_page(request, access, run)
    return render(request, "tracking/import/run.html", progress_of(run))


@require_GET
@product_view(Permission.MANAGE_DATA)
def progress(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """The part of an import's page that moves; without htmx, the page itself."""
    run = services.settled(import_for(access, number))
    if run.status == ImportStatus.DRAFT and request.headers.get("HX-Target") == "run":
        # It was running and is a draft again, because its file was imported before: another page.
        return HttpResponse(headers={"HX-Refresh": "true"})
    if run.status == ImportStatus.DRAFT:
        return render(request, "tracking/import/_check.html", check_of(run))
    return render(request, "tracking/import/run.html", progress_of(run), partial="tracking/import/_run.html")


@require_POST
@product_view(Permission.MANAGE_DATA)
def layout(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Read the file otherwise; columns that keep their names keep what was chosen for them."""
    run = import_for(access, number)
    plan = services.plan_of(run)
    form = LayoutForm(plan.layout, request.POST)
    if not form.is_valid():
        return draft_page(request, access, run, layout_form=form)
    try:
        found = services.read_sample(run, layout=form.layout())
        fresh = guess_plan(found, guesses(found))
        services.choose(access=access, run=run, plan=fresh)
    except InvalidInput as error:
        if error.code != "import.plan":
            form.add_error(None, told(error))
            return draft_page(request, access, import_for(access, number), layout_form=form)
    except LimitReached as error:
        form.add_error(None, told(error))
        return draft_page(request, access, import_for(access, number), layout_form=form)
    return redirect("tracking:import", access.product.slug, run.pk)


@require_POST
@product_view(Permission.MANAGE_DATA)
def choose(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Keep the choices and show what comes of them."""
    return _chosen(request, access, number, lambda run, _form: _at(access, run, "preview"))


@require_POST
@product_view(Permission.MANAGE_DATA)
def check(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Keep the choices and begin the dry run."""

    def begin(run: ImportRun, _form: ChoicesForm) -> HttpResponse:
        services.check(access=access, run=run)
        return _at(access, run, "check")

    return _chosen(request, access, number, begin)


@require_POST
@product_view(Permission.MANAGE_DATA)
def start(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Keep the choices and import; a stopped import goes on."""

    def begin(run: ImportRun, form: ChoicesForm) -> HttpResponse:
        given = form.cleaned_data
        return _started(request, access, run, max_errors=given["max_errors"], again=given["again"])

    run = import_for(access, number)
    if run.status == ImportStatus.DRAFT:
        return _chosen(request, access, number, begin)
    return _started(request, access, run, max_errors=run.max_errors, again=True)


def _started(request: HttpRequest, access: ProductAccess, run: ImportRun, **options: Any) -> HttpResponse:
    begun = services.start(access=access, run=run, **options)
    if begun.pk != run.pk and begun.status == ImportStatus.DONE:
        messages.info(request, _("This file was imported with these choices before, so there is nothing to add."))
    return redirect("tracking:import", access.product.slug, begun.pk)


@require_POST
@product_view(Permission.MANAGE_DATA)
def keep(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Keep the choices under a name, for the next file with the same columns."""

    def put(run: ImportRun, _form: ChoicesForm) -> HttpResponse:
        kept = services.keep_mapping(access=access, name=request.POST.get("keep_as", ""), plan=services.plan_of(run))
        messages.success(request, _("The choices are kept as “%(name)s”.") % {"name": kept.name})
        return _at(access, run, "start")

    return _chosen(request, access, number, put)


@require_POST
@product_view(Permission.MANAGE_DATA)
def use(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    """Take over the choices of a kept mapping."""
    run = import_for(access, number)
    chosen = request.POST.get("kept", "")
    if chosen.isdecimal():
        services.use_mapping(access=access, run=run, kept=kept_mapping_for(access, int(chosen[:18])))
    return _at(access, run, "columns")


@require_POST
@product_view(Permission.MANAGE_DATA)
def cancel(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    run = import_for(access, number)
    services.cancel(access=access, run=run)
    messages.info(request, _("It stops behind the rows it is at."))
    return redirect("tracking:import", access.product.slug, run.pk)


@require_POST
@product_view(Permission.MANAGE_DATA)
def take_back(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    run = import_for(access, number)
    services.take_back(access=access, run=run)
    return redirect("tracking:import", access.product.slug, run.pk)


@require_POST
@product_view(Permission.MANAGE_DATA)
def discard(request: HttpRequest, access: ProductAccess, number: int) -> HttpResponse:
    services.discard(access=access, run=import_for(access, number))
    messages.info(request, _("The draft is deleted."))
    return redirect("tracking:imports", access.product.slug)


@require_POST
@product_view(Permission.MANAGE_DATA)
def drop_kept(request: HttpRequest, access: ProductAccess, kept: int) -> HttpResponse:
    services.drop_mapping(access=access, kept=kept_mapping_for(access, kept))
    return redirect("tracking:imports", access.product.slug)


@require_GET
@product_view(Permission.MANAGE_DATA)
def errors(request: HttpRequest, access: ProductAccess, number: int, kind: str) -> HttpResponse:
    """All rows at fault, of the dry run or of the import, as csv or xlsx."""
    run = import_for(access, number)
    heads = [_("Row"), _("Column"), _("Value"), _("Reason")]
    rows = ((row, column, value, _(reason)) for row, column, value, reason in listed(services.errors_file(run)))
    return file_response(kind, f"import-{run.pk}-errors", heads if kind == "xlsx" else list(HEADS), rows)


# -- what they share ---------------------------------------------------------------------------------------------


def _chosen(
    request: HttpRequest,
    access: ProductAccess,
    number: int,
    then: Callable[[ImportRun, ChoicesForm], HttpResponse],
) -> HttpResponse:
    """Read the form of choices, keep them, go on; whatever is wrong is said at the form, and nothing is lost."""
    run = import_for(access, number)
    plan = services.plan_of(run)
    form = ChoicesForm(plan, request.POST)
    try:
        found = services.read_sample(run)
        if not form.is_valid():
            return draft_page(request, access, run, form=form, data=request.POST)
        ids = {place for place in range(len(found.columns)) if request.POST.get(f"role-{place}") == Role.UNIQUE_ID}
        guessed = guesses(found)
        uuids = bool(ids) and all(guessed[place].uuids for place in ids)
        services.choose(access=access, run=run, plan=chosen_plan(request.POST, form.cleaned_data, found, uuids=uuids))
        return then(run, form)
    except REFUSALS as error:
        form.is_valid()
        field = error.field if error.field in form.fields else None
        form.add_error(field, told(error))
        return draft_page(request, access, import_for(access, number), form=form, data=request.POST)


def _at(access: ProductAccess, run: ImportRun, part: str) -> HttpResponse:
    return redirect(reverse("tracking:import", args=[access.product.slug, run.pk]) + f"#{part}")


def _link(slug: str) -> Callable[[ImportRun], str]:
    return lambda run: reverse("tracking:import", args=[slug, run.pk])

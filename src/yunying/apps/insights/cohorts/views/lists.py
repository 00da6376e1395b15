"""Fixed lists: of ids that are typed or sent as a file, and of people who were found."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from yunying.apps.insights.cohorts import services
from yunying.apps.insights.cohorts.forms import ListForm, NameForm
from yunying.apps.insights.cohorts.lists import ids_in
from yunying.apps.insights.cohorts.words import asked_words
from yunying.apps.insights.forms import add_problem
from yunying.apps.tracking.selectors import found_in
from yunying.base.errors import YunyingError
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view
from yunying.platform.ui.page import render

__all__ = ["create", "of_found"]


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def create(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """A list of the people with these ids."""
    access.require(Permission.SEE_PEOPLE)
    form = ListForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            cohort, found = services.create_list_of_ids(
                access,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                ids=ids_in(form.text()),
            )
        except UnicodeDecodeError:
            form.add_error("file", _("This file is not text. Save it as CSV and choose it again."))
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _told(len(found.numbers), found.given, found.unknown))
            return redirect("insights:cohort", access.product.slug, cohort.pk)
    context = {"form": form, "back": reverse("insights:cohorts", args=[access.product.slug]), "help_page": "cohorts"}
    return render(request, "insights/cohorts/list_form.html", context, status=422 if request.method == "POST" else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@product_view(Permission.EDIT_REPORTS)
def of_found(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """A list of everybody whom the list of people shows under the query of this address."""
    access.require(Permission.SEE_PEOPLE)
    found = found_in(access.product, request.GET)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            cohort = services.create_list_of_found(access, found=found, **form.cleaned_data)
        except YunyingError as error:
            add_problem(form, error)
        else:
            messages.success(request, _("The cohort “%(name)s” holds these people now.") % {"name": cohort.name})
            return redirect("insights:cohort", access.product.slug, cohort.pk)
    context = {
        "form": form,
        "count": len(found),
        "asked": asked_words(access, found.wanted),
        "back": f"{reverse('tracking:people', args=[access.product.slug])}?{request.GET.urlencode()}",
        "help_page": "cohorts",
    }
    return render(request, "insights/cohorts/found_form.html", context, status=422 if request.method == "POST" else 200)


def _told(people: int, given: int, unknown: int) -> str:
    kept = ngettext(
        "%(people)s person from %(given)s ids is in the list.",
        "%(people)s people from %(given)s ids are in the list.",
        people,
    ) % {"people": people, "given": given}
    if not unknown:
        return kept
    left = ngettext(
        "%(unknown)s id is not known and was left out.", "%(unknown)s ids are not known and were left out.", unknown
    ) % {"unknown": unknown}
    return f"{kept} {left}"

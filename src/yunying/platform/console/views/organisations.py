"""The organisation: its name, its people, its products."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from yunying.platform.console.forms import InviteForm, OrganisationForm, carry_out
from yunying.platform.products import selectors
from yunying.platform.products.access import OrganisationAccess, Permission, organisation_for, organisations_of
from yunying.platform.products.http import actor_of, user_of
from yunying.platform.products.models import Role
from yunying.platform.products.services import rename_organisation
from yunying.platform.ui.page import render


@login_required
def show(request: HttpRequest, organisation: int) -> HttpResponse:
    access = organisation_for(user_of(request), actor_of(request), organisation)
    form = OrganisationForm(request.POST or None, initial={"name": access.organisation.name})
    if request.method == "POST":
        access.require(Permission.MANAGE_MEMBERS)
        if form.is_valid():
            carry_out(form, rename_organisation, access=access, **form.cleaned_data)
        if not form.errors:
            messages.success(request, _("The organisation is renamed."))
            return redirect("console:organisation", organisation=organisation)
    return organisation_page(request, access, form=form)


def organisation_page(
    request: HttpRequest,
    access: OrganisationAccess,
    *,
    form: OrganisationForm | None = None,
    invite_form: InviteForm | None = None,
) -> HttpResponse:
    """The page with whichever of its forms did not validate."""
    wrong = bool((form and form.errors) or (invite_form and invite_form.errors))
    manage = access.may(Permission.MANAGE_MEMBERS)
    context = {
        "organisation": access.organisation,
        "organisations": organisations_of(user_of(request)),
        "form": form or OrganisationForm(initial={"name": access.organisation.name}),
        "invite_form": invite_form or InviteForm(),
        "members": selectors.members(access),
        "roles": Role.choices,
        "invitations": selectors.open_invitations(access) if manage else [],
        "products": selectors.products_in(access),
        "archived": selectors.archived_products(access) if manage else [],
        "manage": manage,
        "help_page": "accounts",
    }
    return render(request, "console/organisation.html", context, status=422 if wrong else 200)

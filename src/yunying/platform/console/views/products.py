"""Products: a new one, its profile, its keys, and its end."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from yunying.base.errors import NotAllowed, msg
from yunying.platform.console.forms import (
    ApiKeyForm,
    ArchiveForm,
    NewProductForm,
    ProfileForm,
    WriteKeyForm,
    carry_out,
    scope_labels,
)
from yunying.platform.products import selectors, services
from yunying.platform.products.access import (
    OrganisationAccess,
    Permission,
    ProductAccess,
    archived_product_for,
    organisation_for,
    organisations_of,
)
from yunying.platform.products.http import actor_of, product_view, user_of
from yunying.platform.ui.page import render


@login_required
def new(request: HttpRequest) -> HttpResponse:
    place = _place(request)
    if place is None:
        return redirect("console:welcome")
    form = NewProductForm(request.POST or None, initial={"timezone": "Asia/Shanghai", "currency": "CNY"})
    if request.method == "POST" and form.is_valid():
        product = carry_out(form, services.create_product, access=place, **form.cleaned_data)
        if product is not None:
            messages.success(request, _("Your product is ready. Now let its first event arrive."))
            return redirect("tracking:setup", product=product.slug)
    context = {"form": form, "organisation": place.organisation}
    return render(request, "console/product_new.html", context, status=422 if form.errors else 200)


def _place(request: HttpRequest) -> OrganisationAccess | None:
    """The organisation named in the address, else the first in which the user may create products; None without any.

    Raises NotAllowed when there are organisations but none to create in.
    """
    user, actor = user_of(request), actor_of(request)
    named = request.GET.get("organisation", "")
    if named.isdecimal():
        return organisation_for(user, actor, int(named), Permission.MANAGE_PRODUCT)
    places = [organisation_for(user, actor, organisation.pk) for organisation in organisations_of(user)]
    if not places:
        return None
    for place in places:
        if place.may(Permission.MANAGE_PRODUCT):
            return place
    raise NotAllowed("product.owner_only", msg("Only an owner of the organisation can add a product. Ask one of them."))


@product_view()
def settings(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    """The profile: read by everybody, changed by whoever manages the product."""
    manage = access.may(Permission.MANAGE_PRODUCT)
    form = ProfileForm(request.POST or None, instance=access.product)
    if request.method == "POST":
        access.require(Permission.MANAGE_PRODUCT)
        if form.is_valid():
            carry_out(form, services.update_product, access=access, **form.cleaned_data)
        if not form.errors:
            messages.success(request, _("The profile is saved."))
            return redirect("console:settings", product=access.product.slug)
    context = {"form": form, "manage": manage, "product": access.product, "tab": "profile", "help_page": "accounts"}
    return render(request, "console/settings.html", context, status=422 if form.errors else 200)


@product_view(Permission.MANAGE_PRODUCT)
def keys(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    kind = request.POST.get("kind")
    write_form = WriteKeyForm(request.POST if kind == "write" else None, prefix="write")
    api_form = ApiKeyForm(request.POST if kind == "api" else None, prefix="api")
    secret = ""
    if kind == "write" and write_form.is_valid():
        if carry_out(write_form, services.create_write_key, access=access, **write_form.cleaned_data):
            messages.success(request, _("The write key is ready."))
            return redirect("console:keys", product=access.product.slug)
    elif kind == "api" and api_form.is_valid():
        made = carry_out(api_form, services.create_api_key, access=access, **api_form.cleaned_data)
        if made is not None:
            # Shown in this one answer and nowhere else, so no redirect.
            secret, api_form = made.secret, ApiKeyForm(prefix="api")
    context = {
        "write_keys": selectors.write_keys(access),
        "api_keys": [(key, scope_labels(key.scopes)) for key in selectors.api_keys(access)],
        "write_form": write_form,
        "api_form": api_form,
        "secret": secret,
        "tab": "keys",
        "help_page": "accounts",
    }
    wrong = bool(write_form.errors or api_form.errors)
    response = render(request, "console/keys.html", context, status=422 if wrong else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@product_view(Permission.MANAGE_PRODUCT)
def revoke_write(request: HttpRequest, access: ProductAccess, key: int) -> HttpResponse:
    services.revoke_write_key(access=access, key_id=key)
    messages.success(request, _("The key is revoked. Events sent with it are refused from now on."))
    return redirect("console:keys", product=access.product.slug)


@require_POST
@product_view(Permission.MANAGE_PRODUCT)
def revoke_api(request: HttpRequest, access: ProductAccess, key: int) -> HttpResponse:
    services.revoke_api_key(access=access, key_id=key)
    messages.success(request, _("The key is revoked and no longer opens anything."))
    return redirect("console:keys", product=access.product.slug)


@product_view(Permission.MANAGE_PRODUCT)
def archive(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    form = ArchiveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        carry_out(form, services.archive_product, access=access, **form.cleaned_data)
        if not form.errors:
            messages.success(request, _("The product is archived. Its organisation's page can bring it back."))
            return redirect("console:organisation", organisation=access.product.organisation_id)
    context = {"form": form, "product": access.product, "tab": "archive", "help_page": "accounts"}
    return render(request, "console/archive.html", context, status=422 if form.errors else 200)


@login_required
def archived(request: HttpRequest, product: str) -> HttpResponse:
    """An archived product: bring it back, or delete it for good by typing its name."""
    access = archived_product_for(user_of(request), actor_of(request), product)
    form = ArchiveForm(request.POST if "delete" in request.POST else None)
    if "restore" in request.POST:
        services.restore_product(access=access)
        messages.success(request, _("The product is back. It has a new write key; the old ones stay revoked."))
        return redirect("console:keys", product=product)
    if "delete" in request.POST and form.is_valid():
        carry_out(form, services.delete_product, access=access, **form.cleaned_data)
        if not form.errors:
            messages.success(request, _("The product and its data are being erased."))
            messages.info(request, _("You get a notification when nothing of it is left."))
            return redirect("console:organisation", organisation=access.product.organisation_id)
    context = {"form": form, "product": access.product}
    return render(request, "console/archived.html", context, status=422 if form.errors else 200)

"""Where a person lands, and their first two minutes."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from yunying.platform.console.forms import WelcomeForm, carry_out
from yunying.platform.products.access import organisations_of, products_of
from yunying.platform.products.http import LAST_PRODUCT, actor_of, user_of
from yunying.platform.products.models import Product
from yunying.platform.products.services import create_organisation, create_product, may_create_organisation
from yunying.platform.ui.page import render


@login_required
def root(request: HttpRequest) -> HttpResponse:
    """The product looked at last, else the first; without any, the way to one."""
    user = user_of(request)
    products = products_of(user)
    if products:
        last = request.COOKIES.get(LAST_PRODUCT)
        product = next((product for product in products if product.slug == last), products[0])
        return redirect("today:home", product=product.slug)
    places = organisations_of(user)
    return redirect("console:organisation", organisation=places[0].pk) if places else redirect("console:welcome")


@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """Organisation and product in one short form, then on to connecting it."""
    user = user_of(request)
    if not may_create_organisation(user):
        return render(request, "console/waiting.html")
    form = WelcomeForm(request.POST or None, initial={"timezone": "Asia/Shanghai", "currency": "CNY"})
    if request.method == "POST" and form.is_valid():
        product = carry_out(form, _found, request=request, **form.cleaned_data)
        if product is not None:
            messages.success(request, _("Your product is ready. Now let its first event arrive."))
            return redirect("tracking:setup", product=product.slug)
    return render(request, "console/welcome.html", {"form": form}, status=422 if form.errors else 200)


@transaction.atomic
def _found(*, request: HttpRequest, organisation: str, name: str, timezone: str, currency: str) -> Product:
    place = create_organisation(actor=actor_of(request), user=user_of(request), name=organisation)
    return create_product(access=place, name=name, timezone=timezone, currency=currency)

"""What is collected: addresses, the product's own domains, bots."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yunying.platform.console.forms import carry_out
from yunying.platform.products import services
from yunying.platform.products.access import Permission, ProductAccess
from yunying.platform.products.http import product_view, user_of
from yunying.platform.products.models import AddressPolicy, Product
from yunying.platform.ui.page import render

__all__ = ["collection"]


class CollectionForm(forms.Form):
    address_policy = forms.ChoiceField(
        label=gettext_lazy("What is stored of IP addresses"),
        choices=AddressPolicy.choices,
        help_text=gettext_lazy(
            "Country, region and city are read from the address before this, if a region file is there. "
            "Events that are stored already stay as they are."
        ),
    )
    own_domains = forms.CharField(
        label=gettext_lazy("Own domains"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "One per line, for example shop.example. "
            "Visits that come from them or from below them are internal and no referrals."
        ),
    )
    leave_bots_out = forms.BooleanField(
        label=gettext_lazy("Leave bots out of reports"),
        required=False,
        help_text=gettext_lazy(
            "Their events are kept and counted on the page of bots either way. "
            "Dashboards, metrics and goals follow, also for past days."
        ),
    )

    def clean_own_domains(self) -> list[str]:
        return str(self.cleaned_data["own_domains"]).replace(",", "\n").split()


@product_view(Permission.MANAGE_PRODUCT)
def collection(request: HttpRequest, access: ProductAccess) -> HttpResponse:
    product = access.product
    form = CollectionForm(request.POST or None, initial=_as_shown(product))
    if request.method == "POST" and form.is_valid():
        carry_out(form, services.update_product, access=access, **form.cleaned_data)
        if not form.errors:
            messages.success(request, _("The settings are saved. Events that arrive from now on follow them."))
            return redirect("console:collection", product=product.slug)
    context = {
        "form": form,
        "product": product,
        "administers": user_of(request).administers,
        "tab": "collection",
        "help_page": "devices-bots-regions",
    }
    return render(request, "console/collection.html", context, status=422 if form.errors else 200)


def _as_shown(product: Product) -> dict[str, object]:
    return {
        "address_policy": product.address_policy,
        "own_domains": "\n".join(product.own_domains),
        "leave_bots_out": product.leave_bots_out,
    }

"""A person's own pages: how they want the program to be, and what protects their account."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import get_adapter as social_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _

from yunying.platform.accounts.services import update_preferences
from yunying.platform.console.forms import PreferencesForm, carry_out
from yunying.platform.notify.kinds import kinds
from yunying.platform.notify.selectors import preferences as mail_preferences
from yunying.platform.notify.services import set_preferences
from yunying.platform.products.access import organisations_of
from yunying.platform.products.http import actor_of, user_of
from yunying.platform.ui.forms import offer
from yunying.platform.ui.page import render
from yunying.platform.ui.preferences import keep_language, keep_theme, theme_of


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    user = user_of(request)
    now = {"name": user.name, "language": translation.get_language(), "theme": theme_of(request)}
    form = PreferencesForm(request.POST or None, initial=now)
    offer(form, "language", settings.LANGUAGES)
    if request.method == "POST" and form.is_valid():
        carry_out(form, update_preferences, actor=actor_of(request), user=user, **form.cleaned_data)
        if not form.errors:
            set_preferences(user_id=user.pk, mail={kind.name: f"mail-{kind.name}" in request.POST for kind in kinds()})
            return _saved(request, form)
    context = {
        "form": form,
        "mails": mail_preferences(user_id=user.pk),
        "organisations": organisations_of(user),
        "tab": "preferences",
        "help_page": "accounts",
    }
    return render(request, "console/preferences.html", context, status=422 if form.errors else 200)


def _saved(request: HttpRequest, form: PreferencesForm) -> HttpResponse:
    with translation.override(form.cleaned_data["language"] or translation.get_language()):
        messages.success(request, _("Your preferences are saved."))
    response = redirect("console:preferences")
    # The choice here also holds on this browser, whatever its switches said before.
    keep_language(request, response, form.cleaned_data["language"])
    keep_theme(request, response, form.cleaned_data["theme"])
    return response


@login_required
def security(request: HttpRequest) -> HttpResponse:
    """Everything that protects the account on one page; the changes themselves are allauth's."""
    user = user_of(request)
    context = {
        "totp": Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists(),
        "sessions": UserSession.objects.purge_and_list(user),
        "has_password": user.has_usable_password(),
        "providers": social_adapter().list_providers(request),
        "tab": "security",
        "help_page": "accounts",
    }
    return render(request, "console/security.html", context)

"""Where allauth asks this program: who may sign up, how secrets are kept, what is audited."""

import base64
import hashlib
from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from yunying.platform.accounts.models import User
from yunying.platform.ui.preferences import keep_language

__all__ = ["INVITED", "AccountAdapter", "MfaAdapter", "SocialAdapter", "is_first_account", "may_sign_up"]

# Session key: the mail address of the open invitation by whose link this browser came.
INVITED = "yunying_invited"


def is_first_account() -> bool:
    """Whether nobody has an account in this installation yet."""
    return not User.objects.exists()


def may_sign_up(request: HttpRequest) -> bool:
    """By the installation's switch, an invitation this browser came with, or because nobody is there yet."""
    # The first account of an installation may always be made; it then creates the organisation it owns.
    return (
        settings.CONFIG.sign_up == "open"
        or (settings.CONFIG.sign_up == "invited" and INVITED in request.session)
        or is_first_account()
    )


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "other_address": _("The invitation was sent to %s. Sign up with that address."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return may_sign_up(request)

    def clean_email(self, email: str) -> str:
        """Somebody who came by an invitation signs up with the invited address, or the invitation would not fit."""
        invited = self.request.session.get(INVITED)
        if invited and settings.CONFIG.sign_up != "open" and email.lower() != invited:
            raise self.validation_error("other_address", invited)
        return email

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = " ".join(form.cleaned_data.get("name", user.name).split())
        user.is_staff = is_first_account()
        user.language = request.LANGUAGE_CODE if request.LANGUAGE_CODE in dict(settings.LANGUAGES) else ""
        return cast(User, super().save_user(request, user, form, commit))

    def post_login(self, request: HttpRequest, user: User, **rest: Any) -> HttpResponse:
        """The language a person chose follows them to this browser."""
        response = cast(HttpResponse, super().post_login(request, user, **rest))
        if user.language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            keep_language(request, response, user.language)
        return response


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        app = sociallogin.provider.app
        return bool(app and app.settings.get("sign_up")) or may_sign_up(request)

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: dict[str, Any]) -> User:
        user = cast(User, super().populate_user(request, sociallogin, data))
        parts = (data.get("name"), data.get("first_name"), data.get("last_name"))
        user.name = str(parts[0] or " ".join(part for part in parts[1:] if part))[:100]
        return user


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of second factors encrypted by the installation's key."""

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = hashlib.sha256(b"yunying.mfa:" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))

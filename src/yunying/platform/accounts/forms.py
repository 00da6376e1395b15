"""What the sign-up form asks besides address and password."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from yunying.platform.accounts.models import User


class SignUpExtra(forms.Form):
    """allauth builds its sign-up forms on top of this one; the adapter keeps the name."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=100,
        required=False,
        help_text=_("How colleagues will see you."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order: Any = ["name", "email", "password1"]

    def signup(self, request: HttpRequest, user: User) -> None:
        """Nothing is left to do after the adapter saved the user."""

"""Forms of the platform's own pages. Rules live in the services; a form turns their answers into field errors."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from yunying.base.errors import Conflict, InvalidInput, LimitReached, NotAllowed
from yunying.platform.products.access import RIGHT_NAMES, Permission
from yunying.platform.products.models import Product, Role
from yunying.platform.products.profile import LANGUAGES, PLATFORMS, currencies, timezones, zone_called
from yunying.platform.ui import formats

__all__ = [
    "ApiKeyForm",
    "ArchiveForm",
    "InviteForm",
    "NewProductForm",
    "OrganisationForm",
    "PreferencesForm",
    "ProfileForm",
    "RoleForm",
    "WelcomeForm",
    "WriteKeyForm",
    "carry_out",
    "scope_labels",
]

T = TypeVar("T")


def scope_labels(scopes: Iterable[str]) -> list[str]:
    """What the scopes of a key are called; a scope that is not known any more keeps its code."""
    labels = {str(scope): label for scope, label in RIGHT_NAMES.items()}
    return [str(labels.get(scope, scope)) for scope in scopes]


def carry_out(form: forms.BaseForm, command: Callable[..., T], **arguments: Any) -> T | None:
    """Run a command; what it objects to becomes an error of the form, at its field where there is one."""
    try:
        return command(**arguments)
    except (InvalidInput, Conflict, LimitReached, NotAllowed) as error:
        message = gettext(error.message) % error.data if error.data else gettext(error.message)
        form.add_error(error.field if error.field in form.fields else None, message)
        return None


def _zone_field() -> forms.CharField:
    # A text box with a list of suggestions is searchable without JavaScript; a select of 400 zones is not.
    return forms.CharField(
        label=_("Timezone"),
        max_length=64,
        help_text=_("Days, weeks and reports follow it. Type a city, for example Shanghai."),
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off"}),
    )


def _currency_choices() -> list[tuple[str, str]]:
    return [(code, formats.currency_name(code)) for code in currencies()]


class _ZoneChoices:
    cleaned_data: dict[str, Any]

    @staticmethod
    def timezones() -> tuple[str, ...]:
        return timezones()

    def clean_timezone(self) -> str:
        return zone_called(self.cleaned_data["timezone"])


class OrganisationForm(forms.Form):
    name = forms.CharField(label=_("Name of the organisation"), max_length=100)


class NewProductForm(_ZoneChoices, forms.Form):
    name = forms.CharField(
        label=_("Name of the product"), max_length=100, help_text=_("The app, site or service you operate.")
    )
    timezone = _zone_field()
    currency = forms.ChoiceField(label=_("Currency"), choices=_currency_choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            # The browser knows where its owner is; only what nobody has typed yet is filled in.
            self.fields["timezone"].widget.attrs["data-yy-timezone"] = True


class WelcomeForm(NewProductForm):
    organisation = forms.CharField(
        label=_("Name of the organisation"),
        max_length=100,
        help_text=_("Your company or team. It can have many products."),
    )
    field_order = ["organisation", "name", "timezone", "currency"]


class ProfileForm(_ZoneChoices, forms.ModelForm):
    """The profile is where goal setting starts: what the product is and for whom."""

    timezone = _zone_field()
    currency = forms.ChoiceField(label=_("Currency"), choices=_currency_choices)
    platforms = forms.MultipleChoiceField(
        label=_("Platforms"), choices=PLATFORMS, required=False, widget=forms.CheckboxSelectMultiple
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=LANGUAGES, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Product
        fields = [
            "name",
            "about",
            "core_functions",
            "platforms",
            "scope",
            "stage",
            "languages",
            "timezone",
            "week_start",
            "currency",
            "notice",
        ]
        help_texts = {
            "about": _("One or two sentences a new colleague understands."),
            "core_functions": _("One per line: what people come for."),
            "scope": _("For whom and where it is used: industries, regions, inside or outside the company."),
            "notice": _("Shown on pages with this product's data, for example a licence. May stay empty."),
        }
        widgets = {
            "about": forms.Textarea(attrs={"rows": 3}),
            "core_functions": forms.Textarea(attrs={"rows": 4}),
            "scope": forms.Textarea(attrs={"rows": 3}),
            "notice": forms.Textarea(attrs={"rows": 2}),
        }

    def _post_clean(self) -> None:
        """The service checks and writes; the instance stays as it is, so that its "before" is true."""


class WriteKeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Where it is used, for example: website"))


class ApiKeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("Who uses it, for example: weekly report job"))
    scopes = forms.MultipleChoiceField(
        label=_("Rights"),
        choices=[(scope.value, label) for scope, label in RIGHT_NAMES.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=[Permission.VIEW.value],
    )


class ArchiveForm(forms.Form):
    typed = forms.CharField(
        label=_("Name of the product"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("Mail address"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.OPERATOR)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class PreferencesForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"), max_length=100, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(label=_("Language"), required=False)
    theme = forms.ChoiceField(
        label=_("Theme"),
        required=False,
        choices=[("auto", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
    )

"""Forms of the catalogue."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.tracking.models import EventDefinition, PropertyDefinition, State
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.selectors import product_members
from yunying.platform.ui.forms import offer

__all__ = ["AnnounceForm", "BulkForm", "EventForm", "PropertyForm", "SheetForm"]

_AREA = forms.Textarea(attrs={"rows": 3})
_LINE = forms.Textarea(attrs={"rows": 2})


def _owners(access: ProductAccess) -> list[tuple[Any, str]]:
    return [("", "–"), *((one.user.pk, one.user.shown_name) for one in product_members(access))]


class _EntryForm(forms.ModelForm):
    """Gives the words of the form, for the service to check and write."""

    owner = forms.TypedChoiceField(
        label=pgettext_lazy("of an entry", "Owner"), required=False, coerce=int, empty_value=None
    )

    def __init__(self, *args: Any, access: ProductAccess, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", _owners(access))
        self.initial["owner"] = self.instance.owner_id

    def _post_clean(self) -> None:
        """The service checks and writes; the instance stays as it is in the database."""

    @property
    def words(self) -> dict[str, Any]:
        """What was typed, by the names of the fields."""
        data = dict(self.cleaned_data)
        return data | {"owner_id": data.pop("owner")}


class EventForm(_EntryForm):
    def __init__(self, *args: Any, carried: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "state", [("", "–"), *State.choices])
        now = self.instance.revenue_property
        names = sorted({*carried, *([now] if now else [])})
        field = forms.ChoiceField(
            label=_("Property with the revenue"),
            required=False,
            choices=[("", _("Brings no revenue")), *((name, name) for name in names)],
            help_text=_("The amount in major units: 12.50 is twelve and a half."),
        )
        self.fields["revenue_property"] = field

    class Meta:
        model = EventDefinition
        fields = [
            "title_en",
            "title_zh",
            "description",
            "category",
            "owner",
            "is_order",
            "is_sign_up",
            "revenue_property",
            "revenue_currency",
            "trigger",
            "platforms",
            "priority",
            "version",
            "state",
            "hidden",
        ]
        widgets = {"description": _AREA, "trigger": _LINE}


class PropertyForm(_EntryForm):
    class Meta:
        model = PropertyDefinition
        fields = [
            "title_en",
            "title_zh",
            "description",
            "category",
            "owner",
            "allowed",
            "required",
            "example",
            "hidden",
        ]
        widgets = {"description": _AREA, "allowed": _LINE}


class AnnounceForm(forms.Form):
    """An event that is planned: it is described before anything of it comes."""

    name = forms.CharField(
        label=_("Name as it will be sent"), max_length=400, help_text=_("An object and an action, such as order_paid.")
    )


class BulkForm(forms.Form):
    """One change for many entries."""

    KINDS = (
        ("hide", _("Hide in suggestions")),
        ("show", _("Show in suggestions")),
        ("category", _("Set the category")),
        ("owner", _("Set the owner")),
        ("state", _("Set the state")),
    )

    change = forms.ChoiceField(label=_("What to change"), choices=KINDS)
    category = forms.CharField(label=_("Category or page"), required=False, max_length=100)
    owner = forms.TypedChoiceField(
        label=pgettext_lazy("of an entry", "Owner"), required=False, coerce=int, empty_value=None
    )
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", "–"), *State.choices])
    everything = forms.BooleanField(label=_("All that search and filters find, on every page"), required=False)

    def __init__(self, *args: Any, access: ProductAccess, events: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "owner", _owners(access))
        if not events:
            del self.fields["state"]
            offer(self, "change", [one for one in self.KINDS if one[0] != "state"])

    @property
    def words(self) -> dict[str, Any]:
        """What each entry is to be told."""
        data = self.cleaned_data
        wanted: dict[str, dict[str, Any]] = {
            "hide": {"hidden": True},
            "show": {"hidden": False},
            "category": {"category": data["category"]},
            "owner": {"owner_id": data["owner"]},
            "state": {"state": data.get("state", "")},
        }
        return wanted[data["change"]]


class SheetForm(forms.Form):
    file = forms.FileField(
        label=pgettext_lazy("catalogue", "Sheet"),
        help_text=_("Excel (xlsx) or text (csv), with the columns of an export. An empty cell changes nothing."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv"}),
    )

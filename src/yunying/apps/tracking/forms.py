"""Forms of the catalogue and of people."""

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.tracking.models import EventDefinition, PropertyDefinition

__all__ = ["EventForm", "PeopleForm", "PropertyForm"]

_FIELDS = ["title_en", "title_zh", "description", "hidden"]


class EventForm(forms.ModelForm):
    class Meta:
        model = EventDefinition
        fields = _FIELDS
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class PropertyForm(forms.ModelForm):
    class Meta:
        model = PropertyDefinition
        fields = _FIELDS
        widgets = {"description": forms.Textarea(attrs={"rows": 3})}


class PeopleForm(forms.Form):
    q = forms.CharField(label=_("Id, name or mail begins with"), max_length=200, required=False)
    property = forms.CharField(
        label=_("Property"),
        max_length=400,
        required=False,
        widget=forms.TextInput(attrs={"list": "person-properties"}),
    )
    value = forms.CharField(label=_("Value"), max_length=400, required=False)

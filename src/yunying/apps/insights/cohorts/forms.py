"""Forms of cohorts; what they let through is checked again by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.forms import SpecField

__all__ = ["CohortSaveForm", "ListForm", "NameForm"]

MOST_BYTES = 20_000_000


class CohortSaveForm(forms.Form):
    """A name for a definition that was put together above it."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    definition = SpecField(required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class NameForm(forms.Form):
    """A name for what was found."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )


class ListForm(forms.Form):
    """Distinct ids, typed or in a file; the first column counts."""

    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("A CSV or text file; the first column holds the ids."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    ids = forms.CharField(
        label=_("or the ids"),
        required=False,
        strip=False,
        max_length=MOST_BYTES,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
        help_text=_("One id a line: what your product sends as the id of a person."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        file = data.get("file")
        if file is not None and file.size > MOST_BYTES:
            self.add_error("file", _("The file is larger than 20 MB. Split it."))
        elif file is None and not str(data.get("ids") or "").strip() and "ids" not in self.errors:
            self.add_error("ids", _("Choose a file or write at least one id."))
        return data

    def text(self) -> str:
        """The ids as they were sent. Raises UnicodeDecodeError for a file that is no text."""
        file = self.cleaned_data.get("file")
        if file is None:
            return str(self.cleaned_data["ids"])
        raw: bytes = file.read()
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            return raw.decode("gb18030")

"""Forms of privacy."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.tracking.privacy.retention import LEAST_DAYS, MOST_DAYS
from yunying.platform.ui.forms import offer

__all__ = ["EraseForm", "RetentionForm"]


class EraseForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("For example the number of the request. It stays on record, so it must not name the person."),
    )
    sure = forms.BooleanField(label=_("I understand that this cannot be undone."))


class RetentionForm(forms.Form):
    event = forms.ChoiceField(label=pgettext_lazy("of a rule", "Events"), required=False)
    days = forms.IntegerField(
        label=_("Keep for so many days"),
        min_value=LEAST_DAYS,
        max_value=MOST_DAYS,
        help_text=_("Events that happened earlier are removed every night, from both stores and from the disk."),
    )

    def __init__(self, *args: object, names: list[str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        offer(self, "event", [("", _("All events without a rule of their own")), *((name, name) for name in names)])

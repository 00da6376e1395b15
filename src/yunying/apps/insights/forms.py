"""Forms of reports and metrics; what they let through is checked again by the services."""

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from yunying.apps.insights.models import Direction, Metric, Unit, Window
from yunying.apps.insights.questions import letter
from yunying.base.errors import YunyingError
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.forms import offer

__all__ = ["MetricForm", "ReportForm", "add_problem"]


def add_problem(form: forms.Form, error: YunyingError) -> None:
    """Show what a service refused at the field at fault, else above the form."""
    field = error.field if error.field in form.fields else None
    form.add_error(field, problem_of(error).detail)


class SpecField(forms.CharField):
    """A query as JSON text."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            spec = json.loads(text) if text else None
        except ValueError:
            spec = ()
        if spec is not None and not isinstance(spec, dict):
            raise forms.ValidationError(_("This is not a query."), code="spec")
        return spec


class ReportForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    spec = SpecField(required=False)
    look = forms.CharField(widget=forms.HiddenInput, required=False, max_length=20)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class MetricForm(forms.Form):
    """`spec` is the query the metric is made from; several lines without a formula need a choice."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As people will speak of it: Weekly revenue."))
    description = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What is counted, and what is not?"),
    )
    line = forms.ChoiceField(label=_("Which line"), required=False)
    unit = forms.ChoiceField(label=_("Unit"), choices=Unit.choices)
    currency = forms.CharField(
        label=_("Currency"),
        required=False,
        max_length=3,
        help_text=_("Three letters such as CNY; only for money."),
    )
    direction = forms.ChoiceField(label=_("Direction"), choices=Direction.choices)
    window = forms.ChoiceField(
        label=_("One reading covers"),
        choices=Window.choices,
        help_text=_(
            "A goal that adds up (orders, revenue) takes the total; a rate or a number of active people takes"
            " the latest whole day, week or month."
        ),
    )
    spec = SpecField(required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, question: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        series = (question or {}).get("series") or []
        if (question or {}).get("kind") == "retention":
            self.fields["line"].label = _("Who came back")
            offer(self, "line", [(str(number), column_name(number)) for number in range(1, 32)])
        elif len(series) > 1:
            offer(self, "line", _lines(series, bool((question or {}).get("formula"))))
        else:
            del self.fields["line"]

    @staticmethod
    def initial_of(metric: Metric) -> dict[str, Any]:
        """What the form shows of an existing metric."""
        fields = ("name", "description", "unit", "currency", "direction", "window", "version")
        return {field: getattr(metric, field) for field in fields}


def column_name(number: int) -> str:
    """What a column of retention is called whatever its period will be."""
    return ngettext("after %(count)d period", "after %(count)d periods", number) % {"count": number}


def _lines(series: list[dict[str, Any]], formula: bool) -> list[tuple[str, Any]]:
    named = [
        (letter(index), f"{letter(index)} · {one.get('label') or one.get('event') or '*'}")
        for index, one in enumerate(series)
    ]
    return [("", _("The formula")), *named] if formula else named

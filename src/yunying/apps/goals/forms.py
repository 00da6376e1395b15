"""Forms of goals; what they let through is checked again by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.models import Goal, KeyResult, Status
from yunying.apps.insights.selectors import Metric, as_typed, parse_value, typed_suffix
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.selectors import product_members
from yunying.platform.ui.errors import problem_of
from yunying.platform.ui.forms import offer

__all__ = ["CloseForm", "GoalForm", "KeyResultForm", "add_problem"]


def add_problem(form: forms.Form, error: YunyingError) -> None:
    """Show what a service refused at the field at fault, else above the form."""
    problem = problem_of(error)
    field = error.field if error.field in form.fields else None
    form.add_error(field, problem.detail)


def _day(label: Any, **kwargs: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **kwargs)


class GoalForm(forms.Form):
    title = forms.CharField(
        label=_("Goal"),
        max_length=160,
        help_text=_("What shall be different at the end? One goal, in a few words."),
    )
    why = forms.CharField(label=_("Why"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    start = _day(_("Starts on"))
    due = _day(_("Due on"))
    owner = forms.TypedChoiceField(label=_("Owner"), required=False, coerce=int, empty_value=None)
    parent = forms.TypedChoiceField(
        label=_("Serves the goal"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("The larger goal this one is a part of, if there is one."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, initial=1)

    def __init__(self, *args: Any, access: ProductAccess, goal: Goal | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = product_members(access)
        offer(self, "owner", [("", "–"), *((one.user.pk, one.user.shown_name) for one in members)])
        others = Goal.objects.filter(product=access.product, status=Status.OPEN).order_by("due", "id")
        if goal is not None:
            others = others.exclude(pk=goal.pk)
        offer(self, "parent", [("", "–"), *others.values_list("pk", "title")])

    def values(self) -> dict[str, Any]:
        """The arguments of the services."""
        data = self.cleaned_data
        plain = {field: data[field] for field in ("title", "why", "start", "due")}
        return plain | {"owner_id": data["owner"], "parent_id": data["parent"]}


class KeyResultForm(forms.Form):
    """Values are typed in the metric's unit, so the metric decides how they are read."""

    metric = forms.TypedChoiceField(label=_("Metric"), coerce=int, help_text=_("The number that shall move."))
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=160,
        help_text=_("Leave it empty to use the metric's name."),
    )
    baseline = forms.CharField(label=_("From (baseline)"), help_text=_("Where it stands at the start."))
    target = forms.CharField(label=_("To (target)"), help_text=_("Where it shall stand on the due day."))
    start = _day(_("Starts on"))
    due = _day(_("Due on"))
    version = forms.IntegerField(widget=forms.HiddenInput, initial=1)

    def __init__(self, *args: Any, metrics: list[Metric], key_result: KeyResult | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._metrics = {metric.pk: metric for metric in metrics}
        offer(self, "metric", [(metric.pk, metric.name) for metric in metrics])
        if key_result is not None:
            self.fields["metric"].disabled = True
            self.fields["metric"].help_text = _("Another metric is another key result.")

    @property
    def chosen(self) -> Metric | None:
        """The metric the form is about, also before it is complete."""
        try:
            return self._metrics.get(int(self["metric"].value() or 0))
        except (TypeError, ValueError):
            return None

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        metric = self._metrics.get(data.get("metric") or 0)
        if metric is None:
            return data
        for field in ("baseline", "target"):
            if data.get(field):
                try:
                    data[field] = parse_value(data[field], metric.unit, field)
                except YunyingError as error:
                    add_problem(self, error)
        return data

    def suffix(self) -> str:
        """The unit in which baseline and target are typed."""
        return typed_suffix(self.chosen) if self.chosen else ""

    @staticmethod
    def initial_of(key_result: KeyResult) -> dict[str, Any]:
        """What the form shows of an existing key result."""
        unit = key_result.metric.unit
        return {
            "metric": key_result.metric_id,
            "name": key_result.name,
            "baseline": as_typed(key_result.baseline, unit),
            "target": as_typed(key_result.target, unit),
            "start": key_result.start,
            "due": key_result.due,
            "version": key_result.version,
        }


class CloseForm(forms.Form):
    status = forms.ChoiceField(
        label=_("How did it end?"),
        choices=[choice for choice in Status.choices if choice[0] != Status.OPEN],
        widget=forms.RadioSelect,
    )
    outcome = forms.CharField(
        label=_("Outcome"),
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What came of it, and what did you learn? It stays with the goal."),
    )

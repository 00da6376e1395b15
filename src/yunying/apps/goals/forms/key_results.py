"""The form of a key result: values are typed in the metric's unit, so the metric decides how they are read."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.forms.common import add_problem, day_field
from yunying.apps.goals.models import KeyResult, Shape
from yunying.apps.goals.typed import typed_value
from yunying.apps.insights.selectors import Metric, as_typed, typed_suffix
from yunying.base.errors import YunyingError
from yunying.platform.ui.forms import offer

__all__ = ["KeyResultForm"]

_VALUES = ("baseline", "target", "low", "high")
_LAGS = ("on_track_lag", "at_risk_lag")


def _value(label: Any, help_text: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=40, help_text=help_text)


def _percent(label: Any, help_text: Any) -> forms.FloatField:
    return forms.FloatField(label=label, required=False, min_value=0, max_value=100, help_text=help_text)


class KeyResultForm(forms.Form):
    metric = forms.TypedChoiceField(label=_("Metric"), coerce=int, help_text=_("The number that shall move."))
    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=160,
        help_text=_("Leave it empty to use the metric's name."),
    )
    shape = forms.ChoiceField(label=_("What it must do"), choices=Shape, initial=Shape.MOVE, required=False)
    guardrail = forms.BooleanField(
        label=_("Guardrail"),
        required=False,
        help_text=_("It does not count for progress; when it breaks, the goal is at risk. Only for limits."),
    )
    baseline = _value(_("From (baseline)"), _("Where it stands at the start."))
    target = _value(_("To (target)"), _("Where it shall stand on the due day."))
    low = _value(_("Not below"), _("The lower limit."))
    high = _value(_("Not above"), _("The upper limit."))
    start = day_field(_("Starts on"))
    due = day_field(_("Due on"))
    weight = forms.FloatField(
        label=_("Weight"),
        initial=1,
        required=False,
        help_text=_("2 counts twice as much as 1 for the goal's progress."),
    )
    on_track_lag = _percent(
        _("On track up to (%)"),
        _("Points behind the straight line, or percent beyond a limit. Empty: 5 points; at the limit itself."),
    )
    at_risk_lag = _percent(
        _("At risk up to (%)"), _("More than this is off track. Empty: 20 points; 5 percent beyond a limit.")
    )
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

    @property
    def refined(self) -> bool:
        """Whether something among the finer settings is set or wrong, so that they are shown."""
        weighed = str(self["weight"].value()) not in ("1", "1.0", "") or bool(self["weight"].errors)
        return weighed or any(self[name].value() not in (None, "") or self[name].errors for name in _LAGS)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        data["shape"] = data.get("shape") or Shape.MOVE.value
        data["weight"] = 1.0 if data.get("weight") is None else data["weight"]
        for field in _LAGS:
            data[field] = None if data.get(field) is None else data[field] / 100
        metric = self._metrics.get(data.get("metric") or 0)
        if metric is not None:
            for field in _VALUES:
                self._read(data, field, metric)
        return data

    def _read(self, data: dict[str, Any], field: str, metric: Metric) -> None:
        text = data.get(field) or ""
        try:
            data[field] = typed_value(text, metric.unit, field) if text.strip() else None
        except YunyingError as error:
            add_problem(self, error)

    def values(self) -> dict[str, Any]:
        """The arguments of the services, apart from metric and version."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("metric", "version")}

    def suffix(self) -> str:
        """The unit in which values are typed."""
        return typed_suffix(self.chosen) if self.chosen else ""

    @staticmethod
    def initial_of(key_result: KeyResult) -> dict[str, Any]:
        """What the form shows of an existing key result."""
        unit = key_result.metric.unit
        same = ("name", "shape", "guardrail", "start", "due", "weight", "version")
        lags = {name: getattr(key_result, name) for name in _LAGS}
        return (
            {"metric": key_result.metric_id}
            | {name: getattr(key_result, name) for name in same}
            | {name: as_typed(getattr(key_result, name), unit) for name in _VALUES}
            | {name: None if lag is None else round(lag * 100, 4) for name, lag in lags.items()}
        )

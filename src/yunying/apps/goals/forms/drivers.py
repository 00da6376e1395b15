"""The form of a driver."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.goals.forms.common import people_choices
from yunying.apps.goals.models import Driver, Relation
from yunying.apps.insights.selectors import metrics_of
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.forms import offer

__all__ = ["DriverForm"]


class DriverForm(forms.Form):
    metric = forms.TypedChoiceField(label=_("Metric"), coerce=int)
    parent = forms.TypedChoiceField(label=_("Drives"), coerce=int, required=False, empty_value=None)
    relation = forms.ChoiceField(
        label=_("How"),
        choices=Relation,
        required=False,
        initial=Relation.INFLUENCES,
        help_text=_("Added and multiplied drivers explain the change of the metric above in numbers."),
    )
    owner = forms.TypedChoiceField(label=_("Owner"), required=False, coerce=int, empty_value=None)
    note = forms.CharField(label=_("Note"), required=False, max_length=300)
    version = forms.IntegerField(widget=forms.HiddenInput, initial=1)

    def __init__(self, *args: Any, access: ProductAccess, driver: Driver | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list(Driver.objects.filter(product=access.product).select_related("metric"))
        taken = {row.metric_id for row in rows if driver is None or row.pk != driver.pk}
        offer(self, "metric", [(one.pk, one.name) for one in metrics_of(access) if one.pk not in taken])
        offer(self, "owner", people_choices(access))
        offer(self, "parent", [(row.pk, row.metric.name) for row in rows if driver is None or row.pk != driver.pk])
        if driver is not None:
            self.fields["metric"].disabled = True
        if not rows or (driver is not None and driver.parent_id is None):
            # The north star stands at the top.
            del self.fields["parent"], self.fields["relation"]

    def values(self) -> dict[str, Any]:
        """The arguments of the services."""
        data = self.cleaned_data
        found = {"owner_id": data["owner"], "note": data["note"]}
        if "parent" in self.fields:
            found |= {"parent_id": data["parent"], "relation": data["relation"] or Relation.INFLUENCES.value}
        return found

"""Forms of dashboards and tiles; what they let through is checked again by the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from yunying.apps.insights.dashboards.models import Kind, Look, Tile
from yunying.apps.insights.dashboards.services import LONGEST_TEXT
from yunying.apps.insights.models import Metric, Report
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.forms import offer

__all__ = ["REFRESH_CHOICES", "DashboardForm", "TileForm"]

REFRESH_CHOICES = (
    ("0", _("by hand")),
    ("1", _("every minute")),
    ("5", _("every 5 minutes")),
    ("15", _("every 15 minutes")),
)


class DashboardForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    description = forms.CharField(
        label=_("Description"), required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 2})
    )
    refresh_min = forms.TypedChoiceField(
        label=_("Refresh an open page"),
        choices=REFRESH_CHOICES,
        coerce=int,
        initial="0",
        help_text=_("Only tiles whose numbers may have changed are read again, and none while the page is hidden."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class TileForm(forms.Form):
    """One tile of a kind: fields that do not belong to the kind are left out."""

    report = forms.ChoiceField(label=_("Report"))
    metric = forms.ChoiceField(label=_("Metric"))
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("Markdown: # heading, **bold**, - list, [words](https://…), tables. HTML is shown as it is typed."),
    )
    title = forms.CharField(
        label=_("Title"), required=False, max_length=120, help_text=_("Empty: the name of what is shown.")
    )
    chart = forms.ChoiceField(label=_("Shown as"), required=False, choices=Look.choices)
    follows = forms.BooleanField(
        label=_("Follows the dashboard's filters"),
        required=False,
        initial=True,
        help_text=_("Without it the tile always shows what was saved, whatever the filter bar says."),
    )
    w = forms.IntegerField(label=_("Width"), min_value=1, max_value=12, help_text=_("Twelfths of the page."))
    h = forms.IntegerField(label=_("Height"), min_value=1, max_value=20, help_text=_("Rows."))
    x = forms.IntegerField(label=_("Column"), min_value=0, max_value=11, help_text=_("0 is the left edge."))
    y = forms.IntegerField(label=_("Row"), min_value=0, max_value=1000, help_text=_("Tiles rise as far as they can."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, access: ProductAccess, kind: str, tile: Tile | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left_out = {name for name in ("report", "metric", "text") if name != kind}
        if kind != Kind.REPORT:
            left_out.add("chart")
        if kind == Kind.TEXT:
            left_out |= {"follows", "title"}
        if tile is None:
            left_out |= {"w", "h", "x", "y", "version"}
        for name in left_out:
            del self.fields[name]
        if kind == Kind.REPORT:
            offer(self, "report", _named(Report, access))
        if kind == Kind.METRIC:
            offer(self, "metric", _named(Metric, access))

    @staticmethod
    def initial_of(tile: Tile, version: int) -> dict[str, Any]:
        """What the form shows of an existing tile."""
        fields = ("title", "text", "chart", "follows", "w", "h", "x", "y")
        shown = {name: getattr(tile, name) for name in fields}
        return shown | {"report": tile.report_id, "metric": tile.metric_id, "version": version}


def _named(model: Any, access: ProductAccess) -> list[tuple[str, str]]:
    rows = model.objects.filter(product=access.product).order_by("name").values_list("pk", "name")
    return [("", "—"), *((str(pk), name) for pk, name in rows)]

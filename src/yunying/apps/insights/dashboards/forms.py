"""Forms of dashboards and tiles; what they let through is checked again by the services."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.insights.dashboards.models import Dashboard, Kind, Look, Tile, Variant
from yunying.apps.insights.dashboards.services import LONGEST_TEXT
from yunying.apps.insights.models import Metric, Report
from yunying.platform.accounts.models import User
from yunying.platform.products.access import ProductAccess
from yunying.platform.ui.forms import offer

__all__ = ["REFRESH_CHOICES", "AnnotationForm", "DashboardForm", "LinkForm", "SubscriptionForm", "TileForm"]

REFRESH_CHOICES = (
    ("0", _("by hand")),
    ("1", pgettext_lazy("refresh", "every minute")),
    ("5", _("every 5 minutes")),
    ("15", _("every 15 minutes")),
)


EXPIRIES = (
    ("1", _("a day")),
    ("7", _("a week")),
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("365", _("a year")),
    ("", _("until it is revoked")),
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
    chart = forms.ChoiceField(label=pgettext_lazy("a chart", "Shown as"), required=False, choices=Look.choices)
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


class LinkForm(forms.Form):
    """A link to share. `expires` counts days."""

    label = forms.CharField(
        label=_("For whom"), required=False, max_length=80, help_text=_("For your own list; it is not shown to them.")
    )
    variant = forms.ChoiceField(label=_("What they see"), required=False)
    expires = forms.ChoiceField(label=_("Open for"), required=False, initial="30", choices=EXPIRIES)
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=100,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Optional. Tell it by another way than the link."),
    )
    origins = forms.CharField(
        label=_("Sites that may embed it"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "https://wiki.example.com"}),
        help_text=_("One a line. Without a site the page opens only by itself."),
    )

    def __init__(self, *args: Any, variants: Sequence[Variant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "variant", [("", _("The tiles as saved")), *((str(one.pk), one.name) for one in variants)])


class AnnotationForm(forms.Form):
    """A note on a day or some days."""

    text = forms.CharField(label=_("Text"), max_length=200, help_text=_("What happened? One sentence."))
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Only when it lasted longer than a day."),
    )
    dashboard = forms.ChoiceField(label=_("Where it is shown"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, dashboards: Sequence[Dashboard], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everywhere = ("", _("On all charts of the product"))
        offer(self, "dashboard", [everywhere, *((str(one.pk), one.name) for one in dashboards)])


class SubscriptionForm(forms.Form):
    """Mails of a dashboard."""

    people = forms.MultipleChoiceField(label=_("Who gets it"), widget=forms.CheckboxSelectMultiple)
    weekdays = forms.MultipleChoiceField(
        label=pgettext_lazy("of the week", "Days"),
        choices=[(str(day + 1), name) for day, name in WEEKDAYS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    hour = forms.TypedChoiceField(
        label=_("Hour"),
        coerce=int,
        choices=[(str(hour), f"{hour:02d}:00") for hour in range(24)],
        initial="9",
        help_text=_("By the clock of the product's zone."),
    )
    variant = forms.ChoiceField(label=_("What they see"), required=False)
    skip_holidays = forms.BooleanField(
        label=_("Not on public holidays"),
        required=False,
        help_text=_("Known for products whose zone is in China; elsewhere it changes nothing."),
    )

    def __init__(
        self, *args: Any, people: Sequence[User], variants: Sequence[Variant], me: User, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "people", [(str(one.pk), one.shown_name) for one in people])
        offer(self, "variant", [("", _("The tiles as saved")), *((str(one.pk), one.name) for one in variants)])
        self.initial.setdefault("people", [str(me.pk)])
        self.initial.setdefault("weekdays", ["1"])


def _named(model: Any, access: ProductAccess) -> list[tuple[str, str]]:
    rows = model.objects.filter(product=access.product).order_by("name").values_list("pk", "name")
    return [("", "—"), *((str(pk), name) for pk, name in rows)]

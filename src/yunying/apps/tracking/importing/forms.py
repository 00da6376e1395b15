"""Forms of the import page; the table of columns is read by `chosen_plan`."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.tracking.importing.guessing import TIME_FORMATS
from yunying.apps.tracking.importing.mapping import ColumnType
from yunying.apps.tracking.importing.plans import ColumnPlan, Plan, Role
from yunying.apps.tracking.importing.sniffing import ENCODINGS, SEPARATORS, Layout, Sample
from yunying.base.errors import InvalidInput, msg
from yunying.platform.products.profile import timezones, zone_called
from yunying.platform.ui.forms import offer

__all__ = ["KINDS", "ROLES", "ChoicesForm", "LayoutForm", "chosen_plan"]

ROLES = (
    (Role.PROPERTY, _("Property of the event")),
    (Role.EVENT, _("Name of the event")),
    (Role.TIME, _("Time")),
    (Role.DISTINCT_ID, _("Who: distinct id")),
    (Role.ACCOUNT, _("Account")),
    (Role.SESSION, _("Session")),
    (Role.UNIQUE_ID, _("Unique id of the row")),
    (Role.PERSON, _("Property of the person")),
    (Role.PERSON_ONCE, _("Property of the person, first value stays")),
    (Role.ACCOUNT_PROPERTY, _("Property of the account")),
    (Role.ACCOUNT_ONCE, _("Property of the account, first value stays")),
    (Role.MOMENT, _("Time of an event of its own")),
    (Role.SPREAD, _("JSON object of properties")),
    (Role.IGNORE, _("Leave out")),
)
KINDS = (
    ("", _("As in the file")),
    (ColumnType.TEXT, _("Text")),
    (ColumnType.NUMBER, _("Number")),
    (ColumnType.INTEGER, _("Whole number")),
    (ColumnType.BOOLEAN, _("Yes or no")),
    (ColumnType.JSON, pgettext_lazy("type of values", "JSON")),
)
_EXAMPLES = {
    "iso": "2026-11-03 14:05:00, 2026-11-03T14:05:00Z",
    "unix_s": "1793714700",
    "unix_ms": "1793714700000",
    "excel": "46329.59",
}
_SIGNS = {
    "%Y": "2026",
    "%m": "11",
    "%d": "03",
    "%H": "14",
    "%M": "05",
    "%S": "09",
}
_SEPARATOR_NAMES = {
    ",": _("Comma"),
    ";": _("Semicolon"),
    "\t": _("Tab"),
    "|": _("Vertical bar"),
}


class LayoutForm(forms.Form):
    """How the file is read; which fields there are depends on its format."""

    encoding = forms.ChoiceField(label=_("Encoding"))
    separator = forms.ChoiceField(label=_("Columns are separated by"))
    sheet = forms.ChoiceField(label=_("Sheet"))
    header = forms.BooleanField(label=_("The first row holds the names of the columns"), required=False)
    above = forms.IntegerField(
        label=_("Rows above the names"),
        min_value=0,
        max_value=1000,
        required=False,
        help_text=_("A title, for example; they are passed over, and so are empty rows."),
    )

    def __init__(self, layout: Layout, data: Any = None) -> None:
        names = ("encoding", "separator", "sheet", "header", "above")
        super().__init__(data, initial={name: getattr(layout, name) for name in names})
        self._layout = layout
        known = ENCODINGS if layout.encoding in ENCODINGS else (*ENCODINGS, layout.encoding)
        offer(self, "encoding", [(one, one.upper()) for one in known])
        offer(self, "separator", [(one, _SEPARATOR_NAMES[one]) for one in SEPARATORS])
        offer(self, "sheet", [(one, one) for one in layout.sheets])
        kept = {"csv": names[:2], "jsonl": names[:1], "xlsx": names[2:3], "parquet": ()}[layout.format]
        kept = (*kept, "header", "above") if layout.format in ("csv", "xlsx") else kept
        for name in names:
            if name not in kept:
                del self.fields[name]

    def layout(self) -> Layout:
        """The layout as chosen; call when valid."""
        from dataclasses import replace

        values = dict(self.cleaned_data)
        if "above" in values:
            # Without names there is nothing to stand above.
            values["above"] = (values["above"] or 0) if values["header"] else 0
        return replace(self._layout, **values)


class ChoicesForm(forms.Form):
    """What holds for the whole file."""

    event = forms.CharField(
        label=_("Name of the event"),
        max_length=200,
        required=False,
        help_text=_("For all rows, or for those whose column of names is empty."),
    )
    time_format = forms.ChoiceField(label=_("Times look like"))
    zone = forms.CharField(
        label=_("Timezone"),
        max_length=64,
        required=False,
        help_text=_("Of times without an offset. Empty: the product's. Type a city, for example Shanghai."),
        widget=forms.TextInput(attrs={"list": "timezones", "autocomplete": "off"}),
    )
    source = forms.CharField(
        label=_("Source"),
        max_length=100,
        help_text=_("Rows with the same unique id, event and source are the same event, whichever file they are in."),
    )
    max_errors = forms.IntegerField(
        label=_("Stop after so many rows at fault"),
        min_value=0,
        max_value=1_000_000,
        initial=10_000,
        help_text=_("The others are imported. 0 stops at the first."),
    )
    again = forms.BooleanField(label=_("Import this file again with these choices"), required=False)

    def __init__(self, plan: Plan, data: Any = None, *, max_errors: int = 10_000) -> None:
        names = ("event", "time_format", "zone", "source")
        initial = {name: getattr(plan, name) for name in names} | {"max_errors": max_errors}
        super().__init__(data, initial=initial)
        known = TIME_FORMATS if plan.time_format in TIME_FORMATS else (*TIME_FORMATS, plan.time_format)
        offer(self, "time_format", [(form, _example(form)) for form in known])

    @staticmethod
    def timezones() -> tuple[str, ...]:
        return timezones()

    def clean_zone(self) -> str:
        zone = zone_called(self.cleaned_data["zone"])
        if zone and zone not in timezones():
            raise forms.ValidationError(_("There is no such timezone. Choose one from the list."))
        return zone


def _example(form: str) -> Any:
    """A time format as one time that has it; signs as %Y are nothing to read."""
    text = _EXAMPLES.get(form, form)
    for sign, part in _SIGNS.items():
        text = text.replace(sign, part)
    names = {
        "iso": _("%(example)s (ISO 8601)"),
        "unix_s": _("%(example)s (seconds since 1970)"),
        "unix_ms": _("%(example)s (milliseconds since 1970)"),
        "excel": _("%(example)s (days as Excel counts them)"),
        "%m/%d/%Y": _("%(example)s (month first)"),
        "%d/%m/%Y": _("%(example)s (day first)"),
    }
    name = names.get(form) or names.get(form[:8])
    return name % {"example": text} if name else text


def chosen_plan(data: QueryDict, cleaned: dict[str, Any], found: Sample, *, uuids: bool) -> Plan:
    """The plan of what was chosen for each column. Raises InvalidInput for a choice there is not."""
    columns = []
    for place, name in enumerate(found.columns):
        try:
            role = Role(data.get(f"role-{place}", Role.IGNORE))
            kind = data.get(f"kind-{place}", "")
            kind = kind if kind == "" else ColumnType(kind).value
        except ValueError as error:
            raise InvalidInput(
                "import.choice", msg("Choose from the list what the column is."), field="columns"
            ) from error
        title = data.get(f"title-{place}", "").strip()[:200] or name[:200]
        columns.append(ColumnPlan(name, role, kind if found.types or kind else "text", title))
    same = {key: cleaned[key] for key in ("event", "time_format", "zone", "source")}
    return Plan(found.layout, tuple(columns), uuids=uuids, **same)

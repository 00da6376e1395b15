"""What the forms of goals share."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from yunying.apps.goals.checks import FIRST_YEAR, LAST_YEAR
from yunying.base.errors import YunyingError
from yunying.platform.products.access import ProductAccess
from yunying.platform.products.selectors import product_members
from yunying.platform.ui.errors import problem_of

__all__ = ["WEEKDAYS", "add_problem", "day_field", "long_text", "people_choices"]

WEEKDAYS = (
    (1, pgettext_lazy("weekday", "Monday")),
    (2, pgettext_lazy("weekday", "Tuesday")),
    (3, pgettext_lazy("weekday", "Wednesday")),
    (4, pgettext_lazy("weekday", "Thursday")),
    (5, pgettext_lazy("weekday", "Friday")),
    (6, pgettext_lazy("weekday", "Saturday")),
    (7, pgettext_lazy("weekday", "Sunday")),
)


def add_problem(form: forms.Form, error: YunyingError) -> None:
    """Show what a service refused at the field at fault, else above the form."""
    problem = problem_of(error)
    field = error.field if error.field in form.fields else None
    form.add_error(field, problem.detail)


class _DayField(forms.DateField):
    def to_python(self, value: Any) -> date | None:
        # A year of five digits is a day like 9999-12-31 is one: too far, and no mistake of writing.
        if isinstance(value, str) and re.match(r"\s*\d{5,}-", value):
            years = {"first": FIRST_YEAR, "last": LAST_YEAR}
            raise forms.ValidationError(_("Choose days from %(first)d to %(last)d."), params=years)
        return super().to_python(value)


def day_field(label: Any, **kwargs: Any) -> forms.DateField:
    """A day, as browsers pick it."""
    reach = {"type": "date", "min": f"{FIRST_YEAR}-01-01", "max": f"{LAST_YEAR}-12-31"}
    return _DayField(label=label, widget=forms.DateInput(attrs=reach, format="%Y-%m-%d"), **kwargs)


def long_text(label: Any, help_text: Any = "", *, rows: int = 3, required: bool = False) -> forms.CharField:
    """Several lines."""
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(label=label, required=required, max_length=5000, widget=area, help_text=help_text)


def people_choices(access: ProductAccess) -> list[tuple[Any, Any]]:
    """Everybody who sees the product, and nobody. Two queries."""
    return [("", "–"), *((one.user.pk, one.user.shown_name) for one in product_members(access))]

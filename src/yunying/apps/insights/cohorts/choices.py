"""The words of the builder: what each choice is called on the page."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

__all__ = ["AMOUNTS", "GROUP_MATCHES", "KINDS", "MATCHES", "OF", "UNITS", "WINDOWS"]

Choices = tuple[tuple[str, Promise | str], ...]

KINDS: Choices = (
    ("did", _("did the event")),
    ("did_not", _("did not do the event")),
    ("first_time", _("did the event for the first time")),
    ("stopped", _("stopped doing the event")),
    ("regularly", _("does the event regularly")),
    ("property", _("has a property")),
    ("in", _("is in a cohort")),
    ("not_in", _("is not in a cohort")),
)
AMOUNTS: Choices = (
    ("gte", pgettext_lazy("so many times", "at least")),
    ("lte", pgettext_lazy("so many times", "at most")),
    ("eq", pgettext_lazy("so many times", "exactly")),
)
WINDOWS: Choices = (
    ("last", _("in the last")),
    ("whole", _("in the last whole")),
    ("since", _("since")),
    ("ever", _("at any time")),
)
UNITS: Choices = (
    ("hour", _("hours")),
    ("day", _("days")),
    ("week", _("weeks")),
    ("month", _("months")),
    ("quarter", _("quarters")),
    ("year", _("years")),
)
OF: Choices = (
    ("person", pgettext_lazy("property of", "Person")),
    ("account", pgettext_lazy("property of", "Account")),
)
MATCHES: Choices = (("and", _("all conditions")), ("or", _("any condition")))
GROUP_MATCHES: Choices = (("and", _("and")), ("or", _("or")))

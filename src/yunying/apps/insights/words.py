"""The words of the builder: what each choice of the engine is called on the page."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

__all__ = [
    "ATTRIBUTIONS",
    "CHARTS",
    "CLOCKS",
    "COHORT_OPERATORS",
    "COMPARISONS",
    "DISPLAYS",
    "FUNNEL_DISPLAYS",
    "INTERVALS",
    "LOOKS",
    "MATCHES",
    "MEASURES",
    "MODES",
    "OPERATORS",
    "ORDERS",
    "PERIODS",
    "RANGES",
    "RETENTION_DISPLAYS",
    "RETENTION_LOOKS",
    "SIDES",
    "VALUE_MEASURES",
    "WINDOW_UNITS",
    "chosen_look",
    "length_of",
    "measure_name",
    "range_label",
]

Choices = tuple[tuple[str, Promise | str], ...]

MEASURES: tuple[tuple[Promise | str, Choices], ...] = (
    (
        _("How many"),
        (
            ("count", pgettext_lazy("measure", "Events")),
            ("people", pgettext_lazy("measure", "People")),
            ("first_time", _("People for the first time")),
            ("rolling_people", _("People over several days")),
            ("accounts", pgettext_lazy("measure", "Accounts")),
            ("sessions", pgettext_lazy("measure", "Sessions")),
        ),
    ),
    (
        _("Of a number property"),
        (
            ("sum", _("Sum")),
            ("avg", _("Average")),
            ("median", _("Median")),
            ("percentile", _("Percentile")),
            ("min", _("Smallest")),
            ("max", _("Largest")),
        ),
    ),
    (
        _("Events per active person"),
        (
            ("per_person_avg", _("Average per person")),
            ("per_person_median", _("Median per person")),
            ("per_person_min", _("Fewest per person")),
            ("per_person_max", _("Most per person")),
        ),
    ),
)
OPERATORS: Choices = (
    ("exact", pgettext_lazy("operator", "is")),
    ("is_not", pgettext_lazy("operator", "is not")),
    ("contains", pgettext_lazy("operator", "contains")),
    ("not_contains", pgettext_lazy("operator", "does not contain")),
    ("gt", pgettext_lazy("operator", "greater than")),
    ("gte", pgettext_lazy("operator", "at least")),
    ("lt", pgettext_lazy("operator", "less than")),
    ("lte", pgettext_lazy("operator", "at most")),
    ("between", pgettext_lazy("operator", "between")),
    ("is_set", pgettext_lazy("operator", "is set")),
    ("is_not_set", pgettext_lazy("operator", "is not set")),
    ("date_after", pgettext_lazy("operator", "after the date")),
    ("date_before", pgettext_lazy("operator", "before the date")),
    ("regex", pgettext_lazy("operator", "matches the pattern")),
    ("not_regex", pgettext_lazy("operator", "does not match the pattern")),
)
COHORT_OPERATORS: Choices = (
    ("in_cohort", pgettext_lazy("operator", "in the cohort")),
    ("not_in_cohort", pgettext_lazy("operator", "not in the cohort")),
)
SIDES: Choices = (
    ("event", pgettext_lazy("property of", "Event")),
    ("person", pgettext_lazy("property of", "Person")),
    ("account", pgettext_lazy("property of", "Account")),
)
MATCHES: Choices = (("and", _("all conditions")), ("or", _("any condition")))
RANGES: Choices = (
    ("last-1-day", _("Today")),
    ("last-1-day-whole", _("Yesterday")),
    ("last-7-day", _("Last 7 days")),
    ("last-30-day", _("Last 30 days")),
    ("last-90-day", _("Last 90 days")),
    ("last-1-month", _("This month")),
    ("last-1-month-whole", _("Last month")),
    ("last-12-week", _("Last 12 weeks")),
    ("last-12-month", _("Last 12 months")),
    ("last-1-year", _("This year")),
    ("last-5-year", _("Last 5 years")),
    ("custom", _("From … to …")),
)
INTERVALS: Choices = (
    ("hour", _("by hour")),
    ("day", _("by day")),
    ("week", _("by week")),
    ("month", _("by month")),
    ("quarter", _("by quarter")),
    ("year", _("by year")),
)
COMPARISONS: Choices = (
    ("", _("no comparison")),
    ("previous", _("the period before")),
    ("week", _("a week earlier")),
    ("month", _("a month earlier")),
    ("quarter", _("a quarter earlier")),
    ("year", _("a year earlier")),
)
DISPLAYS: Choices = (
    ("series", _("over time")),
    ("cumulative", _("running total")),
    ("total", _("one number")),
)
CHARTS: Choices = (
    ("line", _("Lines")),
    ("bar", _("Bars")),
    ("stack", _("Stacked bars")),
    ("area", _("Areas")),
)
FUNNEL_DISPLAYS: Choices = (
    ("steps", _("steps")),
    ("times", _("time taken")),
    ("over_time", pgettext_lazy("funnel", "over time")),
)
ORDERS: Choices = (
    ("ordered", _("one after the other")),
    ("strict", _("directly one after the other")),
    ("unordered", _("in any order")),
)
WINDOW_UNITS: Choices = (
    ("second", _("seconds")),
    ("minute", _("minutes")),
    ("hour", _("hours")),
    ("day", _("days")),
    ("week", _("weeks")),
    ("month", _("months")),
)
ATTRIBUTIONS: Choices = (
    ("first", _("the first value known")),
    ("last", _("the last value known")),
    ("step", _("the value at a step")),
    ("all", _("the same value at all steps")),
)
PERIODS: Choices = (
    ("hour", _("by hour")),
    ("day", _("by day")),
    ("week", _("by week")),
    ("month", _("by month")),
)
MODES: Choices = (
    ("recurring", _("every time they did it")),
    ("first_time", _("when they did it for the first time")),
    ("first_ever", _("when their very first such event matched")),
)
CLOCKS: Choices = (
    ("calendar", _("calendar periods")),
    ("rolling", _("24 hours from each start")),
)
RETENTION_DISPLAYS: Choices = (("table", _("table")), ("curve", _("curve")))
RETENTION_LOOKS: Choices = (("rate", _("share of people")), ("value", pgettext_lazy("retention", "value")))
# The ways of drawing that kinds of reports offer, the first of which needs no choice.
LOOKS = {"trends": CHARTS, "retention": RETENTION_LOOKS}
VALUE_MEASURES: Choices = (
    ("", _("no value")),
    ("sum", _("Sum")),
    ("avg", _("Average")),
)
_RANGE_NAMES = dict(RANGES)
_LAST = re.compile(r"last-([0-9]{1,5})-(hour|day|week|month|quarter|year)(-whole)?")
_MEASURE_NAMES = {key: label for _group, choices in MEASURES for key, label in choices}


def measure_name(measure: str) -> str:
    """What a measure of the engine is called."""
    return str(_MEASURE_NAMES.get(measure, measure))


def length_of(count: int, unit: str) -> str:
    """So many hours, days, weeks, months, quarters or years."""
    counted = {
        "hour": ngettext("%(count)s hour", "%(count)s hours", count),
        "day": ngettext("%(count)s day", "%(count)s days", count),
        "week": ngettext("%(count)s week", "%(count)s weeks", count),
        "month": ngettext("%(count)s month", "%(count)s months", count),
        "quarter": ngettext("%(count)s quarter", "%(count)s quarters", count),
        "year": ngettext("%(count)s year", "%(count)s years", count),
    }
    return counted[unit] % {"count": count}


def range_label(value: str) -> str:
    """What a range is called, also one that the form does not offer by itself, as the API and sheets may ask for."""
    if value in _RANGE_NAMES:
        return str(_RANGE_NAMES[value])
    match = _LAST.fullmatch(value)
    if match is None:
        return value
    data = {"length": length_of(int(match[1]), match[2])}
    return gettext("Last whole %(length)s") % data if match[3] else gettext("Last %(length)s") % data


def chosen_look(kind: str, look: str) -> str | None:
    """`look` as it is kept: empty for what a kind draws without a choice, None when the kind does not offer it."""
    offered = [value for value, _label in LOOKS.get(kind, ())]
    if not look or look in offered[:1]:
        return ""
    return look if look in offered else None

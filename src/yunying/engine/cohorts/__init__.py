"""Cohorts: who belongs together by what they are and did, as of an instant; and why.

cohort = parse({"op": "and", "items": [{"kind": "did", "event": "order", "within": {"last": 30, "unit": "day"}}]})
size(cohort, context), people_in(cohort, context, limit, offset), explain(cohort, person, context)
"""

from yunying.engine.cohorts.ask import belongs_to, check, everybody_in, members_among, people_in, size
from yunying.engine.cohorts.definition import (
    Amount,
    Cohort,
    Did,
    FirstTime,
    InCohort,
    Joined,
    Members,
    Property,
    Regularly,
    Since,
    Stopped,
    Times,
    Tree,
    Window,
    cohorts_in,
    leaves,
    named_events,
    named_properties,
    references,
)
from yunying.engine.cohorts.explain import Explained, Explanation, Occurrence, explain
from yunying.engine.cohorts.reading import MAX_CONDITIONS, MOST, parse

__all__ = [
    "MAX_CONDITIONS",
    "MOST",
    "Amount",
    "Cohort",
    "Did",
    "Explained",
    "Explanation",
    "FirstTime",
    "InCohort",
    "Joined",
    "Members",
    "Occurrence",
    "Property",
    "Regularly",
    "Since",
    "Stopped",
    "Times",
    "Tree",
    "Window",
    "belongs_to",
    "check",
    "cohorts_in",
    "everybody_in",
    "explain",
    "leaves",
    "members_among",
    "named_events",
    "named_properties",
    "parse",
    "people_in",
    "references",
    "size",
]

"""Words for the verbs, kinds and fields of the audit log. One that nobody worded yet is shown as it is written."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

__all__ = ["field_label", "kind_label", "verb_label"]

_KINDS = {
    "account": pgettext_lazy("audit kind", "Account"),
    "api_key": pgettext_lazy("audit kind", "API key"),
    "driver": pgettext_lazy("audit kind", "Driver"),
    "cycle": pgettext_lazy("audit kind", "Cycle"),
    "check_in": pgettext_lazy("audit kind", "Check-in"),
    "calendar": pgettext_lazy("audit kind", "Calendar"),
    "goal": pgettext_lazy("audit kind", "Goal"),
    "import": pgettext_lazy("audit kind", "Import"),
    "invitation": pgettext_lazy("audit kind", "Invitation"),
    "job": pgettext_lazy("audit kind", "Job"),
    "key_result": pgettext_lazy("audit kind", "Key result"),
    "member": pgettext_lazy("audit kind", "Member"),
    "metric": pgettext_lazy("audit kind", "Metric"),
    "organisation": pgettext_lazy("audit kind", "Organisation"),
    "product": pgettext_lazy("audit kind", "Product"),
    "report": pgettext_lazy("audit kind", "Report"),
    "write_key": pgettext_lazy("audit kind", "Write key"),
}

_ACTS = {
    "accepted": pgettext_lazy("audit verb", "accepted"),
    "archived": pgettext_lazy("audit verb", "archived"),
    "cancelled": pgettext_lazy("audit verb", "cancelled"),
    "changed": pgettext_lazy("audit verb", "changed"),
    "closed": pgettext_lazy("audit verb", "closed"),
    "created": pgettext_lazy("audit verb", "created"),
    "deleted": pgettext_lazy("audit verb", "deleted"),
    "discarded": pgettext_lazy("audit verb", "discarded"),
    "email_changed": pgettext_lazy("audit verb", "mail address changed"),
    "factor_added": pgettext_lazy("audit verb", "second factor added"),
    "factor_removed": pgettext_lazy("audit verb", "second factor removed"),
    "finished": pgettext_lazy("audit verb", "finished"),
    "invited": pgettext_lazy("audit verb", "invited"),
    "joined": pgettext_lazy("audit verb", "joined"),
    "left": pgettext_lazy("audit verb", "left"),
    "password_changed": pgettext_lazy("audit verb", "password changed"),
    "removed": pgettext_lazy("audit verb", "removed"),
    "renamed": pgettext_lazy("audit verb", "renamed"),
    "reopened": pgettext_lazy("audit verb", "opened again"),
    "restored": pgettext_lazy("audit verb", "restored"),
    "retried": pgettext_lazy("audit verb", "tried again"),
    "revoked": pgettext_lazy("audit verb", "revoked"),
    "started": pgettext_lazy("audit verb", "started"),
    "updated": pgettext_lazy("audit verb", "changed"),
    "withdrawn": pgettext_lazy("audit verb", "withdrawn"),
}

_FIELDS = {
    "about": _("What it is"),
    "at_risk_lag": _("At risk up to (%)"),
    "baseline": _("From (baseline)"),
    "confidence": _("Confidence"),
    "core_functions": _("Core functions"),
    "counts": _("Counts for the goal it serves"),
    "currency": _("Currency"),
    "cycle_id": _("Cycle"),
    "description": _("Description"),
    "direction": _("Direction"),
    "due": _("Due on"),
    "email": _("Mail address"),
    "goal_id": _("Goal"),
    "guardrail": _("Guardrail"),
    "happened": pgettext_lazy("check-in", "What happened"),
    "high": _("Not above"),
    "languages": _("Languages"),
    "learnt": _("What we learnt"),
    "level": _("Level"),
    "low": _("Not below"),
    "metric_id": _("Metric"),
    "name": _("Name"),
    "next_steps": _("Next steps"),
    "obstacles": _("Obstacles"),
    "on_track_lag": _("On track up to (%)"),
    "organisation": _("Organisation"),
    "outcome": _("Outcome"),
    "owner_id": _("Owner"),
    "parent_id": _("Serves the goal"),
    "platforms": _("Platforms"),
    "question": _("Question"),
    "reason": _("Reason"),
    "relation": _("Relation"),
    "review": _("What we take along"),
    "rhythm": _("Check-in"),
    "rhythm_day": _("Check-in on"),
    "role": _("Role"),
    "scope": _("Scope of use"),
    "scopes": _("Rights"),
    "score": _("Score"),
    "shape": _("What it must do"),
    "slug": _("Short name"),
    "spec": _("Question"),
    "stage": _("Stage"),
    "start": _("Starts on"),
    "state": _("State"),
    "status": _("Status"),
    "target": _("To (target)"),
    "team": _("Team"),
    "timezone": _("Timezone"),
    "title": _("Goal"),
    "unit": _("Unit"),
    "weight": _("Weight"),
    "why": _("Why"),
    "window": _("One reading covers"),
}


def field_label(field: str) -> str:
    """The name of a changed field as people say it."""
    return str(_FIELDS.get(field, field))


def verb_label(verb: str) -> str:
    """`goal.closed` as people say it: "Goal: closed"."""
    kind, _dot, act = verb.rpartition(".")
    if not kind or act not in _ACTS:
        return verb
    return pgettext("audit", "%(kind)s: %(act)s") % {"kind": kind_label(kind), "act": _ACTS[act]}


def kind_label(kind: str) -> str:
    """The kind of a target as people say it."""
    return str(_KINDS.get(kind, kind))

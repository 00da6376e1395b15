"""Words for the verbs, kinds, fields and values of the audit log. What nobody worded yet is shown as it is written."""

import json
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from yunying.platform.ui import formats

__all__ = ["field_label", "kind_label", "value_text", "verb_label"]

_KINDS = {
    "account": pgettext_lazy("audit kind", "Account"),
    "annotation": pgettext_lazy("audit kind", "Note"),
    "api_key": pgettext_lazy("audit kind", "API key"),
    "calendar": pgettext_lazy("audit kind", "Calendar"),
    "check_in": pgettext_lazy("audit kind", "Check-in"),
    "cohort": _("Cohort"),
    "cycle": pgettext_lazy("audit kind", "Cycle"),
    "dashboard": _("Dashboard"),
    "driver": pgettext_lazy("audit kind", "Driver"),
    "event": _("Event"),
    "goal": pgettext_lazy("audit kind", "Goal"),
    "import": pgettext_lazy("audit kind", "Import"),
    "invitation": pgettext_lazy("audit kind", "Invitation"),
    "job": pgettext_lazy("audit kind", "Job"),
    "key_result": pgettext_lazy("audit kind", "Key result"),
    "member": pgettext_lazy("audit kind", "Member"),
    "metric": pgettext_lazy("audit kind", "Metric"),
    "organisation": pgettext_lazy("audit kind", "Organisation"),
    "product": pgettext_lazy("audit kind", "Product"),
    "product_role": pgettext_lazy("audit kind", "Role in a product"),
    "property": _("Property"),
    "refused": _("Refused event"),
    "retention": pgettext_lazy("audit kind", "Rule for keeping events"),
    "person": pgettext_lazy("audit kind", "Person"),
    "region_file": pgettext_lazy("audit kind", "Region file"),
    "report": pgettext_lazy("audit kind", "Report"),
    "sender": pgettext_lazy("audit kind", "Name of a sender"),
    "tracking.event": _("Event"),
    "tracking.property": _("Property"),
    "write_key": pgettext_lazy("audit kind", "Write key"),
}

_ACTS = {
    "accepted": pgettext_lazy("audit verb", "accepted"),
    "announced": pgettext_lazy("audit verb", "announced"),
    "archived": pgettext_lazy("audit verb", "archived"),
    "arranged": pgettext_lazy("audit verb", "tiles arranged"),
    "brought": pgettext_lazy("audit verb", "file brought in"),
    "cancelled": pgettext_lazy("audit verb", "cancelled"),
    "changed": pgettext_lazy("audit verb", "changed"),
    "closed": pgettext_lazy("audit verb", "closed"),
    "continued": pgettext_lazy("audit verb", "continued"),
    "created": pgettext_lazy("audit verb", "created"),
    "deleted": pgettext_lazy("audit verb", "deleted"),
    "described": pgettext_lazy("audit verb", "described"),
    "discarded": pgettext_lazy("audit verb", "discarded"),
    "email_changed": pgettext_lazy("audit verb", "mail address changed"),
    "erased": pgettext_lazy("audit verb", "erased"),
    "erasure_requested": pgettext_lazy("audit verb", "erasure requested"),
    "factor_added": pgettext_lazy("audit verb", "second factor added"),
    "factor_removed": pgettext_lazy("audit verb", "second factor removed"),
    "finished": pgettext_lazy("audit verb", "finished"),
    "invited": pgettext_lazy("audit verb", "invited"),
    "joined": pgettext_lazy("audit verb", "joined"),
    "left": pgettext_lazy("audit verb", "left"),
    "mail_ended": pgettext_lazy("audit verb", "mails ended"),
    "mail_ordered": pgettext_lazy("audit verb", "mails ordered"),
    "mailed_now": pgettext_lazy("audit verb", "mailed at once"),
    "mapping_dropped": pgettext_lazy("audit verb", "kept choices dropped"),
    "mapping_kept": pgettext_lazy("audit verb", "choices kept"),
    "password_changed": pgettext_lazy("audit verb", "password changed"),
    "removed": pgettext_lazy("audit verb", "removed"),
    "renamed": pgettext_lazy("audit verb", "renamed"),
    "reopened": pgettext_lazy("audit verb", "opened again"),
    "replayed": pgettext_lazy("audit verb", "replayed"),
    "restored": pgettext_lazy("audit verb", "restored"),
    "retried": pgettext_lazy("audit verb", "tried again"),
    "revoked": pgettext_lazy("audit verb", "revoked"),
    "role_changed": pgettext_lazy("audit verb", "role changed"),
    "share_revoked": pgettext_lazy("audit verb", "shared link revoked"),
    "shared": pgettext_lazy("audit verb", "shared by link"),
    "uploaded": pgettext_lazy("audit verb", "uploaded"),
    "started": pgettext_lazy("audit verb", "started"),
    "taken_back": pgettext_lazy("audit verb", "taken back"),
    "tile_added": pgettext_lazy("audit verb", "tile added"),
    "tile_changed": pgettext_lazy("audit verb", "tile changed"),
    "tile_removed": pgettext_lazy("audit verb", "tile removed"),
    "trimmed": pgettext_lazy("audit verb", "over the cap and gone"),
    "updated": pgettext_lazy("audit verb", "changed"),
    "variant_deleted": pgettext_lazy("audit verb", "variant deleted"),
    "variant_saved": pgettext_lazy("audit verb", "variant saved"),
    "withdrawn": pgettext_lazy("audit verb", "withdrawn"),
}

_FIELDS = {
    "about": _("What it is"),
    "allowed": _("Allowed values"),
    "asks_password": _("Password"),
    "at_risk_lag": _("At risk up to (%)"),
    "baseline": _("From (baseline)"),
    "category": _("Category or page"),
    "chart": pgettext_lazy("a chart", "Shown as"),
    "confidence": _("Confidence"),
    "core_functions": _("Core functions"),
    "built": _("Built on"),
    "address_policy": _("IP addresses"),
    "count": _("Count"),
    "counts": _("Counts for the goal it serves"),
    "currency": _("Currency"),
    "cycle_id": _("Cycle"),
    "dashboard": _("Dashboard"),
    "day": _("Day"),
    "default": _("Show this first"),
    "definition": pgettext_lazy("cohort", "Definition"),
    "description": _("Description"),
    "direction": _("Direction"),
    "due": _("Due on"),
    "email": _("Mail address"),
    "errors": _("Rows at fault"),
    "events": _("Events added"),
    "example": _("Example"),
    "expires_at": _("Works until"),
    "follows": _("Follows the dashboard's filters"),
    "goal_id": _("Goal"),
    "guardrail": _("Guardrail"),
    "happened": pgettext_lazy("check-in", "What happened"),
    "hidden": _("Hidden in suggestions"),
    "high": _("Not above"),
    "hour": _("Hour"),
    "id": pgettext_lazy("of a job", "Number"),
    "is_order": _("This is an order"),
    "is_sign_up": _("This is a sign-up"),
    "kind": _("Kind"),
    "label": _("For whom"),
    "languages": _("Languages"),
    "leave_bots_out": _("Leave bots out of reports"),
    "learnt": _("What we learnt"),
    "level": _("Level"),
    "look": pgettext_lazy("a chart", "Shown as"),
    "low": _("Not below"),
    "metric": _("Metric"),
    "metric_id": _("Metric"),
    "name": _("Name"),
    "next_steps": _("Next steps"),
    "note": _("Note"),
    "notice": _("Source and licence of the data"),
    "obstacles": _("Obstacles"),
    "on": _("Day"),
    "on_track_lag": _("On track up to (%)"),
    "organisation": _("Organisation"),
    "own_domains": _("Own domains"),
    "outcome": _("Outcome"),
    "owner": pgettext_lazy("role", "Owner"),
    "owner_id": _("Owner"),
    "parent_id": _("Serves the goal"),
    "people": _("People"),
    "platforms": _("Platforms"),
    "priority": _("Priority"),
    "query": _("Choices of the filter bar"),
    "question": _("Question"),
    "reason": _("Reason"),
    "refresh_min": _("Refresh an open page"),
    "relation": _("Relation"),
    "repeated": _("Already there"),
    "report": _("Report"),
    "required": _("Required"),
    "revenue_currency": _("Currency"),
    "revenue_property": _("Property with the revenue"),
    "review": _("What we take along"),
    "rhythm": _("Check-in"),
    "rhythm_day": _("Check-in on"),
    "role": _("Role"),
    "rows": _("Rows"),
    "scope": _("Scope of use"),
    "scopes": _("Rights"),
    "score": _("Score"),
    "shape": _("What it must do"),
    "sites": _("Sites that may embed it"),
    "slug": _("Short name"),
    "spec": _("Question"),
    "stage": _("Stage"),
    "start": _("Starts on"),
    "state": _("State"),
    "status": _("Status"),
    "superuser": _("May do everything"),
    "target": _("To (target)"),
    "team": _("Team"),
    "text": _("Text"),
    "tile": _("Tile"),
    "tiles": _("Tiles"),
    "timezone": _("Timezone"),
    "title": _("Goal"),
    "title_en": _("English name"),
    "title_zh": _("Chinese name"),
    "trigger": _("When it is sent"),
    "unit": _("Unit"),
    "until": _("Last day"),
    "version": _("Since version"),
    "week_start": _("Week starts on"),
    "weekdays": pgettext_lazy("of the week", "Days"),
    "weight": _("Weight"),
    "why": _("Why"),
    "window": _("One reading covers"),
}

# What a field is called inside of another one.
_INNER = {"title": _("Title")}


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


def value_text(value: object) -> str:
    """One side of a change as a line of text; empty for what is absent, JSON for what is nested."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return formats.yes_no(value)
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(map(value_text, value))
    if isinstance(value, dict) and not any(isinstance(one, list | dict) for one in value.values()):
        return _fields_text(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _fields_text(fields: dict[str, Any]) -> str:
    said = ((_INNER.get(name) or field_label(name), value_text(value)) for name, value in fields.items())
    return " · ".join(
        pgettext("audit", "%(field)s: %(value)s") % {"field": label, "value": text} for label, text in said if text
    )

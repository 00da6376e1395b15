"""What somebody agreed to, as their event says it: by purpose, and with effect on the event itself.

`$consent` is an object of purposes and booleans, such as `{"analytics": true, "marketing": false}`. What others send is
read into the same: `context.consent.categoryPreferences` of Segment and RudderStack.
"""

from collections.abc import Callable, Mapping
from typing import Any

from yunying.events.event import Event, Op, OpKind

__all__ = ["ANALYTICS", "CONSENT", "consent_of", "heed"]

CONSENT, ANALYTICS = "$consent", "analytics"
_MOST, _LONGEST = 20, 40
# What a purpose is called by others; anything else keeps its own name.
_NAMES = {
    "analytics_storage": ANALYTICS,
    "statistics": ANALYTICS,
    "performance": ANALYTICS,
    "ad_storage": "advertising",
    "ad_user_data": "advertising",
    "ads": "advertising",
    "marketing_and_analytics": ANALYTICS,
}
_YES, _NO = {"granted", "true", "yes", "1", "allow"}, {"denied", "false", "no", "0", "deny"}
# Who they are, or where: gone with the consent to be counted as a person.
_PERSONAL = ("$ip", "$raw_user_agent", "$device_id", "$user_id", "$anon_distinct_id", "$anonymous_id", "context")


def consent_of(props: Mapping[str, Any]) -> dict[str, bool]:
    """What an event says was agreed to, by purpose; empty where it says nothing."""
    found: dict[str, bool] = {}
    for source in (_preferences(props), props.get(CONSENT)):
        if isinstance(source, Mapping):
            for name, value in list(source.items())[:_MOST]:
                if (answer := _answer(value)) is not None:
                    purpose = str(name).strip().lower().replace(" ", "_")[:_LONGEST]
                    found[_NAMES.get(purpose, purpose)] = answer
    return found


def _preferences(props: Mapping[str, Any]) -> Any:
    context = props.get("context")
    consent = context.get("consent") if isinstance(context, Mapping) else None
    return consent.get("categoryPreferences") if isinstance(consent, Mapping) else None


def _answer(value: Any) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    return True if text in _YES else False if text in _NO else None


def heed(event: Event, nobody: Callable[[Event], str]) -> None:
    """Note the consent at the person; without consent to analytics, count the event but not the person.

    `nobody` gives an id of the day that cannot be turned back.
    """
    if CONSENT not in event.props and "context" not in event.props:
        return
    consent = consent_of(event.props)
    if not consent:
        return
    event.props[CONSENT] = consent
    if consent.get(ANALYTICS, True):
        event.person_ops += [Op(OpKind.SET, f"$consent_{name}", given) for name, given in consent.items()]
        return
    event.distinct_id, event.session, event.address, event.agent = nobody(event), "", "", ""
    event.person_ops, event.links = [], []
    for name in _PERSONAL:
        event.props.pop(name, None)

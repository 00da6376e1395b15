"""The vendor's names of events and properties, and the names that reports know."""

from typing import Any

from yunying.events.normalise import text_of
from yunying.events.protocols.sites import lift_page, put

__all__ = ["SERVERS", "lift", "name_of"]

# What SDKs on servers call themselves in `$lib`, in small letters: the address they send from is not their user's.
SERVERS = frozenset({"python", "java", "php", "golang", "go", "node", "ruby", "c", "cpp", "csharp", "lua", "logagent"})
_NAMES = {
    "$AppViewScreen": "$screen",
    "$MPViewScreen": "$screen",
    "$WebPageLeave": "$pageleave",
    "$AppPageLeave": "$pageleave",
}
_TYPES = {"track_signup": "$identify", "track_id_bind": "$identify"}
_LIFTED = (
    ("$url", "$current_url"),
    ("$url_path", "$pathname"),
    ("$url_host", "$host"),
    ("$title", "title"),
    ("$utm_source", "utm_source"),
    ("$utm_medium", "utm_medium"),
    ("$utm_campaign", "utm_campaign"),
    ("$utm_term", "utm_term"),
    ("$utm_content", "utm_content"),
    ("$language", "$browser_language"),
    ("$user_agent", "$raw_user_agent"),
    ("$event_session_id", "$session_id"),
)


def name_of(kind: str, name: str) -> str:
    """The name of an event of this type; page views, screens, leaves and sign-ups have one name in all protocols."""
    return _TYPES.get(kind) or _NAMES.get(name, name)


def lift(props: dict[str, Any]) -> None:
    """Add what reports ask for under the names they know; what the SDK named stays."""
    put(props, {target: props.get(name) for name, target in _LIFTED})
    lift_page(props, url=text_of(props.get("$current_url")), referrer=text_of(props.get("$referrer")))

"""What the Mixpanel SDKs send (mixpanel, mixpanel-node, mixpanel-browser, the HTTP API): events, profiles, groups.

Paths and fields: developer.mixpanel.com/reference (`/track`, `/engage`, `/groups`, `/import`), and the SDKs' sources.
"""

from typing import Any

from yunying.base.errors import InvalidInput
from yunying.events.normalise import moment_ms
from yunying.events.protocols.base import Intake, Protocol, Request, Route, Wait, basic_user, first_text, listed
from yunying.events.protocols.mixpanel_answers import ANSWERS, reply, reply_import
from yunying.events.protocols.mixpanel_items import OPS, read

__all__ = ["PROTOCOL"]


def take(request: Request) -> Intake:
    """One item or a list of them, as JSON or in `data=`; each may carry the token of another product."""
    return _taken(request, historical=False)


def take_import(request: Request) -> Intake:
    """`/import`: events of any age, also one per line, with the key in the item or in the credentials."""
    return _taken(request, historical=True)


def _taken(request: Request, *, historical: bool) -> Intake:
    items = listed(request.document)
    beside = _key_beside(request)
    keys = [_token(item) or beside for item in items]
    return Intake(
        key=keys[0] if keys else beside,
        items=items,
        names=keys if len(set(keys)) > 1 else (),
        sent_ms=None if historical else _sent_ms(request),
        historical=historical,
        shared={"ip": True} if request.fields.get("ip") == "1" else {},
    )


def _token(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    props = item.get("properties")
    return first_text(item.get("$token"), props.get("token") if isinstance(props, dict) else None)


def _key_beside(request: Request) -> str:
    """The key around the items: with a service account it stands for the project, else for the project's secret."""
    fields = request.fields
    project = fields.get("project_id", "")
    return first_text(
        fields.get("token"),
        fields.get("api_key"),
        "" if project.isdecimal() else project,
        basic_user(request),
    )


def _sent_ms(request: Request) -> int | None:
    # mixpanel-browser says with each request what its clock shows.
    shown = request.query.get("_", "")
    try:
        return moment_ms(int(shown)) if len(shown) == 13 and shown.isdecimal() else None
    except InvalidInput:
        return None


def _is_mixpanel(request: Request) -> bool:
    """On paths that PostHog has too: items with `$token` or an operation, or with a token but not PostHog's library."""
    document = request.document
    first = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        return False
    if "event" not in first:
        return "$token" in first or any(name in first for name in OPS)
    props = first.get("properties")
    return isinstance(props, dict) and "token" in props and "$lib" not in props and "distinct_id" not in first


_BOTH = ("POST", "GET")
PROTOCOL = Protocol(
    name="mixpanel",
    label="Mixpanel",
    routes=(
        Route("/track", _BOTH, take=take, reply=reply, claims=_is_mixpanel),
        Route("/engage", _BOTH, take=take, reply=reply, claims=_is_mixpanel),
        Route("/groups", _BOTH, take=take, reply=reply),
        Route("/import", _BOTH, take=take_import, reply=reply_import),
        *ANSWERS,
    ),
    read=read,
    wait=Wait.NEVER,  # mixpanel-node sends nothing twice, and looks like the others
)

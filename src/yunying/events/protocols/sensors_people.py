"""Whose an item of Sensors Data is, and which ids it makes one person: ID-Mapping 1.0 to 3.0.

In 3.0 an item carries `identities`, such as `{"$identity_login_id": "u-1", "$identity_email": "a@b.example"}`. Without
a login id the SDKs write `distinct_id` as `<key>+<value>`; the browser writes its cookie id without a key. Here a login
id and the ids of devices stand for themselves, all others keep their key, so that a number and a mail address that
look like a login id do not become one.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from yunying.events.event import Link, LinkKind
from yunying.events.normalise import identity, is_object, required_identity, text_of

__all__ = ["identified", "links_of"]

_LOGIN = "$identity_login_id"
_DEVICES = (
    "$identity_cookie_id",
    "$identity_anonymous_id",
    "$identity_android_id",
    "$identity_android_uuid",
    "$identity_idfv",
    "$identity_ios_uuid",
)


def identified(sent: Mapping[str, Any]) -> str:
    """The id of whoever an item is of. Raises InvalidInput `id.*`."""
    identities = is_object(sent.get("identities"), "identities")
    login = identity(identities.get(_LOGIN)) or identity(sent.get("login_id"))
    if login:
        return login
    said = text_of(sent.get("distinct_id")).strip()
    for key, value in identities.items():
        if key in _DEVICES and said == f"{key}+{text_of(value)}":
            return required_identity(value)
    if said:
        return required_identity(said)
    return next((name for name, _ in _ids(identities)), "") or required_identity(sent.get("anonymous_id"))


def links_of(kind: str, sent: Mapping[str, Any], distinct_id: str) -> list[Link]:
    """A sign-up joins the id before it, a bind all ids it names. Events that merely carry several ids join nothing."""
    if kind not in ("track_signup", "track_id_bind"):
        return []
    found: dict[str, LinkKind] = {}
    if kind == "track_signup":
        found[identity(sent.get("original_id"))] = LinkKind.IDENTIFY
        found.setdefault(identity(sent.get("anonymous_id")), LinkKind.IDENTIFY)
    for name, kind_of_link in _ids(is_object(sent.get("identities"), "identities")):
        found.setdefault(name, kind_of_link)
    return [Link(kind, name, distinct_id) for name, kind in found.items() if name and name != distinct_id]


def _ids(identities: Mapping[str, Any]) -> Iterator[tuple[str, LinkKind]]:
    for key, value in identities.items():
        found = identity(value)
        if not found or not key:
            continue
        if key in _DEVICES:
            yield found, LinkKind.IDENTIFY
        else:
            yield (found if key == _LOGIN else identity(f"{key}+{found}")), LinkKind.ALIAS

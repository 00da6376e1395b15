"""What the protocols of web analytics have in common: the fields of a page, and visitors without an id."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from yunying.base.errors import YunyingError
from yunying.events.normalise import Arrival
from yunying.events.protocols.base import Request

__all__ = ["as_number", "lift_page", "name_in", "put", "visitor_of"]

_SCREEN = re.compile(r"(\d{1,5})x(\d{1,5})")
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?")


def put(props: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Add those of `values` that say something, without overwriting what is there."""
    for name, value in values.items():
        if value is not None and value != "":
            props.setdefault(name, value)


def lift_page(
    props: dict[str, Any], *, url: str = "", referrer: str = "", title: str = "", screen: str = "", language: str = ""
) -> None:
    """Add where somebody was, under the names all protocols share; `screen` is `1920x1080`."""
    put(props, {"title": title, "$browser_language": language})
    if size := _SCREEN.fullmatch(screen):
        put(props, {"$screen_width": int(size[1]), "$screen_height": int(size[2])})
    if url:
        host, path = _host_and_path(url)
        put(props, {"$current_url": url, "$host": host, "$pathname": path})
    # Campaigns, clicks and the referrer's host are read out of these for all protocols, on the way to the store.
    put(props, {"$referrer": referrer})


def _host_and_path(url: str) -> tuple[str, str]:
    try:
        split = urlsplit(url)
    except ValueError:
        return "", ""
    # An address may carry a name and a password, which are nobody's host.
    return split.netloc.rpartition("@")[2], split.path or ("/" if split.netloc else "")


def as_number(value: Any) -> Any:
    """The number in a text, if it is one, else the value as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else value


def visitor_of(arrival: Arrival, site: str, *, address: str = "", agent: str = "") -> str:
    """An id for whoever sent no id: the same for one day, one site, one address and one user agent, else another.

    `address` and `agent` are what a server says of its user. Empty if the arrival knows of no visitor.
    """
    if arrival.visitor is None:
        return ""
    found = arrival.visitor(address, agent) if address or agent else arrival.visitor()
    return f"visitor-{sha256(f'{site}|{found}'.encode()).hexdigest()[:32]}"


def name_in(request: Request, pattern: re.Pattern[bytes]) -> str:
    """The name of the sender in a body that is too large or damaged: the first group of `pattern`, or empty."""
    try:
        start = request.body if request.cut else request.raw
    except YunyingError:
        return ""
    found = pattern.search(start)
    return found[1].decode("utf-8", "replace") if found else ""

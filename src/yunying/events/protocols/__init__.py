"""The registry of wire protocols. A new protocol is one module here and one name in `PROTOCOLS`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from yunying.events.protocols import (
    amplitude,
    cloudevents,
    ga4,
    matomo,
    mixpanel,
    own,
    plausible,
    posthog,
    rudder,
    segment,
    sensors,
    snowplow,
    umami,
)
from yunying.events.protocols.base import Protocol, Request, Route

__all__ = ["PROTOCOLS", "Match", "by_name", "candidates", "choose", "owns"]

PROTOCOLS: tuple[Protocol, ...] = (
    own.PROTOCOL,
    cloudevents.PROTOCOL,
    mixpanel.PROTOCOL,
    posthog.PROTOCOL,
    rudder.PROTOCOL,
    segment.PROTOCOL,
    sensors.PROTOCOL,
    snowplow.PROTOCOL,
    amplitude.PROTOCOL,
    plausible.PROTOCOL,
    umami.PROTOCOL,
    matomo.PROTOCOL,
    ga4.PROTOCOL,
)


@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits a path, with the values of its `{names}`."""

    protocol: Protocol
    route: Route
    values: Mapping[str, str]


def by_name(name: str) -> Protocol | None:
    """The protocol called `name`, or None."""
    return next((protocol for protocol in PROTOCOLS if protocol.name == name), None)


@lru_cache(maxsize=1024)
def candidates(path: str) -> tuple[Match, ...]:
    """Every route whose path fits, in the order of the registry, whatever its method.

    `/<protocol>/…` names the protocol outright, for teams whose SDKs share a path, and `/<protocol>/<product>/…` the
    product too, by one of its write keys or names: it is then among the values as `product`.
    """
    parts = tuple(part for part in path.split("/") if part)
    # A plain path is one dictionary lookup; only the few routes with {names} are compared part by part.
    found = list(_PLAIN.get(parts, ()))
    for match, pattern in _PATTERNS:
        values = _fit(pattern, parts)
        if values is not None:
            found.append(Match(match.protocol, match.route, values))
    if not found and parts and (named := by_name(parts[0])):
        inside = _within(named, parts[1:], {})
        return inside or (_within(named, parts[2:], {"product": parts[1]}) if len(parts) > 1 else ())
    return tuple(found)


def _within(protocol: Protocol, parts: tuple[str, ...], values: Mapping[str, str]) -> tuple[Match, ...]:
    found = (match for match in candidates("/" + "/".join(parts)) if match.protocol is protocol)
    return tuple(replace(match, values={**match.values, **values}) for match in found)


def owns(path: str, method: str = "POST") -> bool:
    """Whether the collector answers this path. Of the root it answers only methods that carry events."""
    return bool(candidates(path)) and (path.strip("/") != "" or method in ("POST", "OPTIONS"))


def choose(matches: tuple[Match, ...], request: Request) -> Match | None:
    """The one among `matches` that speaks this method and claims the request.

    Raises what decoding raises, if a claim has to look at the body.
    """
    fitting = [match for match in matches if request.method in match.route.methods]
    if len(fitting) == 1:
        return fitting[0]
    return next((m for m in fitting if m.route.claims is None or m.route.claims(request)), None)


def _fit(pattern: tuple[str, ...], parts: tuple[str, ...]) -> dict[str, str] | None:
    if len(pattern) != len(parts):
        return None
    values = {}
    for want, have in zip(pattern, parts, strict=True):
        if want.startswith("{"):
            name = want[1:-1]
            # A leading dot is that of /.well-known, which is nobody's vendor.
            if name.endswith(".") and "." not in have.lstrip("."):
                return None
            values[name.rstrip(".")] = have
        elif want != have:
            return None
    return values


def _split() -> tuple[dict[tuple[str, ...], list[Match]], list[tuple[Match, tuple[str, ...]]]]:
    plain: dict[tuple[str, ...], list[Match]] = {}
    patterns = []
    for protocol in PROTOCOLS:
        for route in protocol.routes:
            parts = tuple(part for part in route.path.split("/") if part)
            match = Match(protocol, route, {})
            if "{" in route.path:
                patterns.append((match, parts))
            else:
                plain.setdefault(parts, []).append(match)
    return plain, patterns


_PLAIN, _PATTERNS = _split()
